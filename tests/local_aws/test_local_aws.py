"""The local mode's own parts; tests/integration deploys with them."""

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from local_aws import credentials, deploy, provider, sourced
from local_aws.server import process as server_process
from local_aws.server.process import LocalAwsError, Server
from stacks.environments import NAMES, ROOT
from tests.support.synthesis import environment


@pytest.fixture(scope="module")
def server(local_folder: Path) -> Server:
    found, _ = server_process.find(local_folder)
    return found or server_process.start(local_folder)


def command(module: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"local_aws.{module}", *arguments],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_running_server_is_found_again(server: Server, local_folder: Path) -> None:
    assert server_process.find(local_folder) == (server, "")


def test_a_folder_without_a_server_says_nothing(tmp_path: Path) -> None:
    assert server_process.find(tmp_path) == (None, "")


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with pytest.raises(LocalAwsError, match=rf"^port {port} of 127\.0\.0\.1 cannot be used .*choose another"):
            server_process.start(tmp_path, port)


def test_a_killed_server_is_said_to_be_gone_and_a_new_one_starts_without_the_old_states(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = server_process.start(tmp_path)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/terraform.dev.tfstate").write_text("{}")
    os.kill(killed.pid, signal.SIGKILL)
    while killed.answers():
        time.sleep(0.05)

    fresh = deploy.running_server(tmp_path, 0)
    try:
        assert capsys.readouterr().out == (
            f"local AWS: the server on port {killed.port} (process {killed.pid}) is gone, "
            "and with it all that it held: starting afresh\n"
        )
        assert fresh.pid != killed.pid
        assert not (tmp_path / "dev").exists()
    finally:
        server_process.stop(tmp_path, fresh)


def test_another_server_on_the_port_is_not_taken_for_ours(tmp_path: Path) -> None:
    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"pid": 1}')

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        (tmp_path / "server.json").write_text(f'{{"pid": {os.getpid()}, "port": {other.server_port}}}')
        found, line = server_process.find(tmp_path)
        other.shutdown()
    assert found is None
    assert "is gone" in line


def test_an_unreadable_record_is_said_to_be_unreadable(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text("{")
    found, line = server_process.find(tmp_path)
    assert found is None
    assert "unreadable" in line


def test_another_port_is_refused_while_the_server_runs(server: Server, local_folder: Path) -> None:
    with pytest.raises(LocalAwsError, match=f"already on port {server.port}: `make local-down` first"):
        deploy.running_server(local_folder, 1)


def test_undeploy_without_a_server_has_nothing_to_do(tmp_path: Path) -> None:
    finished = command("undeploy", "--folder", str(tmp_path))
    assert (finished.returncode, finished.stdout) == (0, "local AWS: not running: nothing to destroy\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["devv"], f"local AWS: environment 'devv': must be one of {', '.join(NAMES)} (did you mean dev?)\n"),
        (["dev", "--port", "65536"], "local AWS: port '65536': must be a number from 0, any free one, to 65535\n"),
        (["dev", "--port", "http"], "local AWS: port 'http': must be a number from 0, any free one, to 65535\n"),
    ],
)
def test_rejects_a_bad_command_line_in_one_line(tmp_path: Path, arguments: list[str], line: str) -> None:
    finished = command("deploy", *arguments, "--folder", str(tmp_path))
    assert (finished.returncode, finished.stderr) == (1, line)


def test_a_missing_terraform_is_one_clear_line(tmp_path: Path) -> None:
    finished = command("deploy", "dev", "--folder", str(tmp_path), PATH=str(tmp_path))
    assert (finished.returncode, finished.stderr) == (
        1,
        "local AWS: terraform is not on PATH: "
        "install Terraform >= 1.10 (https://developer.hashicorp.com/terraform/install)\n",
    )


@pytest.mark.parametrize(("version", "sound"), [("1.9.8", False), ("1.10.0", True), ("2.0.0", True)])
def test_terraform_must_be_new_enough(tmp_path: Path, version: str, sound: bool) -> None:
    fake = tmp_path / "terraform"
    fake.write_text(f'#!/bin/sh\necho \'{{"terraform_version": "{version}"}}\'\n')
    fake.chmod(0o755)
    if sound:
        provider.check_version({"PATH": str(tmp_path)})
    else:
        with pytest.raises(LocalAwsError, match=r"^terraform is 1\.9\.8: must be Terraform >= 1\.10"):
            provider.check_version({"PATH": str(tmp_path)})


def mirror(folder: Path, version: str = "5.100.0") -> Path:
    (folder / provider.PROVIDER / version).mkdir(parents=True)
    return folder


def test_a_working_configuration_of_the_user_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "own.tfrc"
    own.write_text("")
    mirror(tmp_path / ".terraform.d/plugins")
    assert provider.cli_configuration(tmp_path, {"TF_CLI_CONFIG_FILE": str(own), "HOME": str(tmp_path)}) == ({}, "")


def test_without_one_a_mirror_is_used_and_said(tmp_path: Path) -> None:
    found = mirror(tmp_path / ".terraform.d/plugins")
    changes, line = provider.cli_configuration(tmp_path, {"HOME": str(tmp_path)})
    assert line == f"the AWS provider comes from the mirror in {found}"
    assert str(found) in Path(changes["TF_CLI_CONFIG_FILE"]).read_text()


@pytest.mark.parametrize("below", ["mirror", "terraform/mirror"])
def test_a_mirror_is_found_one_and_two_levels_below_add_on_folders(tmp_path: Path, below: str) -> None:
    found = mirror(tmp_path / "opt" / below)
    assert provider.mirrors({"HOME": str(tmp_path)}, [str(tmp_path / "opt")]) == [found]


@pytest.mark.parametrize(("version", "usable"), [("5.99.0", False), ("5.100.0", True), ("6.25.0", True)])
def test_a_mirror_counts_only_with_a_version_that_will_do(tmp_path: Path, version: str, usable: bool) -> None:
    mirror(tmp_path / "opt/mirror", version)
    assert bool(provider.mirrors({"HOME": str(tmp_path)}, [str(tmp_path / "opt")])) is usable


def test_an_unreachable_provider_is_one_clear_line(tmp_path: Path) -> None:
    configuration = tmp_path / "terraform.tfrc"
    configuration.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{tmp_path}"\n  }}\n}}\n')
    variables = os.environ | {"TF_CLI_CONFIG_FILE": str(configuration)}
    with pytest.raises(
        LocalAwsError, match=r"^Terraform cannot get the provider hashicorp/aws >= 5\.100\.0 "
    ) as caught:
        provider.fetch_provider(tmp_path, variables)
    assert "\n" not in str(caught.value)


def test_each_environment_has_an_account_of_its_own(server: Server) -> None:
    for name, account_id in credentials.ACCOUNT_IDS.items():
        session = credentials.session(credentials.account_variables(server, environment(name).settings))
        assert session.client("sts", endpoint_url=server.url).get_caller_identity()["Account"] == account_id


def test_an_environment_with_an_account_id_has_that_account_here_too(server: Server) -> None:
    settings = environment("prod", account_id="123456789012").settings
    session = credentials.session(credentials.account_variables(server, settings))
    assert session.client("sts", endpoint_url=server.url).get_caller_identity()["Account"] == "123456789012"


def test_the_exports_lead_to_the_local_account_whatever_the_user_has_configured(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text("[production]\naws_access_key_id = REAL\naws_secret_access_key = REAL\n")
    (tmp_path / ".aws/config").write_text("[profile production]\nendpoint_url = http://127.0.0.1:1\n")
    exports = tmp_path / "it's dev.env"
    sourced.write(exports, credentials.account_variables(server, environment("dev").settings), path_entry=tmp_path)
    hostile = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_PROFILE": "production",
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
    }
    script = (
        '. "$1"; env | grep -c "^AWS_PROFILE\\|^AWS_ENDPOINT_URL_STS"; "$2" sts get-caller-identity --query Account'
    )
    finished = subprocess.run(
        ["/bin/sh", "-c", script, "sh", exports, Path(sys.executable).parent / "aws"],
        env=hostile,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.stdout, finished.stderr) == ('0\n"111111111111"\n', "")
