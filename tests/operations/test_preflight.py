"""What preflight needs to know and what it says of the answers; that it asks AWS itself: tests/integration."""

import json
import subprocess
from collections.abc import Sequence
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from moto import mock_aws

from operations.caller import Caller
from operations.deploy import wants_preflight
from operations.finders import Finders
from operations.preflight import (
    ASK_FOR,
    FINE,
    LATER,
    REFUSED,
    STOPS,
    UNASKED,
    Row,
    asked,
    caller_row,
    copy_rows,
    lines,
    needs_to_ask,
    policy_source,
    quota_row,
    state_row,
    summary,
    zone_row,
)
from operations.quotas import (
    CONCURRENCY,
    INSTANCES,
    INSTANCES_OF_ONE,
    LONGEST_TRAINING,
    TRAINING_VOLUME,
    Need,
    Quota,
    beside_while_updated,
    needs,
)
from operations.uses import Uses
from settings.endpoint import ProvisionedEndpointSettings, ServerlessEndpointSettings
from settings.releases import Release, ReleasedModel
from settings.scaling import InstanceScalingSettings
from settings.spot import SpotSettings
from settings.trained_artifact import TrainedArtifact
from settings.update import (
    AllAtOnceUpdateSettings,
    CanaryUpdateSettings,
    LinearUpdateSettings,
    RollingUpdateSettings,
    UpdateSettings,
)
from settings.variant import VariantSettings
from stacks.environments import ROOT
from stacks.synthesized_stack import OperationError
from tests.support.script_training import script_training
from tests.support.synthesis import environment


def needed(name: str, **settings: Any) -> dict[str, int]:
    return {need.quota: need.value for need in needs(environment(name, **settings))}


# Of the one training that environments have by default.
TRAINING = {
    "ml.m5.large for training job usage": 1,
    "Number of instances across all training jobs": 1,
    "Maximum number of instances per training job": 1,
    LONGEST_TRAINING: 3600,
    TRAINING_VOLUME: 10,
}


def test_trainings_need_instances_for_all_of_them_at_once_and_those_on_spot_quotas_of_their_own() -> None:
    spot = SpotSettings(max_wait_seconds=7200)
    trainings = [
        script_training(name="a", instance_count=2),
        script_training(name="b", instance_count=3, max_runtime_seconds=7200),
        script_training(name="c", instance_type="ml.g5.xlarge", volume_size_gb=500, spot=spot),
    ]
    found = needed("prod", trainings=trainings)
    assert {quota: value for quota, value in found.items() if "training" in quota} == {
        "ml.m5.large for training job usage": 5,
        "Number of instances across all training jobs": 5,
        "Maximum number of instances per training job": 3,
        "ml.g5.xlarge for spot training job usage": 1,
        "Number of instances across all spot training jobs": 1,
        "Maximum number of instances per spot training job": 1,
        LONGEST_TRAINING: 7200,
        TRAINING_VOLUME: 10,  # those with disks of their own have no volume
    }


def test_what_a_training_needs_stops_no_deploy() -> None:
    of_trainings = [need for need in needs(environment("prod")) if "training" in need.quota]
    assert len(of_trainings) == len(TRAINING)
    for need in of_trainings:
        low = quota_row(need, Quota(code="L-611FA074", value=0, adjustable=True), "eu-west-1")
        assert (low.verdict, bool(low.command)) == (LATER, True)
        assert quota_row(need, Quota(code="L-611FA074", value=0, adjustable=False), "eu-west-1").verdict == LATER
    assert quota_row(of_trainings[0], None, "eu-west-1").verdict == LATER
    assert LATER not in STOPS


def test_the_quotas_of_trainings_are_asked_whatever_is_deployed_and_others_where_it_needs_them() -> None:
    def asked_for(*types: str) -> set[str]:
        plan = {"resource_changes": [{"type": kind, "change": {"actions": ["update"]}} for kind in types]}
        return {need.quota for need in needs_to_ask(environment("dev"), [plan])}

    assert asked_for() == asked_for("aws_s3_object") == {*TRAINING}
    assert asked_for("aws_sagemaker_endpoint") == {
        *TRAINING,
        "ml.t2.medium for endpoint usage",
        INSTANCES,
        INSTANCES_OF_ONE,
    }
    assert {need.quota for need in needs_to_ask(environment("dev"), [])} == {*needed("dev")}
    assert needs_to_ask(environment("dev", trainings=[]), [{"resource_changes": []}]) == []


def test_dev_needs_an_instance_twice_while_it_is_updated_and_a_notebook() -> None:
    assert needed("dev") == {
        "ml.t2.medium for endpoint usage": 2,
        INSTANCES: 2,
        INSTANCES_OF_ONE: 1,
        "ml.t3.medium for notebook instance usage": 1,
        "Total number of notebook instances": 1,
        **TRAINING,
    }


def test_a_shadow_needs_instances_as_the_production_variant_does() -> None:
    assert needed("staging", trainings=[]) == {"ml.m5.large for endpoint usage": 4, INSTANCES: 4, INSTANCES_OF_ONE: 2}


def test_a_shadow_without_a_release_needs_none() -> None:
    staging = environment("staging")
    production = staging.releases["linear-learner"].production
    alone = environment("staging", release=type(staging.releases["linear-learner"])(production=production))
    assert {need.quota: need.value for need in needs(alone)}["ml.m5.large for endpoint usage"] == 2


def test_serverless_endpoints_need_the_sum_of_their_concurrency() -> None:
    assert needed("prod", trainings=[]) == {"Maximum number of serverless endpoints": 1, CONCURRENCY: 20}


def test_an_endpoint_without_a_release_needs_nothing() -> None:
    both = [*environment("prod").settings.endpoints, ServerlessEndpointSettings(name="churn", max_concurrency=100)]
    found = needed("prod", endpoints=both, trainings=[])
    assert found == {"Maximum number of serverless endpoints": 1, CONCURRENCY: 20}


def test_an_endpoint_that_scales_needs_the_most_instances_that_it_may_have() -> None:
    scaled = ProvisionedEndpointSettings(
        production=VariantSettings(
            instance_type="ml.m5.large",
            instance_count=2,
            scaling=InstanceScalingSettings(max_instance_count=5, invocations_per_instance=600),
        ),
        update=RollingUpdateSettings(batch_percent=50),
    )
    found = needed("prod", endpoints=[scaled], trainings=[])
    assert found == {"ml.m5.large for endpoint usage": 8, INSTANCES: 8, INSTANCES_OF_ONE: 5}


@pytest.mark.parametrize(
    ("update", "count", "beside"),
    [
        (None, 3, 3),
        (AllAtOnceUpdateSettings(), 3, 3),
        (CanaryUpdateSettings(canary_percent=10), 3, 3),
        (LinearUpdateSettings(linear_step_percent=10), 3, 3),
        (RollingUpdateSettings(batch_percent=50), 3, 2),
        (RollingUpdateSettings(batch_percent=5), 2, 1),
        (RollingUpdateSettings(batch_percent=50), 4, 2),
    ],
)
def test_an_update_brings_up_as_many_instances_again_or_a_batch(
    update: UpdateSettings | None, count: int, beside: int
) -> None:
    assert beside_while_updated(count, None if update is None else update.checked()) == beside


NEED = Need(service="sagemaker", quota="ml.m5.large for endpoint usage", value=4, why="a: 2 twice", instance_type="m")


@pytest.mark.parametrize(("value", "verdict"), [(3, ASK_FOR), (4, FINE), (5, FINE)])
def test_a_quota_is_asked_for_where_it_is_below_the_need(value: float, verdict: str) -> None:
    row = quota_row(NEED, Quota(code="L-614B09FD", value=value, adjustable=True), "eu-west-1")
    assert row.verdict == verdict
    assert bool(row.command) is (verdict == ASK_FOR)


def test_what_is_asked_for_is_told_with_code_value_and_command() -> None:
    row = quota_row(NEED, Quota(code="L-614B09FD", value=0.0, adjustable=True), "eu-west-1")
    assert str(row) == (
        "ask for          ml.m5.large for endpoint usage: L-614B09FD is 0, 4 needed (a: 2 twice)"  # fixed width
    )
    assert list(lines("prod", [row]))[-1] == (
        "  aws service-quotas request-service-quota-increase --region eu-west-1 --service-code sagemaker "
        "--quota-code L-614B09FD --desired-value 4"
    )


def test_a_quota_that_aws_does_not_raise_is_refused() -> None:
    row = quota_row(NEED, Quota(code="L-614B09FD", value=0.0, adjustable=False), "eu-west-1")
    assert (row.verdict, row.command) == (REFUSED, "")


@pytest.mark.parametrize(("instance_type", "verdict"), [("ml.m5.large", REFUSED), (None, UNASKED)])
def test_an_instance_type_without_a_quota_is_not_offered_there(instance_type: str | None, verdict: str) -> None:
    need = Need(service="sagemaker", quota="q", value=1, why="", instance_type=instance_type)
    assert quota_row(need, None, "eu-west-1").verdict == verdict


def test_a_zone_that_the_account_does_not_have_is_refused_with_those_that_it_has() -> None:
    there = ["us-west-1c", "us-west-1a"]
    assert zone_row("us-west-1", ["a", "c"], there).verdict == FINE
    row = zone_row("us-west-1", ["a", "b"], there)
    assert row.verdict == REFUSED
    assert row.detail == "us-west-1b: must be of us-west-1a, us-west-1c, which this account has"


CALLER = Caller(account_id="111111111111", arn="arn:aws:iam::111111111111:user/ann")


@pytest.mark.parametrize(("account_id", "verdict"), [(None, FINE), ("111111111111", FINE), ("222222222222", REFUSED)])
def test_another_account_than_the_settings_name_is_refused(account_id: str | None, verdict: str) -> None:
    row = caller_row(environment("dev", account_id=account_id).settings, CALLER)
    assert row.verdict == verdict
    assert "111111111111" in row.detail


@mock_aws
def test_without_the_bucket_of_its_state_a_deploy_is_refused_with_what_makes_it() -> None:
    session = boto3.Session(region_name="us-east-1")
    settings = environment("prod", state_bucket="acme-prod-state").settings
    row = state_row(settings, Finders(session, Uses(session, {})))
    assert (row.verdict, row.detail) == (
        REFUSED,
        "the bucket acme-prod-state does not exist: make state-bucket ENV=prod",
    )
    session.client("s3").create_bucket(Bucket="acme-prod-state")
    assert state_row(settings, Finders(session, Uses(session, {}))).verdict == FINE


@mock_aws
def test_the_policies_of_a_session_are_those_of_its_role() -> None:
    iam = boto3.Session().client("iam", region_name="us-east-1")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="ml", Path="/teams/", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    assert role.endswith(":role/teams/ml")
    assert policy_source("arn:aws:sts::123456789012:assumed-role/ml/ann", iam) == role
    assert policy_source(CALLER.arn, iam) == CALLER.arn
    assert policy_source("arn:aws:iam::123456789012:root", iam) is None


TERRAFORM = """terraform -chdir=a init ended with 1:
╷
│ Error: Failed to get existing workspaces: S3 bucket "acme" does not exist.
│
│ The referenced S3 bucket must have been previously created."""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListServiceQuotas"), "AccessDenied"),
        (NoCredentialsError(), "Unable to locate credentials"),
        (OperationError(TERRAFORM), 'Error: Failed to get existing workspaces: S3 bucket "acme" does not exist.'),
    ],
)
def test_a_question_without_an_answer_is_a_row(error: Exception, said: str) -> None:
    def question() -> Sequence[Row]:
        raise error

    assert asked("quotas", question) == [Row(what="quotas", verdict=UNASKED, detail=said)]


def test_a_terraform_without_credentials_is_refused_as_the_deploy_would_end_there_too() -> None:
    def question() -> Sequence[Row]:
        raise OperationError("terraform plan ended with 1:\n\n│ Error: No valid credential sources found")

    [row] = asked("plan", question)
    assert (row.verdict, row.detail) == (REFUSED, "Error: No valid credential sources found")


def test_the_summary_counts_what_is_not_fine() -> None:
    verdicts = (FINE, ASK_FOR, ASK_FOR, UNASKED)
    rows = [Row(what="a", verdict=verdict, detail="") for verdict in verdicts]
    assert summary(rows) == "preflight: 4 questions, 2 ask for, 1 cannot be asked"
    assert summary(rows[:1]) == "preflight: 1 questions, all fine"
    assert {REFUSED, ASK_FOR} == set(STOPS)


@pytest.mark.parametrize(("given", "wanted"), [({}, True), ({"PREFLIGHT": ""}, True), ({"PREFLIGHT": "0"}, False)])
def test_a_deploy_asks_first_unless_it_is_told_not_to(given: dict[str, str], wanted: bool) -> None:
    assert wants_preflight(given) is wanted


@pytest.mark.parametrize("value", ["1", "no", "$(exit 7)"])
def test_rejects_another_value_of_preflight_in_one_line(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFLIGHT", value)
    finished = subprocess.run(["make", "deploy", "ENV=dev"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode != 0
    assert finished.stderr.splitlines()[0] == f"dev: PREFLIGHT: {value!r}: must be 0, or left out"


OWNER = "123456789012"  # moto's account


def copy_plan(actions: list[str]) -> Any:
    source = f"acme-source/{TRAINED.key}"
    after = {
        "source": source,
        "bucket": "acme-target",
        "key": "models/a/1.tar.gz",
        "expected_source_bucket_owner": OWNER,
    }
    change = {"actions": actions, "after": after}
    return {"resource_changes": [{"type": "aws_s3_object_copy", "address": "aws_s3_object_copy.a", "change": change}]}


TRAINED = TrainedArtifact(
    names=environment("dev").settings.names,
    account_id=OWNER,
    key="training-output/job/output/model.tar.gz",
    sha256="0" * 64,
    size=4,
)
TRAINED_RELEASE = Release(
    previous=ReleasedModel(name="a-00000000", image_repository="kmeans", image_tag="1", artifact=TRAINED)
)


@pytest.mark.parametrize(
    ("body", "verdict", "says"),
    [
        (b"1234", FINE, "can be read, and has its 4 bytes"),
        (b"12345", REFUSED, "has 5 bytes, and what was released 4: it was changed; release another version"),
        (b"", REFUSED, "has 0 bytes, and what was released 4"),
        (None, REFUSED, "is gone"),
    ],
)
@mock_aws
def test_an_artifact_that_is_to_be_copied_is_there_as_it_was_released(
    body: bytes | None, verdict: str, says: str
) -> None:
    s3 = boto3.client("s3", "us-east-1")
    s3.create_bucket(Bucket="acme-source")
    if body is not None:
        s3.put_object(Bucket="acme-source", Key=TRAINED.key, Body=body)
    [row] = copy_rows(environment("prod", release=TRAINED_RELEASE), copy_plan(["create"]), s3)
    assert (row.what, row.verdict) == ("aws_s3_object_copy.a", verdict)
    assert row.detail.startswith(f"s3://acme-source/{TRAINED.key} ")
    assert says in row.detail


@mock_aws
def test_an_artifact_that_is_in_the_bucket_is_not_asked_for() -> None:
    s3 = boto3.client("s3", "us-east-1")
    assert [*copy_rows(environment("prod", release=TRAINED_RELEASE), copy_plan(["no-op"]), s3)] == []
