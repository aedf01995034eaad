"""Who gets into the local AWS: raw requests, as a web page, a rebound name or a stranger would send them."""

import http.client
import io
import json
import socket
import stat
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local_aws import credentials, sourced
from local_aws.inventory import inventory
from local_aws.server import process as server_process
from local_aws.server.process import Server
from tests.support.synthesis import environment

FORM = "application/x-www-form-urlencoded; charset=utf-8"
IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15"
ASSUME = "Action=AssumeRole&Version=2011-06-15&RoleSessionName=page&RoleArn=arn:aws:iam::111111111111:role/local"
WEB_IDENTITY = ASSUME.replace("AssumeRole&", "AssumeRoleWithWebIdentity&WebIdentityToken=aaaa&")


def raw(server: Server, request: bytes) -> tuple[int, str]:
    """Status, and everything that was answered; the answer must come before anything more is sent."""
    with socket.create_connection((server_process.HOST, server.port), timeout=10) as connection:
        connection.sendall(request)
        connection.settimeout(10)
        answer = b""
        while b"\r\n\r\n" not in answer:
            got = connection.recv(65536)
            assert got, "the connection was closed without an answer"
            answer += got
        connection.shutdown(socket.SHUT_WR)
        while got := connection.recv(65536):
            answer += got
    return int(answer.split()[1]), answer.decode(errors="replace")


def signed(server: Server, body: str = IDENTITY, token: str | None = None) -> dict[str, str]:
    """The headers of a request that is let in."""
    request = AWSRequest("POST", f"{server.url}/", {"Content-Type": FORM}, body)
    SigV4Auth(Credentials(server.access_key, server.secret_key, token), "sts", "us-east-1").add_auth(request)
    return {"Host": f"{server_process.HOST}:{server.port}", "Content-Length": str(len(body)), **dict(request.headers)}


def written(
    headers: dict[str, str] | list[tuple[str, str]], first: str = "POST / HTTP/1.1", body: str = IDENTITY
) -> bytes:
    pairs = headers.items() if isinstance(headers, dict) else headers
    lines = [first, *(f"{name}: {value}" for name, value in pairs), "", body]
    return "\r\n".join(lines).encode()


def refused(answer: tuple[int, str]) -> None:
    status, said = answer
    assert status == 403, said
    assert "access-control" not in said.lower()
    assert "AccessDenied" in said
    assert "Credentials" not in said


def client(server: Server, service: str, name: str = "dev", **config: Any) -> Any:
    variables = credentials.account_variables(server, environment(name).settings)
    return credentials.session(variables).client(service, endpoint_url=server.url, config=Config(**config))


def test_a_request_that_is_signed_with_the_servers_key_is_answered(server: Server) -> None:
    status, said = raw(server, written(signed(server)))
    assert (status, "access-control" in said.lower()) == (200, False)
    assert "<GetCallerIdentityResult>" in said


@pytest.mark.parametrize(
    "changed",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "OWN"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Host": "evil.example:PORT"},
        {"Host": "localhost:PORT"},
        {"Host": "127.0.0.1"},
        {"Host": "127.1:PORT"},
        {"Host": "127.0.0.1:PORT.evil.example"},
        {"Host": "abc.s3.amazonaws.com"},
        {"Host": ""},
        {"Transfer-Encoding": "chunked"},
        {"Content-Length": "-1"},
        {"Content-Length": "1_0"},
    ],
    ids=str,
)
def test_rejects_what_a_page_sends_even_when_it_is_signed(server: Server, changed: dict[str, str]) -> None:
    changed = {
        name: value.replace("PORT", str(server.port)).replace("OWN", server.url) for name, value in changed.items()
    }
    refused(raw(server, written(signed(server) | changed)))


def test_rejects_a_second_host(server: Server) -> None:
    refused(raw(server, written([*signed(server).items(), ("Host", "evil.example")])))
    refused(raw(server, written([("Host", "evil.example"), *signed(server).items()])))


def test_rejects_a_request_without_a_host(server: Server) -> None:
    headers = {name: value for name, value in signed(server).items() if name != "Host"}
    for first in ("POST / HTTP/1.0", "POST / HTTP/1.1"):
        refused(raw(server, written(headers, first)))


@pytest.mark.parametrize("target", ["http://evil.example/", "http://127.0.0.1:PORT/", "evil.example:80", "*"])
def test_rejects_a_target_that_is_no_path(server: Server, target: str) -> None:
    first = f"POST {target.replace('PORT', str(server.port))} HTTP/1.1"
    refused(raw(server, written(signed(server), first)))


# As a page sends them: without a preflight, or as one.
UNSIGNED = {
    "a form": ("POST /", ASSUME),
    "a form that moto takes unsigned": ("POST /", WEB_IDENTITY),
    "an image of the server's root": ("GET /", ""),
    "an object": ("PUT /acme/model.tar.gz", "x"),
    "an endpoint asked": ("POST /endpoints/linear-learner/invocations", "1,2"),
    "a preflight": ("OPTIONS /", ""),
    "the failure switch": ("PUT /local-aws/failures", '{"errors": 1}'),
    "what strict saw": ("GET /local-aws/strict", ""),
    "the server's identity": ("GET /local-aws", ""),
    "moto's reset": ("POST /moto-api/reset", ""),
    "moto's dashboard": ("GET /moto-api/", ""),
    "moto's metadata": ("GET /latest/meta-data/iam/security-credentials/default-role", ""),
    "moto's short cut": ("GET /iam_us-east-1/?Action=ListUsers&Version=2010-05-08", ""),
    "a query that asks": (f"GET /?{ASSUME}", ""),
}


@pytest.mark.parametrize("what", UNSIGNED)
@pytest.mark.parametrize("page", [{"Origin": "https://evil.example"}, {}], ids=["with Origin", "without"])
def test_rejects_what_is_not_signed(server: Server, what: str, page: dict[str, str]) -> None:
    first, body = UNSIGNED[what]
    headers = {"Host": f"{server_process.HOST}:{server.port}", "Content-Type": "text/plain"}
    preflight = {"Access-Control-Request-Method": "POST"} if what == "a preflight" else {}
    answer = raw(
        server, written(headers | {"Content-Length": str(len(body))} | page | preflight, f"{first} HTTP/1.1", body)
    )
    refused(answer)


def test_motos_own_ways_in_are_closed_to_everybody(server: Server) -> None:
    for path in ("/moto-api/reset", "/%6doto-api/reset", "/moto-api/seed?a=1"):
        request = AWSRequest("POST", f"{server.url}{path}")
        SigV4Auth(Credentials(server.access_key, server.secret_key), "sts", "us-east-1").add_auth(request)
        connection = http.client.HTTPConnection(server_process.HOST, server.port)
        connection.request("POST", path, b"", dict(request.headers))
        answer = connection.getresponse()
        assert (answer.status, "/moto-api is closed" in answer.read().decode()) == (403, True)
        connection.close()


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("body", "Action=ListUsers&Version=2010-05-08"),
        ("signature", "0" * 64),
        ("key", "testing"),
        ("key", "AKIAIOSFODNN7EXAMPLE"),
        ("algorithm", "AWS"),
        ("date", "20200101T000000Z"),
        ("date", "now"),
        ("date", "00010101T000000Z"),
        ("date", "99991231T235959Z"),
    ],
)
def test_rejects_a_signature_that_was_not_made_with_the_key(server: Server, part: str, changed: str) -> None:
    headers, body = signed(server), IDENTITY
    said = headers["Authorization"]
    if part == "body":
        body, headers["Content-Length"] = changed, str(len(changed))
    elif part == "signature":
        headers["Authorization"] = said.partition("Signature=")[0] + f"Signature={changed}"
    elif part == "key":
        headers["Authorization"] = said.replace(server.access_key, changed)
    elif part == "algorithm":
        headers["Authorization"] = said.replace("AWS4-HMAC-SHA256", changed)
    else:
        headers["X-Amz-Date"] = changed
    refused(raw(server, written(headers, body=body)))


def test_rejects_a_key_without_its_session(server: Server) -> None:
    sts = client(server, "sts")
    made = sts.assume_role(RoleArn="arn:aws:iam::111111111111:role/local", RoleSessionName="short")["Credentials"]
    for token in (None, "", "another"):
        session = boto3.Session(made["AccessKeyId"], made["SecretAccessKey"], token, "us-east-1")
        with pytest.raises(ClientError, match="of no key that this local AWS issued"):
            session.client("sts", endpoint_url=server.url).get_caller_identity()


def test_a_users_key_is_let_in_until_it_is_taken_back(server: Server) -> None:
    iam = client(server, "iam", "staging")
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")
    sts = session.client("sts", endpoint_url=server.url)
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::222222222222:user/reader"
    iam.update_access_key(UserName="reader", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError, match="of no key that this local AWS issued"):
        sts.get_caller_identity()
    iam.update_access_key(UserName="reader", AccessKeyId=key["AccessKeyId"], Status="Active")
    iam.delete_access_key(UserName="reader", AccessKeyId=key["AccessKeyId"])
    with pytest.raises(ClientError, match="of no key that this local AWS issued"):
        sts.get_caller_identity()


def test_rejects_the_keys_of_an_earlier_server(server: Server, tmp_path: Path) -> None:
    earlier = server_process.start(tmp_path)
    variables = credentials.account_variables(earlier, environment("dev").settings)
    server_process.stop(tmp_path, earlier)
    for session in (credentials.session(variables), credentials.root_session(earlier)):
        with pytest.raises(ClientError, match=r"source \.local/<environment>\.env"):
            session.client("s3", endpoint_url=server.url).list_buckets()


def test_a_header_of_motos_does_not_lead_into_another_account(server: Server) -> None:
    sts = client(server, "sts")
    sts.meta.events.register(
        "before-sign.sts", lambda request, **_: request.headers.add_header("x-moto-account-id", "222222222222")
    )
    assert sts.get_caller_identity()["Account"] == "111111111111"


def test_nothing_of_a_stranger_is_read_before_it_is_refused(server: Server) -> None:
    """`raw` waits for the answer before it ends what it sends."""
    headers = {"Host": f"{server_process.HOST}:{server.port}", "Content-Length": str(10**12)}
    refused(raw(server, written(headers, body="only the beginning")))
    many = {f"X-{number}": "a" for number in range(150)}
    status, said = raw(server, written(headers | many))
    assert (status, "access-control" in said.lower()) == (431, False)


def test_the_attack_of_a_page_ends_at_its_first_step(server: Server) -> None:
    """Assume a role, upload an artifact, make an endpoint of it, have its handlers run."""
    before = inventory(
        credentials.session(credentials.account_variables(server, environment("dev").settings)), server.url
    )
    json_type = "application/x-amz-json-1.1"
    steps = [
        ("POST", "/", FORM, ASSUME, {}),
        ("PUT", "/acme-artifacts", "text/plain", "", {}),
        ("PUT", "/acme-artifacts/model.tar.gz", "text/plain", "artifact", {}),
        ("POST", "/", json_type, json.dumps({"ModelName": "m"}), {"X-Amz-Target": "SageMaker.CreateModel"}),
        ("POST", "/", json_type, "{}", {"X-Amz-Target": "SageMaker.CreateEndpointConfig"}),
        ("POST", "/", json_type, "{}", {"X-Amz-Target": "SageMaker.CreateEndpoint"}),
        ("POST", "/endpoints/m/invocations", "text/plain", "1", {}),
    ]
    # What a page can know: anything but a key. The scope makes moto find the service.
    guessed = (
        "AWS4-HMAC-SHA256 Credential=testing/20261124/us-east-1/SERVICE/aws4_request, SignedHeaders=host, Signature=0"
    )
    for method, path, kind, body, more in steps:
        service = "sts" if body == ASSUME else "s3" if method == "PUT" else "sagemaker"
        for page in ({"Origin": "https://evil.example"}, {}):
            for authorization in ({}, {"Authorization": guessed.replace("SERVICE", service)}):
                host = {"Host": f"{server_process.HOST}:{server.port}", "Content-Length": str(len(body))}
                headers = host | {"Content-Type": kind} | more | page | authorization
                refused(raw(server, written(headers, f"{method} {path} HTTP/1.1", body)))
    after = inventory(
        credentials.session(credentials.account_variables(server, environment("dev").settings)), server.url
    )
    assert after == before


STRANGE_KEYS = (
    "a//b",
    "/lead",
    "sp ace",
    "pl+us",
    "pct%41",
    "ü/日本",
    "q?x=1&y#z",
    "a=b;c,d:e@f!g$h'i(j)k*",
    "x/./y/..",
)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"s3": {"payload_signing_enabled": False}},
        {"request_checksum_calculation": "when_required"},
        {"signature_version": "s3v4", "s3": {"addressing_style": "path"}},
        {"signature_version": "s3"},
    ],
    ids=str,
)
def test_whatever_an_sdk_signs_is_understood(server: Server, config: dict[str, Any]) -> None:
    s3 = client(server, "s3", **config) if config.get("signature_version") != "s3" else client(server, "s3")
    presigning = client(server, "s3", **config)
    if "acme-signed" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket="acme-signed")
    for key in STRANGE_KEYS:
        s3.put_object(Bucket="acme-signed", Key=key, Body=b"x", Metadata={"a": "  two   spaces ", "b_c": "x"})
        assert key in [item["Key"] for item in s3.list_objects_v2(Bucket="acme-signed", Prefix=key)["Contents"]]
        asked = {"Bucket": "acme-signed", "Key": key, "ResponseContentType": "text/plain; charset=x"}
        url = presigning.generate_presigned_url("get_object", Params=asked)
        with urllib.request.urlopen(url) as answer:  # noqa: S310 - the local AWS
            assert answer.read() == b"x"
    s3.upload_fileobj(io.BytesIO(b"z" * 9_000_000), "acme-signed", "big")
    assert len(s3.get_object(Bucket="acme-signed", Key="big")["Body"].read()) == 9_000_000


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_rejects_a_presigned_url_that_was_changed_or_has_expired(server: Server, version: str) -> None:
    s3 = client(server, "s3", signature_version=version)

    def status(url: str) -> int:
        try:
            with urllib.request.urlopen(url) as answer:  # noqa: S310 - the local AWS
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    url = s3.generate_presigned_url("list_objects_v2", Params={"Bucket": "acme-presigned"})
    assert status(url) == 404  # there is no such bucket
    assert status(url.replace("acme-presigned", "acme-others")) == 403
    assert status(s3.generate_presigned_url("list_buckets", ExpiresIn=-1)) == 403
    query = urllib.parse.urlsplit(url).query
    without = [part for part in query.split("&") if "token" not in part.lower()]
    assert status(url.replace(query, "&".join(without))) == 403


@pytest.mark.parametrize("header", ["x-amz-acl", "X-Amz-Meta-Role", "x-amz-copy-source", "x-amz-security-token"])
def test_rejects_a_header_of_amazons_that_is_not_signed(server: Server, header: str) -> None:
    s3 = client(server, "s3", signature_version="s3v4")
    url = urllib.parse.urlsplit(s3.generate_presigned_url("list_buckets"))
    host = {"Host": f"{server_process.HOST}:{server.port}"}
    first = f"GET {url.path}?{url.query} HTTP/1.1"
    assert raw(server, written(host, first, ""))[0] == 200
    for answer in (
        raw(server, written(host | {header: "x"}, first, "")),
        raw(server, written(signed(server) | {header: "x"})),
    ):
        refused(answer)
        assert "each of its headers x-amz-... must be among those that are signed" in answer[1]
    assert raw(server, written(signed(server) | {"X-Amzn-Trace-Id": "x"}))[0] == 200
    assert (
        raw(server, written(host, first.replace(url.query.split("X-Amz-Date=")[1][:16], "00010101T000000Z"), ""))[0]
        == 403
    )


def test_what_was_refused_is_in_the_log_and_no_secret_is(server: Server, folder: Path) -> None:
    s3 = client(server, "s3", signature_version="s3v4")
    url = s3.generate_presigned_url("list_buckets")
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - the local AWS
        assert answer.status == 200
    raw(server, written(signed(server) | {"Origin": "https://evil.example"}, "GET /a?b=SECRET HTTP/1.1", ""))
    log = (folder / "server.log").read_text()
    assert "access: refused: GET '/a': no web page is answered" in log
    for secret in (server.access_key, server.secret_key, "X-Amz-", "Signature=", "SECRET"):
        assert secret not in log
    assert server.secret_key not in " ".join(psutil.Process(server.pid).cmdline())
    assert server.secret_key not in repr(server)


def test_only_their_owner_may_read_what_lets_one_in(server: Server, folder: Path) -> None:
    exports = folder / "dev.env"
    exports.write_text("from an earlier version")
    exports.chmod(0o644)
    variables = credentials.account_variables(server, environment("dev").settings)
    sourced.write(exports, variables, path_entry=folder)
    for name in ("server.json", "server.env", "server.log", "dev.env"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
    holding = [path.name for path in folder.iterdir() if server.secret_key in path.read_text()]
    assert holding == ["server.env"]
