"""How a notebook instance comes to look at itself every 5 minutes: its script, run in a throw-away root."""

import json
import os
import shutil
import socket
import time
from configparser import ConfigParser
from pathlib import Path

import pytest

from settings.lifecycle_scripts import SETTINGS, read_lifecycle_scripts
from stacks.environments import ROOT
from tests.support.played_jupyter import SOUND, answering
from tests.support.sandbox import Sandbox, needs_a_root

pytestmark = needs_a_root
NEVER = "this instance never stops by itself"
MINUTES = 0.02


class Instance(Sandbox):
    """On which there is no S3, and systemd and cron only record what they are told."""

    def start_up(self, *, has_cron: bool = True) -> list[str]:
        """What the script says, but of the notebooks."""
        told = {"bucket": "a", "region": "us-east-1", "patterns": [], "placeholders": {}, "notebook": "ml-platform-dev"}
        script = read_lifecycle_scripts(ROOT / "lifecycle_scripts")[0].notebook.decode()
        script = script.replace(SETTINGS, json.dumps(told | {"idle_stop_minutes": MINUTES}))
        if not has_cron:
            assert script.count("command -v crond cron") == 1
            script = script.replace("command -v crond cron", "command -v no-cron")
        finished = self.start(script)
        assert finished.returncode == 0
        return [line for line in finished.stderr.splitlines() if "notebooks" not in line]

    def told(self, name: str) -> list[str]:
        calls = self.root / f"run/{name}"
        return calls.read_text().splitlines() if calls.exists() else []

    def records(self, name: str, *, code: int = 0) -> None:
        self.command(f"usr/bin/{name}", f'echo "$@" >>/run/{name}\nexit {code}')

    @property
    def stop_log(self) -> str:
        log = self.root / "var/log/ml-platform/stop-when-idle.log"
        return log.read_text() if log.exists() else ""


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    key = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_MAX_ATTEMPTS": "1"}
    made = Instance(tmp_path / "root", endpoint=endpoint, credentials=key)
    made.make()
    made.records("systemctl")
    made.records("crond")
    made.records("pgrep", code=1)
    return made


def unit(instance: Instance, name: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(instance.root / f"etc/systemd/system/{name}")
    return parser


def test_with_systemd_a_timer_starts_it(instance: Instance) -> None:
    (instance.root / "run/systemd/system").mkdir(parents=True)
    assert instance.start_up() == []
    assert instance.told("systemctl") == ["daemon-reload", "--quiet enable --now stop-when-idle.timer"]
    assert not (instance.root / "etc/cron.d/stop-when-idle").exists()
    service = unit(instance, "stop-when-idle.service")["Service"]
    assert (service["User"], service["StandardOutput"]) == (
        "ec2-user",
        "truncate:/var/log/ml-platform/stop-when-idle.log",
    )
    assert unit(instance, "stop-when-idle.timer")["Timer"]["OnCalendar"] == "*:0/5"
    if shutil.which("systemd-analyze"):
        units = " ".join(f"/etc/systemd/system/stop-when-idle.{kind}" for kind in ("service", "timer"))
        checked = instance.start(f"#!/bin/bash\nsystemd-analyze verify {units}\n")
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    holds_the_stop(instance, service["ExecStart"])


def test_without_systemd_cron_starts_it(instance: Instance) -> None:
    assert instance.start_up() == []
    assert (instance.told("crond"), instance.told("systemctl")) == ([""], [])
    table = instance.root / "etc/cron.d/stop-when-idle"
    assert table.stat().st_mode & 0o022 == 0
    *times, user, command = table.read_text().removesuffix("\n").split(" ", 6)
    assert (times, user) == (["*/5", "*", "*", "*", "*"], "ec2-user")
    holds_the_stop(instance, command)
    instance.start(f"#!/bin/bash\n{command}\n", user="ec2-user")
    looks, goes_on = instance.stop_log.splitlines()
    assert looks.startswith("looks; ")
    assert goes_on.startswith("goes on: in doubt: ")


def test_a_cron_that_runs_is_not_started_again(instance: Instance) -> None:
    instance.records("pgrep")
    assert (instance.start_up(), instance.told("crond")) == ([], [])


def test_where_there_is_neither_it_says_so_and_the_start_goes_on(instance: Instance) -> None:
    assert instance.start_up(has_cron=False) == ["there is neither systemd nor cron", NEVER]


@pytest.mark.parametrize("name", ["systemctl", "crond"])
def test_what_cannot_be_set_up_is_said_and_the_start_goes_on(instance: Instance, name: str) -> None:
    if name == "systemctl":
        (instance.root / "run/systemd/system").mkdir(parents=True)
    instance.command(f"usr/bin/{name}", "echo 'no way' >&2\nexit 1")
    assert instance.start_up() == ["no way", NEVER]


def holds_the_stop(instance: Instance, command: str) -> None:
    """As the user, who may read all that it needs, and not the folder that every file system has for root."""
    lost = instance.folder / "lost+found"
    lost.mkdir(mode=0o700, exist_ok=True)
    files = instance.root / "home/ec2-user/.local/share/jupyter/runtime"
    files.mkdir(parents=True, exist_ok=True)
    with answering(SOUND) as (port, _):
        told = {"port": port, "secure": False, "base_url": "/", "token": ""}
        (files / f"jpserver-{os.getpid()}.json").write_text(json.dumps(told))
        time.sleep(60 * MINUTES)
        finished = instance.start(f"#!/bin/bash\n{command}\n", user="ec2-user")
    assert finished.returncode == 255
    assert "cut off\nstops\n" in finished.stdout + instance.stop_log
    assert "Could not connect to the endpoint URL" in finished.stderr + instance.stop_log
