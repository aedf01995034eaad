"""Answers requests with a model of the stand-in for AWS's linear-learner, in AWS's formats.

Without numpy, for which every other answer of the handlers' process would wait.
https://docs.aws.amazon.com/sagemaker/latest/dg/LL-in-formats.html
https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
"""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Response

from local_aws.server.containers.linear_learner_interface import MODEL, REPOSITORY, THRESHOLD
from local_aws.server.containers.scikit_learn import RefusedError, Transform


def is_one(image: str, folder: Path) -> bool:
    """Whether the artifact in the folder is what the stand-in wrote, for the image that it stands for."""
    return image.partition(":")[0] == REPOSITORY and (folder / MODEL).is_file()


def load(folder: Path) -> Transform:
    """Raises RefusedError for what the stand-in did not write."""
    try:
        model = json.loads((folder / MODEL).read_text())
        wanted = len(model["mean"])
        model["columns"] = [*zip(*model["weights"], strict=True)]
        if not (wanted == len(model["scale"]) == len(model["weights"]) and len(model["bias"]) == len(model["columns"])):
            raise ValueError("its parts do not fit together")
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise RefusedError(f"{MODEL} is none of the local AWS's stand-in for {REPOSITORY}: {error!r}") from error
    return lambda body, content_type, accept: _answer(model, body, content_type, accept)


def _answer(model: Mapping[str, Any], body: bytes | str, content_type: str, accept: str) -> Response:
    """In JSON, or a line of it for each row: CSV is no format of AWS's answers."""
    try:
        rows = _rows(body, _type(content_type), len(model["mean"]))
    except LookupError as error:
        return Response(f"Content type {error} is not supported", status=415, mimetype="text/plain")
    except (ValueError, TypeError, AttributeError, csv.Error) as error:
        return Response(f"unable to evaluate payload provided: {error}", status=400, mimetype="text/plain")
    predictions = [_prediction(model, row) for row in rows]
    if _type(accept) == "application/jsonlines":
        lines = "".join(f"{json.dumps(prediction)}\n" for prediction in predictions)
        return Response(lines, mimetype="application/jsonlines")
    return Response(json.dumps({"predictions": predictions}), mimetype="application/json")


def _type(header: str) -> str:
    return header.partition(";")[0].strip()


def _rows(body: bytes | str, content_type: str, width: int) -> Sequence[Sequence[float]]:
    """Raises LookupError for the type, and ValueError, TypeError, AttributeError or csv.Error for the content."""
    text = body if isinstance(body, str) else body.decode()
    if content_type == "text/csv":
        found: list[Any] = [row for row in csv.reader(io.StringIO(text), strict=True) if row]
    elif content_type == "application/json":
        found = [_features(instance) for instance in json.loads(text).get("instances", [])]
    elif content_type == "application/jsonlines":
        found = [_features(json.loads(line)) for line in text.splitlines() if line.strip()]
    else:
        raise LookupError(content_type)
    rows = [[float(value) for value in row] for row in found]
    for row in rows:
        if len(row) != width or not all(map(math.isfinite, row)):
            raise ValueError(f"a row has {len(row)} values: must be the model's {width} features, as numbers")
    if not rows:
        raise ValueError("there is no row in it")
    return rows


def _features(instance: Any) -> Any:  # noqa: ANN401 - any JSON
    found = instance.get("features", instance.get("data", {}).get("features"))
    return found.get("values") if isinstance(found, dict) else found


def _prediction(model: Mapping[str, Any], row: Sequence[float]) -> dict[str, Any]:
    scaled = [(value - mean) / scale for value, mean, scale in zip(row, model["mean"], model["scale"], strict=True)]
    raw = [
        bias + sum(map(float.__mul__, scaled, weights))
        for weights, bias in zip(model["columns"], model["bias"], strict=True)
    ]
    if model["predictor_type"] == "regressor":
        return {"score": raw[0]}
    if model["predictor_type"] == "binary_classifier":
        score = 1 / (1 + math.exp(-max(-500.0, min(500.0, raw[0]))))
        return {"score": score, "predicted_label": int(score >= THRESHOLD)}
    powers = [math.exp(value - max(raw)) for value in raw]
    scores = [power / sum(powers) for power in powers]
    return {"score": scores, "predicted_label": scores.index(max(scores))}
