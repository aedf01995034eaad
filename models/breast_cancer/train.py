"""Trains a linear classifier of the Wisconsin breast cancer data: a script for AWS's scikit-learn image.

SageMaker names folders in variables and gives hyperparameters as arguments. The script says what it does, and last its
metrics: `validation:accuracy=0.986014`. They are of the numbers that are written, as the handlers beside it answer.
Where the data or a hyperparameter will not do, the failure file gets one sentence, which DescribeTrainingJob gives as
FailureReason, and no model is written.
https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html#prepare-a-scikit-learn-training-script
https://github.com/aws/sagemaker-training-toolkit/blob/master/src/sagemaker_training/mapping.py
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html

The image has scikit-learn 1.2.1 on Python 3.8, by now 3.9. There and here the same data makes the same model.
https://github.com/aws/sagemaker-scikit-learn-container/blob/master/docker/1.2-1/base/Dockerfile.cpu

data/ holds 569 rows of 30 measurements of cell nuclei each, as scikit-learn ships them, a quarter held out. They are by
W. Wolberg, O. Mangasarian, N. Street and W. Street, licensed CC BY 4.0:
https://archive.ics.uci.edu/dataset/17/breast+cancer+wisconsin+diagnostic
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import shutil
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import inference  # type: ignore[import-not-found] # it lies beside this file, whose folder Python looks in

CLASSES = ("malignant", "benign")  # by label
COLUMN_COUNT = 30
# Columns 0-9 are means, 10-19 standard errors, 20-29 worst values.
COLUMNS = {"means": range(10), "all": range(COLUMN_COUNT)}
MIN_C, MAX_C, MAX_MAX_ITER = 1e-6, 1e6, 1_000_000
DECIMALS = 4  # so that the last digits of one machine's arithmetic do not show
MIN_DEVIATION = 10.0**-DECIMALS
MAX_VALUE = 1e100  # whose square is a number yet


class RefusedError(Exception):
    """What is wrong with the data or a hyperparameter, in one sentence."""


class Parser(argparse.ArgumentParser):
    """Hyperparameters as arguments; what is wrong with them goes where everything that is wrong goes."""

    def error(self, message: str) -> NoReturn:
        raise RefusedError(f"hyperparameters: {message}")


def hyperparameters(arguments: list[str]) -> argparse.Namespace:
    """What a training's hyperparameters come as: `--columns all`, and with a single dash what has one letter."""
    parser = Parser(allow_abbrev=False)
    parser.add_argument("-C", default="1.0", help="scikit-learn's C: the smaller, the simpler the model (1.0)")
    parser.add_argument("--columns", default="all", help="the columns that the model looks at: means or all (all)")
    parser.add_argument("--max_iter", default="1000", help="the most steps of the solver (1000)")
    given, unknown = parser.parse_known_args(arguments)
    if unknown:
        raise RefusedError(f"hyperparameters: {' '.join(unknown)[:80]!r}: must be C, columns or max_iter")
    if given.columns not in COLUMNS:
        raise RefusedError(f"hyperparameter columns: {given.columns[:40]!r}: must be {' or '.join(COLUMNS)}")
    given.C = number("C", given.C, float, MIN_C, MAX_C)
    given.max_iter = number("max_iter", given.max_iter, int, 1, MAX_MAX_ITER)
    return given


def number(name: str, text: str, kind: type[int] | type[float], smallest: float, largest: float) -> float:
    """The hyperparameter as a number of this kind, if it is one between the two."""
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not smallest <= value <= largest:
        what = "a whole number" if kind is int else "a number"
        raise RefusedError(f"hyperparameter {name}: {text[:40]!r}: must be {what} from {smallest:g} to {largest:g}")
    return value


def variable(name: str, what: str) -> Path:
    """The folder that SageMaker names in a variable."""
    if not os.environ.get(name):
        raise RefusedError(f"{name} is not set: {what}")
    return Path(os.environ[name])


def channel(name: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Rows and labels of all CSV files of a channel, those of one file after those of another as they are named."""
    folder = variable(f"SM_CHANNEL_{name.upper()}", f"the training must have a channel {name}")
    files = sorted(path for path in folder.rglob("*.csv") if path.is_file())
    if not files:
        raise RefusedError(f"channel {name}: no CSV file: must hold at least one, with a name that ends in .csv")
    table = [row for path in files for row in table_of(path, f"channel {name}: {path.relative_to(folder)}")]
    labels = [int(row[0]) for row in table]
    counts = ", ".join(f"{labels.count(label)} {CLASSES[label]}" for label in (1, 0))
    print(f"{name}: {len(table)} rows ({counts}) of {', '.join(str(path.relative_to(folder)) for path in files)}")
    return np.array([row[1:] for row in table]), np.array(labels)


def table_of(path: Path, where: str) -> list[list[float]]:
    """The rows of one file, the label first."""
    table = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            for cells in filter(None, reader):
                table.append(numbers(cells, f"{where}, line {reader.line_num}"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RefusedError(f"{where}: not a CSV file in UTF-8: {error}") from None
    if not table:
        raise RefusedError(f"{where}: no row: must hold at least one")
    return table


def numbers(cells: list[str], where: str) -> list[float]:
    """A row as numbers: the label, then the measurements."""
    if len(cells) != 1 + COLUMN_COUNT:
        allowed = f"must be {1 + COLUMN_COUNT}, the label and {COLUMN_COUNT} measurements"
        raise RefusedError(f"{where}: number of columns: {len(cells)}: {allowed}")
    row = []
    for column, cell in enumerate(cells, start=1):
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if column == 1 and value not in (0, 1):
            allowed = f"must be the label, 0 ({CLASSES[0]}) or 1 ({CLASSES[1]}), and there must be no header"
            raise RefusedError(f"{where}, column 1: {cell[:40]!r}: {allowed}")
        if not abs(value) <= MAX_VALUE:
            allowed = f"must be a number from {-MAX_VALUE:g} to {MAX_VALUE:g}"
            raise RefusedError(f"{where}, column {column}: {cell[:40]!r}: {allowed}")
        row.append(value)
    return row


def fitted(rows: NDArray[np.float64], labels: NDArray[np.int64], given: argparse.Namespace) -> dict[str, Any]:
    """The model as plain numbers: what inference.py reads."""
    if len(set(labels)) == 1:
        raise RefusedError(f"channel train: every row is {CLASSES[labels[0]]}: must have rows of both classes")
    columns = COLUMNS[given.columns]
    scaler = StandardScaler()
    scaled = scaler.fit_transform(rows[:, columns])
    for column, deviation in enumerate(scaler.scale_, start=2):  # 1 has the label
        if deviation < MIN_DEVIATION:
            allowed = f"must be at least {MIN_DEVIATION:g}, in another unit if need be"
            raise RefusedError(f"channel train: column {column}: standard deviation {deviation:g}: {allowed}")
    # Each row weighs 1/n, so C is n times as large: scikit-learn 1.2 minimizes the sum over the rows, later ones the
    # mean, each down to the same tolerance. So it is the mean in all of them, and they stop at the same model.
    count = len(labels)
    regression = LogisticRegression(C=given.C * count, max_iter=given.max_iter)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        regression.fit(scaled, labels, sample_weight=np.full(count, 1 / count))
    steps = int(regression.n_iter_[0])
    print(f"fitted {len(columns)} of {COLUMN_COUNT} columns in {steps} steps", end="")
    print(": max_iter, which may be too few" if steps >= given.max_iter else "")
    terms = [
        {
            "column": column,
            "coefficient": round(float(regression.coef_[0][place]), DECIMALS),
            "mean": round(float(scaler.mean_[place]), DECIMALS),
            "scale": round(float(scaler.scale_[place]), DECIMALS),
        }
        for place, column in enumerate(columns)
    ]
    return {
        "classes": list(CLASSES),
        "columns": COLUMN_COUNT,
        "intercept": round(float(regression.intercept_[0]), DECIMALS),
        "terms": terms,
    }


def accuracy(name: str, rows: NDArray[np.float64], labels: NDArray[np.int64], model: dict[str, Any]) -> str:
    """The share of the rows that are answered right, as a metric's line; says before how many of each class are not."""
    answers = [answer["class"] for answer in inference.predict_fn(rows.tolist(), model)]
    wrong = [0, 0]
    for answer, label in zip(answers, labels):
        wrong[label] += answer != CLASSES[label]
    mistakes = " and ".join(f"{wrong[label]} {CLASSES[label]}" for label in (1, 0))
    print(f"{name}: {mistakes} rows answered wrong")
    return f"{name}:accuracy={(len(labels) - sum(wrong)) / len(labels):.6f}"


def train() -> None:
    """From the channels to the model's folder."""
    given = hyperparameters(sys.argv[1:])
    target = variable("SM_MODEL_DIR", "must name the folder that the model is written to")
    print(f"columns={given.columns} C={given.C:g} max_iter={given.max_iter}")
    data = {name: channel(name) for name in ("train", "validation")}
    model = fitted(*data["train"], given)
    metrics = [accuracy(name, rows, labels, model) for name, (rows, labels) in data.items()]
    (target / "code").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(inference.__file__, target / "code" / "inference.py")
    (target / "model.json").write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
    print(*metrics, sep="\n")


def fail(reason: str) -> int:
    """Tells the reason on standard error and in the failure file, for SageMaker; the status to exit with."""
    print(reason, file=sys.stderr)
    if os.environ.get("SM_OUTPUT_DIR"):
        Path(os.environ["SM_OUTPUT_DIR"], "failure").write_text(reason, encoding="utf-8", errors="backslashreplace")
    return 1


def main() -> int:
    try:
        train()
    except RefusedError as error:
        return fail(str(error))
    except Exception as error:
        traceback.print_exc()
        return fail(f"{type(error).__name__}: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
