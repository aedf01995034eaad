"""Refuses what AWS would refuse for its form: every request is held against botocore's model of its operation.

Required members, lengths, ranges, enumerations and patterns, as AWS publishes them with its SDKs; what only its prose
says is in local_aws/server/written_limits.py. A request that breaks one is answered as the service would, and never
reaches moto. `GET /local-aws/strict` tells what was seen; the server's log names each operation once, and what was
refused.
"""

import io
import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote

import regex  # Java's patterns, as AWS writes them, know classes that Python's own module does not
from botocore.exceptions import UnknownServiceError
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import ProtocolRouter, get_router_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from local_aws.server import errors, written_limits
from local_aws.server.process import HELD, IDENTITY_PATH, NOT_HELD
from local_aws.server.replay import Application
from local_aws.server.signatures import whole_body

PATH = "/strict"
# The name that a service signs its requests with, where botocore calls it otherwise.
SERVICES = {
    "elasticfilesystem": "efs",
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
}
REFUSED = "strict: refused:"
# Its pattern is that of the text, which is sent URL-encoded: boto3 leaves its slashes, Terraform's provider does not.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html#AmazonS3-CopyObject-request-header-CopySource
COPY_SOURCE = "CopySource"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request as its operation's model reads it."""

    service: str
    operation: str
    model: OperationModel
    parameters: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.service}.{self.operation}"


class WrongType(str):
    """What cannot be read at all."""


@dataclass
class Seen:
    """How often each operation was seen since the server was started, and what was refused."""

    held: Counter[str] = field(default_factory=Counter)
    not_held: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, counter: Counter[str], name: str, words: str) -> None:
        with self.lock:
            counter[name] += 1
            if counter[name] == 1:
                print(words, name, file=sys.stderr, flush=True)

    def refuse(self, problems: Iterable[str]) -> None:
        with self.lock:
            self.refused += problems
        for problem in problems:
            print(REFUSED, problem, file=sys.stderr, flush=True)


def strict(application: Application) -> Application:
    seen = Seen()

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == f"{IDENTITY_PATH}{PATH}":
            start_response("200 OK", [("Content-Type", "application/json")])
            told = {"held": seen.held, "not_held": seen.not_held, "refused": seen.refused}
            return [json.dumps(told).encode()]
        if environ["PATH_INFO"].startswith(IDENTITY_PATH):
            return application(environ, start_response)
        body = whole_body(environ)
        service = service_of(environ)
        try:
            call = read(service, environ, body)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problem = f"{service}: the request cannot be read as its model says: {error!r}"
            seen.refuse([problem])
            return errors.answer(environ, start_response, errors.Kind.MALFORMED, problem)
        finally:
            environ["wsgi.input"] = io.BytesIO(body)
        if call is None:
            seen.count(seen.not_held, _unread(service, environ), NOT_HELD)
            return application(environ, start_response)
        seen.count(seen.held, call.name, HELD)
        try:
            found = problems_of(call, errors.credential(environ)[0])
            problems = [f"{call.name}: {problem}" for problem in found]
        except (KeyError, TypeError, ValueError, AttributeError) as error:  # a document in a text is no document
            found, problems = [], [f"{call.name}: cannot be read: {error!r}"]
        if problems:
            seen.refuse(problems)
            malformed = any(isinstance(problem, WrongType) for problem in found)
            kind = errors.Kind.MALFORMED if malformed else errors.Kind.INVALID
            return errors.answer(environ, start_response, kind, "; ".join(problems))
        return application(environ, start_response)

    return answer


def problems_of(call: Call, account_key: str) -> list[str]:
    shape = call.model.input_shape
    found = [] if shape is None else list(_broken(shape, call.parameters, ""))
    return found + list(written_limits.broken(call.service, call.operation, call.parameters, account_key))


def service_of(environ: Mapping[str, Any]) -> str:
    """As botocore calls it. Nothing for a request that is not signed."""
    signed = errors.signed_for(environ)
    if signed == "sagemaker" and "HTTP_X_AMZ_TARGET" not in environ:
        return "sagemaker-runtime"
    return SERVICES.get(signed, signed)


def read(service: str, environ: dict[str, Any], body: bytes) -> Call | None:
    """None where botocore has no model of the service or no operation that fits. Raises what the parsers raise."""
    environ["wsgi.input"] = io.BytesIO(body)
    request = Request(environ)
    try:
        served = get_service_model(service)
        # Where the path says what is asked, the body may be of any type: a form that goes to a model.
        content_type = None if str(served.protocol).startswith("rest-") else request.content_type
        protocol = determine_request_protocol(served, content_type)
    except (NotImplementedError, UnknownServiceError):
        return None
    try:
        model, in_path = _router(service, protocol).match(request)
    except NotFound:
        if protocol in ("json", "query", "ec2"):
            raise ValueError("there is no such operation") from None
        return None
    shape = model.input_shape
    payload = None if shape is None else shape.serialization.get("payload")
    if payload is None or shape.members[payload].type_name != "blob":
        body.decode()
    if protocol == "json":
        sent = json.loads(body)
        if not isinstance(sent, dict):
            raise TypeError(f"{sent!r} is no object")
        return Call(service=service, operation=model.name, model=model, parameters=sent)
    parameters = PROTOCOL_PARSERS[protocol](model).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": body,
            "url_path": request.path,
            "url_params": in_path,
        }
    )
    parameters = parameters or {}
    if COPY_SOURCE in parameters:
        parameters |= {COPY_SOURCE: unquote(parameters[COPY_SOURCE])}
    return Call(service=service, operation=model.name, model=model, parameters=parameters)


@cache
def _router(service: str, protocol: str) -> ProtocolRouter:
    found = get_router_class(service, protocol)
    if found is None:
        raise NotFound
    return found(get_service_model(service))


def _unread(service: str, environ: Mapping[str, Any]) -> str:
    action = environ.get("HTTP_X_AMZ_TARGET") or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    return f"{service or 'unsigned'}: {action}"


def _broken(shape: Any, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - botocore's shapes, any value
    """What of the shape the value breaks, one line each. A member that is None was not sent."""
    limits = shape.metadata
    match shape.type_name, value:
        case "structure", Mapping():
            for name in shape.required_members:
                if value.get(name) is None:
                    yield f"{_member(path, name)} is required"
            for name, member in value.items():
                if name in shape.members and member is not None:
                    yield from _broken(shape.members[name], member, _member(path, name))
        case "list", list():
            yield from _outside(limits, len(value), path, "items")
            for index, item in enumerate(value):
                yield from _broken(shape.member, item, f"{path}[{index}]")
        case "map", Mapping():
            yield from _outside(limits, len(value), path, "entries")
            for key, item in value.items():
                yield from _broken(shape.key, key, f"{path} key")
                yield from _broken(shape.value, item, f"{path}.{key}")
        case "string", str():
            yield from _outside(limits, len(value), path, "characters")
            if shape.enum and value not in shape.enum:
                yield f"{path}: {value!r}: must be one of {', '.join(shape.enum)}"
            if "pattern" in limits and not pattern(limits["pattern"]).fullmatch(value):
                yield f"{path}: {value!r}: must match {limits['pattern']}"
        case "blob", str() | bytes():
            yield from _outside(limits, len(value), path, "bytes")
        case "boolean", bool():
            pass
        case "integer" | "long", int() if not isinstance(value, bool):
            yield from _outside(limits, value, path, "")
        case "float" | "double", int() | float() if not isinstance(value, bool):
            yield from _outside(limits, value, path, "")
        case "structure" | "list" | "map" | "string" | "boolean" | "integer" | "long" | "float" | "double", _:
            yield WrongType(f"{path}: {value!r}: must be of type {shape.type_name}")


def _member(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _outside(limits: Mapping[str, Any], number: float, path: str, what: str) -> Iterator[str]:
    counted = f"{number} {what}".strip()
    if "min" in limits and number < limits["min"]:
        yield f"{path}: {counted}: must be at least {limits['min']}"
    if "max" in limits and number > limits["max"]:
        yield f"{path}: {counted}: must be at most {limits['max']}"


@cache
def pattern(published: str) -> Any:  # noqa: ANN401 - the module has no types
    """Characters beyond 16 bits are pairs in Java's patterns and one character in Python."""
    return regex.compile(published.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF"))
