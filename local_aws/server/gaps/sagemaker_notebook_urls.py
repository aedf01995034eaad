"""Gap: moto has no CreatePresignedNotebookInstanceUrl. No Jupyter answers where the URL leads: no instance runs here.

In which words AWS refuses it for an instance that is not in service, no page says: those of its other operations.
"""

import json
import secrets

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.responses import SageMakerResponse

from local_aws.server.gaps.sagemaker_answers import NOTEBOOK


def fill() -> None:
    SageMakerResponse.create_presigned_notebook_instance_url = _create


def _create(call: SageMakerResponse) -> ActionResult:
    call.sagemaker_backend.get_notebook_instance(json.loads(call.body)[NOTEBOOK.name_field])
    notebook = NOTEBOOK.find(call)
    if notebook.status != "InService":
        raise ValidationError(
            message=f"Status ({notebook.status}) not in ([InService]). Unable to create a URL for {notebook.arn}."
        )
    return ActionResult({"AuthorizedUrl": f"https://{notebook.url}?authToken={secrets.token_urlsafe()}"})
