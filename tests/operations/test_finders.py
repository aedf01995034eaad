"""What recover can find again; the finding itself is tested by killing deploys: tests/integration/test_faults.py."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.sagemaker.models import sagemaker_backends

from operations.finders import REPEATABLE, Finders
from operations.kept_logs import unreadable_after_destroy
from operations.recover import (
    failed,
    find_lost,
    in_the_way,
    left,
    lost_by_taking_over,
    refuse_a_second,
    refuse_dying_keys,
    superseded_by_what_has_the_data,
    tainted,
)
from operations.terraform_state import KeptResource, TerraformState
from operations.uses import Uses
from stacks.synthesized_stack import OperationError
from tests.support.played import Played, raised, refusal
from tests.support.synthesis import environment, synthesized_platform

CONFIGURATIONS = [f"linear-learner-{number:026}" for number in (1, 2, 4)]
TAGS = {"Environment": "dev", "Name": "ml-platform-dev", "Owner": "ml-team", "Project": "ml-platform"}


def finders_of(session: Any, plan: Any = None) -> Finders:
    return Finders(session, Uses(session, plan or {}))


def change(address: str, actions: list[str], *, before: Any = None, after: Any = None, **more: Any) -> dict[str, Any]:
    """Of a plan, as `terraform show -json` has it."""
    values = {"actions": actions, "before": before, "after": after}
    return {"address": address, "type": address.split(".", maxsplit=1)[0], "change": values, **more}


def plan_of(*changes: dict[str, Any]) -> dict[str, Any]:
    """What is not created is in the state."""
    resources = [
        {"address": item["address"], "mode": "managed", "type": item["type"], "values": item["change"]["before"]}
        for item in changes
        if item["change"]["before"] is not None
    ]
    return {"prior_state": {"values": {"root_module": {"resources": resources}}}, "resource_changes": [*changes]}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.Session(region_name="us-east-1")


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_every_type_of_resource_is_found_again_or_can_be_made_again(name: str, session: Any) -> None:
    types = set(synthesized_platform(environment(name))["resource"])
    found = set(finders_of(session).by_type)
    assert types <= found | REPEATABLE
    assert not found & REPEATABLE


def test_what_trains_is_found_by_its_names(session: Any) -> None:
    sagemaker, scheduler, finders = session.client("sagemaker"), session.client("scheduler"), finders_of(session)
    name, role = "ml-platform-dev-breast-cancer", "arn:aws:iam::111111111111:role/ml-platform-dev-scheduler"
    values = {
        "aws_sagemaker_model_package_group": {"model_package_group_name": name},
        "aws_sagemaker_pipeline": {"pipeline_name": name},
        "aws_scheduler_schedule": {"group_name": "default", "name": name},
    }
    assert [finders.find(kind, value) for kind, value in values.items()] == [None, None, None]
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinition="{}", RoleArn=role, ClientRequestToken="a" * 32)
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": f"arn:aws:sagemaker:us-east-1:111111111111:pipeline/{name}", "RoleArn": role},
    )
    assert [finders.find(kind, value) for kind, value in values.items()] == [name, name, f"default/{name}"]


class Studio:
    """What AWS answers where there is a domain with a user and a script, in the place of boto3's session."""

    def __init__(self, status: str = "InService") -> None:
        arn = "arn:aws:sagemaker:us-east-1:111111111111:user-profile/d-abc/ana"
        self.played = Played(
            sagemaker={
                "ListDomains": lambda **_: {"Domains": [{"DomainName": "ml-platform-dev", "DomainId": "d-abc"}]},
                "DescribeDomain": lambda **_: {"DomainId": "d-abc", "Status": status},
                "DescribeUserProfile": lambda UserProfileName, **_: (  # noqa: N803 - boto3's
                    {"UserProfileArn": arn} if UserProfileName == "ana" else raised(refusal("ResourceNotFound"))
                ),
                "DescribeStudioLifecycleConfig": lambda **_: {"StudioLifecycleConfigName": "script"},
            }
        )

    def client(self, service: str) -> Any:
        return self.played.client(service)


def test_what_studio_has_is_found_by_its_names(session: Any) -> None:
    assert finders_of(session).find("aws_sagemaker_domain", {"domain_name": "ml-platform-dev"}) is None
    finders = finders_of(Studio())
    found = [
        finders.find(kind, values)
        for kind, values in (
            ("aws_sagemaker_domain", {"domain_name": "ml-platform-dev"}),
            ("aws_sagemaker_domain", {"domain_name": "ml-platform-prod"}),
            ("aws_sagemaker_user_profile", {"domain_id": "d-abc", "user_profile_name": "ana"}),
            ("aws_sagemaker_user_profile", {"domain_id": "d-abc", "user_profile_name": "ben"}),
            ("aws_sagemaker_user_profile", {"user_profile_name": "ana"}),
            ("aws_sagemaker_studio_lifecycle_config", {"studio_lifecycle_config_name": "script"}),
            ("aws_sagemaker_studio_lifecycle_config", {}),
        )
    ]
    arn = "arn:aws:sagemaker:us-east-1:111111111111:user-profile/d-abc/ana"
    assert found == ["d-abc", None, arn, None, None, "script", None]


@pytest.mark.parametrize(("status", "commands"), [("InService", 0), ("Failed", 1)])
def test_a_domain_that_sagemaker_failed_to_make_can_only_be_deleted(status: str, commands: int) -> None:
    plan = plan_of(change("aws_sagemaker_domain.studio", ["create"], after={"domain_name": "ml-platform-dev"}))
    said = [*failed(plan, finders_of(Studio(status)))]
    assert len(said) == commands
    command = "aws sagemaker delete-domain --domain-id d-abc --retention-policy HomeEfsFileSystem=Delete"
    assert all(line.endswith(f"\n  {command}") for line in said)


KEY_TAGS = [{"TagKey": key, "TagValue": value} for key, value in TAGS.items()]


def new_key(session: Any) -> tuple[str, dict[str, Any]]:
    """Its id, and what a state has of it."""
    made = session.client("kms").create_key(Tags=KEY_TAGS)["KeyMetadata"]
    return made["KeyId"], {"id": made["KeyId"], "arn": made["Arn"], "tags_all": TAGS}


def test_a_key_is_found_by_its_tags_and_not_when_it_is_to_be_deleted(session: Any) -> None:
    kms, finders = session.client("kms"), finders_of(session)
    assert finders.find("aws_kms_key", {"tags_all": TAGS}) is None
    (first, _), (second, _) = new_key(session), new_key(session)
    assert finders.find("aws_kms_key", {"tags_all": TAGS}) in (first, second)
    kms.schedule_key_deletion(KeyId=first, PendingWindowInDays=7)
    assert finders.find("aws_kms_key", {"tags_all": TAGS | {"Owner": "others"}}) == second
    assert finders.find("aws_kms_key", {"tags_all": TAGS | {"Environment": "prod"}}) is None


def test_a_key_that_nobody_else_may_look_at_is_another_platforms(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    own, _ = new_key(session)
    shut, _ = new_key(session)
    finders = finders_of(session)
    kms = finders._client("kms")
    describe = kms.describe_key

    def denied(**asked: Any) -> Any:
        if asked["KeyId"] == shut:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeKey")
        return describe(**asked)

    monkeypatch.setattr(kms, "describe_key", denied)
    assert finders.find("aws_kms_key", {"tags_all": TAGS}) == own


BUCKET = change("aws_s3_bucket.data_bucket", ["no-op"], before={"bucket": "data"}, after={"bucket": "data"})


def encrypted_bucket(session: Any, key: str) -> None:
    s3 = session.client("s3")
    s3.create_bucket(Bucket="data")
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = [{"ApplyServerSideEncryptionByDefault": by_default}]
    s3.put_bucket_encryption(Bucket="data", ServerSideEncryptionConfiguration={"Rules": rules})


def test_of_two_keys_the_one_that_the_bucket_is_encrypted_with_is_taken_over(session: Any) -> None:
    keys = [new_key(session)[0] for _ in range(2)]
    plan = plan_of(change("aws_kms_key.encryption_key", ["create"], after={"tags_all": TAGS}), BUCKET)
    encrypted_bucket(session, max(keys))
    finders = finders_of(session, plan)
    assert find_lost(plan, finders) == {"aws_kms_key.encryption_key": max(keys)}


@pytest.mark.parametrize("disabled", [False, True])
def test_a_key_made_anew_gives_way_to_the_one_that_the_bucket_is_encrypted_with(session: Any, disabled: bool) -> None:
    (old, _), (_, values) = new_key(session), new_key(session)
    plan = plan_of(change("aws_kms_key.encryption_key", ["no-op"], before=values, after=values), BUCKET)
    assert dict(superseded_by_what_has_the_data(plan, finders_of(session, plan))) == {}
    encrypted_bucket(session, old)
    if disabled:
        session.client("kms").disable_key(KeyId=old)  # what it encrypted is there, and the next deploy enables it
    superseded = dict(superseded_by_what_has_the_data(plan, finders_of(session, plan)))
    assert list(superseded) == ["aws_kms_key.encryption_key"]
    assert f"it is {old} that the bucket data works with" in superseded["aws_kms_key.encryption_key"]


def test_a_second_key_is_told_with_what_deletes_it_unless_something_works_with_it(session: Any) -> None:
    (_, values), (second, _) = new_key(session), new_key(session)
    session.client("kms").create_key(Tags=[tag for tag in KEY_TAGS if tag["TagKey"] != "Project"])
    plan = plan_of(change("aws_kms_key.encryption_key", ["no-op"], before=values, after=values), BUCKET)
    [line] = left(plan, finders_of(session, plan))
    assert f"aws kms schedule-key-deletion --key-id {second} --pending-window-in-days 30" in line
    assert "If nothing was encrypted with it" in line
    encrypted_bucket(session, second)
    [line] = left(plan, finders_of(session, plan))
    assert "schedule-key-deletion" not in line
    assert "the bucket data works with it" in line
    session.client("kms").schedule_key_deletion(KeyId=second, PendingWindowInDays=30)
    assert list(left(plan, finders_of(session, plan))) == []


def new_vpc(session: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a state has of it, and of its subnet."""
    ec2 = session.client("ec2")

    def tags(kind: str, name: str) -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in (TAGS | {"Name": name}).items()]}]

    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/20", TagSpecifications=tags("vpc", "ml-platform-dev"))["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", TagSpecifications=tags("subnet", "private-a"))
    subnet_id = subnet["Subnet"]["SubnetId"]
    first = {"id": vpc, "tags_all": TAGS}
    return first, {"id": subnet_id, "vpc_id": vpc, "tags_all": TAGS | {"Name": "private-a"}}


def test_a_vpc_made_anew_gives_way_with_all_in_it_to_the_one_that_the_notebook_is_in(session: Any) -> None:
    (old, old_subnet), (new, new_subnet) = new_vpc(session), new_vpc(session)
    session.client("sagemaker").create_notebook_instance(
        NotebookInstanceName="ml-platform-dev",
        InstanceType="ml.t3.medium",
        RoleArn="arn:aws:iam::123456789012:role/any-role-of-ours",
        SubnetId=old_subnet["id"],
    )
    notebook = {"name": "ml-platform-dev"}
    plan = plan_of(
        change("aws_vpc.network", ["no-op"], before=new, after=new),
        change("aws_subnet.a", ["no-op"], before=new_subnet, after=new_subnet),
        change("aws_sagemaker_notebook_instance.notebook", ["create"], after=notebook),
    )
    finders = finders_of(session, plan)
    assert list(dict(superseded_by_what_has_the_data(plan, finders))) == ["aws_vpc.network", "aws_subnet.a"]
    assert finders.find("aws_vpc", {"tags_all": TAGS}) == old["id"]
    # A subnet is looked for in its VPC only, and not before that is known.
    assert finders.find("aws_subnet", {key: old_subnet[key] for key in ("tags_all", "vpc_id")}) == old_subnet["id"]
    assert finders.find("aws_subnet", {key: new_subnet[key] for key in ("tags_all", "vpc_id")}) == new_subnet["id"]
    assert finders.find("aws_subnet", {"tags_all": old_subnet["tags_all"]}) is None


def test_the_commands_that_delete_a_second_vpc_are_ones_that_ec2_accepts_in_their_order(session: Any) -> None:
    first, _ = new_vpc(session)
    second, _ = new_vpc(session)
    ec2 = session.client("ec2")
    groups = [
        ec2.create_security_group(GroupName=name, Description=name, VpcId=second["id"])["GroupId"]
        for name in ("named", "names")
    ]
    for group in groups:
        # The second has a rule that names the first; each one that names itself, which is not in its own way.
        rule = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": name} for name in {group, groups[0]}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    plan = plan_of(change("aws_vpc.network", ["no-op"], before=first, after=first))
    [line] = left(plan, finders_of(session, plan))
    commands = [command.split() for command in line.splitlines()[1:]]
    assert [command[2] for command in commands] == [
        "delete-subnet",
        "delete-security-group",
        "delete-security-group",
        "delete-vpc",
    ]
    assert [command[-1] for command in commands[1:3]] == groups[::-1]
    for _, service, operation, option, value in commands:
        parameter = "".join(part.capitalize() for part in option.strip("-").split("-"))
        getattr(session.client(service), operation.replace("-", "_"))(**{parameter: value})
    assert list(left(plan, finders_of(session, plan))) == []


def test_a_log_group_whose_name_only_begins_so_is_another_one(session: Any) -> None:
    session.client("logs").create_log_group(logGroupName="/aws/sagemaker/TrainingJobs2")
    assert finders_of(session).find("aws_cloudwatch_log_group", {"name": "/aws/sagemaker/TrainingJobs"}) is None


@pytest.mark.parametrize(
    ("tags", "planned", "taken_over"),
    [
        (TAGS, {"skip_destroy": True, "retention_in_days": 365}, True),  # of a name that the environment had before
        (TAGS, {"skip_destroy": False, "retention_in_days": 365}, True),
        ({}, {"skip_destroy": True, "retention_in_days": 365}, False),  # 365 days of it would be left
        (TAGS | {"Environment": "prod"}, {"skip_destroy": True, "retention_in_days": 365}, False),
        ({}, {"skip_destroy": True, "retention_in_days": 0}, True),  # stays as it is: keeps_account_wide
    ],
)
def test_a_log_group_is_taken_over_where_it_is_the_environments_or_stays_as_it_is(
    session: Any, tags: dict[str, str], planned: dict[str, Any], taken_over: bool
) -> None:
    name = "/aws/sagemaker/Endpoints/linear-learner"
    session.client("logs").create_log_group(logGroupName=name, tags=tags)
    kept = finders_of(session).kept_from("aws_cloudwatch_log_group", {"name": name, "tags_all": TAGS} | planned)
    assert (kept is None) is taken_over


def test_a_destroy_names_the_log_groups_that_stay_and_lose_their_key(session: Any) -> None:
    logs, kms = session.client("logs"), session.client("kms")
    key, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    for name, used in (("/kept", key), ("/known", key), ("/anothers", other)):
        logs.create_log_group(logGroupName=name, kmsKeyId=used)
    logs.create_log_group(logGroupName="/without")
    resources = [
        KeptResource(type="aws_kms_key", name="encryption_key", values={"arn": key}),
        KeptResource(type="aws_cloudwatch_log_group", name="known", values={"name": "/known"}),
    ]
    [line] = unreadable_after_destroy(TerraformState(resources=resources), logs)
    assert line.endswith("aws logs delete-log-group --log-group-name /kept")
    assert list(unreadable_after_destroy(TerraformState(), logs)) == []


def test_what_has_no_name_yet_is_not_looked_for(session: Any) -> None:
    assert finders_of(session).find("aws_sagemaker_model", {"execution_role_arn": "arn"}) is None


@pytest.fixture
def sagemaker(session: Any) -> Any:
    """An endpoint that serves the second of three configurations, and one configuration of another name."""
    client = session.client("sagemaker")
    for name in ("m1", "m2"):
        client.create_model(ModelName=name, ExecutionRoleArn="arn:aws:iam::123456789012:role/any-role-of-ours")
    for index, name in enumerate((*CONFIGURATIONS, "linear-learner-by-hand", f"x-linear-{3:026}")):
        variant = {"VariantName": "a", "ModelName": f"m{index % 2 + 1}", "InstanceType": "ml.m5.large"}
        client.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
    client.create_endpoint(EndpointName="linear-learner", EndpointConfigName=CONFIGURATIONS[1])
    return client


def test_only_configurations_with_a_generated_name_of_that_prefix_are_taken_for_ours(
    sagemaker: Any, session: Any
) -> None:
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"]
    assert finders_of(session).generated_configurations("linear-learner-") == CONFIGURATIONS[::-1]


def test_an_endpoint_that_nobody_else_may_look_at_stands_in_nobodys_way(
    sagemaker: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an account that is shared with others, whose endpoints the deployer's policy does not name."""
    assert sagemaker.list_endpoints()["Endpoints"]
    finders = finders_of(session)

    def denied(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeEndpoint")

    monkeypatch.setattr(finders._client("sagemaker"), "describe_endpoint", denied)
    assert finders.configurations_in_use == set()


def test_of_several_configurations_the_one_that_is_served_is_taken_over(sagemaker: Any, session: Any) -> None:
    values = {"name_prefix": "linear-learner-"}
    assert finders_of(session).find("aws_sagemaker_endpoint_configuration", values) == CONFIGURATIONS[1]
    sagemaker.delete_endpoint(EndpointName="linear-learner")
    assert finders_of(session).find("aws_sagemaker_endpoint_configuration", values) == CONFIGURATIONS[2]


CONFIGURATION, MODEL = "aws_sagemaker_endpoint_configuration.c", "aws_sagemaker_model.m"


def test_what_nothing_can_take_over_is_to_be_deleted_unless_it_is_served(sagemaker: Any, session: Any) -> None:
    """The state knows the first configuration; a replacement of both models died after making them anew."""
    assert sagemaker.list_models()["Models"]
    known, old = {"name": CONFIGURATIONS[0]}, {"name": "old", "tags_all": TAGS}
    plan = plan_of(
        change(CONFIGURATION, ["no-op"], before=known, after=known),
        *[change(f"{MODEL}{name}", ["create", "delete"], before=old, after={"name": name}) for name in ("m1", "m2")],
    )
    [line] = in_the_way(plan, finders_of(session))
    assert line.endswith("\n  aws sagemaker delete-model --model-name m1")
    [line] = left(plan, finders_of(session))
    assert line.endswith(f"\n  aws sagemaker delete-endpoint-config --endpoint-config-name {CONFIGURATIONS[2]}")


def test_a_configuration_and_a_model_made_anew_give_way_to_those_that_are_served(sagemaker: Any, session: Any) -> None:
    """The endpoint serves the second configuration, and m2 with it."""
    known, served = ({"name": name} for name in (CONFIGURATIONS[0], CONFIGURATIONS[1]))
    made = change(CONFIGURATION, ["no-op"], before=known, after=known)
    replaced = change(MODEL, ["create", "delete"], before={"name": "m1"}, after={"name": "m2"})
    plan = plan_of(made, replaced)
    superseded = dict(superseded_by_what_has_the_data(plan, finders_of(session)))
    assert list(superseded) == [CONFIGURATION, MODEL]
    # A rolled back update leaves what is served in the state, deposed.
    plan["resource_changes"].append(change(CONFIGURATION, ["delete"], before=served, deposed="1"))
    assert list(dict(superseded_by_what_has_the_data(plan, finders_of(session)))) == [MODEL]
    sagemaker.delete_endpoint(EndpointName="linear-learner")
    assert dict(superseded_by_what_has_the_data(plan, finders_of(session))) == {}


def test_a_model_of_the_environment_that_nothing_knows_is_told(sagemaker: Any, session: Any) -> None:
    tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
    for name, of in (("lost", tags), ("a-persons", [])):
        sagemaker.create_model(
            ModelName=f"ml-platform-dev-{name}",
            ExecutionRoleArn="arn:aws:iam::123456789012:role/any-role-of-ours",
            Tags=of,
        )
    known = {"name": "ml-platform-dev-known", "tags_all": TAGS}
    [line] = left(plan_of(change(MODEL, ["no-op"], before=known, after=known)), finders_of(session))
    assert line.endswith("\n  aws sagemaker delete-model --model-name ml-platform-dev-lost")


def test_what_is_marked_to_be_replaced_because_aws_failed_to_answer_is_told_from_other_replacements(
    session: Any,
) -> None:
    plan = plan_of(
        *[
            change(f"aws_iam_role.{name}", actions, before={}, after={}, action_reason=f"replace_because_{reason}")
            for name, actions, reason in (
                ("a", ["create", "delete"], "tainted"),
                ("b", ["delete", "create"], "tainted"),  # destroyed first: no name is in the way
                ("c", ["create", "delete"], "cannot_update"),
            )
        ]
    )
    assert tainted(plan, finders_of(session)) == ["aws_iam_role.a"]


def test_what_sagemaker_failed_to_make_is_neither_kept_nor_taken_over_but_deleted(sagemaker: Any, session: Any) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html"""
    assert sagemaker.list_endpoints()["Endpoints"]
    values, endpoint = {"name": "linear-learner"}, "aws_sagemaker_endpoint.e"
    reason = "replace_because_tainted"
    lost = plan_of(change(endpoint, ["create"], after=values))
    marked = plan_of(change(endpoint, ["create", "delete"], before=values, after=values, action_reason=reason))
    finders = finders_of(session)
    assert [[*failed(plan, finders)] for plan in (lost, marked)] == [[], []]
    assert find_lost(lost, finders) == {endpoint: "linear-learner"}
    assert tainted(marked, finders) == [endpoint]
    sagemaker_backends["123456789012"]["us-east-1"].endpoints["linear-learner"].endpoint_status = "Failed"
    for plan in (lost, marked):
        [line] = failed(plan, finders)
        assert line.endswith("\n  aws sagemaker delete-endpoint --endpoint-name linear-learner")
    assert find_lost(lost, finders) == {}
    assert tainted(marked, finders) == []


def test_a_notebook_instance_is_made_again_only_where_sagemaker_says_that_it_has_failed(session: Any) -> None:
    sagemaker, address = session.client("sagemaker"), "aws_sagemaker_notebook_instance.notebook"
    values, reason = {"name": "ml-platform-dev"}, "replace_because_tainted"
    marked = plan_of(change(address, ["delete", "create"], before=values, after=values, action_reason=reason))
    finders = finders_of(session)
    sagemaker.create_notebook_instance(
        NotebookInstanceName="ml-platform-dev", InstanceType="ml.t3.medium", RoleArn="arn:aws:iam::123456789012:role/r"
    )
    assert tainted(marked, finders) == [address]
    sagemaker_backends["123456789012"]["us-east-1"].notebook_instances["ml-platform-dev"].status = "Failed"
    assert tainted(marked, finders) == []
    assert [*failed(marked, finders)] == []
    replaced = plan_of(change(address, ["delete", "create"], before=values, after=values))
    assert tainted(replaced, finders) == []


def test_what_only_the_import_would_destroy_is_told_with_its_reason() -> None:
    wanted = change("aws_sagemaker_model.m", ["create", "delete"], before={}, after={})
    notebook = change(
        "aws_sagemaker_notebook_instance.n", ["delete", "create"], before={}, after={}, replace_paths=[["kms_key_id"]]
    )
    before, after = plan_of(wanted), plan_of(wanted, notebook, change("aws_sns_topic.t", ["delete"], before={}))
    assert dict(lost_by_taking_over(before, after)) == {
        "aws_sagemaker_notebook_instance.n": "replaced, because of kms_key_id",
        "aws_sns_topic.t": "destroyed",
    }


def test_a_key_that_is_to_be_deleted_stops_what_would_make_another_one(session: Any) -> None:
    kms = session.client("kms")
    key, _ = new_key(session)
    refuse_dying_keys(session, [key], [])
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with pytest.raises(OperationError, match=f"\\n  aws kms cancel-key-deletion --key-id {key}\\n"):
        refuse_dying_keys(session, [key], [])
    refuse_dying_keys(session, [key], ["aws_kms_key.encryption_key"])


def test_a_key_without_its_tags_is_not_made_a_second_time_while_a_lost_bucket_works_with_it(session: Any) -> None:
    kms = session.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    encrypted_bucket(session, key)
    made = change("aws_kms_key.encryption_key", ["create"], after={"tags_all": TAGS})
    lost = change("aws_s3_bucket.data_bucket", ["create"], after={"bucket": "data"})
    plan = plan_of(made, lost)
    finders = finders_of(session, plan)
    with pytest.raises(OperationError, match="would be made a second time: the bucket data works with") as raised:
        refuse_a_second(plan, finders, [])
    refuse_a_second(plan, finders, ["aws_kms_key.encryption_key"])
    # What is offered works: the key is found by its tags then.
    *_, pairs = str(raised.value).splitlines()[1].partition(" --tags ")
    tags = [dict(item.split("=") for item in pair.split(",")) for pair in pairs.split()]
    kms.tag_resource(KeyId=key, Tags=tags)
    assert find_lost(plan, finders) == {"aws_kms_key.encryption_key": key, "aws_s3_bucket.data_bucket": "data"}
    # A bucket that the state has is changed by the deploy, as any drift.
    drifted = plan_of(made, BUCKET)
    refuse_a_second(drifted, finders_of(session, drifted), [])
