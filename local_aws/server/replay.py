"""Answers a call that an SDK sends again as it was answered the first time.

A reply can get lost between the local AWS and its client (seen once in some fifty deploys, on a loaded machine). An SDK
then sends the call again under the same `amz-sdk-invocation-id`, and would be told that what it makes exists already.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[..., Iterable[bytes]]
KEPT_ANSWERS = 1000


def replaying(application: Application) -> Application:
    answers: OrderedDict[str, tuple[str, list[tuple[str, str]], bytes]] = OrderedDict()
    lock = threading.Lock()

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        invocation = environ.get("HTTP_AMZ_SDK_INVOCATION_ID")
        if invocation is None or environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return application(environ, start_response)
        with lock:
            known = answers.get(invocation)
        if known is None:
            started: list[Any] = []
            body = b"".join(application(environ, lambda *arguments: started.extend(arguments)))
            known = (started[0], started[1], body)
            if known[0].startswith("2"):
                with lock:
                    answers[invocation] = known
                    if len(answers) > KEPT_ANSWERS:
                        answers.popitem(last=False)
        start_response(known[0], known[1])
        return [known[2]]

    return answer
