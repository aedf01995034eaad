"""Gap: a role of moto's can be taken the moment that it is made; one of AWS's, by SageMaker, some seconds later.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

import json

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.responses import SageMakerResponse

from local_aws.server.failures import played

ROLE_FIELDS = {
    "create_model": "ExecutionRoleArn",
    "create_notebook_instance": "RoleArn",
    "create_training_job": "RoleArn",
}


def fill() -> None:
    for operation, field in ROLE_FIELDS.items():
        _wait_for_role(operation, field)


def _wait_for_role(operation: str, field: str) -> None:
    create = getattr(SageMakerResponse, operation)

    def create_with_settled_role(call: SageMakerResponse) -> ActionResult:
        arn, seconds = json.loads(call.body)[field], played(call.headers).settling_seconds
        for role in iam_backends[call.current_account]["aws"].roles.values():
            if role.arn == arn and (utcnow() - role.create_date).total_seconds() < seconds:
                raise ValidationError(
                    message=f"Could not assume role {arn}. Please ensure that the role exists and allows principal "
                    "'sagemaker.amazonaws.com' to assume the role."
                )
        answer: ActionResult = create(call)
        return answer

    setattr(SageMakerResponse, operation, create_with_settled_role)
