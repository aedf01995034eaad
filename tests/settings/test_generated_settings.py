"""Settings made by hypothesis: what AWS takes is accepted and synthesizes, what it refuses is refused by name."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from local_aws import provider
from settings.bucket import BucketSettings
from settings.data_capture import DataCaptureSettings
from settings.encryption_key import EncryptionKeySettings
from settings.endpoint import ProvisionedEndpointSettings, ServerlessEndpointSettings, ShadowedEndpointSettings
from settings.environment import EnvironmentSettings
from settings.logs import LogSettings
from settings.network import ExistingNetworkSettings, NewNetworkSettings
from settings.notebook import NotebookSettings
from settings.problems import problems_of
from settings.scaling import ConcurrencyScalingSettings, InstanceScalingSettings
from settings.thresholds import AlarmSettings, ShadowAlarmSettings
from settings.update import AllAtOnceUpdateSettings, CanaryUpdateSettings, LinearUpdateSettings, RollingUpdateSettings
from settings.variant import VariantSettings
from tests.support.aws_model import refused, refused_in, shape
from tests.support.synthesis import environment, synthesized_platform

NOT_ON_AL2023 = ("ml.p2.", "ml.p3.", "ml.p3dn.", "ml.inf1.", "ml.g3.")
VARIANT_TYPES = sorted(shape("sagemaker", "ProductionVariantInstanceType").enum)
SHADOW_TYPES = [t for t in VARIANT_TYPES if not t.startswith("ml.inf1.")]
NOTEBOOK_TYPES = sorted(t for t in shape("sagemaker", "InstanceType").enum if not t.startswith(NOT_ON_AL2023))
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")


def names(longest: int) -> st.SearchStrategy[str]:
    """SageMaker's names, in lower case: [a-z0-9](-*[a-z0-9])*"""
    inner = st.text("abcxyz019-", min_size=0, max_size=longest - 2)
    end = st.sampled_from("abz019")
    return st.one_of(end, st.builds(lambda first, middle, last: f"{first}{middle}{last}", end, inner, end))


def bucket_names() -> st.SearchStrategy[str]:
    label = st.text("abcxyz019", min_size=3, max_size=20)
    return st.lists(label, min_size=1, max_size=2).map(".".join).filter(lambda name: not name.startswith("sthree"))


def sometimes(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


COOLDOWNS = {
    "scale_in_cooldown_seconds": st.integers(0, 3600),
    "scale_out_cooldown_seconds": st.integers(0, 3600),
}


@st.composite
def variants(draw: st.DrawFn, lowest: float, instance_types: list[str], least: int = 1) -> VariantSettings:
    instance_type, count = draw(st.sampled_from(instance_types)), draw(st.integers(least, 100))
    scaling = st.builds(
        InstanceScalingSettings,
        max_instance_count=st.integers(count, 200),
        invocations_per_instance=st.floats(0.1, 10_000),
        **COOLDOWNS,
    )
    return VariantSettings(
        instance_type=instance_type,
        instance_count=count,
        weight=draw(st.floats(lowest, 1000, allow_nan=False)),
        scaling=None if instance_type.startswith("ml.t") else draw(sometimes(scaling)),
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
THRESHOLDS = {"invocation_5xx_errors": st.integers(1, 1000), "model_latency_p99_ms": st.integers(1, 60_000)}


def common(names_up_to: int = 14) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "name": names(names_up_to),
        "name_carries_hosting": st.booleans(),
        "alarms": st.builds(AlarmSettings, **THRESHOLDS),
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
        "production": draw(variants(0.001, types, least)),
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


def hexadecimal(prefix: str) -> st.SearchStrategy[str]:
    digits = [st.text("0123456789abcdef", min_size=size, max_size=size) for size in (8, 17)]
    return st.one_of(*digits).map(lambda text: f"{prefix}-{text}")


@st.composite
def cidr_blocks(draw: st.DrawFn) -> str:
    length = draw(st.integers(16, 24))
    first = draw(st.sampled_from(("10.0.0.0", "172.16.0.0", "192.168.0.0")))
    return f"{first}/{length}"


def consistent(drawn: EnvironmentSettings) -> EnvironmentSettings:
    """The same, without what a protected environment may not have."""
    values = vars(drawn)
    if not values["protected"]:
        return drawn
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
    bucket=st.builds(
        BucketSettings,
        name=sometimes(bucket_names()),
        force_destroy=st.booleans(),
        noncurrent_version_days=st.integers(1, 3650),
        incomplete_upload_days=st.integers(1, 365),
    ),
    logs=st.builds(LogSettings, retention_days=st.sampled_from(RETENTION), owns_account_wide=st.booleans()),
    sagemaker_full_access=st.booleans(),
    training_image_repositories=st.lists(
        st.sampled_from(("linear-learner", "sagemaker-xgboost", "kmeans")), min_size=1, unique=True
    ),
    notebook=sometimes(
        st.builds(
            NotebookSettings,
            instance_type=st.sampled_from(NOTEBOOK_TYPES),
            volume_size_gb=st.integers(5, 16384),
            root_access=st.booleans(),
        )
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
                zones=st.lists(st.sampled_from("abcdef"), min_size=2, max_size=6, unique=True),
            ),
            st.builds(
                ExistingNetworkSettings,
                subnet_ids=st.lists(hexadecimal("subnet"), min_size=1, max_size=16),
                security_group_ids=st.lists(hexadecimal("sg"), min_size=1, max_size=5),
            ),
        )
    ),
).map(consistent)

BAD_NAMES = st.one_of(
    names(20).map(lambda name: f"{name}-"),
    names(20).map(lambda name: f"-{name}"),
    names(20).map(lambda name: f"{name}_"),
    names(20).map(lambda name: f"{name}A"),
    st.just(""),
    st.text("a", min_size=64, max_size=80),
    st.integers(),
)
BAD_BUCKETS = st.one_of(
    bucket_names().map(str.upper).filter(lambda name: not name.replace(".", "").isdigit()),
    bucket_names().map(lambda name: f"{name}."),
    bucket_names().map(lambda name: f"xn--{name}"),
    bucket_names().map(lambda name: f"{name}--x-s3"),
    st.sampled_from(("ab", "10.0.0.1", "a..b", "a_b", "a" * 64)),
)
NOT_A_WHOLE_NUMBER = st.one_of(st.floats(), st.text(max_size=3), st.booleans(), st.none())
BAD: dict[str, st.SearchStrategy[Any]] = {
    "name": BAD_NAMES,
    "project": BAD_NAMES,
    "endpoints.0.name": BAD_NAMES,
    "endpoints.0.name_carries_hosting": st.sampled_from((1, "yes", None)),
    "rollback_guard": st.sampled_from((1, "yes", None)),
    "alarm_emails.0": st.sampled_from(("", "a", "a@b", "a b@example.com", "a@b.co\n", 1)),
    "endpoints.0.alarms.invocation_5xx_errors": st.one_of(st.integers(max_value=0), NOT_A_WHOLE_NUMBER),
    "endpoints.0.alarms.model_latency_p99_ms": st.one_of(st.integers(max_value=0), NOT_A_WHOLE_NUMBER),
    "endpoints.0.scaling.max_provisioned_concurrency": st.one_of(
        st.integers(max_value=0), st.integers(min_value=201), NOT_A_WHOLE_NUMBER
    ),
    "endpoints.0.scaling.utilization": st.sampled_from((0.0, -1.0, 1.01, float("nan"), "1", None)),
    "endpoints.0.production.scaling.max_instance_count": st.one_of(st.integers(max_value=0), NOT_A_WHOLE_NUMBER),
    "endpoints.0.production.scaling.invocations_per_instance": st.sampled_from((0.0, -1.0, float("inf"), "1", None)),
    "endpoints.0.production.scaling.scale_in_cooldown_seconds": st.one_of(
        st.integers(max_value=-1), NOT_A_WHOLE_NUMBER
    ),
    "endpoints.0.update.termination_wait_seconds": st.one_of(
        st.integers(max_value=-1), st.integers(min_value=3601), NOT_A_WHOLE_NUMBER
    ),
    "endpoints.0.update.max_execution_timeout_seconds": st.one_of(
        st.integers(max_value=599), st.integers(min_value=3601), NOT_A_WHOLE_NUMBER
    ),
    "endpoints.0.update.canary_percent": st.one_of(
        st.integers(max_value=0), st.integers(min_value=51), NOT_A_WHOLE_NUMBER
    ),
    "endpoints.0.update.wait_interval_seconds": st.one_of(
        st.integers(max_value=-1), st.integers(min_value=3601), NOT_A_WHOLE_NUMBER
    ),
    "endpoints.0.update.linear_step_percent": st.one_of(
        st.integers(max_value=9), st.integers(min_value=51), NOT_A_WHOLE_NUMBER
    ),
    "endpoints.0.update.batch_percent": st.one_of(
        st.integers(max_value=4), st.integers(min_value=51), NOT_A_WHOLE_NUMBER
    ),
    "endpoints.0.shadow.instance_count": st.one_of(st.integers(max_value=0), NOT_A_WHOLE_NUMBER),
    "endpoints.0.shadow_alarms.invocation_5xx_errors": st.one_of(st.integers(max_value=0), NOT_A_WHOLE_NUMBER),
    "endpoints.0.shadow_alarms.model_latency_p99_ms": st.one_of(st.integers(max_value=0), NOT_A_WHOLE_NUMBER),
    "endpoints.0.scaling.scale_out_cooldown_seconds": st.one_of(st.integers(max_value=-1), NOT_A_WHOLE_NUMBER),
    "endpoints.0.data_capture.modes.0": st.sampled_from(("", "input", "Both", 1, None)),
    "endpoints.0.data_capture.sampling_percent": st.one_of(
        st.integers(max_value=-1), st.integers(min_value=101), NOT_A_WHOLE_NUMBER
    ),
    "region": st.sampled_from(("", "eu-west", "EU-WEST-1", "eu_west_1", "mars-1", 1)),
    "account_id": st.one_of(
        st.text("0123456789", max_size=11), st.text("0123456789", min_size=13, max_size=20), st.just("12345678901x")
    ),
    "owner": st.one_of(st.text("a", min_size=257, max_size=300), st.sampled_from(("", "a;b", "a\nb", "a*"))),
    "shares_account": st.sampled_from((1, "yes", None)),
    "bucket.name": BAD_BUCKETS,
    "bucket.force_destroy": st.sampled_from((0, "no", None)),
    "bucket.noncurrent_version_days": st.one_of(st.integers(max_value=0), NOT_A_WHOLE_NUMBER),
    "bucket.incomplete_upload_days": st.one_of(st.integers(max_value=0), NOT_A_WHOLE_NUMBER),
    "logs.retention_days": st.one_of(st.integers().filter(lambda days: days not in RETENTION), st.text(max_size=3)),
    "logs.owns_account_wide": st.sampled_from((1, "yes", None)),
    "notebook.instance_type": st.one_of(
        st.sampled_from(("t3.medium", "ml.t3", "ML.t3.medium", "", "ml.t3.medium ")),
        st.sampled_from([f"{family}xlarge" for family in NOT_ON_AL2023]),
    ),
    "notebook.volume_size_gb": st.one_of(st.integers(max_value=4), st.integers(min_value=16385), NOT_A_WHOLE_NUMBER),
    "endpoints.0.memory_size_mb": st.one_of(
        st.integers().filter(lambda size: size not in (1024, 2048, 3072, 4096, 5120, 6144)), st.text(max_size=4)
    ),
    "endpoints.0.max_concurrency": st.one_of(st.integers(max_value=0), st.integers(min_value=201), NOT_A_WHOLE_NUMBER),
    "endpoints.0.provisioned_concurrency": st.one_of(st.integers(max_value=0), st.integers(min_value=201)),
    "endpoints.0.production.instance_type": st.sampled_from(("m5.large", "ml.m5", "ml..large", "", 5)),
    "endpoints.0.production.instance_count": st.one_of(st.integers(max_value=0), NOT_A_WHOLE_NUMBER),
    "endpoints.0.production.weight": st.one_of(
        st.floats(max_value=-0.001), st.sampled_from((float("nan"), float("inf"), "1", None))
    ),
    "state_bucket": BAD_BUCKETS,
    "local_state": st.sampled_from((1, "yes", None)),
    "protected": st.sampled_from((1, "yes", None)),
    "limit_trust_to_account": st.sampled_from((1, "yes", None)),
    "encryption_key.deletion_window_days": st.one_of(
        st.integers(max_value=6), st.integers(min_value=31), NOT_A_WHOLE_NUMBER
    ),
    "network.cidr_block": st.sampled_from(("", "10.0.0.0", "10.0.0.0/25", "10.0.0.0/8", "10.0.0.1/20", "9.0.0.0/16")),
}


def problems(given_settings: EnvironmentSettings) -> list[str]:
    try:
        given_settings.checked()
    except ValidationError as error:
        return [str(problem) for problem in problems_of("dev", EnvironmentSettings, error)]
    return []


UPDATES: dict[str, LinearUpdateSettings | RollingUpdateSettings] = {
    "linear_step_percent": LinearUpdateSettings(linear_step_percent=10),
    "batch_percent": RollingUpdateSettings(batch_percent=10),
}
INSTANCE_FIELDS = ("endpoints.0.production.", "endpoints.0.update.", "endpoints.0.data_capture.")


def holder(path: str) -> dict[str, Any]:
    """Sound parts that the path leads through, where the generated settings have none or another kind."""
    if path.startswith("encryption_key."):
        return {"encryption_key": EncryptionKeySettings()}
    if path.startswith("network."):
        return {"network": NewNetworkSettings()}
    if path.startswith("notebook."):
        return {"notebook": NotebookSettings()}
    if path == "alarm_emails.0":
        return {"alarm_emails": ["ml-team@example.com"]}
    if path.startswith(INSTANCE_FIELDS):
        scaling = InstanceScalingSettings(max_instance_count=4, invocations_per_instance=100)
        return {
            "endpoints": [
                ProvisionedEndpointSettings(
                    production=VariantSettings(instance_type="ml.m5.large", instance_count=2, scaling=scaling),
                    update=UPDATES.get(path.rpartition(".")[2], CanaryUpdateSettings(canary_percent=10)),
                    data_capture=DataCaptureSettings(sampling_percent=10, modes=["Input"]),
                )
            ]
        }
    if path.startswith("endpoints.0.shadow"):
        shadow_alarms = ShadowAlarmSettings()
        one = VariantSettings()
        return {"endpoints": [ShadowedEndpointSettings(production=one, shadow=one, shadow_alarms=shadow_alarms)]}
    if path.startswith("endpoints."):
        kept_warm = ConcurrencyScalingSettings(max_provisioned_concurrency=2)
        return {
            "endpoints": [
                ServerlessEndpointSettings(alarms=AlarmSettings(), provisioned_concurrency=1, scaling=kept_warm)
            ]
        }
    return {}


def changed(of: Any, path: str, value: object) -> Any:
    """The same with another value at the path, which leads through settings and lists."""
    head, _, rest = path.partition(".")
    if isinstance(of, list):
        index = int(head)
        inner = changed(of[index], rest, value) if rest else value
        return [*of[:index], inner, *of[index + 1 :]]
    inner = changed(vars(of)[head], rest, value) if rest else value
    return type(of)(**{**vars(of), head: inner})


@settings(max_examples=700)
@given(VALID)
def test_everything_that_aws_takes_is_accepted_and_gives_names_that_aws_takes(valid: EnvironmentSettings) -> None:
    assert problems(valid) == []
    checked = valid.checked()
    assert refused("sagemaker", "NotebookInstanceName", checked.names.notebook) is None
    for role in checked.names.roles:
        assert refused("iam", "roleNameType", role) is None
    for endpoint in checked.names.endpoints.values():
        assert refused("sagemaker", "EndpointName", endpoint.name) is None
        assert refused("sagemaker", "EndpointConfigName", endpoint.longest_configuration) is None
        for alarm in endpoint.alarms(shadow=True):
            assert refused("cloudwatch", "AlarmName", alarm) is None


@pytest.mark.parametrize("path", BAD)
@settings(max_examples=60)
@given(data=st.data())
def test_one_bad_value_is_refused_with_its_field(path: str, data: st.DataObject) -> None:
    valid = data.draw(VALID)
    sound = type(valid)(**{**vars(valid), **holder(path)})
    bad = data.draw(BAD[path])

    found = problems(changed(sound, path, bad))

    [line] = [problem for problem in found if problem.startswith(f"dev: {path}: ")]
    assert line.startswith(f"dev: {path}: {bad!r}: must ")


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
    return synthesized_platform(replace(committed, settings=checked, releases=releases))


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
