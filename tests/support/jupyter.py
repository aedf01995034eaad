"""A real Jupyter server, as a notebook instance has one, in a home folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from jupyter_client.blocking.client import BlockingKernelClient

PATIENCE_SECONDS = 60


@dataclass
class Jupyter:
    """A server of the user with that home, and what its people do."""

    home: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, home: Path, *options: str) -> "Jupyter":
        (home / "SageMaker").mkdir(parents=True)
        with (home / "jupyter.log").open("w") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--port=0"),
                    *(f"--ServerApp.root_dir={home}/SageMaker", *options),
                ],
                env=environment_of(home),
                stderr=log,
            )
        jupyter = cls(home, process)
        wait_until(lambda: process.poll() is not None or jupyter.answers())
        assert process.poll() is None, (home / "jupyter.log").read_text()
        return jupyter

    def answers(self) -> bool:
        """Its file is there before it listens."""
        try:
            self.call("status")
        except (OSError, ValueError):
            return False
        return True

    @property
    def file(self) -> Path:
        """What it tells of itself, as long as it runs."""
        return self.home / f".local/share/jupyter/runtime/jpserver-{self.process.pid}.json"

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=PATIENCE_SECONDS)

    def call(self, what: str, method: str = "GET", body: Any = None) -> Any:
        told = json.loads(self.file.read_text())
        request = Request(
            f"http://localhost:{told['port']}/api/{what}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {told['token']}"},
        )
        with urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - this machine's
            return json.loads(answer.read() or b"null")

    def started(self) -> float:
        return datetime.fromisoformat(self.call("status")["started"]).timestamp()

    def kernel(self) -> "Kernel":
        return Kernel(self, self.call("kernels", "POST", {"name": "python3"})["id"])

    def forget_everything(self) -> None:
        for what, key in (("kernels", "id"), ("terminals", "name")):
            for item in self.call(what):
                self.call(f"{what}/{item[key]}", "DELETE")


@dataclass
class Kernel:
    """A kernel of the server, which sees what others than itself send to it."""

    jupyter: Jupyter
    id: str

    @property
    def state(self) -> str:
        state: str = self.jupyter.call(f"kernels/{self.id}")["execution_state"]
        return state

    def run(self, code: str, *, until: str) -> None:
        file = self.jupyter.home / f".local/share/jupyter/runtime/kernel-{self.id}.json"
        client = BlockingKernelClient(connection_file=str(file))
        client.load_connection_file()
        client.start_channels(iopub=False, stdin=False, hb=False)

        def heard() -> bool:
            """A kernel may run code before its server listens to it, and that would never hear that it is busy."""
            client.execute("")
            return self.state == "idle"

        try:
            wait_until(heard)
            client.execute(code)
            wait_until(lambda: self.state == until)
        finally:
            client.stop_channels()


def environment_of(home: Path) -> dict[str, str]:
    """Nothing of who runs the tests leads Jupyter elsewhere."""
    return {key: value for key, value in os.environ.items() if not key.startswith("JUPYTER")} | {"HOME": str(home)}


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)
