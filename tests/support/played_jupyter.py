"""Answers of a Jupyter server, whichever are wanted."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

LONG_AGO = "2001-01-01T00:00:00.000000Z"
KERNEL = {"execution_state": "idle", "last_activity": LONG_AGO}
Answers = dict[str, Any]
SOUND: Answers = {"status": {"started": LONG_AGO}, "terminals": [], "kernels": [KERNEL]}


class Handler(BaseHTTPRequestHandler):
    """Numbers are statuses, text is no JSON."""

    answers: Answers
    tokens: list[str | None]

    def do_GET(self) -> None:
        type(self).tokens.append(self.headers["Authorization"])
        answer = self.answers[self.path.rpartition("/api/")[2]]
        self.send_response(answer if isinstance(answer, int) else 200)
        if answer in (301, 302):
            self.send_header("Location", "/elsewhere/api/kernels")
        self.end_headers()
        self.wfile.write(answer.encode() if isinstance(answer, str) else json.dumps(answer).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        pass


@contextmanager
def answering(answers: Answers, tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[str | None]]]:
    """A server that answers so: its port, and the tokens that it was shown."""
    handler = type("Played", (Handler,), {"answers": answers, "tokens": []})
    with HTTPServer(("127.0.0.1", 0), handler) as played:
        if tls is not None:
            played.socket = tls.wrap_socket(played.socket, server_side=True)
        thread = threading.Thread(target=played.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield played.server_address[1], getattr(handler, "tokens")  # noqa: B009 - of a class made here
        finally:
            played.shutdown()
            thread.join()
