"""Who may ask: whoever holds a key that this server issued, and no web page.

A page in the developer's browser can send requests to 127.0.0.1 too, and needs no answer to do harm. So each request is
looked at before anything of it is parsed: its target must be a path and its Host this server's address, which a name
that was rebound to it is not; it must have nothing that only a page sends; and it must be signed, with the key that was
made when the server started or one that its STS or IAM issued since.
https://developer.mozilla.org/en-US/docs/Glossary/Forbidden_request_header
"""

import hmac
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from local_aws.server import errors, signatures
from local_aws.server.replay import Application
from local_aws.server.signatures import CHUNKED, Signature

# moto's own ways in: they reset it, seed its random numbers, record what it is asked.
MOTOS_OWN = "/moto-api"
# By this moto would let a caller choose the account.
MOTOS_ACCOUNT = "HTTP_X_MOTO_ACCOUNT_ID"
NOT_SIGNED = "it must be signed, as AWS's SDKs do"
NOT_OURS = "its signature is of no key that this local AWS issued: `make local`, then source .local/<environment>.env"
NOT_COVERED = "each of its headers x-amz-... must be among those that are signed"
NOT_NOW = "its signature has expired"


class DeniedError(Exception):
    """Why a request is refused. Nothing of its signature or its credentials may be in it: it is logged."""


@dataclass(frozen=True, kw_only=True)
class Key:
    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


def guarded(application: Application, *, host: str, root: Key) -> Application:
    """`host` is the only Host that is answered; `root` is the key that is there from the start."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            _refuse_strangers(environ, host)
            caller = _known_caller(environ, root)
        except DeniedError as reason:
            asked = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'][:200]!r}"
            print(f"access: refused: {asked}: {reason}", file=sys.stderr, flush=True)
            return errors.answer(environ, start_response, errors.Kind.DENIED, f"the local AWS refuses this: {reason}")
        environ.pop(MOTOS_ACCOUNT, None)
        environ["HTTP_AUTHORIZATION"] = caller.header  # moto does not look into the query for it
        return application(environ, start_response)

    return answer


def _refuse_strangers(environ: Mapping[str, Any], host: str) -> None:
    """By what is there before the body is read. Raises DeniedError."""
    if not environ["RAW_URI"].startswith("/"):
        raise DeniedError("its target must be a path")
    if environ.get("HTTP_HOST") != host:
        raise DeniedError(f"its Host must be {host}")
    # A page cannot leave them out; "none" is what a person typed into the address bar, a presigned URL perhaps.
    if "HTTP_ORIGIN" in environ or environ.get("HTTP_SEC_FETCH_SITE", "none") != "none":
        raise DeniedError("no web page is answered")
    if environ["PATH_INFO"].startswith(MOTOS_OWN):
        raise DeniedError(f"{MOTOS_OWN} is closed")
    length = environ.get("CONTENT_LENGTH", "0")
    if not (length.isascii() and length.isdecimal()) or ("CONTENT_LENGTH" in environ and CHUNKED in environ):
        raise DeniedError("its Content-Length must be a number, and the only length that is given")


def _known_caller(environ: dict[str, Any], root: Key) -> Signature:
    """Raises DeniedError where it is not known."""
    signature = signatures.read(environ)
    if signature is None:
        raise DeniedError(NOT_SIGNED)
    if not signature.covers(signatures.amazon_headers(environ)):
        raise DeniedError(NOT_COVERED)
    if not signature.is_current():
        raise DeniedError(NOT_NOW)
    key = root if signature.access_key == root.access_key else _issued(signature.access_key)
    if key is None or not _equal(signature.session_token, key.session_token):
        raise DeniedError(NOT_OURS)
    if not _equal(signature.value, signature.expected(environ, key.secret_key)):
        raise DeniedError(NOT_OURS)
    return signature


def _issued(access_key: str) -> Key | None:
    """None where moto issued no such key, or took it back."""
    for account_id, partitions in list(iam_backends.items()):
        for partition, iam in list(partitions.items()):
            found = iam.access_keys.get(access_key)
            if found is not None and found.status == "Active":
                role = sts_backends[account_id][partition].get_assumed_role_from_access_key(access_key)
                token = role.session_token if role else ""
                return Key(access_key=access_key, secret_key=found.secret_access_key, session_token=token)
    return None


def _equal(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), right.encode())
