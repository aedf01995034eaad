"""A notebook instance's disk in a folder: there the lifecycle script runs as root with its own absolute paths.

A mount namespace of its own and a change of the root: what is on this machine is there to be read, and everything that
the script writes is below `root`. The aws command line, nbconvert and Python are this project's.
"""

import fcntl
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_NotebookInstanceLifecycleHook.html
HOOKS_PATH = "/sbin:bin:/usr/sbin:/usr/bin"
WAIT_SECONDS = 120
USERS = {"ec2-user": 61000, "sagemaker-user": 61001}
PYTHON = Path(sys.prefix) / "bin/python"
# What this project's Python is made of.
NEEDED = {
    Path(sys.prefix),
    Path(sys.base_prefix),
    Path(os.path.realpath(sys.prefix)),
    Path(os.path.realpath(sys.base_prefix)),
}


def _makes_roots() -> bool:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


needs_a_root = pytest.mark.skipif(not _makes_roots(), reason="only root of a Linux machine can change the root")


@dataclass
class Sandbox:
    """`credentials` are the variables of the aws command line, which asks at `endpoint`."""

    root: Path
    jupyter: str = "home/ec2-user/anaconda3/envs/JupyterSystemEnv/bin/jupyter"
    endpoint: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.root / "home/ec2-user/SageMaker"

    @property
    def log(self) -> str:
        return (self.root / "var/log/ml-platform/deliver-notebooks.log").read_text()

    @property
    def nbconvert(self) -> str:
        """What `jupyter` runs."""
        return f'shift\nexec {PYTHON} -m nbconvert "$@"'

    @property
    def left(self) -> list[str]:
        return (self.root / "left").read_text().splitlines()

    def make(self) -> None:
        for name in ("tmp", "dev", "proc", "run", "opt", "var/log", "usr/bin", ".host", "root"):
            (self.root / name).mkdir(parents=True)
        self.root.chmod(0o755)
        (self.root / "tmp").chmod(0o1777)
        (self.root / "left").touch()
        (self.root / "left").chmod(0o666)
        shutil.copytree("/etc", self.root / "etc", symlinks=True)
        for name, number in USERS.items():
            home = self.root / f"home/{name}"
            for file, line in {
                "passwd": f"{name}:x:{number}:{number}::/home/{name}:/bin/bash",
                "group": f"{name}:x:{number}:",
                "shadow": f"{name}:*:19000:0:99999:7:::",
            }.items():
                with (self.root / "etc" / file).open("a") as lines:
                    lines.write(f"{line}\n")
            home.mkdir(parents=True)
            os.chown(home, number, number)
        self.folder.mkdir()
        os.chown(self.folder, USERS["ec2-user"], USERS["ec2-user"])
        for path in Path("/").iterdir():
            if path.is_symlink():  # bin -> usr/bin and the like
                (self.root / path.name).symlink_to(path.readlink())
        for path in Path("/usr/bin").iterdir():
            (self.root / "usr/bin" / path.name).symlink_to(f"/.host/{path.name}")
        self.command("usr/bin/python3", f'exec {PYTHON} "$@"')
        self.command(self.jupyter, self.nbconvert)

    def play_systemd(self) -> None:
        """One that does as it is told, and starts nothing."""
        (self.root / "run/systemd/system").mkdir(parents=True)
        self.command("usr/bin/systemctl", "exit 0")

    def command(self, path: str, script: str) -> None:
        made = self.root / path
        made.parent.mkdir(parents=True, exist_ok=True)
        made.unlink(missing_ok=True)
        made.write_text(f"#!/bin/bash\n{script}\n")
        made.chmod(0o755)

    def _mounts(self, disk_bytes: int | None) -> Iterator[str]:
        def mounted(source: Path, target: str) -> Iterator[str]:
            place = shlex.quote(str(self.root / target))
            yield f"mkdir --parents {place}"
            yield f"mount --bind {shlex.quote(str(source))} {place}"
            yield f"mount --options remount,bind,ro {place}"

        yield from mounted(Path("/usr/bin"), ".host")
        ours = {path.name for path in self.root.iterdir()}
        for path in sorted(Path("/").glob("*bin")) + sorted(Path("/").glob("lib*")):
            if path.name not in ours:
                yield from mounted(path, path.name)
        for path in sorted(Path("/usr").iterdir()):
            if path.is_dir() and not path.is_symlink() and path.name != "bin":
                yield from mounted(path, f"usr/{path.name}")
        for path in sorted(NEEDED):
            if not path.is_relative_to("/usr"):
                yield from mounted(path.resolve(), str(path.relative_to("/")))
        yield from (f"mount --rbind /{name} {shlex.quote(str(self.root / name))}" for name in ("dev", "proc"))
        if disk_bytes is not None:
            user = USERS["ec2-user"]
            yield f"mount -t tmpfs -o size={disk_bytes},uid={user},gid={user} tmpfs {shlex.quote(str(self.folder))}"

    def start(
        self, script: str, *, user: str = "root", disk_bytes: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """As SageMaker starts it. With `disk_bytes` the user's folder is empty, of that size, and for this run alone:
        what was in it at the end is in `left`."""
        exports = {"AWS_ENDPOINT_URL": self.endpoint, "AWS_EC2_METADATA_DISABLED": "true", **self.credentials}
        lines = [f"export {name}={shlex.quote(value)}" for name, value in exports.items()]
        self.command("usr/bin/aws", "\n".join([*lines, f'exec {PYTHON} -m awscli "$@"']))
        self.command("script", script.removeprefix("#!/bin/bash\n"))
        home = "/root" if user == "root" else f"/home/{user}"
        run = f"/script; ended=$?; ls -A {self.folder.relative_to(self.root)} >/left; exit $ended"
        inside = ["chroot", str(self.root), "/usr/bin/env", "-i", f"PATH={HOOKS_PATH}", f"HOME={home}", "LANG=C.UTF-8"]
        if user != "root":
            inside += ["runuser", "--user", user, "--"]
        outside = "\n".join(
            ["set -e", *self._mounts(disk_bytes), f"exec {shlex.join([*inside, '/bin/bash', '-c', run])}"]
        )
        return subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "/bin/bash", "-c", outside],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def wait_for(self, met: Callable[[], bool]) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while not met():
            assert time.monotonic() < end, self.log
            time.sleep(0.1)

    def wait(self) -> None:
        """Until nobody brings notebooks any more."""
        opened = os.open(self.folder, os.O_RDONLY)

        def free() -> bool:
            with suppress(BlockingIOError):
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            return False

        try:
            self.wait_for(free)
        finally:
            os.close(opened)

    def notebooks(self) -> set[str]:
        return {path.name for path in self.folder.iterdir() if not path.name.startswith(".")}

    def notebook(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())


def notebook_text(source: str = 'bucket = "<DATA_BUCKET>"') -> str:
    """With an output, which nobody is to get."""
    cells = [new_markdown_cell("in `<DATA_BUCKET>`", id="text"), new_code_cell(source, execution_count=3, id="code")]
    cells[1].outputs = [new_output("stream", text="an old answer")]
    return str(nbformat.writes(new_notebook(cells=cells)))
