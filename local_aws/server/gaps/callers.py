"""Gap: moto says of everything in SageMaker that the same made-up user of Studio made it.

Here it is who signed the call, or, where a pipeline's step made it, the session of the pipeline's role.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UserContext.html
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from moto.core.responses import BaseResponse
from moto.sts.models import sts_backends


@dataclass(frozen=True, kw_only=True)
class Session:
    """A step's, in its thread: of whom it takes the role, and for which execution."""

    arn: str
    principal_id: str
    execution_arn: str


current: ContextVar[Session | None] = ContextVar("current", default=None)


def user_context(call: BaseResponse) -> dict[str, Any]:
    """CreatedBy, LastModifiedBy."""
    session = current.get()
    if session is not None:
        return {"IamIdentity": {"Arn": session.arn, "PrincipalId": session.principal_id}}
    sts = sts_backends[call.current_account][call.partition]
    principal_id, arn, _ = sts.get_caller_identity(call.access_key, call.region)
    return {"IamIdentity": {"Arn": arn, "PrincipalId": principal_id}}
