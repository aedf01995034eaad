"""What an account says of its quotas and of what a role may do, where moto does not: the gaps that preflight needs."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws import credentials
from local_aws.inventory import inventory
from local_aws.server import process as server_process
from local_aws.server.gaps.service_quotas import SAGEMAKER
from local_aws.server.process import Server
from tests.support.synthesis import environment

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("account-gaps")
    started = server_process.start(folder)
    yield started
    server_process.stop(folder, started)
    assert "NotImplementedError" not in (folder / "server.log").read_text()


def client(server: Server, service: str, name: str = "dev") -> Any:
    variables = credentials.account_variables(server, environment(name).settings)
    return credentials.session(variables).client(service, endpoint_url=server.url)


def applied(server: Server, name: str = "dev", service: str = "sagemaker") -> dict[str, float]:
    quotas = client(server, "service-quotas", name).list_service_quotas(ServiceCode=service)["Quotas"]
    return {quota["QuotaCode"]: quota["Value"] for quota in quotas}


def test_an_account_begins_with_awss_defaults(server: Server) -> None:
    assert applied(server) == {code: value for code, _, value in SAGEMAKER}
    defaults = client(server, "service-quotas").list_aws_default_service_quotas(ServiceCode="sagemaker")["Quotas"]
    assert {quota["QuotaName"] for quota in defaults} == {name for _, name, _ in SAGEMAKER}


@pytest.mark.parametrize(("service", "code"), [("sagemaker", "L-614B09FD"), ("vpc", "L-F678F1CE")])
def test_a_request_for_more_is_granted_at_once_to_that_account_only(server: Server, service: str, code: str) -> None:
    before = applied(server, "staging", service)[code]
    quotas = client(server, "service-quotas")
    answer = quotas.request_service_quota_increase(ServiceCode=service, QuotaCode=code, DesiredValue=before + 4)
    assert (answer["RequestedQuota"]["Status"], answer["RequestedQuota"]["DesiredValue"]) == ("APPROVED", before + 4)
    assert (applied(server, "dev", service)[code], applied(server, "staging", service)[code]) == (before + 4, before)


def test_rejects_a_request_for_a_quota_that_does_not_exist(server: Server) -> None:
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        client(server, "service-quotas").request_service_quota_increase(
            ServiceCode="sagemaker", QuotaCode="L-00000000", DesiredValue=1
        )


def test_the_role_that_deploys_is_an_administrator_and_no_part_of_the_inventory(server: Server) -> None:
    iam = client(server, "iam")
    [attached] = iam.list_attached_role_policies(RoleName=credentials.ROLE)["AttachedPolicies"]
    assert attached["PolicyArn"] == ADMINISTRATOR
    variables = credentials.account_variables(server, environment("dev").settings)
    assert inventory(credentials.session(variables), server.url) == []


def test_a_policy_that_a_test_took_from_that_role_does_not_come_back(server: Server) -> None:
    client(server, "iam", "prod").detach_role_policy(RoleName=credentials.ROLE, PolicyArn=ADMINISTRATOR)
    iam = client(server, "iam", "prod")
    assert iam.list_attached_role_policies(RoleName=credentials.ROLE)["AttachedPolicies"] == []


BUCKET = "arn:aws:s3:::acme"
STATEMENTS = [
    {"Effect": "Allow", "Action": ["s3:Get*", "S3:putobject"], "Resource": [f"{BUCKET}/*"]},
    {"Effect": "Deny", "Action": "s3:*", "Resource": f"{BUCKET}/secret/*"},
    {"Effect": "Allow", "NotAction": ["iam:*", "s3:*", "kms:*"], "NotResource": "arn:aws:sns:*"},
    {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": "*",
        "Condition": {"StringEquals": {"iam:PassedToService": ["sagemaker.amazonaws.com"]}},
    },
    {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {"StringLikeIfExists": {"kms:ViaService": "s3.*.amazonaws.com"}},
    },
    {
        "Effect": "Allow",
        "Action": "kms:CreateGrant",
        "Resource": "*",
        "Condition": {"Bool": {"kms:GrantIsForAWSResource": True}},
    },
    {
        "Effect": "Allow",
        "Action": "iam:AttachRolePolicy",
        "Resource": "*",
        "Condition": {"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/Amazon*"}},
    },
]


@pytest.fixture(scope="module")
def iam(server: Server) -> Any:
    """With a role and a user that have those statements: the role inline, the user by a managed policy of its group."""
    made = client(server, "iam", "staging")
    # Bool's value is a boolean in some policies and a string in others.
    document = json.dumps({"Version": "2012-10-17", "Statement": STATEMENTS}).replace("true", '"true"')
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trusted = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made.create_role(RoleName="judged", Path="/teams/ml/", AssumeRolePolicyDocument=trusted)
    made.put_role_policy(RoleName="judged", PolicyName="own", PolicyDocument=document)
    made.create_user(UserName="ann")
    made.create_group(GroupName="deployers")
    made.add_user_to_group(GroupName="deployers", UserName="ann")
    policy = made.create_policy(PolicyName="deploys", PolicyDocument=document)["Policy"]["Arn"]
    made.attach_group_policy(GroupName="deployers", PolicyArn=policy)
    return made


@pytest.mark.parametrize("source", ["role/teams/ml/judged", "user/ann"])
@pytest.mark.parametrize(
    ("action", "resource", "context", "decision"),
    [
        ("s3:GetObject", f"{BUCKET}/a", {}, "allowed"),
        ("s3:PutObject", f"{BUCKET}/a", {}, "allowed"),
        ("s3:DeleteObject", f"{BUCKET}/a", {}, "implicitDeny"),
        ("s3:GetObject", "arn:aws:s3:::other/a", {}, "implicitDeny"),
        ("s3:GetObject", f"{BUCKET}/secret/a", {}, "explicitDeny"),
        ("logs:CreateLogGroup", "*", {}, "allowed"),
        ("sns:CreateTopic", "arn:aws:sns:us-east-1:222222222222:a", {}, "implicitDeny"),
        ("iam:PassRole", "*", {"iam:PassedToService": "sagemaker.amazonaws.com"}, "allowed"),
        ("iam:PassRole", "*", {"iam:PassedToService": "ec2.amazonaws.com"}, "implicitDeny"),
        ("iam:PassRole", "*", {}, "implicitDeny"),
        ("kms:Decrypt", "*", {}, "allowed"),
        ("kms:Decrypt", "*", {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}, "allowed"),
        ("kms:Decrypt", "*", {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"}, "implicitDeny"),
        ("kms:CreateGrant", "*", {"kms:GrantIsForAWSResource": "true"}, "allowed"),
        ("kms:CreateGrant", "*", {"kms:GrantIsForAWSResource": "false"}, "implicitDeny"),
        ("iam:AttachRolePolicy", "*", {"iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonX"}, "allowed"),
        ("iam:AttachRolePolicy", "*", {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}, "implicitDeny"),
    ],
)
def test_a_simulation_decides_as_iam_does(
    iam: Any, source: str, action: str, resource: str, context: dict[str, str], decision: str
) -> None:
    [result] = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::222222222222:{source}",
        ActionNames=[action],
        ResourceArns=[resource],
        ContextEntries=[
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in context.items()
        ],
    )["EvaluationResults"]
    assert (result["EvalDecision"], result["EvalResourceName"]) == (decision, resource)


def test_a_simulation_of_several_resources_decides_on_each(iam: Any) -> None:
    [result] = iam.simulate_principal_policy(
        PolicySourceArn="arn:aws:iam::222222222222:role/teams/ml/judged",
        ActionNames=["s3:GetObject"],
        ResourceArns=[f"{BUCKET}/a", f"{BUCKET}/secret/a"],
    )["EvaluationResults"]
    assert result["EvalDecision"] == "explicitDeny"
    assert [item["EvalResourceDecision"] for item in result["ResourceSpecificResults"]] == ["allowed", "explicitDeny"]


def test_rejects_a_simulation_of_who_does_not_exist(iam: Any) -> None:
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::222222222222:role/nobody", ActionNames=["s3:GetObject"]
        )


@pytest.mark.parametrize("key", ["training-output/a", "training-output/gone", "models/a"])
@pytest.mark.parametrize("name", ["staging", "prod"])
def test_another_account_reads_what_the_buckets_policy_lets_its_root_read(server: Server, name: str, key: str) -> None:
    owner, reader = client(server, "s3", "dev"), client(server, "s3", name)
    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::acme-read/training-output/*",
    }
    owner.create_bucket(Bucket="acme-read")
    owner.put_bucket_policy(Bucket="acme-read", Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    for there in ("training-output/a", "models/a"):
        owner.put_object(Bucket="acme-read", Key=there, Body=b"bytes")
    own = f"acme-{name}"
    reader.create_bucket(Bucket=own)
    source = {"Bucket": "acme-read", "Key": key}
    if (name, key) == ("staging", "training-output/a"):
        assert reader.get_object(**source, Range="bytes=0-0")["ContentRange"] == "bytes 0-0/5"
        assert reader.head_object(**source)["ContentLength"] == 5
        reader.copy_object(Bucket=own, Key="a", CopySource=source, ExpectedSourceBucketOwner="111111111111")
        assert reader.get_object(Bucket=own, Key="a")["Body"].read() == b"bytes"
        expected = {"ExpectedSourceBucketOwner": "333333333333"}
    else:
        expected = {}
        with pytest.raises(ClientError, match="AccessDenied"):
            reader.get_object(**source)
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.copy_object(Bucket=own, Key="b", CopySource=source, **expected)
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.put_object(**source, Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.delete_object(**source)
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.list_objects_v2(Bucket="acme-read")
    assert owner.get_object(Bucket="acme-read", Key="models/a")["Body"].read() == b"bytes"
