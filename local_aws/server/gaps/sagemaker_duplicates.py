"""Gap: moto lets a second model, endpoint configuration or endpoint of the same name replace the first.

SageMaker refuses it, and a platform that moves between releases must never run into that.
"""

import json

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.responses import SageMakerResponse

from local_aws.server.gaps.sagemaker_answers import CONFIGURATION, ENDPOINT, MODEL, Kind


def fill() -> None:
    for kind in (MODEL, CONFIGURATION, ENDPOINT):
        _refuse(kind)


def _refuse(kind: Kind) -> None:
    create = getattr(SageMakerResponse, f"create_{kind.stem}")

    def create_new(call: SageMakerResponse) -> ActionResult:
        existing = getattr(call.sagemaker_backend, kind.store).get(json.loads(call.body)[kind.name_field])
        if existing is not None:
            what = kind.stem.replace("_config", " configuration")
            arn = getattr(existing, "endpoint_config_arn", existing.arn)
            raise ValidationError(message=f'Cannot create already existing {what} "{arn}".')
        answer: ActionResult = create(call)
        return answer

    setattr(SageMakerResponse, f"create_{kind.stem}", create_new)
