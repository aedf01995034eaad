"""Whether lifecycle scripts, with what Terraform puts into them, are as small as SageMaker wants them."""

import json
from collections.abc import Iterator, Mapping

from settings.environment import EnvironmentSettings
from settings.lifecycle_scripts import (
    ENDPOINT_NAME,
    ENVIRONMENT,
    KMS_KEY_ARN,
    LINEAR_LEARNER_IMAGE,
    SECURITY_GROUP_IDS,
    SETTINGS,
    SUBNET_IDS,
    TRAINING_JOB_PREFIX,
    TRAINING_ROLE_ARN,
    LifecycleScripts,
)
from settings.limits import ACCOUNT_ID_LENGTH
from settings.names import partition
from settings.network import ExistingNetworkSettings
from settings.problems import Problem

# 16,384 characters after base64: 12,288 bytes before.
HOOK = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_NotebookInstanceLifecycleHook.html"
MAX_BYTES = 12288
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
ID_DIGITS = "0" * 17
ACCOUNT = "0" * ACCOUNT_ID_LENGTH
# https://docs.aws.amazon.com/kms/latest/developerguide/concepts-key-id.html
KEY = "00000000-0000-0000-0000-000000000000"


def size_problems(scripts: LifecycleScripts, settings: Mapping[str, EnvironmentSettings]) -> Iterator[Problem]:
    """Of each environment that runs one, as its own patterns, placeholders and names are in it."""
    for name, environment in settings.items():
        if environment.notebook is None:
            continue
        told = {
            **_delivery(environment),
            "notebook": environment.names.notebook,
            "idle_stop_minutes": environment.notebook.idle_stop_minutes,
        }
        size = script_size(scripts.notebook, told)
        if size > MAX_BYTES:
            allowed = (
                f"lifecycle_scripts/on_start.sh: {size} bytes with the longest values in place: must be at most "
                f"{MAX_BYTES}, with shorter or fewer patterns and placeholders, or a shorter script"
            )
            yield Problem(where=name, path="notebook_delivery", allowed=allowed, page=HOOK)


def script_size(script: bytes, told: Mapping[str, object]) -> int:
    """In bytes, with what it is told as Terraform writes it: some characters as six.

    https://developer.hashicorp.com/terraform/language/functions/jsonencode
    """
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    size = len(text.encode()) + sum(text.count(letter) for letter in "<>&") * (len(r"\u003c") - 1)
    return len(script) + script.count(SETTINGS.encode()) * (size - len(SETTINGS))


def _delivery(environment: EnvironmentSettings) -> dict[str, object]:
    """As long as what constructs/notebook makes of it."""
    names, region, delivery = environment.names, environment.region, environment.notebook_delivery
    arn = f"arn:{partition(region)}"
    subnets, groups = [], []
    if isinstance(environment.network, ExistingNetworkSettings):
        subnets, groups = [*environment.network.subnet_ids], [*environment.network.security_group_ids]
    elif environment.network is not None:
        subnets, groups = [f"subnet-{ID_DIGITS}"] * len(environment.network.zones), [f"sg-{ID_DIGITS}"] * 2
    return {
        "bucket": names.longest_bucket,
        "region": region,
        "patterns": [*delivery.patterns],
        "placeholders": {
            **dict.fromkeys(delivery.placeholders, names.longest_bucket),
            TRAINING_ROLE_ARN: f"{arn}:iam::{ACCOUNT}:role/{names.training_role}",
            TRAINING_JOB_PREFIX: names.training_job_prefix,
            LINEAR_LEARNER_IMAGE: f"{ACCOUNT}.dkr.ecr.{region}.amazonaws.com/linear-learner:1",
            KMS_KEY_ARN: "" if environment.encryption_key is None else f"{arn}:kms:{region}:{ACCOUNT}:key/{KEY}",
            SUBNET_IDS: ",".join(subnets),
            SECURITY_GROUP_IDS: ",".join(groups),
            ENDPOINT_NAME: next(iter(names.endpoints.values())).name,
            ENVIRONMENT: names.environment,
        },
    }
