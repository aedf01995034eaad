"""Gap: moto cannot change the KMS key of a log group that exists.

It answers 500, which Terraform's provider retries: an environment that gets a key would never deploy.
"""

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse


def fill() -> None:
    LogsResponse.associate_kms_key = _associate
    LogsResponse.disassociate_kms_key = _disassociate


def _associate(call: LogsResponse) -> str:
    _group(call).kms_key_id = call._get_param("kmsKeyId")
    return ""


def _disassociate(call: LogsResponse) -> str:
    _group(call).kms_key_id = None
    return ""


def _group(call: LogsResponse) -> LogGroup:
    found: LogGroup | None = call.logs_backend.groups.get(call._get_param("logGroupName"))
    if found is None:
        raise ResourceNotFoundException
    return found
