"""The handlers that AWS's scikit-learn container calls: a linear classifier kept as plain numbers in model.json.

They take the 30 measurements of a row as text/csv (one row a line) or application/json (a list of rows, or one row)
and answer, for each row, the class and its probability. Only the standard library is used.
https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html#sagemaker-scikit-learn-model-server

A bad payload is the client's fault and is answered 4XX with a line that says what is wrong. An exception would not do:
whatever a handler raises, the container answers 500, and five of those in a minute roll a deploy back.
https://github.com/aws/sagemaker-scikit-learn-container/issues/62
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

CSV, JSON = "text/csv", "application/json"


class RequestError(Exception):
    """What is wrong with a request: raised in here, handed from handler to handler, and the container's answer at last.

    What output_fn returns goes to Flask, unless it is a tuple; Flask takes any WSGI application for an answer, so
    nothing of the container needs to be imported, and the handlers run where it is not installed.
    https://github.com/aws/sagemaker-containers/blob/v2.8.6.post2/src/sagemaker_containers/_transformer.py#L198-L207
    https://flask.palletsprojects.com/en/1.1.x/api/#flask.Flask.make_response
    """

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status

    def __call__(self, _environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        start_response(f"{self.status.value} {self.status.phrase}", [("Content-Type", "text/plain; charset=utf-8")])
        return [str(self).encode()]


def model_fn(model_dir: str) -> dict[str, Any]:
    """The model: its class names, and an intercept, coefficient, mean and scale for the columns it looks at."""
    model: dict[str, Any] = json.loads((Path(model_dir) / "model.json").read_text(encoding="utf-8"))
    return model


def input_fn(request_body: bytes | str, content_type: str) -> list[list[float]] | RequestError:
    """The payload as a list of rows of finite floats."""
    try:
        return [_numbers(number, row) for number, row in enumerate(_rows(request_body, content_type), start=1)]
    except RequestError as error:
        return error


def predict_fn(rows: list[list[float]] | RequestError, model: dict[str, Any]) -> list[dict[str, Any]] | RequestError:
    """For each row the class and its probability."""
    if isinstance(rows, RequestError):
        return rows
    answers = []
    for number, row in enumerate(rows, start=1):
        if len(row) != model["columns"]:
            return _bad(f"row {number} has {len(row)} values: must have {model['columns']}")
        score = model["intercept"] + sum(
            term["coefficient"] * (row[term["column"]] - term["mean"]) / term["scale"] for term in model["terms"]
        )
        # Beyond, exp overflows, and the probability is 0 or 1 anyway.
        second = 1 / (1 + math.exp(-max(-700.0, min(700.0, score))))
        likelier = int(second >= 0.5)
        answers.append({"class": model["classes"][likelier], "probability": round(max(second, 1 - second), 6)})
    return answers


def output_fn(answers: list[dict[str, Any]] | RequestError, accept: str) -> tuple[str, str] | RequestError:
    """The answers as JSON or as CSV lines `class,probability`, and their content type."""
    if isinstance(answers, RequestError):
        return answers
    kinds = [kind.split(";")[0].strip().lower() for kind in (accept or JSON).split(",")]
    if JSON in kinds or "*/*" in kinds:
        return json.dumps({"predictions": answers}), JSON
    if CSV in kinds:
        return "".join(f"{answer['class']},{answer['probability']}\n" for answer in answers), CSV
    return RequestError(HTTPStatus.NOT_ACCEPTABLE, f"accept {accept!r}: must be {JSON} or {CSV}")


def _bad(message: str) -> RequestError:
    return RequestError(HTTPStatus.BAD_REQUEST, message)


def _rows(request_body: bytes | str, content_type: str) -> list[Any]:
    kind = content_type.split(";", maxsplit=1)[0].strip().lower()
    if kind not in (CSV, JSON):
        message = f"content type {content_type!r}: must be {CSV} or {JSON}"
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
    rows: Any
    try:
        text = request_body if isinstance(request_body, str) else bytes(request_body).decode("utf-8")
        rows = json.loads(text) if kind == JSON else [row for row in csv.reader(io.StringIO(text)) if row]
    # ValueError: not UTF-8, not JSON, or JSON with a number of too many digits.
    except (ValueError, csv.Error, RecursionError) as error:
        raise _bad(f"the payload is not {'JSON' if kind == JSON else 'CSV'}: {error}") from None
    if not isinstance(rows, list):
        raise _bad(f"the payload is {type(rows).__name__}: must be a list of rows")
    if not rows:
        raise _bad("the payload holds no row: must hold at least one")
    return rows if any(isinstance(row, list) for row in rows) else [rows]


def _numbers(number: int, row: object) -> list[float]:
    if not isinstance(row, list):
        raise _bad(f"row {number}: {repr(row)[:40]}: must be a list of numbers")
    values = []
    for column, cell in enumerate(row, start=1):
        try:
            value = float("nan") if isinstance(cell, bool) else float(cell)
        except (TypeError, ValueError, OverflowError):
            value = float("nan")
        if not math.isfinite(value):
            raise _bad(f"row {number}, column {column}: {repr(cell)[:40]}: must be a finite number")
        values.append(value)
    return values
