"""Gap: moto has no UpdateNotebookInstance and no UpdateNotebookInstanceLifecycleConfig.

It answers 500, which Terraform's provider retries for minutes: a missing call looks like a hang.
"""

import json

from moto.core.responses import EmptyResult
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.responses import SageMakerResponse

from local_aws.server.gaps.sagemaker_answers import NOTEBOOK


def fill() -> None:
    SageMakerResponse.update_notebook_instance = _update_notebook_instance
    SageMakerResponse.update_notebook_instance_lifecycle_config = _update_lifecycle_config


def _update_notebook_instance(call: SageMakerResponse) -> EmptyResult:
    request = json.loads(call.body)
    call.sagemaker_backend.get_notebook_instance(request["NotebookInstanceName"])
    notebook = NOTEBOOK.find(call)
    if notebook.status == "InService":
        raise ValidationError(
            message=f"Status (InService) not in ([Stopped, Failed]). Unable to update {notebook.arn}."
        )
    if request.pop("DisassociateLifecycleConfig", False):
        notebook.request.pop("LifecycleConfigName", None)
        notebook.lifecycle_config_name = None
    notebook.request.update(request)
    notebook.last_modified_time = utcnow()
    return EmptyResult()


def _update_lifecycle_config(call: SageMakerResponse) -> EmptyResult:
    request = json.loads(call.body)
    name = request["NotebookInstanceLifecycleConfigName"]
    call.sagemaker_backend.describe_notebook_instance_lifecycle_config(name)
    configuration = call.sagemaker_backend.notebook_instance_lifecycle_configurations[name]
    configuration.on_create = request.get("OnCreate", configuration.on_create)
    configuration.on_start = request.get("OnStart", configuration.on_start)
    configuration.last_modified_time = utcnow()
    return EmptyResult()
