"""Answers one request as AWS's scikit-learn container does, with the handlers of a model's artifact.

    python handlers.py <handlers> <model folder> <content type> <accept>    request on standard input

Prints the answer's status, content type and body, a line each. As in the container, Flask makes the answer: what a
handler raises is a 500 without a word of it, and goes to standard error; what output_fn returns may be a pair, or
anything that Flask takes.
https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html#sagemaker-scikit-learn-model-server
https://github.com/aws/sagemaker-containers/blob/v2.8.6.post2/src/sagemaker_containers/_transformer.py
https://github.com/aws/sagemaker-containers/blob/v2.8.6.post2/src/sagemaker_containers/_worker.py
"""

import contextlib
import runpy
import sys
from typing import Any

from flask import Flask, Response, request

JSON = "application/json"
TEXTS = (JSON, "text/csv")


def container(program: str, folder: str) -> Flask:
    """The handlers behind /invocations."""
    app = Flask(__name__)

    @app.post("/invocations")
    def invocations() -> Response:
        handlers = runpy.run_path(program)
        model = handlers["model_fn"](folder)
        content_type = request.headers.get("Content-Type") or JSON
        asked_for = request.headers.get("Accept")
        accept = JSON if asked_for in (None, "", "*/*") else asked_for
        # Decoded for these two types as they stand, and not with a charset after them.
        body = request.get_data().decode(errors="replace") if content_type in TEXTS else request.get_data()
        rows = handlers["input_fn"](body, content_type)
        answer: Any = handlers["output_fn"](handlers["predict_fn"](rows, model), accept)
        return Response(answer[0], mimetype=answer[1]) if isinstance(answer, tuple) else app.make_response(answer)

    return app


def main() -> None:
    program, folder, content_type, accept = sys.argv[1:]
    headers = {"Content-Type": content_type, "Accept": accept}
    with contextlib.redirect_stdout(sys.stderr):  # what handlers print is no part of the answer
        client = container(program, folder).test_client()
        answer = client.post("/invocations", data=sys.stdin.buffer.read(), headers=headers)
    sys.stdout.buffer.write(f"{answer.status_code}\n{answer.content_type}\n".encode() + answer.data)


if __name__ == "__main__":
    main()
