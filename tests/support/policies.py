"""The IAM policies of an environment as AWS gets them, and what they decide.

Terraform's references are resolved as an account of ours would; tests/integration compares with what arrived in AWS.
"""

import functools
import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stacks.environments import ROOT
from tests.support.synthesis import environment, synthesized_platform

ACCOUNT = "111111111111"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef"
DOMAIN = "d-0123456789ab"
Policy = dict[str, Any]
FIELDS = {"actions": "Action", "resources": "Resource", "sid": "Sid"}


def resolved(text: str, platform: dict[str, Any]) -> str:
    def value(found: re.Match[str]) -> str:
        kind, address, attribute = found[1].removeprefix("data.").split(".")
        match kind, attribute:
            case "aws_partition", "partition":
                return "aws"
            case "aws_caller_identity", "account_id":
                return ACCOUNT
            case "aws_s3_bucket", "arn":
                return "arn:aws:s3:::" + resolved(platform["resource"][kind][address]["bucket"], platform)
            case "aws_s3_bucket", "bucket":
                return resolved(platform["resource"][kind][address]["bucket"], platform)
            case "aws_sagemaker_prebuilt_ecr_image", "registry_path":
                image = platform["data"][kind][address]
                registry = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
                return f"{registry}/{image['repository_name']}:{image['image_tag']}"
            case "aws_iam_role", "arn":
                return f"arn:aws:iam::{ACCOUNT}:role/{platform['resource'][kind][address]['name']}"
            case "aws_kms_key", "arn":
                return KEY
            case "aws_subnet", "id":
                return "subnet-0123456789abcdef" + str("ab".index(address[-1]))
            case "aws_security_group", "id":
                return "sg-0123456789abcdef0"
            case "aws_sagemaker_domain", "id":
                return DOMAIN
        raise AssertionError(f"no value for {found[0]}")

    # A role's ARN, made of its name.
    text = re.sub(
        r"\$\{format\(\\?\"arn:%s:iam::%s:role/%s\\?\", [^)]*aws_iam_role\.(\w+)\.name\)\}",
        r"${aws_iam_role.\1.arn}",
        text,
    )
    return re.sub(r"\$\{([^}]+)\}", value, text)


def statement(block: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": block.get("effect", "Allow")}
    made |= {FIELDS[key]: block[key] for key in FIELDS.keys() & block.keys()}
    for principal in block.get("principals", []):
        every = principal["type"] == "*"
        made["Principal"] = "*" if every else {principal["type"]: principal["identifiers"]}
    for condition in block.get("condition", []):
        made.setdefault("Condition", {}).setdefault(condition["test"], {})[condition["variable"]] = condition["values"]
    return made


@functools.cache
def committed_policies(name: str) -> dict[str, Policy]:
    return policies_of(synthesized_platform(environment(name)))


def policies(name: str, **settings: Any) -> dict[str, Policy]:
    """Every policy document of the environment, by its address."""
    return policies_of(synthesized_platform(environment(name, **settings))) if settings else committed_policies(name)


def policies_of(platform: dict[str, Any]) -> dict[str, Policy]:
    return {
        address: json.loads(
            resolved(
                json.dumps(
                    {"Version": "2012-10-17", "Statement": [statement(block) for block in document["statement"]]}
                ),
                platform,
            ).replace("&{", "${")  # as the data source writes IAM's own variables
        )
        for address, document in platform["data"]["aws_iam_policy_document"].items()
    }


@dataclass(frozen=True, kw_only=True)
class Request:
    """Somebody asks for something; `context` holds IAM's condition keys."""

    action: str
    resource: str
    principal: str = f"arn:aws:iam::{ACCOUNT}:role/somebody"
    policy: Policy | None = None
    resource_policy: Policy | None = None
    context: dict[str, str] = field(default_factory=dict)


def decisions(requests: list[Request]) -> list[str]:
    """`Allowed`, `ImplicitlyDenied` or `ExplicitlyDenied` for each."""
    simulations = [
        {
            "request": {
                "principal": request.principal,
                "action": request.action,
                "resource": {"resource": request.resource, "accountId": ACCOUNT},
                "contextVariables": {"aws:PrincipalArn": request.principal, **request.context},
            },
            "identityPolicies": [] if request.policy is None else [{"name": "policy", "policy": request.policy}],
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
            **({} if request.resource_policy is None else {"resourcePolicy": request.resource_policy}),
        }
        for request in requests
    ]
    finished = subprocess.run(
        [ROOT / ".venv/bin/node", Path(__file__).with_name("iam_simulate.mjs")],
        input=json.dumps(simulations),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    decided: list[str] = json.loads(finished.stdout)
    return decided
