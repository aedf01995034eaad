"""Settings made by hypothesis: what AWS takes is accepted and synthesizes, what it refuses is refused by name."""

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from local_aws import terraform
from stacks.faults import faults_of
from stacks.settings import (
    ROLE_PURPOSES,
    BucketSettings,
    EncryptionKeySettings,
    EnvironmentSettings,
    ExistingNetworkSettings,
    LogSettings,
    NewNetworkSettings,
    NotebookSettings,
    ProvisionedEndpointSettings,
    ServerlessEndpointSettings,
    Settings,
    VariantSettings,
)
from tests.aws_model import refused, refused_in, shape
from tests.synthesis import environment, synthesized_platform

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


def variants(lowest: float, instance_types: list[str]) -> st.SearchStrategy[VariantSettings]:
    return st.builds(
        VariantSettings,
        instance_type=st.sampled_from(instance_types),
        instance_count=st.integers(1, 100),
        weight=st.floats(lowest, 1000, allow_nan=False),
    )


@st.composite
def serverless(draw: st.DrawFn) -> ServerlessEndpointSettings:
    maximum = draw(st.integers(1, 200))
    return ServerlessEndpointSettings(
        memory_size_mb=draw(st.sampled_from((1024, 2048, 3072, 4096, 5120, 6144))),
        max_concurrency=maximum,
        provisioned_concurrency=draw(sometimes(st.integers(1, maximum))),
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
    endpoint_name=names(28),
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
    endpoint=st.one_of(
        serverless(),
        st.builds(ProvisionedEndpointSettings, production=variants(0.001, VARIANT_TYPES)),
        st.builds(
            ProvisionedEndpointSettings,
            production=variants(0.001, SHADOW_TYPES),
            shadow=variants(0, SHADOW_TYPES),
        ),
    ),
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
    "endpoint_name": BAD_NAMES,
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
    "endpoint.memory_size_mb": st.one_of(
        st.integers().filter(lambda size: size not in (1024, 2048, 3072, 4096, 5120, 6144)), st.text(max_size=4)
    ),
    "endpoint.max_concurrency": st.one_of(st.integers(max_value=0), st.integers(min_value=201), NOT_A_WHOLE_NUMBER),
    "endpoint.provisioned_concurrency": st.one_of(st.integers(max_value=0), st.integers(min_value=201)),
    "endpoint.production.instance_type": st.sampled_from(("m5.large", "ml.m5", "ml..large", "", 5)),
    "endpoint.production.instance_count": st.one_of(st.integers(max_value=0), NOT_A_WHOLE_NUMBER),
    "endpoint.production.weight": st.one_of(
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


def faults(given_settings: EnvironmentSettings) -> list[str]:
    try:
        given_settings.checked()
    except ValidationError as error:
        return faults_of("dev", EnvironmentSettings, error)
    return []


def holder(path: str) -> dict[str, Settings]:
    """Sound parts that the path leads through, where the generated settings have none or another kind."""
    if path.startswith("encryption_key."):
        return {"encryption_key": EncryptionKeySettings()}
    if path.startswith("network."):
        return {"network": NewNetworkSettings()}
    if path.startswith("notebook."):
        return {"notebook": NotebookSettings()}
    if path.startswith("endpoint.production."):
        return {"endpoint": ProvisionedEndpointSettings(production=VariantSettings())}
    if path.startswith("endpoint."):
        return {"endpoint": ServerlessEndpointSettings()}
    return {}


def changed(of: Settings, path: str, value: object) -> Settings:
    head, _, rest = path.partition(".")
    inner = changed(vars(of)[head], rest, value) if rest else value
    return type(of)(**{**vars(of), head: inner})


@settings(max_examples=700)
@given(VALID)
def test_everything_that_aws_takes_is_accepted_and_gives_names_that_aws_takes(valid: EnvironmentSettings) -> None:
    assert faults(valid) == []
    checked = valid.checked()
    assert refused("sagemaker", "EndpointName", checked.full_endpoint_name) is None
    assert refused("sagemaker", "NotebookInstanceName", checked.name_prefix) is None
    for purpose in ROLE_PURPOSES:
        assert refused("iam", "roleNameType", checked.role_name(purpose)) is None
    assert refused("sagemaker", "EndpointConfigName", f"{checked.full_endpoint_name}-{'1' * 26}") is None


@pytest.mark.parametrize("path", BAD)
@settings(max_examples=100)
@given(data=st.data())
def test_one_bad_value_is_refused_with_its_field(path: str, data: st.DataObject) -> None:
    valid = data.draw(VALID)
    sound = type(valid)(**{**vars(valid), **holder(path)})
    bad = data.draw(BAD[path])

    found = faults(changed(sound, path, bad))  # type: ignore[arg-type]

    [line] = [fault for fault in found if fault.startswith(f"dev: {path}: ")]
    assert line.startswith(f"dev: {path}: {bad!r}: must ")


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(VALID)
def test_what_is_accepted_synthesizes_to_values_that_aws_takes(valid: EnvironmentSettings) -> None:
    platform = synthesized(valid)
    found, asked = refused_in(platform["resource"])
    assert found == []
    assert asked >= 6


def synthesized(valid: EnvironmentSettings) -> dict[str, Any]:
    of = replace(environment("staging"), settings=valid.checked())
    if of.settings.endpoint.kind == "serverless" or of.settings.endpoint.shadow is None:
        of = replace(of, release=replace(of.release, shadow=None))
    return synthesized_platform(of)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder where Terraform is initialized, and its environment."""
    folder = tmp_path_factory.mktemp("stack")
    changes, _ = terraform.cli_configuration(folder, os.environ)
    (folder / "local_override.tf.json").write_text(json.dumps(terraform.version_override()))
    (folder / "cdk.tf.json").write_text(json.dumps(synthesized_platform(environment("dev"))))
    variables = os.environ | changes
    subprocess.run([str(shutil.which("terraform")), "init", "-backend=false"], cwd=folder, env=variables, check=True)
    return folder, variables


@settings(max_examples=6, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(valid=VALID)
def test_terraform_accepts_what_is_accepted(stack: tuple[Path, dict[str, str]], valid: EnvironmentSettings) -> None:
    folder, variables = stack
    (folder / "cdk.tf.json").write_text(json.dumps(synthesized(valid)))
    finished = subprocess.run(
        [str(shutil.which("terraform")), "validate", "-no-color"],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
