"""What dev's notebook finds in its account, on a local AWS: as its stack is synthesized, made without Terraform."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from local_aws import credentials
from local_aws.server import process as server_process
from local_aws.server.process import Server
from settings.environment import EnvironmentSettings
from settings.lifecycle_scripts import (
    ENDPOINT_NAME,
    ENVIRONMENT,
    KMS_KEY_ARN,
    LINEAR_LEARNER_IMAGE,
    SECURITY_GROUP_IDS,
    SUBNET_IDS,
    TRAINING_JOB_PREFIX,
    TRAINING_ROLE_ARN,
)
from settings.names import TRAINING_JOBS
from stacks.environments import ROOT
from stacks.synthesized_stack import BIN
from tests.support import allowed_calls
from tests.support.kernel import Call
from tests.support.policies import KEY, Policy, policies
from tests.support.synthesis import environment

LINEAR_LEARNER = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
SCIKIT_LEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
SCRIPT = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}


@dataclass(frozen=True, kw_only=True)
class Account:
    """dev's: the bucket, the key, the roles with their policies, the log groups and an endpoint of a shipped model."""

    server: Server
    settings: EnvironmentSettings
    session: boto3.Session
    key_arn: str

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.server.url)

    @property
    def account_id(self) -> str:
        return credentials.deployed(self.settings).account_id

    @property
    def bucket(self) -> str:
        return self.settings.names.bucket(self.account_id)

    @property
    def endpoint(self) -> str:
        [names] = self.settings.names.endpoints.values()
        return names.name

    def role_arn(self, name: str) -> str:
        return f"arn:aws:iam::{self.account_id}:role/{name}"

    def policy(self, address: str) -> Policy:
        """As Terraform sends it, of this account's key."""
        found: Policy = json.loads(json.dumps(policies(self.settings.name)[address]).replace(KEY, self.key_arn))
        return found

    def placeholders(self) -> dict[str, str]:
        """As constructs/notebook/notebook.py fills them in."""
        names, delivery = self.settings.names, self.settings.notebook_delivery
        return {
            **dict.fromkeys(delivery.placeholders, self.bucket),
            TRAINING_ROLE_ARN: self.role_arn(names.training_role),
            TRAINING_JOB_PREFIX: names.training_job_prefix,
            LINEAR_LEARNER_IMAGE: LINEAR_LEARNER,
            KMS_KEY_ARN: self.key_arn,
            SUBNET_IDS: "",
            SECURITY_GROUP_IDS: "",
            ENDPOINT_NAME: self.endpoint,
            ENVIRONMENT: self.settings.name,
        }

    def deliver(self, folder: Path) -> None:
        """The bucket's notebooks into the folder, by the script that the instance runs, with the notebook's role."""
        told, delivery = folder / "settings.json", self.settings.notebook_delivery
        told.write_text(
            json.dumps(
                {
                    "bucket": self.bucket,
                    "region": self.settings.region,
                    "patterns": [*delivery.patterns],
                    "placeholders": self.placeholders(),
                }
            )
        )
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"  # with aws and jupyter
        subprocess.run(
            [sys.executable, ROOT / "lifecycle_scripts/deliver_notebooks.py", told, folder],
            env=os.environ | self.notebooks_variables() | {"PATH": path},
            check=True,
        )

    def notebooks_variables(self) -> dict[str, str]:
        """Those of a kernel that has what SageMaker gives a notebook: its role's session."""
        role = self.role_arn(self.settings.names.notebook_role)
        taken = self.client("sts").assume_role(RoleArn=role, RoleSessionName="SageMaker")["Credentials"]
        return credentials.account_variables(self.server, self.settings) | {
            "AWS_ACCESS_KEY_ID": taken["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": taken["SecretAccessKey"],
            "AWS_SESSION_TOKEN": taken["SessionToken"],
        }

    def not_allowed(self, calls: Iterable[Call]) -> list[str]:
        """A line for each permission that the notebook's role lacks for the calls."""
        return allowed_calls.not_allowed(
            calls,
            place=f"{self.settings.region}:{self.account_id}",
            role_arn=self.role_arn(self.settings.names.notebook_role),
            policy=self.policy("notebook_role_policy_document"),
            key_arn=self.key_arn,
            key_policy=self.policy("encryption_key_policy_document"),
        )

    def serve(self, endpoint: str, image: str, artifact: str, **variables: str) -> None:
        sagemaker = self.client("sagemaker")
        container = {"Image": image, "ModelDataUrl": artifact, "Environment": variables}
        role = self.role_arn(self.settings.names.hosting_role)
        sagemaker.create_model(ModelName=endpoint, PrimaryContainer=container, ExecutionRoleArn=role)
        variant = {"VariantName": "production", "ModelName": endpoint}
        variant |= {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}  # type: ignore[dict-item]
        sagemaker.create_endpoint_config(EndpointConfigName=endpoint, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=endpoint)
        while sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "Creating":
            time.sleep(0.1)

    def make(self) -> None:
        s3, iam, names = self.client("s3"), self.client("iam"), self.settings.names
        s3.create_bucket(Bucket=self.bucket)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key_arn}}
        s3.put_bucket_encryption(Bucket=self.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
        for name, kind in (
            (names.notebook_role, "notebook_role"),
            (names.training_role, "training_role"),
            (names.hosting_role, "hosting_role"),
        ):
            trust, policy = self.policy(f"{kind}_trust_document"), self.policy(f"{kind}_policy_document")
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
            iam.put_role_policy(RoleName=name, PolicyName="platform", PolicyDocument=json.dumps(policy))
        for group in (TRAINING_JOBS, *names.endpoint_log_groups):
            self.client("logs").create_log_group(logGroupName=group)
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            s3.put_object(Bucket=self.bucket, Key=f"notebooks/{path.name}", Body=path.read_bytes())
        artifact = (ROOT / "models/breast-cancer-all-columns.tar.gz").read_bytes()
        s3.put_object(Bucket=self.bucket, Key="models/shipped.tar.gz", Body=artifact)
        self.serve(self.endpoint, SCIKIT_LEARN, f"s3://{self.bucket}/models/shipped.tar.gz", **SCRIPT)


@contextmanager
def notebook_account(folder: Path) -> Iterator[Account]:
    settings = environment("dev").settings
    server = server_process.start(folder)
    session = credentials.session(credentials.account_variables(server, settings))
    key: Any = session.client("kms", endpoint_url=server.url).create_key()["KeyMetadata"]
    made = Account(server=server, settings=settings, session=session, key_arn=key["Arn"])
    made.make()
    yield made
    server_process.stop(folder, server)
    assert "Traceback" not in (folder / "server.log").read_text()
