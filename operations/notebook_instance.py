"""An environment's notebook instance, as SageMaker has it: what the commands for it begin with."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from operations.answers import answer
from operations.caller import speaks_to
from operations.reach import refuse_elsewhere
from stacks.environments import read_environment
from stacks.synthesized_stack import OperationError

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeNotebookInstance.html
IN_SERVICE, STOPPED, FAILED, DELETING = "InService", "Stopped", "Failed", "Deleting"
STATUS = "NotebookInstanceStatus"


@dataclass(frozen=True, kw_only=True)
class NotebookInstance:
    environment: str
    name: str
    sagemaker: Any

    def described(self) -> Mapping[str, Any]:
        """Raises OperationError where there is none, or none for long."""
        found = answer(self.sagemaker.describe_notebook_instance, NotebookInstanceName=self.name)
        if not found or found[STATUS] == DELETING:
            gone = "is being deleted" if found else "is not there"
            raise OperationError(f"notebook {self.name} {gone}: make deploy ENV={self.environment} makes it")
        return found

    def why_failed(self) -> str:
        reason = str(self.described().get("FailureReason", ""))
        return " ".join(reason.split()) or "SageMaker gives no reason"


def notebook_of(environment: str) -> NotebookInstance:
    """Of the settings. Raises OperationError where they have none, or the credentials lead elsewhere."""
    found = read_environment(environment, os.environ)
    if found.settings.notebook is None:
        raise OperationError(f"no notebook: stacks/{environment}.py has none in notebook")
    speaks_to(environment, found.settings.region)
    session = boto3.Session(region_name=found.settings.region)
    refuse_elsewhere(found, session)
    return NotebookInstance(
        environment=environment, name=found.settings.names.notebook, sagemaker=session.client("sagemaker")
    )
