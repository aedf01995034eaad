"""Which AWS an operation speaks to, and as whom: asked once, and told before anything else is done."""

import os
import sys
from dataclasses import dataclass

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004
from botocore.parsers import ResponseParserError

from operations.profile import with_profile
from settings.operator_variables import PROFILE, variable
from settings.problems import printable
from stacks.sourced_shell import ENVIRONMENT_VARIABLE
from stacks.synthesized_stack import OperationError

# Of the first question, after which AWS is taken to be out of reach: some ten seconds.
TRIES = 4
UNREACHABLE = (ConnectionError, HTTPClientError)


@dataclass(frozen=True, kw_only=True)
class Caller:
    account_id: str
    arn: str


def speaks_to(name: str, region: str) -> Caller:
    """Tells, on standard error, which AWS answers for the environment, and as whom it was asked.

    From here on this process, and what it starts, has the environment's profile, where one is named; a shell that has
    sourced an environment of the local AWS has its own credentials.

    Raises OperationError where nobody answers, or takes no credentials: one line, with the ways to get them.
    """
    if ENVIRONMENT_VARIABLE not in os.environ:
        found = with_profile(name, os.environ)
        for key in os.environ.keys() - found.keys():
            del os.environ[key]
        os.environ.update(found)
    try:
        session = boto3.Session(region_name=region)
    except BotoCoreError as error:  # of an AWS_PROFILE that there is not
        raise OperationError(_why(name, error)) from error
    caller = caller_of(name, session)
    if ENVIRONMENT_VARIABLE in os.environ:
        where = f"the local AWS at {os.environ.get('AWS_ENDPOINT_URL')}, account {caller.account_id}, {region}"
    else:
        where = f"AWS account {caller.account_id}, {region}, as {caller.arn}"
    print(printable(f"{name}: {where}"), file=sys.stderr, flush=True)
    return caller


def caller_of(name: str, session: boto3.Session) -> Caller:
    """Whose credentials the session has. Raises OperationError, as `speaks_to` does."""
    try:
        sts = session.client("sts", config=Config(retries={"total_max_attempts": TRIES}))
        answer = sts.get_caller_identity()
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise OperationError(_why(name, error)) from error
    return Caller(account_id=answer["Account"], arn=answer["Arn"])


def _why(name: str, error: Exception) -> str:
    said = " ".join(str(error).split())
    # Another local AWS on the port knows none of the keys.
    if ENVIRONMENT_VARIABLE in os.environ and (_is_refusal(error) or isinstance(error, UNREACHABLE)):
        url = os.environ.get("AWS_ENDPOINT_URL")
        return (
            f"the local AWS at {url} does not answer this shell: make local ENV={name} and `. .local/{name}.env` "
            f"again, or local_off ({said})"
        )
    if isinstance(error, (*UNREACHABLE, ResponseParserError, ClientError)) and not _is_refusal(error):
        return f"AWS does not answer, nothing was changed: {said}"
    return (
        f"no credentials that AWS takes, nothing was changed: {said}. For the local AWS: make local ENV={name}, then "
        f"`. .local/{name}.env`; for an account: AWS_PROFILE, or {variable(name, PROFILE)} for this environment alone, "
        "after `aws sso login` perhaps"
    )


def _is_refusal(error: Exception) -> bool:
    """Of the credentials, by AWS's answer: a status of 4xx that is no throttling.

    https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
    """
    if not isinstance(error, ClientError):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return 400 <= status < 500 and "Throttl" not in error.response["Error"]["Code"]
