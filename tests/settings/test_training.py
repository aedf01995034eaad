"""The limits of one training, and what SageMaker does not let be combined."""

import struct
from typing import Any

import pytest
from pydantic import ValidationError

from settings import limits, linear_learner
from settings.aws_tables import IMAGE_REGIONS
from settings.endpoint import ProvisionedEndpointSettings, ServerlessEndpointSettings
from settings.environment import EnvironmentSettings
from settings.problems import problems_of
from settings.schedule import ScheduleSettings
from settings.spot import SpotSettings
from settings.training import BuiltInTraining, ScriptTraining, TrainingSettings
from settings.training_metric import BuiltInMetricSettings, ScriptMetricSettings
from settings.variant import VariantSettings
from tests.support.aws_model import shape
from tests.support.script_training import script_training

ON_INSTANCES = [ProvisionedEndpointSettings(production=VariantSettings())]
BINARY = {"predictor_type": "binary_classifier"}
ACCURACY = BuiltInMetricSettings(name="validation:binary_classification_accuracy", threshold=0.9)


def problems(*trainings: object, **changes: Any) -> list[str]:
    """What is wrong with the trainings of an otherwise sound environment."""
    values: dict[str, Any] = {
        "name": "dev",
        "region": "us-east-1",
        "local_state": True,
        "endpoints": [ServerlessEndpointSettings()],
        "trainings": trainings,
    }
    try:
        EnvironmentSettings(**values | changes).checked()
    except ValidationError as error:
        return [str(problem) for problem in problems_of("dev", EnvironmentSettings, error)]
    return []


def script(**values: Any) -> list[str]:
    return problems(script_training(**values))


def metric(**values: Any) -> list[str]:
    given: dict[str, Any] = {"name": "accuracy", "regex": "accuracy=(.*)", "threshold": 0.9}
    return script(metric=ScriptMetricSettings(**given | values))


def built_in(**values: Any) -> list[str]:
    given: dict[str, Any] = {"name": "linear", "hyperparameters": BINARY, "metric": ACCURACY}
    return problems(BuiltInTraining(**given | values))


def schedule(**values: Any) -> list[str]:
    return script(schedule=ScheduleSettings(**{"expression": "rate(1 day)"} | values))


def test_an_environment_trains_the_projects_own_model_and_may_train_none() -> None:
    committed = EnvironmentSettings(name="dev", region="us-east-1", local_state=True, endpoints=ON_INSTANCES).checked()
    [training] = committed.trainings
    assert isinstance(training, ScriptTraining)
    assert (training.name, training.source) == ("breast-cancer", "models/breast_cancer")
    assert problems() == []
    assert problems(script_training(), BuiltInTraining(name="linear", hyperparameters=BINARY, metric=ACCURACY)) == []


@pytest.mark.parametrize("value", [None, "script", ScriptMetricSettings, {}, SpotSettings(max_wait_seconds=1)])
def test_rejects_what_is_no_training(value: object) -> None:
    [line] = problems(value)
    assert line.endswith(": must be ScriptTraining(...) or BuiltInTraining(...)")


@pytest.mark.parametrize("field", ["source", "image_repository", "image_tag"])
def test_rejects_a_script_and_an_image_where_the_algorithm_is_awss(field: str) -> None:
    [line] = built_in(**{field: "a"})
    assert line.startswith(f"dev: trainings.0.{field}: 'a': unknown field: must be one of algorithm, channels, ")


def test_rejects_a_regular_expression_where_the_algorithm_is_awss() -> None:
    [line] = built_in(metric=BuiltInMetricSettings(name="validation:recall", regex="(.*)", threshold=0.9))  # type: ignore[call-arg]
    assert line.startswith("dev: trainings.0.metric.regex: '(.*)': unknown field: must be one of name, objective, ")


def test_the_numbers_are_those_of_awss_own_service_model() -> None:
    assert shape("sagemaker", "HyperParameters").metadata["max"] == limits.HYPERPARAMETERS_MAX_COUNT
    assert shape("sagemaker", "InputDataConfig").metadata["max"] == limits.CHANNELS_MAX_COUNT + 1  # the script's
    assert shape("sagemaker", "PipelineDefinition").metadata["max"] == limits.PIPELINE_DEFINITION_MAX_CHARACTERS
    assert shape("sagemaker", "EntityName").metadata["max"] > limits.JOB_PREFIX_MAX_LENGTH
    assert shape("scheduler", "Name").metadata["max"] > limits.JOB_PREFIX_MAX_LENGTH
    [objective] = {tuple(shape("sagemaker", "HyperParameterTuningJobObjectiveType").enum)}
    assert {metric.objective for metric in linear_learner.METRICS.values()} == {*objective}


def test_the_beginning_of_a_jobs_name_leaves_room_for_what_sagemaker_adds() -> None:
    """AWS's page says 38, which with an execution's id, a token and a digit makes 64 of the 63 of a job's name."""
    room = 37 - len("ml-platform-dev-")
    assert len(f"ml-platform-dev-{'t' * room}-kytlemm1lvpq-cIpzShs3Qp-0") == 63
    assert script(name="t" * room) == []
    assert script(name="t" * (room + 1)) == [
        f"dev: trainings.0.name: {'t' * (room + 1)!r}: must be shorter, or project: its jobs' names begin with "
        f"ml-platform-dev-{'t' * (room + 1)}, which has 38 characters: must be at most 37 (AWS limit: "
        "https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-access.html)"
    ]
    assert problems(script_training(name="t" * room), project="ml-platform2")[0].startswith("dev: trainings.0.name: ")


def test_rejects_two_trainings_of_one_name() -> None:
    assert problems(script_training(), script_training(name="other"), script_training()) == [
        "dev: trainings.2.name: 'breast-cancer': must be another name than that of trainings.0"
    ]


def test_rejects_names_that_meet_in_terraforms_addresses() -> None:
    assert problems(script_training(name="a-b"), script_training(name="a--b")) == [
        "dev: trainings.1.name: 'a--b': must be another name than that of trainings.0, in more than hyphens"
    ]


def test_rejects_an_image_that_the_region_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(IMAGE_REGIONS, "sagemaker-scikit-learn", ("eu-west-1",))  # today all regions have it
    assert problems(script_training(), region="eu-west-1", training_image_repositories=["kmeans"]) == []
    [line] = problems(script_training(), region="us-east-1", training_image_repositories=["kmeans"])
    assert line.startswith(
        "dev: trainings.0: 'sagemaker-scikit-learn': its image: must be an image repository that us-east-1 has; "
        "sagemaker-scikit-learn is in eu-west-1 (AWS limit: "
    )


def test_jobs_may_pull_the_images_of_the_trainings_beside_those_that_are_named() -> None:
    settings = EnvironmentSettings(
        name="dev",
        region="us-east-1",
        local_state=True,
        endpoints=ON_INSTANCES,
        training_image_repositories=["kmeans"],
        trainings=[script_training(), BuiltInTraining(name="linear", hyperparameters=BINARY, metric=ACCURACY)],
    ).checked()
    assert settings.training_images == ["kmeans", "linear-learner", "sagemaker-scikit-learn"]


def numbered(count: int) -> dict[str, str]:
    return {f"h{number}": "1" for number in range(count)}


def test_rejects_more_hyperparameters_than_sagemaker_takes_with_those_of_the_image() -> None:
    assert script(hyperparameters=numbered(95)) == []
    [line] = script(hyperparameters=numbered(96))
    assert line.startswith("dev: trainings.0.hyperparameters: '96 hyperparameters': must be at most 95 (AWS limit: ")


@pytest.mark.parametrize("name", ["", "-a", "a b", "a\n", "é", "__proto__;", "a" * 257])
def test_rejects_the_name_of_a_hyperparameter_that_makes_no_argument(name: str) -> None:
    assert script(hyperparameters={name: "1"})


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0", "a\u2028b", "a" * 2501, 1, None])
def test_rejects_the_value_of_a_hyperparameter_that_sagemaker_or_a_process_refuses(value: object) -> None:
    [line] = script(hyperparameters={"a": value})
    assert line.startswith("dev: trainings.0.hyperparameters.a: ")


@pytest.mark.parametrize("value", ["", "a" * 2500, "${x} %{y} '\"\\", "é\t\u3042"])
def test_a_hyperparameter_may_be_any_text_on_one_line(value: str) -> None:
    assert script(hyperparameters={"a": value}) == []


def test_rejects_a_hyperparameter_that_tells_the_image_what_to_run() -> None:
    [line] = script(hyperparameters={"sagemaker_program": "other.py"})
    assert line == (
        "dev: trainings.0.hyperparameters: 'sagemaker_program': must not begin with sagemaker_, which tells the image "
        "what to run"
    )


def test_rejects_hyperparameters_that_no_process_gets_in_one_variable_as_json_writes_them() -> None:
    """An emoji is one character to botocore, and two escapes of six in JSON."""
    assert script(hyperparameters={f"h{number}": "\U0001f600" * 2500 for number in range(2)}) == []
    [line] = script(hyperparameters={f"h{number}": "\U0001f600" * 2500 for number in range(3)})
    assert "characters': must be at most 65536 in JSON, for a script to get them all in one variable" in line


@pytest.mark.parametrize(
    ("name", "value", "sound"),
    [
        ("epochs", "1", True),
        ("epochs", "0", False),
        ("epochs", "many", False),
        ("epochs", "auto", False),
        ("epochs", "1.5", False),
        ("epochs", "9" * 18, True),
        ("epochs", "9" * 19, False),
        ("num_models", "auto", True),
        ("num_classes", "2", False),
        ("num_classes", "3", True),
        ("num_classes", "1000000", True),
        ("num_classes", "1000001", False),
        ("mini_batch_size", "\N{ARABIC-INDIC DIGIT THREE}", False),
    ],
)
def test_what_counts_something_is_a_number_that_the_algorithm_takes(name: str, value: str, sound: bool) -> None:
    lines = built_in(hyperparameters=BINARY | {name: value})
    assert [line.split(": ")[1] for line in lines] == ([] if sound else [f"trainings.0.hyperparameters.{name}"])
    assert all("must be a whole number from" in line for line in lines)


def test_waits_at_least_as_long_as_it_may_run() -> None:
    assert script(max_runtime_seconds=600, spot=SpotSettings(max_wait_seconds=600)) == []
    assert script(max_runtime_seconds=600, spot=SpotSettings(max_wait_seconds=599)) == [
        "dev: trainings.0.spot.max_wait_seconds: 599: must be at least max_runtime_seconds, 600 "
        "(AWS limit: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html)"
    ]


def test_an_algorithm_without_checkpoints_waits_for_spot_instances_an_hour_at_most() -> None:
    assert built_in(spot=SpotSettings(max_wait_seconds=3600)) == []
    [line] = built_in(spot=SpotSettings(max_wait_seconds=3601))
    assert line.startswith(
        "dev: trainings.0.spot.max_wait_seconds: 3601: must be at most 3600 for an algorithm without"
    )
    assert script(spot=SpotSettings(max_wait_seconds=3601)) == []


@pytest.mark.parametrize("channels", [["train", "train"], ["train", "Train"]])
def test_rejects_channels_that_a_script_finds_by_the_same_variable(channels: list[str]) -> None:
    [line] = script(channels=channels)
    assert line == f"dev: trainings.0.channels: {channels!r}: must differ, and in more than upper and lower case"


def test_a_scripts_own_channel_is_one_of_sagemakers_twenty() -> None:
    assert script(channels=[f"c{number}" for number in range(19)]) == []
    assert script(channels=[f"c{number}" for number in range(20)])
    assert script(channels=["train", "code"]) == [
        "dev: trainings.0.channels.1: 'code': must not be code, the channel that the script comes by"
    ]


@pytest.mark.parametrize("channels", [["validation"], ["train", "training"], ["train", "code"]])
def test_rejects_channels_that_the_algorithm_has_not(channels: list[str]) -> None:
    found = [line for line in built_in(channels=channels) if line.startswith("dev: trainings.0.channels")]
    assert found
    assert all(line.endswith("/dg/linear-learner.html)") for line in found)


@pytest.mark.parametrize(
    "regex", ["accuracy=([0-9.]+)", "(?P<value>a)", "(?:a|b)=(.*)", "[(](a)", "é=(.*)", "a" * 497 + "(.)"]
)
def test_a_regular_expression_with_one_group_finds_the_metric(regex: str) -> None:
    assert metric(regex=regex) == []


@pytest.mark.parametrize(
    ("regex", "allowed"),
    [
        ("accuracy=.*", "must have one group, in parentheses, which is the number: it has 0"),
        ("(a)=(.*)", "must have one group, in parentheses, which is the number: it has 2"),
        ("accuracy=(.*", "missing ), unterminated subpattern at position 9: must be a regular expression"),
    ],
)
def test_rejects_a_regular_expression_that_finds_no_number(regex: str, allowed: str) -> None:
    [line] = metric(regex=regex)
    assert line.startswith(f"dev: trainings.0.metric.regex: {regex!r}: {allowed} (AWS limit: ")


def test_rejects_a_direction_that_sagemaker_has_no_word_for() -> None:
    assert metric(objective="Minimize") == []
    assert metric(objective="minimize") == [
        "dev: trainings.0.metric.objective: 'minimize': must be one of 'Maximize' or 'Minimize'"
    ]


def test_rejects_hyperparameters_that_the_algorithm_has_not() -> None:
    assert built_in(hyperparameters=BINARY | {"mini_batch_size": "100", "wd": "auto"}) == []
    [line] = built_in(hyperparameters=BINARY | {"minibatch_size": "100"})
    assert line.startswith("dev: trainings.0.hyperparameters: 'minibatch_size': must be one of predictor_type, ")
    assert " (did you mean mini_batch_size?) (AWS limit: " in line


@pytest.mark.parametrize(
    ("hyperparameters", "line"),
    [
        ({}, "hyperparameters.predictor_type: missing: must be given"),
        ({"predictor_type": "binary"}, "hyperparameters.predictor_type: 'binary': must be one of binary_classifier, "),
        (
            {"predictor_type": "multiclass_classifier"},
            "hyperparameters.num_classes: missing: must be given where predictor_type is multiclass_classifier",
        ),
    ],
)
def test_rejects_an_algorithm_without_what_it_requires(hyperparameters: dict[str, str], line: str) -> None:
    loss = BuiltInMetricSettings(name="validation:objective_loss", threshold=1, objective="Minimize")
    [found] = built_in(hyperparameters=hyperparameters, metric=loss)
    assert found.startswith(f"dev: trainings.0.{line}")
    assert found.endswith("https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html)")


def test_rejects_a_metric_that_the_algorithm_does_not_compute() -> None:
    [line] = built_in(metric=BuiltInMetricSettings(name="validation:acuracy", threshold=0.9))
    assert "must be one of the algorithm's metrics, validation:absolute_loss, " in line
    [line] = built_in(metric=BuiltInMetricSettings(name="validation:mse", threshold=1, objective="Minimize"))
    assert "must be a metric of binary_classifier: this one is of regressor only" in line
    [line] = built_in(metric=BuiltInMetricSettings(name="test:recall", threshold=0.9))
    assert "must be a metric of one of channels, which has no test" in line
    [line] = built_in(metric=BuiltInMetricSettings(name="validation:recall", threshold=0.9, objective="Minimize"))
    assert ".metric.objective: 'Minimize': must be Maximize for validation:recall" in line


def test_the_algorithm_has_the_metrics_and_hyperparameters_of_awss_pages() -> None:
    """Counted on linear-learner-tuning.html and ll_hyperparameters.html."""
    assert len(linear_learner.METRICS) == 2 * 14
    assert len(linear_learner.HYPERPARAMETERS) == len({*linear_learner.HYPERPARAMETERS}) == 44


def test_rejects_folders_outside_the_project() -> None:
    for value in ("/etc", "../models", "models/../../x", "models//x", "", "."):
        [line] = script(source=value)
        assert line.startswith(f"dev: trainings.0.source: {value!r}: must ") or "must have" in line


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/ComodRivadavia", "Asia/Kolkata"])
def test_a_schedule_is_in_a_time_zone_of_the_ianas(zone: str) -> None:
    assert schedule(time_zone=zone) == []


def test_rejects_a_time_zone_that_the_iana_does_not_know() -> None:
    [line] = schedule(time_zone="Europe/Berln")
    assert "must be a time zone of the IANA's database (did you mean Europe/Berlin?)" in line


@pytest.mark.parametrize(
    ("instance_type", "takes"),
    [("ml.m5.large", True), ("ml.c7i-flex.xlarge", True), ("ml.p3dn.24xlarge", False), ("ml.g5.xlarge", False)],
)
def test_instances_with_disks_of_their_own_take_no_key(instance_type: str, takes: bool) -> None:
    assert script_training(instance_type=instance_type).checked().takes_a_key is takes


def test_both_kinds_say_what_image_they_run() -> None:
    kinds: list[TrainingSettings] = [
        script_training().checked(),
        BuiltInTraining(name="linear", hyperparameters=BINARY, metric=ACCURACY).checked(),
    ]
    assert [(kind.image_repository, kind.image_tag) for kind in kinds] == [
        ("sagemaker-scikit-learn", "1.2-1-cpu-py3"),
        ("linear-learner", "1"),
    ]


@pytest.mark.parametrize("threshold", [0.95, 0.986, 0.25, -0.1, 0.1])
def test_a_metric_that_is_printed_as_the_threshold_reaches_it_in_32_bits_and_in_64(threshold: float) -> None:
    [in_32_bits] = struct.unpack("f", struct.pack("f", threshold))
    least, most = (
        ScriptMetricSettings(name="accuracy", regex="(.*)", threshold=threshold, objective=objective).compared_with
        for objective in ("Maximize", "Minimize")
    )
    for kept in (threshold, in_32_bits):
        assert least <= kept <= most
    assert {least, most} == {threshold, in_32_bits}
