"""Settings made by hypothesis: what AWS takes is accepted, synthesizes to what AWS takes, and Terraform takes it."""

import json
import os
import re
import shutil
import subprocess
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from local_aws import provider
from pages.settings_page import classes
from settings.bucket import BucketSettings
from settings.data_capture import DataCaptureSettings
from settings.encryption_key import EncryptionKeySettings
from settings.endpoint import ProvisionedEndpointSettings, ServerlessEndpointSettings, ShadowedEndpointSettings
from settings.environment import EnvironmentSettings
from settings.lifecycle_scripts import FILLED_IN
from settings.logs import LogSettings
from settings.network import ExistingNetworkSettings, NewNetworkSettings
from settings.notebook import NotebookSettings
from settings.notebook_delivery import NotebookDeliverySettings
from settings.problems import problems_of
from settings.scaling import ConcurrencyScalingSettings, InstanceScalingSettings
from settings.schedule import ScheduleSettings
from settings.spot import SpotSettings
from settings.studio import StudioSettings
from settings.thresholds import AlarmSettings, ShadowAlarmSettings
from settings.training import BuiltInTraining, ScriptTraining
from settings.training_files import read_training_files
from settings.training_metric import BuiltInMetricSettings, ScriptMetricSettings
from settings.update import AllAtOnceUpdateSettings, CanaryUpdateSettings, LinearUpdateSettings, RollingUpdateSettings
from settings.variant import VariantSettings
from stacks.environments import ROOT
from tests.support.aws_model import refused, refused_in, shape
from tests.support.synthesis import environment, synthesized_platform

NOT_ON_AL2023 = ("ml.p2.", "ml.p3.", "ml.p3dn.", "ml.inf1.", "ml.g3.")
VARIANT_TYPES = sorted(shape("sagemaker", "ProductionVariantInstanceType").enum)
SHADOW_TYPES = [t for t in VARIANT_TYPES if not t.startswith("ml.inf1.")]
NOTEBOOK_TYPES = sorted(t for t in shape("sagemaker", "InstanceType").enum if not t.startswith(NOT_ON_AL2023))
STUDIO_TYPES = sorted(t for t in shape("sagemaker", "AppInstanceType").enum if t != "system")
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
LARGEST = 2**31 - 1  # of AWS's Integer
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")


def names(longest: int) -> st.SearchStrategy[str]:
    """SageMaker's names, in lower case: [a-z0-9](-*[a-z0-9])*"""
    inner = st.text("abcxyz019-", min_size=0, max_size=longest - 2)
    end = st.sampled_from("abz019")
    return st.one_of(end, st.builds(lambda first, middle, last: f"{first}{middle}{last}", end, inner, end))


# In Unicode's composed characters, and without line ends.
TEXT = (
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="/"), min_size=1, max_size=40)
    .map(lambda text: unicodedata.normalize("NFC", text))
    .filter(lambda text: len(text) <= 120)
)


def bucket_names() -> st.SearchStrategy[str]:
    label = st.text("abcxyz019", min_size=3, max_size=20)
    return st.lists(label, min_size=1, max_size=2).map(".".join).filter(lambda name: not name.startswith("sthree"))


def sometimes(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


COOLDOWNS = {
    "scale_in_cooldown_seconds": st.integers(0, LARGEST),
    "scale_out_cooldown_seconds": st.integers(0, LARGEST),
}


@st.composite
def variants(draw: st.DrawFn, lowest: float, instance_types: list[str], least: int = 1) -> VariantSettings:
    instance_type, count = draw(st.sampled_from(instance_types)), draw(st.integers(least, 100))
    scaling = st.builds(
        InstanceScalingSettings,
        max_instance_count=st.integers(count, 200),
        invocations_per_instance=st.floats(0.1, 2**53 - 1),
        **COOLDOWNS,
    )
    return VariantSettings(
        instance_type=instance_type,
        instance_count=count,
        weight=draw(st.floats(lowest, 1000, allow_nan=False, width=32)),
        scaling=None if instance_type.startswith("ml.t2.") else draw(sometimes(scaling)),
    )


AT_ONCE = st.builds(
    AllAtOnceUpdateSettings,
    termination_wait_seconds=st.integers(0, 599),
    max_execution_timeout_seconds=st.integers(600, 3600),
)
WAITS = {"wait_interval_seconds": st.integers(0, 100), "max_execution_timeout_seconds": st.integers(2101, 3600)}
IN_STEPS = st.one_of(
    st.builds(CanaryUpdateSettings, canary_percent=st.integers(1, 50), **WAITS),
    st.builds(LinearUpdateSettings, linear_step_percent=st.integers(10, 50), **WAITS),
)
ROLLING = st.builds(RollingUpdateSettings, batch_percent=st.integers(5, 50), **WAITS)
THRESHOLDS = {"invocation_5xx_errors": st.integers(1, LARGEST), "model_latency_p99_ms": st.integers(1, LARGEST)}


def common(names_up_to: int = 14) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "name": names(names_up_to),
        "name_carries_hosting": st.booleans(),
        "alarms": st.builds(AlarmSettings, **THRESHOLDS),
        "soak_minutes": st.integers(0, 7 * 24 * 60),
    }


CAPTURE = sometimes(
    st.builds(
        DataCaptureSettings,
        sampling_percent=st.integers(0, 100),
        modes=st.lists(st.sampled_from(("Input", "Output")), min_size=1, unique=True),
    )
)


@st.composite
def provisioned(draw: st.DrawFn) -> ProvisionedEndpointSettings | ShadowedEndpointSettings:
    shadowed, in_steps = draw(st.booleans()), draw(st.booleans())
    types = SHADOW_TYPES if shadowed or in_steps else VARIANT_TYPES
    least = 2 if in_steps else 1
    values = {key: draw(strategy) for key, strategy in common().items()} | {
        "production": draw(variants(0.125, types, least)),
        "data_capture": draw(CAPTURE),
    }
    if shadowed:
        return ShadowedEndpointSettings(
            **values,
            shadow=draw(variants(0, types, least)),
            shadow_alarms=draw(st.builds(ShadowAlarmSettings, **THRESHOLDS)),
            update=draw(IN_STEPS if in_steps else AT_ONCE),
        )
    return ProvisionedEndpointSettings(**values, update=draw(st.one_of(IN_STEPS, ROLLING) if in_steps else AT_ONCE))


@st.composite
def serverless(draw: st.DrawFn) -> ServerlessEndpointSettings:
    maximum = draw(st.integers(1, 200))
    concurrency = draw(sometimes(st.integers(1, maximum)))
    scaling = None
    if concurrency is not None:
        scaling = draw(
            sometimes(
                st.builds(
                    ConcurrencyScalingSettings,
                    max_provisioned_concurrency=st.integers(concurrency, maximum),
                    utilization=st.floats(0.1, 1),
                    **COOLDOWNS,
                )
            )
        )
    return ServerlessEndpointSettings(
        **{key: draw(strategy) for key, strategy in common().items()},
        memory_size_mb=draw(st.sampled_from((1024, 2048, 3072, 4096, 5120, 6144))),
        max_concurrency=maximum,
        provisioned_concurrency=concurrency,
        scaling=scaling,
    )


TRAINING_TYPES = sorted(shape("sagemaker", "TrainingInstanceType").enum)
# On one line, as `.*` of AWS's model says.
LINES = st.text(st.characters(exclude_categories=("Cs", "Zl", "Zp"), exclude_characters="\0\n\r\x85"), max_size=40)
WORDS = st.text("abcXYZ019_", min_size=1, max_size=20)
METRICS = st.sampled_from(("validation", "test"))
# Of the predictor, as https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html has them.
PREDICTORS = {
    "binary_classifier": ("roc_auc_score", "Maximize"),
    "multiclass_classifier": ("macro_recall", "Maximize"),
    "regressor": ("mse", "Minimize"),
}
SCHEDULES = st.builds(
    ScheduleSettings,
    expression=st.one_of(
        st.integers(2, 1000).map(lambda number: f"rate({number} hours)"),
        st.tuples(st.integers(0, 59), st.integers(0, 23)).map(lambda time: f"cron({time[0]} {time[1]} ? * MON-FRI *)"),
    ),
    time_zone=st.sampled_from(("UTC", "Europe/Berlin", "Asia/Kolkata")),
)


@st.composite
def trainings(draw: st.DrawFn) -> ScriptTraining | BuiltInTraining:
    built_in = draw(st.booleans())
    runtime = draw(st.integers(1, 3600 if built_in else 28 * 24 * 3600))
    channels = draw(st.permutations(("train", "validation", "test")))
    values: dict[str, Any] = {
        "name": draw(names(14)),
        "instance_type": draw(st.sampled_from(TRAINING_TYPES)),
        "instance_count": draw(st.integers(1, LARGEST)),
        "volume_size_gb": draw(st.integers(1, 16384)),
        "max_runtime_seconds": runtime,
        "spot": draw(
            sometimes(st.builds(SpotSettings, max_wait_seconds=st.integers(runtime, 3600 if built_in else LARGEST)))
        ),
        "data_prefix": draw(st.lists(WORDS, min_size=1, max_size=3).map("/".join)),
        "schedule": draw(sometimes(SCHEDULES)),
    }
    threshold = draw(st.floats(-(2**53) + 1, 2**53 - 1))
    if not built_in:
        metric = st.builds(
            ScriptMetricSettings,
            name=st.text("abcXYZ019_.:/=+@-", min_size=1, max_size=255),
            regex=WORDS.map(lambda text: f"{text}=([0-9.]+)"),
            threshold=st.just(threshold),
            objective=st.sampled_from(("Maximize", "Minimize")),
        )
        return ScriptTraining(
            **values,
            source="models/breast_cancer",
            image_repository="sagemaker-scikit-learn",
            image_tag=draw(st.sampled_from(("1.2-1-cpu-py3", "1.0-1-cpu-py3"))),
            hyperparameters=draw(st.dictionaries(WORDS, LINES, max_size=95)),
            channels=("train", "validation"),
            sample_data=draw(sometimes(st.just("models/breast_cancer/data"))),
            metric=draw(metric),
        )
    predictor = draw(st.sampled_from(tuple(PREDICTORS)))
    metric_name, objective = PREDICTORS[predictor]
    more = {"num_classes": "3"} if predictor == "multiclass_classifier" else {}
    return BuiltInTraining(
        **values,
        algorithm="linear-learner",
        hyperparameters={"predictor_type": predictor} | more,
        channels=channels,
        metric=BuiltInMetricSettings(
            name=f"{draw(METRICS)}:{metric_name}",
            threshold=threshold,
            objective=objective,  # type: ignore[arg-type]
        ),
    )


def git_repositories() -> st.SearchStrategy[str]:
    path = st.text("abc019-._~%$/{}'", min_size=1, max_size=40)
    return st.one_of(names(63), st.builds(lambda path: f"https://git.example.com/{path}", path))


def tag_keys() -> st.SearchStrategy[str]:
    return st.text("abc XYZ019_.:/=+-@é", min_size=1, max_size=128)


def hexadecimal(prefix: str) -> st.SearchStrategy[str]:
    digits = [st.text("0123456789abcdef", min_size=size, max_size=size) for size in (8, 17)]
    return st.one_of(*digits).map(lambda text: f"{prefix}-{text}")


@st.composite
def cidr_blocks(draw: st.DrawFn) -> str:
    length = draw(st.integers(16, 24))
    first = draw(st.sampled_from(("10.0.0.0", "172.16.0.0", "192.168.0.0", "100.64.0.0")))
    return f"{first}/{length}"


def consistent(drawn: EnvironmentSettings) -> EnvironmentSettings:
    """The same, without what its network has no way or room for, and what a protected environment may not have."""
    if drawn.notebook is not None and isinstance(drawn.network, NewNetworkSettings):
        notebook = NotebookSettings(**{**vars(drawn.notebook), "git_repositories": []})
        drawn = EnvironmentSettings(**{**vars(drawn), "notebook": notebook})
    values = vars(drawn)
    network = values["network"]
    if network is None or len(vars(network).get("security_group_ids", ())) == 5:
        values = values | {"studio": None}
    if values["studio"] is not None:
        values = values | {"sagemaker_full_access": False}
    if not values["protected"]:
        return EnvironmentSettings(**values)
    return EnvironmentSettings(
        **values
        | {
            "bucket": BucketSettings(**{**vars(values["bucket"]), "force_destroy": False}),
            "encryption_key": values["encryption_key"] or EncryptionKeySettings(),
            "sagemaker_full_access": False,
            "local_state": values["local_state"] or values["state_bucket"] is None,
        }
    )


VALID = st.builds(
    EnvironmentSettings,
    name=st.sampled_from(("dev", "staging", "prod")),
    region=st.sampled_from(REGIONS),
    account_id=sometimes(st.text("0123456789", min_size=12, max_size=12)),
    project=names(8),
    owner=st.text("abc XYZ019_.:/=+-@é", min_size=1, max_size=256),
    shares_account=st.booleans(),
    receives_from=sometimes(names(14)),
    bucket=st.builds(
        BucketSettings,
        name=sometimes(bucket_names()),
        force_destroy=st.booleans(),
        noncurrent_version_days=st.integers(1, LARGEST),
        incomplete_upload_days=st.integers(1, LARGEST),
    ),
    logs=st.one_of(
        st.builds(LogSettings, retention_days=st.sampled_from(RETENTION), owns_account_wide=st.booleans()),
        st.builds(LogSettings, keeps_account_wide=st.booleans()),
    ),
    sagemaker_full_access=st.booleans(),
    training_image_repositories=st.lists(
        st.sampled_from(("linear-learner", "sagemaker-xgboost", "kmeans")), min_size=1, unique=True
    ),
    trainings=st.lists(trainings(), max_size=2, unique_by=lambda training: re.sub("-+", "_", training.name)),
    notebook=sometimes(
        st.builds(
            NotebookSettings,
            instance_type=st.sampled_from(NOTEBOOK_TYPES),
            volume_size_gb=st.integers(5, 16384),
            idle_stop_minutes=st.integers(10, 525_600),
            root_access=st.booleans(),
            git_repositories=st.lists(git_repositories(), max_size=4, unique=True),
            platform=sometimes(st.just("notebook-al2023-v1")),
            tags=st.dictionaries(tag_keys(), st.text("abc XYZ019_.:/=+-@é", min_size=1, max_size=256), max_size=46),
        )
    ),
    studio=sometimes(
        st.builds(
            StudioSettings,
            user_profiles=st.lists(names(63), min_size=1, max_size=3, unique_by=lambda name: re.sub("-+", "_", name)),
            instance_type=st.sampled_from(STUDIO_TYPES),
            idle_stop_minutes=st.integers(60, 525_600),
        )
    ),
    notebook_delivery=st.builds(
        NotebookDeliverySettings,
        patterns=st.lists(TEXT.map(lambda text: f"{text}.ipynb"), min_size=1, max_size=10, unique=True),
        placeholders=st.lists(
            TEXT.filter(lambda text: text.strip() and text not in FILLED_IN), max_size=10, unique=True
        ),
    ),
    endpoints=st.lists(
        st.one_of(serverless(), provisioned()), min_size=1, max_size=2, unique_by=lambda endpoint: endpoint.name
    ),
    alarm_emails=st.lists(st.sampled_from(("ml-team@example.com", "a.b+c@mail.example.co")), unique=True),
    rollback_guard=st.booleans(),
    state_bucket=sometimes(bucket_names()),
    local_state=st.booleans(),
    protected=st.booleans(),
    limit_trust_to_account=st.booleans(),
    encryption_key=sometimes(st.builds(EncryptionKeySettings, deletion_window_days=st.integers(7, 30))),
    network=sometimes(
        st.one_of(
            st.builds(
                NewNetworkSettings,
                cidr_block=cidr_blocks(),
                zones=st.lists(st.sampled_from("abc"), min_size=2, max_size=3, unique=True),
                interface_endpoints=st.booleans(),
            ),
            st.builds(
                ExistingNetworkSettings,
                subnet_ids=st.lists(hexadecimal("subnet"), min_size=1, max_size=16, unique=True),
                security_group_ids=st.lists(hexadecimal("sg"), min_size=1, max_size=5, unique=True),
            ),
        )
    ),
).map(consistent)


def problems(given_settings: EnvironmentSettings) -> list[str]:
    try:
        given_settings.checked()
    except ValidationError as error:
        return [str(problem) for problem in problems_of("dev", EnvironmentSettings, error)]
    return []


def test_every_setting_is_drawn() -> None:
    source = Path(__file__).read_text()
    assert not [
        f"{cls.__name__}.{name}"
        for cls in classes()
        for name in cls.model_fields
        if name != "kind" and f"{name}=" not in source and f'"{name}"' not in source
    ]


@settings(max_examples=700)
@given(VALID)
def test_everything_that_aws_takes_is_accepted_and_gives_names_that_aws_takes(valid: EnvironmentSettings) -> None:
    assert problems(valid) == []
    checked = valid.checked()
    assert refused("sagemaker", "NotebookInstanceName", checked.names.notebook) is None
    assert refused("sagemaker", "DomainName", checked.names.studio_domain) is None
    lifecycle_config = checked.names.studio_lifecycle_config("0123abcd")
    assert refused("sagemaker", "StudioLifecycleConfigName", lifecycle_config) is None
    assert refused("iam", "policyNameType", checked.names.studio_policy) is None
    for name in checked.studio.user_profiles if checked.studio is not None else ():
        assert refused("sagemaker", "UserProfileName", name) is None
        assert len(checked.names.studio_security_group(name)) <= 255
    for training in checked.trainings:
        name = checked.names.training(training.name)
        assert refused("sagemaker", "EntityName", name) is None
        assert refused("sagemaker", "PipelineName", name) is None
        assert refused("scheduler", "Name", name) is None
        assert refused("sagemaker", "TrainingJobName", f"{name}-{'a' * 12}-{'a' * 10}-0") is None
        for key, value in training.hyperparameters.items():
            assert refused("sagemaker", "HyperParameterKey", key) is None
            assert refused("sagemaker", "HyperParameterValue", value) is None
        assert refused("sagemaker", "MetricName", training.metric.name) is None
    for role in checked.names.roles:
        assert refused("iam", "roleNameType", role) is None
    for endpoint in checked.names.endpoints.values():
        assert refused("sagemaker", "EndpointName", endpoint.name) is None
        assert refused("sagemaker", "EndpointConfigName", endpoint.longest_configuration) is None
        for alarm in endpoint.alarms(shadow=True):
            assert refused("cloudwatch", "AlarmName", alarm) is None


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(VALID)
def test_what_is_accepted_synthesizes_to_values_that_aws_takes(valid: EnvironmentSettings) -> None:
    platform = synthesized(valid)
    found, asked = refused_in(platform["resource"])
    assert found == []
    assert asked >= 6


def synthesized(valid: EnvironmentSettings) -> dict[str, Any]:
    checked, committed = valid.checked(), environment("staging")
    [release] = committed.releases.values()
    releases = {
        endpoint.name: release if endpoint.kind == "shadowed" else replace(release, shadow=None)
        for endpoint in checked.endpoints
    }
    training_files, wrong = read_training_files(ROOT, {checked.name: checked})
    assert wrong == []
    of = replace(committed, settings=checked, releases=releases, training_files=training_files[checked.name])
    return synthesized_platform(of)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder where Terraform is initialized, and its environment."""
    folder = tmp_path_factory.mktemp("stack")
    changes, _ = provider.cli_configuration(folder, os.environ)
    (folder / "local_override.tf.json").write_text(json.dumps(provider.version_override()))
    (folder / "cdk.tf.json").write_text(json.dumps(synthesized_platform(environment("dev"))))
    variables = os.environ | changes
    subprocess.run([str(shutil.which("terraform")), "init", "-backend=false"], cwd=folder, env=variables, check=True)
    return folder, variables


@settings(max_examples=6, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(valid=VALID)
def test_terraform_accepts_what_is_accepted(stack: tuple[Path, dict[str, str]], valid: EnvironmentSettings) -> None:
    folder, variables = stack
    # Types newer than the provider's list, where the provider to be had is an older one, are not what is asked here.
    known_type = re.sub(r'(?<="instance_type": ")[^"]+', "ml.m5.xlarge", json.dumps(synthesized(valid)))
    (folder / "cdk.tf.json").write_text(known_type)
    finished = subprocess.run(
        [str(shutil.which("terraform")), "validate", "-no-color"],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
