"""The first line of every operation: which AWS it speaks to; or why it speaks to none."""

import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations import caller
from operations.caller import Caller, speaks_to
from stacks.synthesized_stack import OperationError

ARN = "arn:aws:iam::123456789012:user/ann"
IDENTITY = (
    200,
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    f"<Arn>{ARN}</Arn><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
)
NO_CREDENTIALS = (
    "no credentials that AWS takes, nothing was changed: ",
    ": make local ENV=dev, then `. .local/dev.env`; for an account: AWS_PROFILE, or ML_PLATFORM_DEV_PROFILE for this "
    "environment alone, after `aws sso login` perhaps",
)
NO_ANSWER = ("AWS does not answer, nothing was changed: ", "")
NO_LOCAL_AWS = ("the local AWS at http://127.0.0.1:", ": make local ENV=dev and `. .local/dev.env` again, or local_off")


def refusal(status: int, code: str) -> tuple[int, str]:
    return status, f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"


class Sts:
    """On a port of this machine; answers everything alike."""

    answer = IDENTITY

    def heard(self, authorization: str) -> None:
        """What came with a request."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def __init__(self) -> None:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.heard(self.headers["Authorization"])
                status, body = outer.answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sts]:
    """With credentials for it."""
    made = Sts()
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    monkeypatch.setattr(caller, "TRIES", 1)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.usefixtures("sts")
def test_it_tells_the_account_and_as_whom_and_leaves_standard_output_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert speaks_to("dev", "eu-west-1") == Caller(account_id="123456789012", arn=ARN)
    assert capsys.readouterr() == ("", f"dev: AWS account 123456789012, eu-west-1, as {ARN}\n")


def test_in_a_sourced_shell_it_tells_the_local_aws(
    sts: Sts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOCAL_AWS_ENVIRONMENT", "dev")
    speaks_to("dev", "eu-west-1")
    assert capsys.readouterr().err == f"dev: the local AWS at {sts.url}, account 123456789012, eu-west-1\n"


def test_an_environments_own_profile_comes_before_the_credentials_of_the_shell_from_there_on(
    sts: Sts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of another environment's nothing is known; a shell of the local AWS has its own credentials."""
    (tmp_path / "config").write_text("[profile acme]\naws_access_key_id = of-the-profile\naws_secret_access_key = x\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "")
    monkeypatch.delenv("AWS_PROFILE")  # and with it whatever is set here
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-the-shell")
    monkeypatch.setenv("ML_PLATFORM_DEV_PROFILE", "acme")
    asked: list[str] = []
    monkeypatch.setattr(sts, "heard", asked.append)
    with monkeypatch.context() as local:
        local.setenv("LOCAL_AWS_ENVIRONMENT", "dev")
        speaks_to("dev", "eu-west-1")
    speaks_to("staging", "eu-west-1")
    speaks_to("dev", "eu-west-1")
    assert ["of-the-profile" in item for item in asked] == [False, False, True]
    assert (os.environ["AWS_PROFILE"], "AWS_SESSION_TOKEN" in os.environ) == ("acme", False)
    capsys.readouterr()


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize(
    ("answer", "said", "said_locally"),
    [
        (refusal(403, "ExpiredToken"), NO_CREDENTIALS, NO_LOCAL_AWS),
        (refusal(403, "InvalidClientTokenId"), NO_CREDENTIALS, NO_LOCAL_AWS),
        (refusal(403, "SignatureDoesNotMatch"), NO_CREDENTIALS, NO_LOCAL_AWS),
        (refusal(400, "Throttling"), NO_ANSWER, NO_ANSWER),
        (refusal(503, "ServiceUnavailable"), NO_ANSWER, NO_ANSWER),
        ((200, "<html>a proxy's page"), NO_ANSWER, NO_ANSWER),
        (None, NO_ANSWER, NO_LOCAL_AWS),
    ],
)
def test_an_aws_that_does_not_say_who_calls_is_one_line(
    sts: Sts,
    monkeypatch: pytest.MonkeyPatch,
    local: bool,
    answer: tuple[int, str] | None,
    said: tuple[str, str],
    said_locally: tuple[str, str],
) -> None:
    if local:
        monkeypatch.setenv("LOCAL_AWS_ENVIRONMENT", "dev")
    if answer is None:
        sts.server.shutdown()
        sts.server.server_close()
    else:
        sts.answer = answer
    told(said_locally if local else said)


@pytest.mark.parametrize(
    ("variables", "config"),
    [
        ({}, ""),
        ({"AWS_PROFILE": "unknown"}, ""),
        ({"AWS_ACCESS_KEY_ID": "half"}, ""),
        ({"AWS_PROFILE": "sso"}, "[profile sso]\nsso_start_url = https://x\nsso_region = us-east-1\n"),
        (
            {"AWS_PROFILE": "sso"},
            "[profile sso]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n"
            "[sso-session s]\nsso_start_url = https://x\nsso_region = us-east-1\n",
        ),
        ({"AWS_PROFILE": "command"}, "[profile command]\ncredential_process = false\n"),
        ({"AWS_PROFILE": "loop"}, "[profile loop]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = unknown\n"),
        ({}, "no configuration"),
    ],
)
def test_without_credentials_the_line_names_both_ways_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], config: str
) -> None:
    (tmp_path / "config").write_text(config)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    told(NO_CREDENTIALS)


def told(said: tuple[str, str]) -> None:
    with pytest.raises(OperationError) as raised:
        speaks_to("dev", "eu-west-1")
    assert str(raised.value).startswith(said[0])
    assert said[1] in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
