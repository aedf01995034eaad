"""Makes the local AWS fail as AWS does now and then.

    python -m local_aws.server.failures errors=0.3 seed=1    no values: no more of it

The switch is one JSON object at PATH: PUT sets it and begins to count anew, GET says what was done so far.
"""

import argparse
import json
import math
import random
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NoReturn

from local_aws.command_line import errors_as_lines
from local_aws.server import errors
from local_aws.server.process import IDENTITY_PATH, LocalAwsError, Server, find
from local_aws.server.replay import Application
from local_aws.server.signatures import whole_body
from stacks.environments import ROOT

PATH = "/failures"
# What the failure switch tells the gaps of each call; no client sends it.
PLAYED = "X-Local-Aws-Played"
HELD_AT_MOST_SECONDS = 600
SHARES_OF_CALLS = ("errors", "throttles", "lost_replies")


@dataclass(frozen=True, kw_only=True)
class Played:
    """What SageMaker is to do later, and what it is to say then: `outcome` is a name of OUTCOMES, or nothing."""

    outcome: str
    endpoint_seconds: float
    lingering_seconds: float
    settling_seconds: float
    failing_model: str


# By operation, in the order in which they are drawn.
OUTCOMES = {
    "SageMaker.CreateEndpoint": ("failed_endpoints",),
    "SageMaker.UpdateEndpoint": ("rollbacks", "failed_rollbacks"),
}
DRAWN_TOGETHER = (SHARES_OF_CALLS, *OUTCOMES.values())
MAX_SECONDS = 86_400
WORDS = {float: "a number", int: "a whole number", str: "a text"}


@dataclass(frozen=True, kw_only=True)
class Failures:
    """Shares of the calls, from 0 to 1, drawn with `seed`. Raises LocalAwsError, a line for each value out of range."""

    errors: float = 0  # answered with 500 before anything is done
    throttles: float = 0  # answered with the service's way to say: too many calls
    lost_replies: float = 0  # done, and the connection closed without an answer
    rollbacks: float = 0  # of the endpoint updates, which SageMaker then takes back
    failed_rollbacks: float = 0  # of the endpoint updates, which SageMaker fails to take back
    failed_endpoints: float = 0  # of the endpoints that are made, which end as Failed
    endpoint_seconds: float = 0  # that an endpoint is Creating or Updating
    lingering_seconds: float = 0  # until the network interfaces of what no longer serves are gone
    settling_seconds: float = 0  # until SageMaker can take a new role
    failing_model: str = ""  # answers 5XX: part of its name
    delay_seconds: float = 0  # every answer takes this much longer
    hold_after: int = -1  # from this many creations on, none is begun and the last one is not answered; -1: never
    seed: int = 0

    def __post_init__(self) -> None:
        problems = [problem for item in fields(self) for problem in self._broken(item.name, item.type)]
        if not problems:
            problems = [
                f"{', '.join(together)}: must be from 0 to 1, and so must their sum"
                for together in DRAWN_TOGETHER
                if sum(getattr(self, name) for name in together) > 1
            ]
        if problems:
            raise LocalAwsError("\n".join(problems))

    def _broken(self, name: str, kind: Any) -> Iterator[str]:  # noqa: ANN401
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, (int, float) if kind is float else kind):
            yield f"{name}: {value!r}: must be {WORDS[kind]}"
        elif name.endswith("_seconds") and not 0 <= value <= MAX_SECONDS:
            yield f"{name}: {value}: must not be below 0 or above {MAX_SECONDS}"
        elif any(name in together for together in DRAWN_TOGETHER) and not 0 <= value <= 1:
            yield f"{name}: {value}: must be from 0 to 1"
        elif name == "hold_after" and value < -1:
            yield f"{name}: {value}: must not be below -1"


class Switch:
    """The failures of one server, and what became of the calls since they were set."""

    def __init__(self) -> None:
        self._lock, self._released = threading.Lock(), threading.Event()
        self.set(Failures())

    def set(self, failures: Failures) -> None:
        with self._lock:
            released, self._released = self._released, threading.Event()
            self.failures, self._random = failures, random.Random(failures.seed)  # noqa: S311 - not cryptography
            kinds = ("calls", "creations", "errors", "throttles", "lost_replies", "held")
            self.counts = dict.fromkeys([*kinds, *(kind for drawn in OUTCOMES.values() for kind in drawn)], 0)
        released.set()

    def draw(self) -> tuple[Failures, str]:
        """The failures, and what is to happen to the next call: a name of `counts`, or nothing."""
        with self._lock:
            self.counts["calls"] += 1
            kind = self._drawn(SHARES_OF_CALLS)
            if kind:
                self.counts[kind] += 1
            return self.failures, kind

    def played(self, target: str) -> Played:
        with self._lock:
            now = self.failures
            outcome = self._drawn(OUTCOMES[target]) if target in OUTCOMES else ""
            if outcome:
                self.counts[outcome] += 1
        return Played(
            outcome=outcome,
            endpoint_seconds=now.endpoint_seconds,
            lingering_seconds=now.lingering_seconds,
            settling_seconds=now.settling_seconds,
            failing_model=now.failing_model,
        )

    def _drawn(self, kinds: Iterable[str]) -> str:
        """The kind that a point from 0 to 1 falls on, their shares laid end to end; nothing beyond them."""
        point = self._random.random()
        for kind in kinds:
            share: float = getattr(self.failures, kind)
            if point < share:
                return kind
            point -= share
        return ""

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
        told = asdict(switch.played(environ.get("HTTP_X_AMZ_TARGET", "")))
        environ[f"HTTP_{PLAYED.upper().replace('-', '_')}"] = json.dumps(told)
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
    status = "200 OK"
    if environ["REQUEST_METHOD"] == "PUT":
        try:
            switch.set(checked(json.loads(whole_body(environ))))
        except (LocalAwsError, ValueError) as error:
            status, told = errors.BAD_REQUEST, {"problems": str(error).splitlines()}
    if status == "200 OK":
        told = asdict(switch.failures) | {"counts": switch.counts}
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]


def _is_creation(environ: dict[str, Any]) -> bool:
    """Whether the call makes something that a second call would be told exists already."""
    if "HTTP_X_AMZ_TARGET" in environ:
        return str(environ["HTTP_X_AMZ_TARGET"]).rpartition(".")[2].startswith("Create")
    if "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        form = urllib.parse.parse_qs(whole_body(environ).decode(errors="replace"))
        return form.get("Action", [""])[0].startswith("Create")
    if errors.signed_for(environ) != "s3" or environ["REQUEST_METHOD"] != "PUT":
        return False
    return "/" not in str(environ["PATH_INFO"]).strip("/") and environ.get("QUERY_STRING", "") == ""


def played(headers: Mapping[str, str]) -> Played:
    """What a gap's call is to play."""
    return Played(**json.loads(headers[PLAYED]))


def put(server: Server, failures: Failures) -> None:
    server.ask(PATH, method="PUT", body=json.dumps(asdict(failures)))


def counts(server: Server) -> dict[str, int]:
    """What became of the calls since the failures were set."""
    found: dict[str, int] = server.ask(PATH)["counts"]
    return found


def checked(given: Any) -> Failures:  # noqa: ANN401 - any JSON
    """Raises LocalAwsError, a line for each name and each value that is none."""
    if not isinstance(given, dict):
        raise LocalAwsError(f"{given!r:.100}: must be an object of failures")
    known = [item.name for item in fields(Failures)]
    problems = [f"failure {name!r}: must be one of {', '.join(known)}" for name in given if name not in known]
    try:
        failures = Failures(**{name: value for name, value in given.items() if name in known})
    except LocalAwsError as error:
        problems += str(error).splitlines()
    if problems:
        raise LocalAwsError("\n".join(problems))
    return failures


def parse(values: list[str]) -> Failures:
    """`errors=0.3 seed=1`. Raises LocalAwsError, a line for each that is none."""
    kinds: dict[str, Any] = {item.name: item.type for item in fields(Failures)}
    given, problems = dict[str, Any](), list[str]()
    for value in values:
        name, equals, text = value.partition("=")
        kind = kinds.get(name, str)
        if not equals and name in kinds:
            problems.append(f"{name}: must be {name}=...")
        elif name in given:
            problems.append(f"{name}: must be given once")
        else:
            try:
                given[name] = kind(text)
                if kind is float and not math.isfinite(given[name]):
                    raise ValueError(text)
            except ValueError:
                problems.append(f"{name}: {text!r}: must be {WORDS[kind]}")
                given[name] = getattr(Failures(), name)
    try:
        failures = checked(given)
    except LocalAwsError as error:
        problems += str(error).splitlines()
    if problems:
        raise LocalAwsError("\n".join(problems))
    return failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("failures", nargs="*", help=", ".join(f"{item.name}=..." for item in fields(Failures)))
    parser.add_argument("--folder", type=Path, default=ROOT / ".local", help="where the local mode writes")
    arguments = parser.parse_args()
    with errors_as_lines("what was injected stays"):
        failures = parse(arguments.failures)
        server, gone = find(arguments.folder)
        if server is None:
            raise LocalAwsError(gone or "not running: make local")
        print(f"local AWS: until now: {counts(server)}")
        put(server, failures)
        print(f"local AWS: from now on: {failures}")


if __name__ == "__main__":
    main()
