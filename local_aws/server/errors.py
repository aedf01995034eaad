"""Errors as each service's protocol words them, so that an SDK takes them for the service's own."""

import enum
import json
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape


class Kind(enum.Enum):
    """What a call is told: https://docs.aws.amazon.com/general/latest/gr/api-retries.html"""

    FAILED = "500 Internal Server Error"
    THROTTLED = "throttled"
    MALFORMED = "malformed"
    INVALID = "invalid"
    DENIED = "403 Forbidden"


BAD_REQUEST = "400 Bad Request"
# By protocol, and by service where one has a word of its own. JSON and query:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html#API_CreateLogGroup_Errors
# https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html#API_ListServiceQuotas_Errors
# https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html#API_CreateTopic_Errors
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
CODES: Mapping[str, Mapping[Kind, str]] = {
    "json": {
        Kind.FAILED: "InternalFailure",
        Kind.THROTTLED: "ThrottlingException",
        Kind.MALFORMED: "SerializationException",
        Kind.INVALID: "ValidationException",
        Kind.DENIED: "AccessDeniedException",
    },
    "query": {
        Kind.FAILED: "InternalFailure",
        Kind.THROTTLED: "Throttling",
        Kind.MALFORMED: "MalformedInput",
        Kind.INVALID: "ValidationError",
        Kind.DENIED: "AccessDenied",
    },
    "ec2": {
        Kind.FAILED: "InternalError",
        Kind.THROTTLED: "RequestLimitExceeded",
        Kind.MALFORMED: "InvalidParameter",
        Kind.INVALID: "InvalidParameterValue",
        Kind.DENIED: "UnauthorizedOperation",
    },
    "s3": {
        Kind.FAILED: "InternalError",
        Kind.THROTTLED: "SlowDown",
        Kind.MALFORMED: "MalformedXML",
        Kind.INVALID: "InvalidArgument",
        Kind.DENIED: "AccessDenied",
    },
}
INVALID_CODES = {
    "logs": "InvalidParameterException",
    "servicequotas": "IllegalArgumentException",
    "sns": "InvalidParameter",
}
UNAVAILABLE = {"ec2": "503 Unavailable", "s3": "503 Slow Down"}


def credential(environ: Mapping[str, Any]) -> list[str]:
    """The parts of the signature's: <access key>/<date>/us-east-1/iam/aws4_request."""
    signed = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].partition(",")[0]
    # A presigned URL has it in its query.
    query = urllib.parse.parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])[0]
    return str(signed or query).split("/")


def signed_for(environ: Mapping[str, Any]) -> str:
    """The service that is asked. Nothing for a request without a signature."""
    scope = credential(environ)
    return scope[3] if len(scope) > 3 else ""


def answer(environ: dict[str, Any], start_response: Callable[..., Any], kind: Kind, message: str) -> Iterable[bytes]:
    service = signed_for(environ)
    form = "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", "")
    protocol = service if service in ("ec2", "s3") else "query" if form else "json"
    code = CODES[protocol][kind]
    if kind is Kind.INVALID:
        code = INVALID_CODES.get(service, code)
    status = kind.value if kind in (Kind.FAILED, Kind.DENIED) else BAD_REQUEST
    if kind is Kind.THROTTLED:
        status = UNAVAILABLE.get(service, status)
    headers = [("Content-Type", "application/json" if protocol == "json" else "application/xml")]
    if protocol == "json":
        # A REST call reads the code in the header, the others in the body.
        headers.append(("x-amzn-ErrorType", code))
        body = json.dumps({"__type": code, "message": message})
    else:
        error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        body = {
            "s3": f"<Error>{error}</Error>",
            "ec2": f"<Response><Errors><Error>{error}</Error></Errors><RequestID>0</RequestID></Response>",
            "query": f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>0</RequestId>"
            "</ErrorResponse>",
        }[protocol]
    start_response(status, headers)
    return [body.encode()]
