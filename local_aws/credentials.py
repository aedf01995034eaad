"""The environment variables that point aws, boto3 and Terraform at one environment's account of the local AWS."""

import json
import os
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from local_aws.deployed import Deployed
from local_aws.server.process import HOST, Server
from settings.environment import EnvironmentSettings
from settings.limits import ACCOUNT_ID_LENGTH
from settings.operator_variables import PROFILE, variable
from stacks.environments import NAMES
from stacks.sourced_shell import ENVIRONMENT_VARIABLE, OUTPUT_VARIABLE

# One account each, as the real environments have: 111111111111 and so on; one with an account_id has that one here too.
ACCOUNT_IDS = {name: str(number) * ACCOUNT_ID_LENGTH for number, name in enumerate(NAMES, start=1)}
# Who deploys here. moto lets everybody assume a role that does not exist; preflight asks what this one may do.
ROLE = "local"
# The user's own files and the instance metadata service are never asked.
NOTHING_OF_THE_USERS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def forget_users_configuration() -> None:
    """Takes everything that could lead to a real account out of this process: keys, profiles, files, endpoints; and
    where a sourced shell was. Its account ids stay: what is there was deployed with them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    for name in (ENVIRONMENT_VARIABLE, OUTPUT_VARIABLE, *(variable(name, PROFILE) for name in NAMES)):
        os.environ.pop(name, None)
    direct = os.environ.get("NO_PROXY", os.environ.get("no_proxy", "")).split(",")
    no_proxy = ",".join([*(name for name in direct if name not in ("", HOST)), HOST])
    os.environ.update(NOTHING_OF_THE_USERS | {"NO_PROXY": no_proxy, "no_proxy": no_proxy})


def deployed(settings: EnvironmentSettings) -> Deployed:
    """The environment, and its account here."""
    return Deployed(
        name=settings.name,
        account_id=settings.account_id or ACCOUNT_IDS[settings.name],
        region=settings.region,
        state_bucket=settings.state_bucket,
    )


def account_variables(server: Server, settings: EnvironmentSettings) -> dict[str, str]:
    """Credentials of the environment's account and nothing that leads elsewhere."""
    return variables_of(server, deployed(settings))


def variables_of(server: Server, environment: Deployed) -> dict[str, str]:
    root = root_session(server, environment.region).client("sts", endpoint_url=server.url)
    # moto keeps accounts apart by the role that was assumed.
    role = f"arn:aws:iam::{environment.account_id}:role/{ROLE}"
    credentials = root.assume_role(RoleArn=role, RoleSessionName=environment.name)["Credentials"]
    variables = _variables(server, environment, credentials)
    _make_role(session(variables).client("iam", endpoint_url=server.url))
    return variables


def _variables(server: Server, environment: Deployed, credentials: Mapping[str, str]) -> dict[str, str]:
    return NOTHING_OF_THE_USERS | {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_REGION": environment.region,
        "AWS_DEFAULT_REGION": environment.region,
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "CHECKPOINT_DISABLE": "1",
        ENVIRONMENT_VARIABLE: environment.name,
        "NO_PROXY": os.environ.get("NO_PROXY", HOST),
        "no_proxy": os.environ.get("NO_PROXY", HOST),
    }


def _make_role(iam: Any) -> None:  # noqa: ANN401 - boto3 has no types
    """With AWS's AdministratorAccess. Again: changes nothing, so that a test may take the policy away."""
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    try:
        iam.create_role(
            RoleName=ROLE,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
        return
    iam.attach_role_policy(RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def root_session(server: Server, region: str = "us-east-1") -> boto3.Session:
    """With the key that the server made when it started, in no environment's account."""
    return boto3.Session(
        aws_access_key_id=server.access_key, aws_secret_access_key=server.secret_key, region_name=region
    )


def session(variables: Mapping[str, str]) -> boto3.Session:
    """A boto3 session in the account that the variables lead to, whatever this process's own environment says."""
    return boto3.Session(
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=variables["AWS_SESSION_TOKEN"],
        region_name=variables["AWS_REGION"],
    )
