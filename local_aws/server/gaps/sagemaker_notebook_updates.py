"""Gap: moto has no UpdateNotebookInstance and no UpdateNotebookInstanceLifecycleConfig, and starts and stops a notebook
instance whatever its status is.

It answers 500, which Terraform's provider retries for minutes: a missing call looks like a hang. How AWS refuses to
start and to stop: https://github.com/aws/amazon-sagemaker-examples/issues/1094. That a volume does not become smaller:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateNotebookInstance.html, which has not the words.
"""

import json
from collections.abc import Sequence

from moto.core.responses import EmptyResult
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from local_aws.server.gaps.sagemaker_answers import NOTEBOOK

# The field of an update that takes something away; what that was made with; and where moto keeps it.
TAKEN_AWAY = {
    "DisassociateLifecycleConfig": ("LifecycleConfigName", "lifecycle_config_name"),
    "DisassociateDefaultCodeRepository": ("DefaultCodeRepository", "default_code_repository"),
    "DisassociateAdditionalCodeRepositories": ("AdditionalCodeRepositories", "additional_code_repositories"),
}


def fill() -> None:
    SageMakerResponse.update_notebook_instance = _update_notebook_instance
    SageMakerResponse.update_notebook_instance_lifecycle_config = _update_lifecycle_config
    _refuse("start", ("Stopped", "Failed"), "Pending")
    _refuse("stop", ("InService",), "Stopping")


def _refuse(verb: str, allowed: Sequence[str], to: str) -> None:
    act = getattr(SageMakerModelBackend, f"{verb}_notebook_instance")

    def act_where_allowed(backend: SageMakerModelBackend, notebook_instance_name: str) -> None:
        notebook = backend.get_notebook_instance(notebook_instance_name)
        if notebook.status not in allowed:
            raise ValidationError(
                message=f"Status ({notebook.status}) not in ([{', '.join(allowed)}]). Unable to transition to ({to}) "
                f"for Notebook Instance ({notebook.arn})."
            )
        act(backend, notebook_instance_name)

    setattr(SageMakerModelBackend, f"{verb}_notebook_instance", act_where_allowed)


def _update_notebook_instance(call: SageMakerResponse) -> EmptyResult:
    request = json.loads(call.body)
    call.sagemaker_backend.get_notebook_instance(request["NotebookInstanceName"])
    notebook = NOTEBOOK.find(call)
    if notebook.status == "InService":
        raise ValidationError(
            message=f"Status (InService) not in ([Stopped, Failed]). Unable to update {notebook.arn}."
        )
    size = notebook.request.get("VolumeSizeInGB", notebook.volume_size_in_gb)
    if request.get("VolumeSizeInGB", size) < size:
        raise ValidationError(message=f"VolumeSizeInGB of {notebook.arn} is {size}: it cannot be decreased.")
    for asked, (given, attribute) in TAKEN_AWAY.items():
        if request.pop(asked, False):
            notebook.request.pop(given, None)
            setattr(notebook, attribute, None)
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
