"""The handlers that AWS's scikit-learn container calls: a linear classifier kept as plain numbers in model.json.

They take the 30 measurements of a row as text/csv (one row a line) or application/json (a list of rows, or one row)
and answer, for each row, the class and its probability. Only the standard library is used.
https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html#sagemaker-scikit-learn-model-server

A bad payload raises ValueError. The container answers 500 with its message, which InvokeEndpoint hands on as a
ModelError, and writes it to the endpoint's log group.
"""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

CSV, JSON = "text/csv", "application/json"


def model_fn(model_dir: str) -> dict[str, Any]:
    """The model: its class names, and an intercept, coefficient, mean and scale for the columns it looks at."""
    model: dict[str, Any] = json.loads((Path(model_dir) / "model.json").read_text(encoding="utf-8"))
    return model


def input_fn(request_body: bytes | str, content_type: str) -> list[list[float]]:
    """The payload as a list of rows of finite floats."""
    text = request_body if isinstance(request_body, str) else bytes(request_body).decode("utf-8")
    kind = content_type.split(";", maxsplit=1)[0].strip().lower()
    rows: Any
    if kind == CSV:
        try:
            rows = [row for row in csv.reader(io.StringIO(text)) if row]
        except csv.Error as error:
            raise ValueError(f"the payload is not CSV: {error}") from None
    elif kind == JSON:
        try:
            rows = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"the payload is not JSON: {error}") from None
        if not isinstance(rows, list):
            raise ValueError(f"the payload is {type(rows).__name__}: must be a list of rows")
        if rows and not any(isinstance(row, list) for row in rows):
            rows = [rows]
    else:
        raise ValueError(f"content type {content_type!r}: must be {CSV} or {JSON}")
    if not rows:
        raise ValueError("the payload holds no row: must hold at least one")
    return [_numbers(number, row) for number, row in enumerate(rows, start=1)]


def predict_fn(rows: list[list[float]], model: dict[str, Any]) -> list[dict[str, Any]]:
    """For each row the class and its probability."""
    answers = []
    for number, row in enumerate(rows, start=1):
        if len(row) != model["columns"]:
            raise ValueError(f"row {number} has {len(row)} values: must have {model['columns']}")
        score = model["intercept"] + sum(
            term["coefficient"] * (row[term["column"]] - term["mean"]) / term["scale"] for term in model["terms"]
        )
        # Beyond, exp overflows, and the probability is 0 or 1 anyway.
        second = 1 / (1 + math.exp(-max(-700.0, min(700.0, score))))
        likelier = int(second >= 0.5)
        answers.append({"class": model["classes"][likelier], "probability": round(max(second, 1 - second), 6)})
    return answers


def output_fn(answers: list[dict[str, Any]], accept: str) -> tuple[str, str]:
    """The answers as JSON or as CSV lines `class,probability`, and their content type."""
    kinds = [kind.split(";")[0].strip().lower() for kind in (accept or JSON).split(",")]
    if JSON in kinds or "*/*" in kinds:
        return json.dumps({"predictions": answers}), JSON
    if CSV in kinds:
        return "".join(f"{answer['class']},{answer['probability']}\n" for answer in answers), CSV
    raise ValueError(f"accept {accept!r}: must be {JSON} or {CSV}")


def _numbers(number: int, row: object) -> list[float]:
    if not isinstance(row, list):
        raise ValueError(f"row {number}: {row!r}: must be a list of numbers")
    values = []
    for column, cell in enumerate(row, start=1):
        try:
            value = float("nan") if isinstance(cell, bool) else float(cell)
        except (TypeError, ValueError, OverflowError):
            value = float("nan")
        if not math.isfinite(value):
            raise ValueError(f"row {number}, column {column}: {repr(cell)[:40]}: must be a finite number")
        values.append(value)
    return values
