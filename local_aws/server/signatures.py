"""The signatures of AWS's requests: in a header, or in the query of a presigned URL, where S3 knows an older one too.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
"""

import base64
import hashlib
import hmac
import io
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

from botocore.auth import HmacV1QueryAuth
from botocore.utils import normalize_url_path

ALGORITHM = "AWS4-HMAC-SHA256"
TIMESTAMP = "%Y%m%dT%H%M%SZ"
# https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#RESTAuthenticationTimeStamp
MAX_SKEW = timedelta(minutes=15)
CHUNKED = "wsgi.input_terminated"  # what werkzeug sets where it finds the end of the body by itself


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a request says of its own signature."""

    access_key: str
    scope: str  # date, region, service, end
    value: str = field(repr=False)
    session_token: str = field(repr=False)
    made: datetime
    expires: datetime

    def covers(self, headers: Iterable[str]) -> bool:
        """Whether it is of these headers too, by their names in lower case."""
        raise NotImplementedError

    def is_current(self) -> bool:
        now = datetime.now(UTC)
        return self.made <= now + MAX_SKEW and now <= self.expires  # from the first to the last year there is

    @property
    def header(self) -> str:
        """The header that names the same caller and service."""
        return f"{ALGORITHM} Credential={self.access_key}/{self.scope}, SignedHeaders=host, Signature={self.value}"

    def expected(self, environ: dict[str, Any], secret_key: str) -> str:
        """The signature that the request has if it was signed with the key."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Version4(Signature):
    signed_headers: str
    presigned: bool

    def covers(self, headers: Iterable[str]) -> bool:
        return set(headers) <= {*self.signed_headers.replace("_", "-").split(";")}  # as WSGI has their names

    def expected(self, environ: dict[str, Any], secret_key: str) -> str:
        service = self.scope.split("/")[2]
        path, _, query = environ["RAW_URI"].partition("?")
        if service != "s3":
            path = urllib.parse.quote(normalize_url_path(path), safe="/~")
        pairs = [pair for pair in query.split("&") if pair and not pair.startswith("X-Amz-Signature=")]
        canonical = [
            environ["REQUEST_METHOD"],
            path,
            "&".join(sorted(pair if "=" in pair else f"{pair}=" for pair in pairs)),
            *(f"{name}:{' '.join(_header(environ, name).split())}" for name in self.signed_headers.split(";")),
            "",
            self.signed_headers,
            self._payload(environ, service),
        ]
        digest = hashlib.sha256("\n".join(canonical).encode("latin-1", errors="replace")).hexdigest()
        signed = "\n".join([ALGORITHM, self.made.strftime(TIMESTAMP), self.scope, digest])
        derived = reduce(_hmac, self.scope.split("/"), f"AWS4{secret_key}".encode())
        return _hmac(derived, signed).hex()

    def _payload(self, environ: dict[str, Any], service: str) -> str:
        said = _header(environ, "x-amz-content-sha256")
        if said or (self.presigned and service == "s3"):
            return said or "UNSIGNED-PAYLOAD"
        return hashlib.sha256(whole_body(environ)).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Version2(Signature):
    """What `aws s3 presign` makes for the oldest regions."""

    expires_said: str

    def covers(self, _headers: Iterable[str]) -> bool:
        return True  # all of Amazon's are in what is signed

    def expected(self, environ: dict[str, Any], secret_key: str) -> str:
        path, _, query = environ["RAW_URI"].partition("?")
        resource = f"{path}/" if path.rfind("/") == 0 and path != "/" else path  # a bucket alone
        asked = _query(environ)
        amazon = amazon_headers(environ) | {name: asked[name] for name in asked if name.startswith("x-amz-")}
        parts = [urllib.parse.unquote(part) for part in query.split("&")]
        parts = sorted(part for part in parts if part.partition("=")[0] in HmacV1QueryAuth.QSAOfInterest)
        signed = [
            environ["REQUEST_METHOD"],
            *(_header(environ, name) or asked.get(name, "") for name in ("content-md5", "content-type")),
            self.expires_said,
            *(f"{name}:{value}" for name, value in sorted(amazon.items())),
            "?".join([resource, *filter(None, ["&".join(parts)])]),
        ]
        return base64.b64encode(hmac.digest(secret_key.encode(), "\n".join(signed).encode(), "sha1")).decode()


def amazon_headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """Those that change what is asked, all of which a signature must cover.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    """
    headers = {name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name[:5] == "HTTP_"}
    return {name: value for name, value in headers.items() if name.startswith("x-amz-")}


def read(environ: Mapping[str, Any]) -> Signature | None:
    """None where there is none, or none that can be read."""
    algorithm, _, said = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    query = _query(environ)
    try:
        if algorithm == ALGORITHM:
            parts = dict(part.strip().split("=", maxsplit=1) for part in said.split(","))
            made = _time(environ["HTTP_X_AMZ_DATE"])
            return Version4(
                **_caller(parts["Credential"]),
                signed_headers=parts["SignedHeaders"],
                value=parts["Signature"],
                session_token=_header(environ, "x-amz-security-token"),
                made=made,
                expires=made + MAX_SKEW,
                presigned=False,
            )
        if query.get("X-Amz-Algorithm") == ALGORITHM:
            made = _time(query["X-Amz-Date"])
            return Version4(
                **_caller(query["X-Amz-Credential"]),
                signed_headers=query["X-Amz-SignedHeaders"],
                value=query["X-Amz-Signature"],
                session_token=query.get("X-Amz-Security-Token", ""),
                made=made,
                expires=made + timedelta(seconds=int(query["X-Amz-Expires"])),
                presigned=True,
            )
        made = datetime.now(UTC)  # it does not say
        return Version2(
            access_key=query["AWSAccessKeyId"],
            scope=made.strftime("%Y%m%d/us-east-1/s3/aws4_request"),
            value=query["Signature"],
            session_token=query.get("x-amz-security-token", ""),
            made=made,
            expires=datetime.fromtimestamp(int(query["Expires"]), UTC),
            expires_said=query["Expires"],
        )
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def whole_body(environ: dict[str, Any]) -> bytes:
    """The request's body, which stays there to be read again."""
    length = None if CHUNKED in environ else int(environ.get("CONTENT_LENGTH", 0))
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _caller(credential: str) -> dict[str, str]:
    access_key, scope = credential.split("/", maxsplit=1)
    _date, _region, _service, _end = scope.split("/")
    return {"access_key": access_key, "scope": scope}


def _time(text: str) -> datetime:
    return datetime.strptime(text, TIMESTAMP).replace(tzinfo=UTC)


def _query(environ: Mapping[str, Any]) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))


def _header(environ: Mapping[str, Any], name: str) -> str:
    key = name.upper().replace("-", "_")
    value: str = environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", "")
    return value


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
