"""The handlers of the shipped models, run as AWS's scikit-learn container runs them."""

import functools
import importlib.util
import io
import json
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from local_aws.server.containers.handlers import container
from models import artifacts
from stacks.environments import ROOT

NAMES = tuple(artifacts.ARTIFACTS)
# Seen on the 143 rows held out: 0.937 and 0.986.
MIN_ACCURACY = {"breast-cancer-means": 0.93, "breast-cancer-all-columns": 0.98}


@dataclass(frozen=True)
class Served:
    """A model's handlers and the loaded model."""

    folder: Path
    handlers: ModuleType
    model: Any

    def answer(self, body: bytes | str, content_type: str, accept: str = "application/json") -> tuple[str, str]:
        rows = self.handlers.input_fn(body, content_type)
        answered: tuple[str, str] = self.handlers.output_fn(self.handlers.predict_fn(rows, self.model), accept)
        return answered

    def status(self, body: bytes | str, content_type: str, accept: str = "application/json") -> tuple[int, str]:
        """The status of the container's answer, and its text."""
        own, model = self.handlers, self.model
        app = container(
            lambda body, kind, accept: own.output_fn(own.predict_fn(own.input_fn(body, kind), model), accept)
        )
        client = app.test_client()
        answer = client.post("/invocations", data=body, headers={"Content-Type": content_type, "Accept": accept})
        return answer.status_code, answer.text


@functools.cache
def packed(name: str) -> bytes:
    return artifacts.artifact(artifacts.ARTIFACTS[name])


def served(name: str, folder: Path) -> Served:
    """The packed artifact, unpacked where the container unpacks it, its own inference.py imported."""
    with tarfile.open(fileobj=io.BytesIO(packed(name))) as archive:
        archive.extractall(folder, filter="data")
    spec = importlib.util.spec_from_file_location("inference", folder / "code/inference.py")
    assert spec is not None
    assert spec.loader is not None
    handlers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(handlers)
    return Served(folder, handlers, handlers.model_fn(str(folder)))


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Served:
    return served(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def held_out() -> tuple[list[list[float]], list[str]]:
    lines = (ROOT / "models/breast_cancer/data/validation/validation.csv").read_text().splitlines()
    table = [[float(cell) for cell in line.split(",")] for line in lines]
    return [row[1:] for row in table], [("malignant", "benign")[int(row[0])] for row in table]


@pytest.mark.parametrize("name", NAMES)
def test_the_held_out_rows_are_answered_right_by_the_packed_artifact(
    name: str, tmp_path: Path, held_out: tuple[list[list[float]], list[str]]
) -> None:
    rows, classes = held_out
    answered, content_type = served(name, tmp_path).answer(json.dumps(rows), "application/json")
    assert content_type == "application/json"
    predictions = [prediction["class"] for prediction in json.loads(answered)["predictions"]]
    right = sum(predicted == actual for predicted, actual in zip(predictions, classes, strict=True))
    assert right / len(classes) >= MIN_ACCURACY[name]


def test_csv_and_json_payloads_get_the_same_answers(
    model: Served, held_out: tuple[list[list[float]], list[str]]
) -> None:
    rows, _ = held_out
    as_csv = "\n".join(",".join(map(str, row)) for row in rows)
    assert model.answer(as_csv.encode(), "text/csv; charset=utf-8") == model.answer(
        json.dumps(rows), "application/json"
    )


def test_one_row_needs_no_outer_list(model: Served, held_out: tuple[list[list[float]], list[str]]) -> None:
    row = held_out[0][0]
    assert model.answer(json.dumps(row), "application/json") == model.answer(json.dumps([row]), "application/json")


def test_csv_comes_out_when_csv_is_accepted(model: Served, held_out: tuple[list[list[float]], list[str]]) -> None:
    answered, content_type = model.answer(json.dumps(held_out[0][:3]), "application/json", "text/csv")
    assert content_type == "text/csv"
    assert len(answered.splitlines()) == 3
    assert {line.split(",")[0] for line in answered.splitlines()} <= {"malignant", "benign"}


def test_a_probability_is_that_of_the_answered_class(
    model: Served, held_out: tuple[list[list[float]], list[str]]
) -> None:
    answered, _ = model.answer(json.dumps(held_out[0]), "application/json")
    assert all(0.5 <= prediction["probability"] <= 1 for prediction in json.loads(answered)["predictions"])


def test_absurd_but_finite_measurements_are_answered(model: Served) -> None:
    answered, _ = model.answer(json.dumps([[1e300] * 30, [-1e300] * 30]), "application/json")
    assert len(json.loads(answered)["predictions"]) == 2


ROW = ",".join(["1"] * 29)


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        ("1,2,3", "text/csv", "row 1 has 3 values: must have 30"),
        ("hello", "text/csv", "row 1, column 1: 'hello': must be a finite number"),
        (f"{ROW},x", "text/csv", "row 1, column 30: 'x': must be a finite number"),
        (f"{ROW},nan", "text/csv", "row 1, column 30: 'nan': must be a finite number"),
        (f"{ROW},inf", "text/csv", "row 1, column 30: 'inf': must be a finite number"),
        (b"\xff", "text/csv; charset=utf-8", "the payload is not CSV: 'utf-8' codec can't decode"),
        ("1" * 200_000, "text/csv", "the payload is not CSV: field larger than field limit"),
        ("", "text/csv", "the payload holds no row"),
        ("", "application/json", "the payload is not JSON"),
        ("{", "application/json", "the payload is not JSON"),
        ("[" * 100_000, "application/json", "the payload is not JSON"),
        ("[" + "1" * 5000, "application/json", "the payload is not JSON"),
        ('{"rows": []}', "application/json", "the payload is dict: must be a list of rows"),
        ("[]", "application/json", "the payload holds no row"),
        ("[[1], 2]", "application/json", "row 2: 2: must be a list of numbers"),
        ("[[true]]", "application/json", "row 1, column 1: True: must be a finite number"),
        ("[[null]]", "application/json", "row 1, column 1: None: must be a finite number"),
        ('["\\ud800"]', "application/json", r"row 1, column 1: '\ud800': must be a finite number"),
        (f"[[1{'0' * 400}]]", "application/json", "must be a finite number"),
    ],
)
def test_a_bad_payload_is_answered_400_with_what_is_wrong(
    model: Served, body: bytes | str, content_type: str, message: str
) -> None:
    status, said = model.status(body, content_type)
    assert (status, message in said) == (400, True), said


def test_a_payload_of_another_type_is_answered_415(model: Served) -> None:
    said = "content type 'image/png': must be text/csv or application/json"
    assert model.status("1", "image/png") == (415, said)


def test_an_answer_of_another_type_is_answered_406(model: Served) -> None:
    said = "accept 'image/png': must be application/json or text/csv"
    assert model.status(f"{ROW},1", "text/csv", "image/png") == (406, said)


def test_good_rows_are_answered_200(model: Served) -> None:
    status, said = model.status(f"{ROW},1\n{ROW},2\n", "text/csv")
    assert status == 200
    assert len(json.loads(said)["predictions"]) == 2


def test_a_model_that_itself_breaks_is_answered_500(tmp_path: Path) -> None:
    sound = served(NAMES[0], tmp_path)
    broken = replace(sound, model=sound.model | {"terms": [{"column": 0}]})
    assert broken.status(f"{ROW},1", "text/csv")[0] == 500
