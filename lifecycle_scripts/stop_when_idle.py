"""Stops the notebook instance after the minutes of its settings without use: one look. In doubt it goes on."""

import json
import os
import ssl
import stat
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn
from urllib.error import HTTPError, URLError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

HOME = Path.home()
# AWS's Jupyter, asked even where no file tells of it.
AWS = {"port": 8443, "secure": True, "base_url": "/", "token": ""}
# Jupyter's certificate is its own, and no proxy has a part in this.
OPENER = build_opener(ProxyHandler({}), HTTPSHandler(context=ssl._create_unverified_context()))


def say(line: str) -> None:
    """Where it can be said: nothing depends on it."""
    with suppress(OSError):
        os.write(1, f"{line}\n".encode(errors="replace"))


def go_on(reason: str) -> NoReturn:
    say(f"goes on: {reason}")
    sys.exit()


def moment(text: Any) -> float:
    """Of text alone."""
    return datetime.fromisoformat(str.replace(text, "Z", "+00:00")).timestamp()


def quiet(what: str, when: float) -> None:
    if when > SINCE:
        go_on(f"{what} at {datetime.fromtimestamp(when):%F %T}")


def jupyter(server: Any) -> None:
    def ask(what: str) -> Any:
        scheme = "https" if server["secure"] else "http"
        request = Request(f"{scheme}://localhost:{server['port']}{server['base_url']}api/{what}")
        if server["token"]:
            request.add_unredirected_header("Authorization", f"token {server['token']}")
        return json.load(OPENER.open(request, timeout=20))

    quiet("Jupyter started", moment(ask("status")["started"]))
    try:
        if ask("terminals") != []:
            go_on("a terminal is open")
    except HTTPError as error:
        # It has none.
        if error.code != 404:
            raise
    # Of a list alone.
    for kernel in list.copy(ask("kernels")):
        # "starting" lasts until somebody connects.
        if kernel["execution_state"] not in ("idle", "starting", "dead"):
            go_on(f"a kernel is {kernel['execution_state']}")
        quiet("a kernel worked", moment(kernel["last_activity"]))


def unchanged(folder: str) -> None:
    paths = [folder]
    while paths:
        path = paths.pop()
        found = os.lstat(path)
        # Not the time of modification, which unpacking sets back.
        quiet(f"{path!r} changed", found.st_ctime)
        if stat.S_ISDIR(found.st_mode):
            # git fetches in the background; fsck's folder is root's.
            paths += [entry.path for entry in os.scandir(path) if entry.name not in (".git", "lost+found")]


def look() -> None:
    quiet("the instance started", time.time() - time.clock_gettime(time.CLOCK_BOOTTIME))
    unchanged(f"{HOME}/SageMaker")
    # Last, as the files may take minutes.
    servers = {AWS["port"]: AWS}
    for file in HOME.glob(".local/share/jupyter/runtime/[jn][pb]server-*.json"):
        if Path("/proc", file.stem.split("-")[1]).exists():
            server = json.loads(file.read_text())
            servers[server["port"]] = server
    refused = []
    for server in servers.values():
        try:
            jupyter(server)
        except URLError as error:
            # AWS's may be elsewhere, and the process of a file another by now.
            refused.append(error)
            if len(refused) == len(servers) or not isinstance(error.reason, ConnectionRefusedError):
                raise
    say("stops")
    # With the instance's role, whatever `aws configure` or `pip install --user` was told.
    os.environ.update(dict.fromkeys(("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"), "/dev/null"), HOME="/tmp")
    stop = ["aws", "sagemaker", "stop-notebook-instance", "--region", SETTINGS["region"]]
    os.execvp(stop[0], [*stop, "--notebook-instance-name", SETTINGS["notebook"]])


try:
    say("looks; if it says no more, it was cut off")
    SETTINGS = json.loads(Path(sys.argv[1]).read_text())
    SINCE = time.time() - 60 * SETTINGS["idle_stop_minutes"]
    look()
except Exception as error:
    go_on(f"in doubt: {type(error).__name__}: {' '.join(str(error).split())}")
