"""Names that meet: in Terraform's addresses, in its outputs, in AWS. Refused in a line, or told apart."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import cdktf
import pytest
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from pydantic import ValidationError

from settings.endpoint import EndpointSettings, ServerlessEndpointSettings, ShadowedEndpointSettings
from settings.limits import JOB_PREFIX_MAX_LENGTH, TRAININGS_MAX_COUNT
from settings.names import address_part
from settings.problems import InvalidInputError
from settings.releases import Release, ReleasedModel
from settings.schedule import ScheduleSettings
from settings.training import ScriptTraining
from settings.training_files import FileTree, TrainingFiles
from settings.variant import VariantSettings
from stacks.checked_app import CheckedApp
from stacks.environments import ROOT, Environment
from stacks.ml_platform_stack import MlPlatformStack
from tests.support.script_training import script_training
from tests.support.synthesis import environment, synthesized_platform, without_comments

ARTIFACT = ROOT / "models/breast-cancer-means.tar.gz"
# What AWS tells things of a type apart by.
# Of a part of a name, so that role's policies have room for all.
LONGEST = 18
NAMED_WITHIN_ANOTHER = ("aws_iam_role_policy", "aws_appautoscaling_policy")
NAMED_BY = {
    "aws_s3_object": "key",
    "aws_cloudwatch_metric_alarm": "alarm_name",
    "aws_s3_bucket": "bucket",
    "aws_sagemaker_model_package_group": "model_package_group_name",
    "aws_sagemaker_pipeline": "pipeline_name",
}


def platform_of(built: Environment, folder: Path) -> dict[str, Any]:
    """As the app writes it. Raises InvalidInputError."""
    app = CheckedApp(outdir=str(folder))
    stack = MlPlatformStack(app, built)
    app.synth()
    platform: dict[str, Any] = without_comments(
        json.loads((folder / f"stacks/{stack.node.id}/cdk.tf.json").read_text())
    )
    elements = [type(element) for element in stack.node.find_all() if isinstance(element, cdktf.TerraformElement)]
    for kind, key in ((cdktf.TerraformResource, "resource"), (cdktf.TerraformDataSource, "data")):
        made = sum(issubclass(element, kind) for element in elements)
        assert made == sum(map(len, platform[key].values())), f"one {key} overwrote another"
    assert sum(issubclass(element, cdktf.TerraformOutput) for element in elements) == len(platform["output"])
    for resource_type, resources in platform["resource"].items():
        if resource_type in NAMED_WITHIN_ANOTHER:
            continue
        attribute = NAMED_BY.get(resource_type, "name")
        names = [resource[attribute] for resource in resources.values() if attribute in resource]
        assert len(names) == len({*names}), f"two {resource_type} of one name"
    return platform


def endpoint(name: str, *, shadowed: bool) -> EndpointSettings:
    if shadowed:
        return ShadowedEndpointSettings(name=name, production=VariantSettings(), shadow=VariantSettings())
    return ServerlessEndpointSettings(name=name, max_concurrency=1)


def serving(names: Mapping[str, bool]) -> Environment:
    """Staging with such endpoints; those that are true have a shadow. Raises ValidationError."""
    endpoints = [endpoint(name, shadowed=shadowed) for name, shadowed in names.items()]
    committed = environment("staging")
    [release] = committed.releases.values()
    alone = Release(production=release.production)
    built = environment("staging", endpoints=endpoints, alarm_emails=["a@b.co", "a_b@b.co"])
    return replace(built, releases={name: release if shadowed else alone for name, shadowed in names.items()})


def parts() -> list[str]:
    """Whatever is in an address, or an output, as names of endpoints."""
    platform = synthesized_platform(environment("staging"))
    addresses = [address for of_type in platform["resource"].values() for address in of_type]
    words = [address.lower().split("_") for address in [*addresses, *platform["output"]]]
    runs = {"-".join(word[start:end]) for word in words for start, end in combinations(range(len(word) + 1), 2)}
    return sorted(run for run in runs if len(run) <= LONGEST and not run.endswith(("-shadow", "-rollback")))


def refusals(names: Mapping[str, bool], folder: Path) -> list[str]:
    try:
        platform_of(serving(names), folder)
    except InvalidInputError as error:
        assert not [*folder.rglob("*.json")]
        return [str(problem) for problem in error.problems]
    return []


def test_endpoints_called_as_parts_of_addresses_and_outputs_are_told_apart(tmp_path: Path) -> None:
    """All at once, of both kinds: one that is called as an output, a construct, a type."""
    names = parts()
    assert {"bucket-name", "dashboard", "endpoint-name", "hosting-role", "key-arn", "rollback-guard"} <= {*names}
    assert refusals({name: number % 2 == 0 for number, name in enumerate(names)}, tmp_path) == []


def test_an_endpoint_called_as_a_part_of_another_is_told_apart_or_refused(tmp_path: Path) -> None:
    names = {"x": True} | {f"x-{part}": True for part in parts() if part not in ("shadow", "rollback")}
    assert refusals(names, tmp_path / "without") == []
    with pytest.raises(ValidationError, match="'x-shadow': must be another name: the alarm"):
        serving({"x": True, "x-shadow": True})
    both = "(serving)/(endpoints)/x/Default/rollback_alarms/{0} and (serving)/(endpoints)/x_rollback/Default/alarms/{0}"
    assert refusals({"x": True, "x-rollback": True}, tmp_path / "with") == [
        f"staging: CloudwatchMetricAlarm x_rollback_alarms_{alarm}: the address in Terraform of both "
        f"{both.format(alarm)}: one of them must be called otherwise"
        for alarm in ("errors", "latency")
    ]


def test_names_of_models_and_notebooks_meet_nothing(tmp_path: Path) -> None:
    names = [*parts(), "Default", "default", "file", "role", "notebook_role", "(samples)", "1", "²"]
    notebooks = [tmp_path / f"{name}.ipynb" for name in {address_part(name): name for name in names}.values()]
    for path in notebooks:
        path.write_text("{}")
    models = [
        ReleasedModel(name=f"{name}-0000000{digit}", image_repository="a", image_tag="1", artifact=ARTIFACT)
        for name in ("file", "image", "role", "x", "0")
        for digit in range(2)
    ]
    endpoints = [endpoint(f"e{number}", shadowed=False) for number, _ in enumerate(models)]
    built = replace(
        environment("dev", endpoints=endpoints),
        releases={f"e{number}": Release(production=model) for number, model in enumerate(models)},
        notebooks=notebooks,
    )
    platform = platform_of(built, tmp_path / "out")
    files = environment("dev").training_files["breast-cancer"]
    of_training = sum(len(tree.files) for tree in (files.code, files.data) if tree is not None)
    assert len(platform["resource"]["aws_s3_object"]) == len(notebooks) + len(models) + of_training + 4


def test_rejects_two_elements_of_one_address_with_both_paths_and_writes_nothing(tmp_path: Path) -> None:
    app = CheckedApp(outdir=str(tmp_path))
    MlPlatformStack(app, environment("staging"))
    stack = MlPlatformStack(app, environment("dev"))
    for name in ("audit-log", "audit_log", "audit--log"):
        CloudwatchLogGroup(stack, name, name=name)
    with pytest.raises(InvalidInputError) as raised:
        app.synth()
    assert [str(problem) for problem in raised.value.problems] == [
        f"dev: CloudwatchLogGroup audit_log: the address in Terraform of both audit-log and {other}: one of them must "
        "be called otherwise"
        for other in ("audit--log", "audit_log")
    ]
    assert not [*tmp_path.rglob("*.json")]


@pytest.mark.parametrize("name", ["Übung", "二", "x²", "½", "①", "a·b", "e\u0301", "a\u200db", "ß_ª"])
def test_an_address_is_one_that_terraform_takes(tmp_path: Path, name: str) -> None:
    (tmp_path / "main.tf.json").write_text(json.dumps({"locals": {f"notebook_{address_part(name)}": 1}}))
    finished = subprocess.run(
        ["terraform", "console"], cwd=tmp_path, input="1\n", capture_output=True, text=True, check=False
    )
    assert (finished.returncode, finished.stdout) == (0, "1\n"), finished.stderr


def training_in(name: str, folder: Path, *files: str) -> tuple[ScriptTraining, TrainingFiles]:
    paths = {file: folder / f"{number}.py" for number, file in enumerate(files)}
    for path in paths.values():
        path.touch()
    tree = FileTree(digest="0123456789ab", files=paths)
    return script_training(name=name, schedule=ScheduleSettings(expression="rate(1 day)")), TrainingFiles(
        code=tree, data=tree
    )


def with_trainings(*trainings: tuple[ScriptTraining, TrainingFiles]) -> Environment:
    built = environment("staging", trainings=[training for training, _ in trainings])
    return replace(built, training_files={training.name: files for training, files in trainings})


def test_trainings_called_as_parts_of_addresses_are_told_apart(tmp_path: Path) -> None:
    fitting = [name for name in parts() if len(name) <= JOB_PREFIX_MAX_LENGTH - len("ml-platform-staging-")]
    assert {"code", "data", "key-arn", "pipeline", "role", "training"} <= {*fitting}
    for start in range(0, len(fitting), TRAININGS_MAX_COUNT):
        names = fitting[start : start + TRAININGS_MAX_COUNT]
        built = with_trainings(*(training_in(name, tmp_path, "train.py") for name in names))
        pipelines = platform_of(built, tmp_path / f"from-{start}")["resource"]["aws_sagemaker_pipeline"]
        assert len(pipelines) == len(names)


def test_a_training_whose_files_are_called_as_those_of_another_is_refused(tmp_path: Path) -> None:
    built = with_trainings(training_in("x", tmp_path, "code/train.py"), training_in("x-code", tmp_path, "train.py"))
    with pytest.raises(InvalidInputError) as refused:
        platform_of(built, tmp_path / "x")
    assert [str(problem) for problem in refused.value.problems if "S3Object" in str(problem)] == [
        "staging: S3Object training_x_code_code_train_py: the address in Terraform of both "
        "(training)/training/x/code/code_train_py/Default and (training)/training/x_code/code/train_py/Default: one of "
        "them must be called otherwise"
    ]
