"""A call sent again under the same invocation id: what SDKs do when a reply got lost."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from local_aws.server.replay import KEPT_ANSWERS, replaying


class Service:
    """Makes a thing once, and refuses it the second time."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, _environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.calls += 1
        start_response("200 OK" if self.calls == 1 else "400 Bad Request", [("Content-Type", "text/plain")])
        return [b"call ", str(self.calls).encode()]


def call(
    application: Callable[..., Iterable[bytes]], invocation: str | None, method: str = "POST"
) -> tuple[str, bytes]:
    started: list[Any] = []
    environ = {"REQUEST_METHOD": method} | ({} if invocation is None else {"HTTP_AMZ_SDK_INVOCATION_ID": invocation})
    body = b"".join(application(environ, lambda *arguments: started.extend(arguments)))
    return started[0], body


def test_a_call_sent_again_gets_the_first_answer_and_is_not_done_twice() -> None:
    service = Service()
    application = replaying(service)
    assert call(application, "a") == call(application, "a") == ("200 OK", b"call 1")
    assert service.calls == 1


def test_another_call_is_done() -> None:
    application = replaying(Service())
    assert call(application, "a")[0] == "200 OK"
    assert call(application, "b") == ("400 Bad Request", b"call 2")


def test_a_refused_call_is_tried_anew() -> None:
    application = replaying(Service())
    call(application, "a")
    assert call(application, "b") == ("400 Bad Request", b"call 2")
    assert call(application, "b") == ("400 Bad Request", b"call 3")


@pytest.mark.parametrize(("invocation", "method"), [(None, "POST"), ("a", "GET"), ("a", "HEAD")])
def test_what_changes_nothing_or_has_no_id_is_asked_each_time(invocation: str | None, method: str) -> None:
    service = Service()
    application = replaying(service)
    for _ in range(2):
        call(application, invocation, method)
    assert service.calls == 2


def test_old_answers_are_forgotten() -> None:
    service = Service()
    application = replaying(lambda environ, start: [start("200 OK", []), service(environ, lambda *_: None)] and [b""])
    for number in range(KEPT_ANSWERS + 1):
        call(application, str(number))
    call(application, "0")
    assert service.calls == KEPT_ANSWERS + 2
