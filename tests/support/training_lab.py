"""An account of a local AWS with the pipeline that constructs/training/ writes, and a script for it to run."""

import copy
import json
import time
from collections.abc import Callable
from typing import Any

from local_aws import credentials
from local_aws.server.process import Server
from tests.support.answers import hold
from tests.support.synthesis import environment
from tests.support.training_pipeline import TRAINING, step

BUCKET = "acme"
DATA = "training-data/breast-cancer/train/"
CODE = "training-code/breast-cancer/0123456789ab/"
ROLE = "arn:aws:iam::111111111111:role/pipeline"
SUBMIT = {"sagemaker_program": "train.py", "sagemaker_submit_directory": "/opt/ml/input/data/code"}
WAITS = "import os, time\nprint('waiting', os.getpid(), flush=True)\ntime.sleep(600)\n"


class Lab:
    """An account with a bucket, the group, and roles that may do everything."""

    def __init__(self, server: Server) -> None:
        session = credentials.session(credentials.account_variables(server, environment("dev").settings))
        self.sagemaker = hold(
            session.client("sagemaker", endpoint_url=server.url),
            left_out=("DescribeModelPackage.ModelPackageName: missing",),
        )
        self.s3: Any = session.client("s3", endpoint_url=server.url)
        self.logs: Any = session.client("logs", endpoint_url=server.url)
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_object(Bucket=BUCKET, Key=f"{DATA}train.csv", Body=b"1,2\n")
        self.logs.create_log_group(logGroupName="/aws/sagemaker/TrainingJobs")
        iam = session.client("iam", endpoint_url=server.url)
        trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        for name in ("pipeline", "training"):
            document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
            iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        self.sagemaker.create_model_package_group(ModelPackageGroupName="ml-platform-dev-breast-cancer")
        self.sagemaker.create_pipeline(PipelineName="lab", PipelineDefinition=definition(), RoleArn=ROLE)

    def start(self, script: str) -> str:
        self.s3.put_object(Bucket=BUCKET, Key=f"{CODE}train.py", Body=script.encode())
        arn: str = self.sagemaker.start_pipeline_execution(PipelineName="lab")["PipelineExecutionArn"]
        return arn

    def status(self, arn: str) -> str:
        status: str = self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
        return status

    def steps(self, arn: str) -> dict[str, dict[str, Any]]:
        listed = self.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
        return {told["StepName"]: told for told in listed["PipelineExecutionSteps"]}

    def job(self, arn: str) -> str:
        name: str = self.steps(arn)["Train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
        return name

    def run(self, script: str) -> tuple[str, dict[str, dict[str, Any]]]:
        arn = self.start(script)
        wait_until(lambda: self.status(arn) not in ("Executing", "Stopping"))
        return self.status(arn), self.steps(arn)

    def waiting(self) -> tuple[str, int]:
        """An execution whose script waits, and the script's process."""
        arn = self.start(WAITS)
        said: list[str] = []

        def waits() -> bool:
            if "TrainingJob" not in self.steps(arn).get("Train", {}).get("Metadata", {}):
                return False
            events = self.logs.filter_log_events(
                logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{self.job(arn)}/"
            )["events"]
            said[:] = [event["message"] for event in events if event["message"].startswith("waiting")]
            return bool(said)

        wait_until(waits)
        return arn, int(said[0].split()[1])


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.1)


def definition() -> str:
    document = copy.deepcopy(TRAINING)
    arguments = step(document, "Train")["Arguments"]
    image = arguments["AlgorithmSpecification"]
    image["TrainingImage"] = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
    code = copy.deepcopy(arguments["InputDataConfig"][0]) | {"ChannelName": "code"}
    code["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{BUCKET}/{CODE}"
    arguments["InputDataConfig"].append(code)
    arguments["HyperParameters"] = {"columns": "all", **SUBMIT}
    arguments["StoppingCondition"]["MaxWaitTimeInSeconds"] = 3600
    arguments["OutputDataConfig"].pop("KmsKeyId")
    return json.dumps(document)
