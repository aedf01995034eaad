"""Makes the local AWS fail as AWS does now and then.

    python -m local_aws.server.failures errors=0.3 seed=1    no values: no more of it

The switch is one JSON object at PATH: PUT sets it and begins to count anew, GET says what was done so far.
"""

import argparse
import io
import json
import random
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NoReturn

from local_aws.server import errors
from local_aws.server.process import IDENTITY_PATH, LocalAwsError, Server, find
from local_aws.server.replay import Application
from stacks.environments import ROOT

PATH = "/failures"
# What the failure switch tells local_aws/server/gaps/sagemaker_endpoint_updates.py; no client sends it.
ROLL_BACK = "X-Local-Aws-Roll-Back"
HELD_AT_MOST_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Failures:
    """Shares of the calls, from 0 to 1, drawn with `seed`."""

    errors: float = 0  # answered with 500 before anything is done
    throttles: float = 0  # answered with the service's way to say: too many calls
    lost_replies: float = 0  # done, and the connection closed without an answer
    rollbacks: float = 0  # of the endpoint updates, which SageMaker then takes back
    delay_seconds: float = 0  # every answer takes this much longer
    hold_after: int = -1  # from this many creations on, none is begun and the last one is not answered; -1: never
    seed: int = 0


class Switch:
    """The failures of one server, and what became of the calls since they were set."""

    def __init__(self) -> None:
        self._lock, self._released = threading.Lock(), threading.Event()
        self.set(Failures())

    def set(self, failures: Failures) -> None:
        with self._lock:
            released, self._released = self._released, threading.Event()
            self.failures, self._random = failures, random.Random(failures.seed)  # noqa: S311 - not cryptography
            self.counts = {
                "calls": 0,
                "creations": 0,
                "errors": 0,
                "throttles": 0,
                "lost_replies": 0,
                "rollbacks": 0,
                "held": 0,
            }
        released.set()

    def draw(self) -> tuple[Failures, str]:
        """The failures, and what is to happen to the next call: a name of `counts`, or nothing."""
        with self._lock:
            self.counts["calls"] += 1
            point = self._random.random()
            for kind in ("errors", "throttles", "lost_replies"):
                share: float = getattr(self.failures, kind)
                if point < share:
                    self.counts[kind] += 1
                    return self.failures, kind
                point -= share
            return self.failures, ""

    def rolls_back(self) -> bool:
        """Whether the next endpoint update is rolled back."""
        with self._lock:
            found = self._random.random() < self.failures.rollbacks
            self.counts["rollbacks"] += found
            return found

    def full(self) -> bool:
        """Whether no creation may be begun any more."""
        with self._lock:
            return 0 <= self.failures.hold_after <= self.counts["creations"]

    def created(self) -> bool:
        """Counts a creation; whether it is the last one, whose answer is held back."""
        with self._lock:
            self.counts["creations"] += 1
            return self.counts["creations"] == self.failures.hold_after

    def hold(self) -> None:
        """Waits until the failures are set anew."""
        with self._lock:
            self.counts["held"] += 1
            released = self._released
        released.wait(HELD_AT_MOST_SECONDS)


def failing(application: Application, switch: Switch) -> Application:
    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == f"{IDENTITY_PATH}{PATH}":
            return _control(environ, start_response, switch)
        failures, failure = switch.draw()
        time.sleep(failures.delay_seconds)
        if failure in ("errors", "throttles"):
            kind = errors.Kind.THROTTLED if failure == "throttles" else errors.Kind.FAILED
            return errors.answer(environ, start_response, kind, "injected by the local AWS")
        creation = _is_creation(environ)
        if creation and switch.full():
            switch.hold()
            _hang_up(environ)
        if environ.get("HTTP_X_AMZ_TARGET") == "SageMaker.UpdateEndpoint" and switch.rolls_back():
            environ[f"HTTP_{ROLL_BACK.upper().replace('-', '_')}"] = "1"
        started: list[Any] = []
        body = b"".join(application(environ, lambda *arguments: started.extend(arguments)))
        if creation and started[0].startswith("2") and switch.created():
            switch.hold()
            _hang_up(environ)
        if failure == "lost_replies":
            _hang_up(environ)
        start_response(started[0], started[1])
        return [body]

    return answer


def _hang_up(environ: dict[str, Any]) -> NoReturn:
    """Ends as a connection does that breaks: werkzeug alone would keep it and wait for the next call."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError


def _control(environ: dict[str, Any], start_response: Callable[..., Any], switch: Switch) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] == "PUT":
        switch.set(Failures(**json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))))
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(asdict(switch.failures) | {"counts": switch.counts}).encode()]


def _is_creation(environ: dict[str, Any]) -> bool:
    """Whether the call makes something that a second call would be told exists already."""
    if "HTTP_X_AMZ_TARGET" in environ:
        return str(environ["HTTP_X_AMZ_TARGET"]).rpartition(".")[2].startswith("Create")
    if "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        return urllib.parse.parse_qs(body.decode()).get("Action", [""])[0].startswith("Create")
    if errors.signed_for(environ) != "s3" or environ["REQUEST_METHOD"] != "PUT":
        return False
    return "/" not in str(environ["PATH_INFO"]).strip("/") and environ.get("QUERY_STRING", "") == ""


def put(server: Server, failures: Failures) -> None:
    server.ask(PATH, method="PUT", body=json.dumps(asdict(failures)))


def counts(server: Server) -> dict[str, int]:
    """What became of the calls since the failures were set."""
    found: dict[str, int] = server.ask(PATH)["counts"]
    return found


def parse(values: list[str]) -> Failures:
    """`errors=0.3 seed=1`. Raises LocalAwsError with what is allowed."""
    kinds = {item.name: item.type for item in fields(Failures)}
    given: dict[str, Any] = {}
    for value in values:
        name, _, number = value.partition("=")
        if name not in kinds:
            raise LocalAwsError(f"failure {name!r}: must be one of {', '.join(kinds)}")
        try:
            given[name] = int(number) if kinds[name] is int else float(number)
        except ValueError as error:
            raise LocalAwsError(f"{name}: {number!r}: must be a number") from error
    shares = [given.get(name, 0) for name in ("errors", "throttles", "lost_replies")]
    if min(shares) < 0 or sum(shares) > 1:
        raise LocalAwsError("errors, throttles and lost_replies: must be from 0 to 1, and so must their sum")
    if not 0 <= given.get("rollbacks", 0) <= 1:
        raise LocalAwsError(f"rollbacks: {given['rollbacks']}: must be from 0 to 1")
    if given.get("delay_seconds", 0) < 0:
        raise LocalAwsError(f"delay_seconds: {given['delay_seconds']}: must not be below 0")
    return Failures(**given)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("failures", nargs="*", help=", ".join(f"{item.name}=..." for item in fields(Failures)))
    parser.add_argument("--folder", type=Path, default=ROOT / ".local", help="where the local mode writes")
    arguments = parser.parse_args()
    try:
        failures = parse(arguments.failures)
        server, gone = find(arguments.folder)
        if server is None:
            raise LocalAwsError(gone or "not running: make local")
    except LocalAwsError as error:
        raise SystemExit(f"local AWS: {error}") from None
    print(f"local AWS: until now: {counts(server)}")
    put(server, failures)
    print(f"local AWS: from now on: {failures}")


if __name__ == "__main__":
    main()
