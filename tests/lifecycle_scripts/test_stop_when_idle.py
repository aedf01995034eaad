"""The idle stop, really run beside a real Jupyter server; stopped is an instance of the local AWS."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws import credentials
from local_aws.server import process as server_process
from stacks.environments import ROOT
from tests.support.jupyter import Jupyter, environment_of, wait_until
from tests.support.played_jupyter import KERNEL, LONG_AGO, SOUND, Answers, answering
from tests.support.synthesis import environment

SCRIPT = ROOT / "lifecycle_scripts/stop_when_idle.py"
MINUTES = 0.02
LOOKS = "looks; if it says no more, it was cut off"
NOTEBOOK = "ml-platform-dev"
STOP = f"sagemaker stop-notebook-instance --region us-east-1 --notebook-instance-name {NOTEBOOK}"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def look(
    home: Path,
    *,
    since: float | None = None,
    minutes: float = MINUTES,
    aws_port: int | None = None,
    variables: dict[str, str] | None = None,
    log: Path | None = None,
) -> tuple[int, list[str]]:
    """The exit code and what it said after it had said that it looks.

    Replaced in the script's text: the port of AWS's Jupyter, its patience and, where `since` is given, its clock, which
    then has the minutes passed since that time, so that no test need wait or hurry.
    """
    text = SCRIPT.read_text()
    replaced = {"8443": str(aws_port or free_port()), "timeout=20": "timeout=1"}
    if since is not None:
        replaced["SINCE = time.time()"] = f"SINCE = {since + 60 * minutes!r}"
    for old, new in replaced.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (home / "stop_when_idle.py").write_text(text)
    settings = {"notebook": NOTEBOOK, "region": "us-east-1", "idle_stop_minutes": minutes}
    (home / "settings.json").write_text(json.dumps(settings))
    # Where it obeyed a proxy, it would not reach Jupyter.
    proxy = dict.fromkeys(("http_proxy", "https_proxy"), f"http://127.0.0.1:{free_port()}")
    finished = subprocess.run(
        [sys.executable, home / "stop_when_idle.py", home / "settings.json"],
        env=environment_of(home) | proxy | {"PATH": f"{home}/bin:/usr/bin:/bin"} | (variables or {}),
        stdout=subprocess.PIPE if log is None else log.open("w"),
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if log is not None:
        return finished.returncode, []
    first, *lines = finished.stdout.splitlines()
    assert first == LOOKS
    return finished.returncode, lines


def said(home: Path, *, since: float | None = None, **options: Any) -> str:
    """Its one line, where the minutes began now or then; whether it stopped the instance is asked of what it called."""
    calls = home / "calls"
    calls.unlink(missing_ok=True)
    code, [line] = look(home, since=time.time() if since is None else since, **options)
    assert code == 0, line
    assert (calls.read_text().splitlines() if calls.exists() else []) == ([STOP] if line == "stops" else [])
    return line


def now() -> float:
    """A time that everything from here on is later than: files have one that is a little behind."""
    time.sleep(0.02)
    found = time.time()
    time.sleep(0.02)
    return found


def give_aws(home: Path) -> None:
    (home / "bin").mkdir()
    (home / "bin/aws").write_text(f'#!/bin/sh\necho "$@" >>{home}/calls\n')
    (home / "bin/aws").chmod(0o755)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    home = tmp_path_factory.mktemp("home")
    give_aws(home)
    jupyter = Jupyter.start(home)
    yield jupyter
    jupyter.stop()


@pytest.fixture
def jupyter(server: Jupyter) -> Jupyter:
    """Nothing is open in it."""
    server.forget_everything()
    shutil.rmtree(server.home / "SageMaker", ignore_errors=True)
    (server.home / "SageMaker").mkdir()
    return server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where no Jupyter runs."""
    give_aws(tmp_path)
    (tmp_path / "SageMaker").mkdir()
    return tmp_path


def test_without_a_session_it_stops_its_instance_and_no_other(jupyter: Jupyter, local_folder: Path) -> None:
    running, _ = server_process.find(local_folder)
    running = running or server_process.start(local_folder)
    variables = credentials.account_variables(running, environment("dev").settings)
    sagemaker = credentials.session(variables).client("sagemaker", endpoint_url=running.url)
    for name in (NOTEBOOK, "another"):
        sagemaker.create_notebook_instance(
            NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn="arn:aws:iam::111111111111:role/local"
        )

    time.sleep(60 * MINUTES)
    tools = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    code, lines = look(jupyter.home, variables=variables | tools)

    assert (code, lines) == (0, ["stops"])
    status = {
        notebook["NotebookInstanceName"]: notebook["NotebookInstanceStatus"]
        for notebook in sagemaker.list_notebook_instances()["NotebookInstances"]
    }
    assert status[NOTEBOOK] in ("Stopping", "Stopped")
    assert status["another"] == "InService"


def test_a_busy_kernel_keeps_it_however_long_it_says_nothing(jupyter: Jupyter) -> None:
    jupyter.kernel().run("import time; time.sleep(600)", until="busy")
    assert said(jupyter.home) == "goes on: a kernel is busy"


def test_a_kernel_that_worked_of_late_keeps_it_and_an_idle_one_does_not(jupyter: Jupyter) -> None:
    before, kernel = now(), jupyter.kernel()
    kernel.run("1 + 1", until="idle")
    assert said(jupyter.home, since=before).startswith("goes on: a kernel worked at 20")
    assert (kernel.state, said(jupyter.home)) == ("idle", "stops")


def test_a_kernel_that_nobody_connects_to_says_for_ever_that_it_starts_and_does_not_keep_it(jupyter: Jupyter) -> None:
    before, kernel = now(), jupyter.kernel()
    assert said(jupyter.home, since=before).startswith("goes on: a kernel worked at 20")
    wait_until(lambda: said(jupyter.home) == "stops")
    assert kernel.state == "starting"


def test_an_open_terminal_keeps_it(jupyter: Jupyter) -> None:
    jupyter.call("terminals", "POST", {})
    assert said(jupyter.home) == "goes on: a terminal is open"
    jupyter.forget_everything()
    assert said(jupyter.home) == "stops"


def test_what_has_just_started_goes_on(jupyter: Jupyter) -> None:
    long_ago = jupyter.started() - 20 * 365 * 86_400
    assert said(jupyter.home, since=long_ago).startswith("goes on: the instance started at 20")


def test_another_file_where_it_says_where_it_listens_leads_nowhere_else(jupyter: Jupyter) -> None:
    """A server for all addresses tells its machine's name, which is not to get the token."""
    told = jupyter.file.read_text()
    jupyter.file.write_text(json.dumps(json.loads(told) | {"url": "http://192.0.2.1:1/", "hostname": "0.0.0.0"}))  # noqa: S104
    try:
        assert said(jupyter.home) == "stops"
    finally:
        jupyter.file.write_text(told)


@pytest.mark.parametrize("name", ["made.csv", "a/b/made.csv", "a\nb"])
def test_a_file_that_changed_keeps_it(jupyter: Jupyter, name: str) -> None:
    path = jupyter.home / "SageMaker" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    before = now()
    path.write_text("changed")
    os.utime(path, (0, 0))  # as unpacking does
    assert said(jupyter.home, since=before).startswith(f"goes on: {str(path)!r} changed at 20")


def test_a_file_that_is_gone_is_a_change_too(jupyter: Jupyter) -> None:
    path = jupyter.home / "SageMaker/gone.csv"
    path.write_text("")
    before = now()
    path.unlink()
    assert said(jupyter.home, since=before).startswith(f"goes on: '{path.parent}' changed at 20")
    assert said(jupyter.home) == "stops"


def test_what_git_fetches_and_what_links_lead_to_is_no_change(jupyter: Jupyter) -> None:
    folder = jupyter.home / "SageMaker"
    (folder / "repository/.git").mkdir(parents=True)
    (folder / "lost+found").mkdir()
    (folder / "up").symlink_to("..")
    (folder / "broken").symlink_to("nowhere")
    before = now()
    for path in (folder / "repository/.git/FETCH_HEAD", folder / "lost+found/#1", jupyter.home / "changed"):
        path.write_text("")
    assert said(jupyter.home, since=before) == "stops"


def test_a_folder_that_cannot_be_read_leaves_it_in_doubt(jupyter: Jupyter) -> None:
    """Not even by root, as whom the tests may run: its path is longer than any may be."""
    folder = os.open(jupyter.home / "SageMaker", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("n" * 250, dir_fd=folder)
        inner = os.open("n" * 250, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    try:
        assert said(jupyter.home).startswith("goes on: in doubt: OSError: [Errno 36] File name too long: ")
    finally:
        shutil.rmtree(jupyter.home / "SageMaker")


def test_folders_in_folders_are_looked_into_however_deep(home: Path) -> None:
    deep = home / "SageMaker" / "/".join("d" * 1100)
    for depth in range(1, 1101):
        (home / "SageMaker" / "/".join("d" * depth)).mkdir()
    before = now()
    deep.rmdir()
    line = said(home, since=before)
    subprocess.run(["rm", "-r", home / "SageMaker"], check=True)  # Python's own would go too deep
    assert line.startswith(f"goes on: {str(deep.parent)!r} changed at 20")


def test_jupyter_is_asked_after_the_files(home: Path) -> None:
    """They may take minutes, in which a kernel becomes busy."""
    before = now()
    (home / "SageMaker/made.csv").write_text("")
    with answering(SOUND) as (port, tokens):
        tell(home, port)
        assert " changed at 20" in said(home, since=before)
        assert tokens == []


def test_where_nothing_can_be_said_it_decides_alike(home: Path) -> None:
    with answering(SOUND) as (port, _):
        tell(home, port)
        assert look(home, since=time.time(), log=Path("/dev/full")) == (0, [])
    assert (home / "calls").read_text() == f"{STOP}\n"
    assert look(home, since=time.time(), log=Path("/dev/full")) == (0, [])
    assert (home / "calls").read_text() == f"{STOP}\n"


def test_a_persons_own_credentials_have_no_part_in_the_stop(home: Path) -> None:
    """Variables that the aws command line has for it: the real one, in test_deliver_notebooks.py."""
    (home / "bin/aws").write_text('#!/bin/sh\necho "$AWS_SHARED_CREDENTIALS_FILE $AWS_CONFIG_FILE $HOME"\n')
    with answering(SOUND) as (port, _):
        tell(home, port)
        assert look(home, since=time.time()) == (0, ["stops", "/dev/null /dev/null /tmp"])


def test_no_jupyter_leaves_it_in_doubt(home: Path) -> None:
    refused = "goes on: in doubt: URLError: <urlopen error [Errno 111] Connection refused>"
    assert said(home) == refused
    # What a server that was killed left behind.
    files = home / ".local/share/jupyter/runtime"
    files.mkdir(parents=True)
    (files / f"jpserver-{2**22 + 1}.json").write_text("{}")
    assert said(home) == refused
    # One that lives, and listens no more.
    tell(home, free_port())
    assert said(home) == refused


def test_a_file_cut_off_leaves_it_in_doubt(home: Path) -> None:
    tell(home, free_port()).write_text('{"port": 88')
    assert said(home).startswith("goes on: in doubt: JSONDecodeError: ")


def test_one_that_never_answers_leaves_it_in_doubt(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        tell(home, silent.getsockname()[1])
        assert said(home).startswith("goes on: in doubt: TimeoutError: ")


def tell(home: Path, port: int) -> Path:
    """A server of this process, which lives."""
    file = home / f".local/share/jupyter/runtime/nbserver-{os.getpid()}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"port": port, "secure": False, "base_url": "/lab/", "token": "secret"}))
    return file


@pytest.mark.parametrize(
    ("different", "expected"),
    [
        ({}, "stops"),
        ({"kernels": []}, "stops"),
        ({"kernels": [KERNEL | {"execution_state": "dead"}]}, "stops"),
        ({"terminals": 404}, "stops"),
        ({"status": {"started": "2001-01-01T00:00:00Z"}}, "stops"),
        ({"terminals": [{"name": "1"}]}, "goes on: a terminal is open"),
        ({"terminals": {}}, "goes on: a terminal is open"),
        ({"kernels": [KERNEL, KERNEL | {"execution_state": "busy"}]}, "goes on: a kernel is busy"),
        ({"kernels": [KERNEL | {"execution_state": "restarting"}]}, "goes on: a kernel is restarting"),
        ({"kernels": [KERNEL | {"last_activity": "2999-01-01T00:00:00Z"}]}, "goes on: a kernel worked at 2999-01-01 "),
        ({"status": {"started": "2999-01-01T00:00:00Z"}}, "goes on: Jupyter started at 2999-01-01 "),
        ({"status": {"started": "yesterday"}}, "goes on: in doubt: ValueError: "),
        ({"status": {}}, "goes on: in doubt: KeyError: 'started'"),
        ({"status": 404}, "goes on: in doubt: HTTPError: HTTP Error 404: "),
        ({"kernels": 404}, "goes on: in doubt: HTTPError: HTTP Error 404: "),
        ({"kernels": 403}, "goes on: in doubt: HTTPError: HTTP Error 403: "),
        ({"terminals": 500}, "goes on: in doubt: HTTPError: HTTP Error 500: "),
        ({"kernels": "<html>\nPlease log in"}, "goes on: in doubt: JSONDecodeError: "),
        ({"kernels": {}}, "goes on: in doubt: TypeError: "),
        ({"kernels": None}, "goes on: in doubt: TypeError: "),
        ({"kernels": ["idle"]}, "goes on: in doubt: TypeError: "),
        ({"kernels": [{"last_activity": LONG_AGO}]}, "goes on: in doubt: KeyError: "),
        ({"kernels": [{"execution_state": "idle"}]}, "goes on: in doubt: KeyError: "),
        *(
            ({"kernels": [KERNEL | {"last_activity": odd}]}, "goes on: in doubt: TypeError: ")
            for odd in (None, True, 0, float("nan"))
        ),
        ({"status": {"started": 0}}, "goes on: in doubt: TypeError: "),
    ],
    ids=str,
)
def test_it_stops_only_by_answers_that_it_knows(home: Path, different: Answers, expected: str) -> None:
    with answering(SOUND | different) as (port, tokens):
        tell(home, port)
        assert said(home).startswith(expected)
        assert set(tokens) == {"token secret"}


@pytest.mark.parametrize("settings", ["", "{", "[]", "{}"])
def test_settings_that_were_cut_off_leave_it_in_doubt(home: Path, settings: str) -> None:
    (home / "settings.json").write_text(settings)
    told = subprocess.check_output([sys.executable, SCRIPT, home / "settings.json"], text=True)
    first, second = told.splitlines()
    assert (first, second[:18]) == (LOOKS, "goes on: in doubt:")


def test_a_servers_token_is_sent_nowhere_else(home: Path) -> None:
    with answering(SOUND | {"status": 302}) as (port, tokens):
        tell(home, port)
        assert said(home).startswith("goes on: in doubt: ")
        assert tokens == ["token secret", None]


def test_one_that_leads_round_in_circles_leaves_it_in_doubt(home: Path) -> None:
    with answering(SOUND | {"kernels": 301}) as (port, _):
        tell(home, port)
        assert said(home).startswith("goes on: in doubt: HTTPError: HTTP Error 301: ")


def test_awss_own_jupyter_is_asked_where_no_file_tells_of_it(home: Path) -> None:
    """Over TLS with its own certificate, and without a token; beside another server too, where it is there."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=notebook"),
            *("-keyout", home / "key.pem", "-out", home / "certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(home / "certificate.pem", home / "key.pem")
    busy = {"kernels": [KERNEL | {"execution_state": "busy"}]}
    with answering(SOUND, tls) as (awss, tokens):
        assert said(home, aws_port=awss) == "stops"
        assert set(tokens) == {None}
    with answering(SOUND | busy, tls) as (awss, _), answering(SOUND) as (own, _):
        tell(home, own)
        assert said(home, aws_port=awss) == "goes on: a kernel is busy"
        assert said(home) == "stops"
    with answering(SOUND, tls) as (awss, _):
        # Left by a server whose number another program has by now.
        tell(home, free_port())
        assert said(home, aws_port=awss) == "stops"
    with answering(SOUND, tls) as (awss, tokens):
        file = tell(home, awss)
        file.write_text(json.dumps(json.loads(file.read_text()) | {"secure": True}))
        assert said(home, aws_port=awss) == "stops"
        assert set(tokens) == {"token secret"}
    with answering(SOUND | {"status": 403}, tls) as (awss, _), answering(SOUND) as (own, _):
        tell(home, own)
        assert said(home, aws_port=awss).startswith("goes on: in doubt: HTTPError: HTTP Error 403: ")


def test_every_server_is_asked(home: Path) -> None:
    with answering(SOUND) as (first, _), answering(SOUND | {"terminals": [1]}) as (second, _):
        tell(home, first)
        file = tell(home, second)
        file.rename(file.with_name(f"jpserver-{os.getppid()}.json"))
        tell(home, first)
        assert said(home) == "goes on: a terminal is open"


def test_a_stop_that_aws_refuses_is_a_failure_with_its_line(home: Path) -> None:
    (home / "bin/aws").write_text("#!/bin/sh\necho 'An error occurred (AccessDeniedException)' >&2\nexit 254\n")
    with answering(SOUND) as (port, _):
        tell(home, port)
        assert look(home, since=time.time()) == (254, ["stops", "An error occurred (AccessDeniedException)"])
        (home / "bin/aws").unlink()
        assert look(home, since=time.time())[1][-1].startswith("goes on: in doubt: FileNotFoundError: ")
