"""A stand-in for AWS's linear-learner: another linear model, behind the same interface.

It trains on CSV whose first column is the label, by Adam over mini-batches, one model where AWS trains many and takes
the best. local_aws/server/containers/supervisor.py starts it with the folder that stands for /opt/ml. What is wrong
with its data or its hyperparameters is in the failure file, and ends it with CUSTOMER_ERROR.
https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner.html
"""

import csv
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from local_aws.server.containers.linear_learner_interface import (
    CHANNELS,
    CUSTOMER_ERROR,
    MODEL,
    NOT_PLAYED,
    OBJECTIVES,
    PLAYED,
    THRESHOLD,
)
from local_aws.server.containers.script_mode import HOST, Layout

# https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html
EPOCHS, MINI_BATCH_SIZE, TOP_K = 15, 1000, 3
# What AWS's jobs say of the best model that they found, where a hyperparameter is "auto".
LEARNING_RATE, WEIGHT_DECAY = 0.1, 0.0001
# Of Adam: https://arxiv.org/abs/1412.6980
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8

Matrix = NDArray[np.float64]


class CustomerError(Exception):
    """One line that says what is wrong with what the job was given."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """Scores of rows: (rows - mean) / scale @ weights + bias, behind the function of the predictor's type."""

    predictor_type: str
    mean: Matrix
    scale: Matrix
    weights: Matrix
    bias: Matrix

    def raw(self, rows: Matrix) -> Matrix:
        found: Matrix = (rows - self.mean) / self.scale @ self.weights + self.bias
        return found

    def scores(self, rows: Matrix) -> Matrix:
        return _activated(self.predictor_type, self.raw(rows))

    def write(self, path: Path) -> None:
        told = {name: value.tolist() for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        path.write_text(json.dumps({"written_by": "the local AWS", "predictor_type": self.predictor_type, **told}))


class Job:
    """The hyperparameters, as AWS reads them: a name that it does not know is refused. Raises CustomerError."""

    def __init__(self, given: Mapping[str, str]) -> None:
        known = {name: value for name, value in given.items() if name != "_tuning_objective_metric"}
        unknown = sorted(known.keys() - {*PLAYED, *NOT_PLAYED})
        if unknown:
            raise CustomerError(f"Additional hyperparameters are not allowed ({', '.join(unknown)} unexpected)")
        self._given = {name: value for name, value in known.items() if value != "auto"}
        self.predictor_type = known.get("predictor_type", "")
        if self.predictor_type not in OBJECTIVES:
            raise CustomerError(
                f"predictor_type {self.predictor_type!r}: must be one of {', '.join(OBJECTIVES)}, and is required"
            )
        self.objective, loss = OBJECTIVES[self.predictor_type]
        if self._given.get("loss", loss) != loss:
            raise CustomerError(f"loss {self._given['loss']!r}: the local AWS plays {loss} for {self.predictor_type}")
        self.outputs = 1
        if self.predictor_type == "multiclass_classifier":
            self.outputs = int(self.number("num_classes", 0, 3))
        self.epochs = int(self.number("epochs", EPOCHS, 1))
        self.mini_batch_size = int(self.number("mini_batch_size", MINI_BATCH_SIZE, 1))
        self.learning_rate = self.number("learning_rate", LEARNING_RATE, 0)
        self.weight_decay = self.number("wd", WEIGHT_DECAY, 0)
        self.l1 = self.number("l1", 0, 0)
        self.f_beta = self.number("f_beta", 1, 0)
        self.top_k = int(self.number("accuracy_top_k", TOP_K, 1))
        weight = self._given.get("positive_example_weight_mult", "1")
        self.positive_weight = None if weight == "balanced" else self.number("positive_example_weight_mult", 1, 0)
        self.uses_bias = self.is_on("use_bias")
        self.normalizes = self.is_on("normalize_data")
        self.feature_dim = int(self.number("feature_dim", 0, 0))

    def number(self, name: str, default: float, least: float) -> float:
        try:
            found = float(self._given.get(name, default))
        except ValueError:
            found = float("nan")
        if not least <= found < float("inf"):
            raise CustomerError(f"{name} {self._given.get(name)!r}: must be a number of at least {least}")
        return found

    def is_on(self, name: str) -> bool:
        return self._given.get(name, "true").lower() == "true"

    def gradient(self, rows: Matrix, labels: Matrix, model: Model) -> Matrix:
        """Of the mean loss, by what the model gives."""
        weights = np.ones_like(labels)
        if self.predictor_type == "binary_classifier":
            positive = self.positive_weight
            if positive is None:
                positive = float((labels == 0).sum() / max(1, (labels == 1).sum()))
            weights = np.where(labels == 1, positive, 1.0)
        wanted = _one_hot(labels, self.outputs) if self.outputs > 1 else labels[:, None]
        difference: Matrix = weights[:, None] * (model.scores(rows) - wanted) / len(rows)
        return difference


def _activated(predictor_type: str, raw: Matrix) -> Matrix:
    if predictor_type == "regressor":
        return raw
    if predictor_type == "binary_classifier":
        logistic: Matrix = 1 / (1 + np.exp(-np.clip(raw, -500, 500)))
        return logistic
    powers = np.exp(raw - raw.max(axis=1, keepdims=True))
    softmax: Matrix = powers / powers.sum(axis=1, keepdims=True)
    return softmax


def _one_hot(labels: Matrix, count: int) -> Matrix:
    found: Matrix = np.eye(count)[labels.astype(int)]
    return found


def objective(predictor_type: str, scores: Matrix, labels: Matrix) -> float:
    """The mean loss."""
    if predictor_type == "regressor":
        return float(np.mean((scores[:, 0] - labels) ** 2))
    of_label = scores[np.arange(len(labels)), labels.astype(int)] if scores.shape[1] > 1 else scores[:, 0]
    if scores.shape[1] == 1:
        of_label = np.where(labels == 1, of_label, 1 - of_label)
    return float(-np.mean(np.log(np.clip(of_label, 1e-12, 1))))


def quality(job: Job, scores: Matrix, labels: Matrix) -> dict[str, float]:
    """By the name that the log has; those that are no score are a loss."""
    if job.predictor_type == "regressor":
        errors = scores[:, 0] - labels
        return {"mse": float(np.mean(errors**2)), "absolute_loss": float(np.mean(np.abs(errors)))}
    if job.predictor_type == "binary_classifier":
        predicted = (scores[:, 0] >= THRESHOLD).astype(int)
        precision, recall = _precision_and_recall(predicted, labels, 1)
        return {
            "binary_classification_accuracy": float(np.mean(predicted == labels)),
            f"binary_f_{job.f_beta:.3f}": _f(precision, recall, job.f_beta),
            "precision": precision,
            "recall": recall,
            "roc_auc_score": _area(scores[:, 0], labels),
        }
    predicted = scores.argmax(axis=1)
    ranks = np.array([int((row > row[int(label)]).sum()) for row, label in zip(scores, labels, strict=True)])
    each = [_precision_and_recall(predicted, labels, label) for label in range(job.outputs)]
    return {
        "multiclass_accuracy": float(np.mean(predicted == labels)),
        f"multiclass_top_k_accuracy_{job.top_k}": float(np.mean(ranks < job.top_k)),
        "dcg": float(np.mean(1 / np.log2(ranks + 2))),
        "macro_recall": float(np.mean([recall for _, recall in each])),
        "macro_precision": float(np.mean([precision for precision, _ in each])),
        f"macro_f_{job.f_beta:.3f}": float(np.mean([_f(*pair, job.f_beta) for pair in each])),
    }


def _precision_and_recall(predicted: Any, labels: Matrix, label: int) -> tuple[float, float]:  # noqa: ANN401 - integers
    found = int(((predicted == label) & (labels == label)).sum())
    return found / max(1, int((predicted == label).sum())), found / max(1, int((labels == label).sum()))


def _f(precision: float, recall: float, beta: float) -> float:
    below = beta**2 * precision + recall
    return (1 + beta**2) * precision * recall / below if below else 0.0


def _area(scores: Matrix, labels: Matrix) -> float:
    """Below the ROC curve: how often a positive row's score is above a negative one's."""
    positive, negative = scores[labels == 1], scores[labels == 0]
    if not len(positive) or not len(negative):
        return 0.0
    above = (positive[:, None] > negative[None, :]).mean() + (positive[:, None] == negative[None, :]).mean() / 2
    return float(above)


def read(layout: Layout, channel: str, inputs: Mapping[str, Any], job: Job) -> tuple[Matrix, Matrix]:
    """Rows and labels. Raises CustomerError."""
    content_type = inputs[channel].get("ContentType", "")
    if content_type.split(";")[0].strip() != "text/csv":
        raise CustomerError(f"the channel {channel} is {content_type or 'of no type'}: the local AWS plays text/csv")
    try:
        lines = [
            row
            for path in sorted((layout.data / channel).rglob("*"))
            if path.is_file()
            for row in csv.reader(path.read_text().splitlines(), strict=True)
            if row
        ]
        table = np.array(lines, dtype=np.float64)
    except (ValueError, csv.Error) as error:
        raise CustomerError(
            f"Unable to read data channel '{channel}'. Requested content-type is 'text/csv'. Please verify the data "
            f"matches the requested content-type. (caused by {error})"
        ) from error
    if table.ndim != 2 or table.shape[1] < 2 or not np.isfinite(table).all():
        raise CustomerError(f"the channel {channel} must have a label and a feature in each row, all of them numbers")
    labels, rows = table[:, 0], table[:, 1:]
    if job.feature_dim and rows.shape[1] != job.feature_dim:
        raise CustomerError(f"feature_dim {job.feature_dim}: the channel {channel} has {rows.shape[1]} features")
    count = {"binary_classifier": 2, "multiclass_classifier": job.outputs}.get(job.predictor_type)
    if count is not None and not np.isin(labels, np.arange(count)).all():
        raise CustomerError(f"the channel {channel}: labels must be whole numbers from 0 to {count - 1}")
    return rows, labels


def train(job: Job, rows: Matrix, labels: Matrix, validation: tuple[Matrix, Matrix] | None) -> Model:
    scale = np.ones(rows.shape[1])
    mean = np.zeros(rows.shape[1])
    if job.normalizes:
        mean, scale = rows.mean(axis=0), np.where(rows.std(axis=0) > 0, rows.std(axis=0), 1.0)
    shift, unit = 0.0, 1.0
    if job.predictor_type == "regressor":  # labels are normalized for it
        shift, unit = float(labels.mean()) if job.uses_bias else 0.0, float(labels.std()) or 1.0
    values = np.zeros((rows.shape[1] + 1, job.outputs))
    first, second, step = np.zeros_like(values), np.zeros_like(values), 0
    generator = np.random.default_rng(0)

    def model(of: Matrix, factor: float = 1.0, offset: float = 0.0) -> Model:
        return Model(
            predictor_type=job.predictor_type,
            mean=mean,
            scale=scale,
            weights=of[:-1] * factor,
            bias=of[-1] * factor + offset,
        )

    scaled = (labels - shift) / unit
    for epoch in range(job.epochs):
        order = generator.permutation(len(rows))
        for start in range(0, len(rows), job.mini_batch_size):
            batch = order[start : start + job.mini_batch_size]
            difference = job.gradient(rows[batch], scaled[batch], model(values))
            slope = np.vstack([((rows[batch] - mean) / scale).T @ difference, difference.sum(axis=0)])
            slope[:-1] += job.weight_decay * values[:-1] + job.l1 * np.sign(values[:-1])
            if not job.uses_bias:
                slope[-1] = 0
            step += 1
            first, second = BETA_1 * first + (1 - BETA_1) * slope, BETA_2 * second + (1 - BETA_2) * slope**2
            corrected = (first / (1 - BETA_1**step)) / (np.sqrt(second / (1 - BETA_2**step)) + EPSILON)
            values = values - job.learning_rate * corrected
        found = model(values, unit, shift)
        channels = {"train": (rows, labels)} | ({} if validation is None else {"validation": validation})
        for channel, (its_rows, its_labels) in channels.items():
            loss = objective(job.predictor_type, found.scores(its_rows), its_labels)
            print("#metrics", json.dumps(_metrics(f"{channel}_{job.objective}", loss, epoch)), flush=True)
            say(f"#quality_metric: host={HOST}, epoch={epoch}, {channel} {job.objective} <loss>={loss}")
        say(f"#progress_metric: host={HOST}, completed {100 * (epoch + 1) // job.epochs} % of epochs")
    return model(values, unit, shift)


def _metrics(name: str, value: float, epoch: int) -> dict[str, Any]:
    """What AWS's image prints of each of its models in an epoch; its line of the epoch has the first model's."""
    now = time.time()
    where = {"Algorithm": "Linear Learner", "Host": HOST, "Operation": "training", "epoch": epoch, "model": 0}
    of_one = {"sum": value, "count": 1, "min": value, "max": value}
    return {"StartTime": now, "EndTime": now, "Dimensions": where, "Metrics": {name: of_one}}


def report(job: Job, model: Model, channel: str, rows: Matrix, labels: Matrix) -> None:
    scores = model.scores(rows)
    found = {job.objective: objective(job.predictor_type, scores, labels), **quality(job, scores, labels)}
    for name, value in found.items():
        say(f"#{channel}_score ({HOST}) : ({name!r}, {value})")
    for name, value in found.items():
        kind = "loss" if name.endswith(("_objective", "_loss")) or name == "mse" else "score"
        say(f"#quality_metric: host={HOST}, {channel} {name} <{kind}>={value}")


def say(line: str) -> None:
    print(time.strftime("[%m/%d/%Y %H:%M:%S INFO local]"), line, flush=True)


def main() -> None:
    layout = Layout(root=Path(sys.argv[1]))
    try:
        _run(layout)
    except CustomerError as error:
        (layout.output / "failure").write_text(str(error))
        print(f"Customer Error: {error}", flush=True)
        sys.exit(CUSTOMER_ERROR)


def _run(layout: Layout) -> None:
    given, inputs = layout.read("hyperparameters"), layout.read("inputdataconfig")
    job = Job(given)
    # One model is what it trains.
    unheeded = sorted(name for name in given.keys() & {*NOT_PLAYED} if (name, given[name]) != ("num_models", "1"))
    if unheeded:
        print(f"local AWS: hyperparameters that it does not heed: {', '.join(unheeded)}", flush=True)
    unknown = sorted(inputs.keys() - {*CHANNELS})
    if unknown or "train" not in inputs:
        raise CustomerError(f"channels {', '.join(inputs)}: must be train, and perhaps validation and test")
    tables = {channel: read(layout, channel, inputs, job) for channel in CHANNELS if channel in inputs}
    widths = {channel: rows.shape[1] for channel, (rows, _) in tables.items()}
    if len({*widths.values()}) > 1:
        raise CustomerError(f"the channels have different numbers of features: {widths}")
    rows, labels = tables["train"]
    # AWS's SDK never asks for a larger batch than there are rows, and AWS's own words for it are on no page:
    # https://github.com/aws/sagemaker-python-sdk/blob/v2.232.0/src/sagemaker/amazon/linear_learner.py
    if len(rows) < job.mini_batch_size:
        raise CustomerError(
            "No training data processed. Either the training channel is empty or the mini-batch size is too high. "
            "Verify that training data contains non-empty files and the mini-batch size is less than the number of "
            f"records per training host. ({len(rows)} rows, mini_batch_size {job.mini_batch_size})"
        )
    began = time.monotonic()
    model = train(job, rows, labels, tables.get("validation"))
    seconds = max(time.monotonic() - began, 1e-6)
    say(f"#throughput_metric: host={HOST}, train throughput={len(rows) * job.epochs / seconds} records/second")
    for channel, table in tables.items():
        if channel != "train" or "validation" not in tables:
            report(job, model, channel, *table)
    model.write(layout.model / MODEL)
