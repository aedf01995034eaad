"""The training script, run as SageMaker runs it: folders in variables, hyperparameters as arguments."""

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from stacks.environments import ROOT

SOURCE = ROOT / "models/breast_cancer"
LABEL = "must be the label, 0 (malignant) or 1 (benign), and there must be no header"
ROW = "1," + ",".join(["1.5"] * 30)
# What AWS's image has of them; its scipy, 1.8.0, has no wheel for this Python.
# https://github.com/aws/sagemaker-scikit-learn-container/blob/v1.2-1/requirements.txt
OF_THE_IMAGE = ("scikit-learn==1.2.1", "numpy==1.24.1", "scipy==1.10.1", "joblib==1.2.0", "threadpoolctl==3.1.0")


@dataclass(frozen=True)
class Job:
    """The folders of a training job: /opt/ml, with the shipped data in its channels."""

    folder: Path

    @property
    def variables(self) -> dict[str, str]:
        return {
            "SM_CHANNEL_TRAIN": f"{self.folder}/input/data/train",
            "SM_CHANNEL_VALIDATION": f"{self.folder}/input/data/validation",
            "SM_MODEL_DIR": f"{self.folder}/model",
            "SM_OUTPUT_DIR": f"{self.folder}/output",
        }

    @property
    def failure(self) -> str:
        return (self.folder / "output/failure").read_text()

    @property
    def made(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder / "model")) for path in (self.folder / "model").rglob("*.*"))

    def put(self, path: str, text: str) -> None:
        file = self.folder / "input/data" / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(SOURCE / "train.py"), *arguments],
            cwd=self.folder,
            env=os.environ | self.variables | variables,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def job(tmp_path: Path) -> Job:
    shutil.copytree(SOURCE / "data", tmp_path / "input/data")
    for folder in ("model", "output"):
        (tmp_path / folder).mkdir()
    return Job(tmp_path)


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """train.py in this process: a process of its own takes seconds to import scikit-learn."""
    spec = importlib.util.spec_from_file_location("train", SOURCE / "train.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SOURCE)
        # Another test of this worker may have imported another model's handlers, which have the same name.
        patch.delitem(sys.modules, "inference", raising=False)
        spec.loader.exec_module(module)
        yield module
        del sys.modules["inference"]


@pytest.fixture
def run(script: ModuleType, job: Job, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the job with these arguments; gives the status that the process would exit with."""
    for name, value in job.variables.items():
        monkeypatch.setenv(name, value)

    def running(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
        status: int = script.main()
        return status

    return running


@pytest.mark.parametrize("channel", ["train", "validation"])
def test_the_data_is_scikit_learns_with_a_quarter_held_out(channel: str) -> None:
    data, target = load_breast_cancer(return_X_y=True)
    rows = train_test_split(data, target, test_size=0.25, random_state=20261123, stratify=target)
    part = ("train", "validation").index(channel)
    assert (SOURCE / f"data/{channel}/{channel}.csv").read_text() == "".join(
        ",".join(map(repr, [label, *row])) + "\n"
        for row, label in zip(rows[part].tolist(), rows[part + 2].tolist(), strict=True)
    )


@pytest.mark.parametrize("name", ["train.py", "inference.py"])
def test_the_code_parses_in_the_containers_python(name: str) -> None:
    """3.8: https://github.com/aws/sagemaker-scikit-learn-container/blob/v1.2-1/docker/1.2-1/base/Dockerfile.cpu#L10"""
    ast.parse((SOURCE / name).read_text(), feature_version=(3, 8))


def test_a_training_says_what_it_does_and_leaves_a_model_and_its_handlers(job: Job) -> None:
    finished = job.run("-C", "1.0", "--columns", "all", "--max_iter", "1000")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout.splitlines() == [
        "columns=all C=1 max_iter=1000",
        "train: 426 rows (267 benign, 159 malignant) of train.csv",
        "validation: 143 rows (90 benign, 53 malignant) of validation.csv",
        "fitted 30 of 30 columns in 16 steps",
        "train: 1 benign and 3 malignant rows answered wrong",
        "validation: 0 benign and 2 malignant rows answered wrong",
        "train:accuracy=0.990610",
        "validation:accuracy=0.986014",
    ]
    assert job.made == ["code/inference.py", "model.json"]
    assert (job.folder / "model/code/inference.py").read_bytes() == (SOURCE / "inference.py").read_bytes()
    assert not (job.folder / "output/failure").exists()


def test_what_aws_image_has_makes_the_same_model(job: Job) -> None:
    """scikit-learn 1.2 stops its solver at another place than later ones, unless the script sees to it."""
    if sys.version_info >= (3, 12):
        pytest.skip(f"there is no {OF_THE_IMAGE[0]} for this Python")
    with tempfile.TemporaryDirectory() as packages:
        options = ("--quiet", "--no-deps", "--no-compile", "--only-binary", ":all:", "--target", packages)
        command = [sys.executable, "-m", "pip", "install", *options, *OF_THE_IMAGE]
        installed = subprocess.run(command, capture_output=True, text=True, check=False)
        if installed.returncode:
            pytest.skip(f"it cannot be installed: {installed.stderr.strip().splitlines()[-1]}")
        used = f"{sys.executable} -c 'import sklearn, numpy; print(sklearn.__version__, numpy.__version__)'"
        asked = subprocess.run(
            ["/bin/sh", "-c", used],
            env=os.environ | {"PYTHONPATH": packages},
            capture_output=True,
            text=True,
            check=True,
        )
        assert asked.stdout == "1.2.1 1.24.1\n"
        there = job.run(PYTHONPATH=packages)
    model = (job.folder / "model/model.json").read_bytes()
    here = job.run()
    assert (there.returncode, there.stdout) == (0, here.stdout), there.stderr
    assert model == (job.folder / "model/model.json").read_bytes()


def test_the_defaults_are_what_is_said_of_them(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    assert capsys.readouterr().out.startswith("columns=all C=1 max_iter=1000\n")


@pytest.mark.parametrize("columns", ["means", "all"])
def test_the_metric_is_that_of_the_model_as_it_is_written(
    columns: str, run: Callable[..., int], job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--columns", columns) == 0
    [metric] = re.findall("validation:accuracy=([0-9.]+)", capsys.readouterr().out)
    spec = importlib.util.spec_from_file_location("served", job.folder / "model/code/inference.py")
    assert spec is not None
    assert spec.loader is not None
    served = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(served)
    lines = (SOURCE / "data/validation/validation.csv").read_text().splitlines()
    body = "\n".join(line.split(",", 1)[1] for line in lines)
    rows = served.input_fn(body, "text/csv")
    answered, _ = served.output_fn(served.predict_fn(rows, served.model_fn(str(job.folder / "model"))), "text/csv")
    actual = [("malignant", "benign")[int(line[0])] for line in lines]
    right = sum(line.split(",")[0] == name for line, name in zip(answered.splitlines(), actual, strict=True))
    assert metric == f"{right / len(actual):.6f}"


def test_files_of_a_channel_are_read_in_the_order_of_their_names(
    run: Callable[..., int], job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    of_one = (job.folder / "model/model.json").read_bytes()
    said = capsys.readouterr().out
    file = job.folder / "input/data/train/train.csv"
    lines = file.read_text().splitlines(keepends=True)
    file.unlink()
    for name, part in (("c.csv", lines[300:]), ("a.csv", lines[:100]), ("b/0.csv", lines[100:300])):
        job.put(f"train/{name}", "".join(part))
    job.put("train/notes.txt", "no data")
    assert run() == 0
    assert (job.folder / "model/model.json").read_bytes() == of_one
    assert capsys.readouterr().out == said.replace("of train.csv", "of a.csv, b/0.csv, c.csv")


def test_fewer_columns_and_stronger_regularization_make_another_model(run: Callable[..., int], job: Job) -> None:
    sizes = {}
    for arguments in (("-C", "1"), ("-C", "0.01"), ("--columns", "means")):
        assert run(*arguments) == 0
        model = json.loads((job.folder / "model/model.json").read_text())
        sizes[arguments] = (len(model["terms"]), sum(abs(term["coefficient"]) for term in model["terms"]))
    assert sizes["-C", "1"][0] == sizes["-C", "0.01"][0] == 30
    assert sizes["-C", "0.01"][1] < sizes["-C", "1"][1] / 2
    assert sizes["--columns", "means"][0] == 10


def test_too_few_steps_are_told(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--max_iter", "3") == 0
    said = capsys.readouterr()
    assert "fitted 30 of 30 columns in 3 steps: max_iter, which may be too few\n" in said.out
    assert said.err == ""


def test_byte_order_marks_blank_lines_and_other_line_ends_do_no_harm(run: Callable[..., int], job: Job) -> None:
    assert run() == 0
    before = (job.folder / "model/model.json").read_bytes()
    file = job.folder / "input/data/train/train.csv"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    assert run() == 0
    assert (job.folder / "model/model.json").read_bytes() == before


def refused(job: Job, status: int, capsys: pytest.CaptureFixture[str], reason: str) -> None:
    assert status == 1
    assert job.failure == reason
    assert capsys.readouterr().err == f"{reason}\n"
    assert job.made == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ROW + ",1", ": number of columns: 32: must be 31, the label and 30 measurements"),
        ("1", ": number of columns: 1: must be 31, the label and 30 measurements"),
        (ROW.replace(",", ";"), ": number of columns: 1: must be 31, the label and 30 measurements"),
        ("2" + ROW[1:], f", column 1: '2': {LABEL}"),
        (
            "benign" + ROW[1:],
            f", column 1: 'benign': {LABEL}",
        ),
        (ROW[:-3] + "big", ", column 31: 'big': must be a number from -1e+100 to 1e+100"),
        (ROW[:-3], ", column 31: '': must be a number from -1e+100 to 1e+100"),
        (ROW[:-3] + "nan", ", column 31: 'nan': must be a number from -1e+100 to 1e+100"),
        (ROW[:-3] + "1.1e100", ", column 31: '1.1e100': must be a number from -1e+100 to 1e+100"),
        (ROW[:-3] + "-inf", ", column 31: '-inf': must be a number from -1e+100 to 1e+100"),
        (ROW[:-3] + "\x00", r", column 31: '\x00': must be a number from -1e+100 to 1e+100"),
    ],
)
@pytest.mark.parametrize("channel", ["train", "validation"])
def test_rejects_a_row_that_is_no_row_of_the_data(
    channel: str, row: str, said: str, run: Callable[..., int], job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    job.put(f"{channel}/more.csv", f"{ROW}\n{row}\n")
    refused(job, run(), capsys, f"channel {channel}: more.csv, line 2{said}")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--columns", "some"), "hyperparameter columns: 'some': must be means or all"),
        (("--columns", ""), "hyperparameter columns: '': must be means or all"),
        (("-C", "0"), "hyperparameter C: '0': must be a number from 1e-06 to 1e+06"),
        (("-C", "1000001"), "hyperparameter C: '1000001': must be a number from 1e-06 to 1e+06"),
        (("-C", "nan"), "hyperparameter C: 'nan': must be a number from 1e-06 to 1e+06"),
        (("-C", "-1"), "hyperparameter C: '-1': must be a number from 1e-06 to 1e+06"),
        (("-C", "much"), "hyperparameter C: 'much': must be a number from 1e-06 to 1e+06"),
        (("--max_iter", "0"), "hyperparameter max_iter: '0': must be a whole number from 1 to 1e+06"),
        (("--max_iter", "1000001"), "hyperparameter max_iter: '1000001': must be a whole number from 1 to 1e+06"),
        (("--max_iter", "1.5"), "hyperparameter max_iter: '1.5': must be a whole number from 1 to 1e+06"),
        (("--max_iter", "9" * 5000), f"hyperparameter max_iter: {'9' * 40!r}: must be a whole number from 1 to 1e+06"),
        (("--max_iter",), "hyperparameters: argument --max_iter: expected one argument"),
        (("--column", "all"), "hyperparameters: '--column all': must be C, columns or max_iter"),
        (("--epochs", "3"), "hyperparameters: '--epochs 3': must be C, columns or max_iter"),
        (("train",), "hyperparameters: 'train': must be C, columns or max_iter"),
    ],
)
def test_rejects_hyperparameters_that_it_does_not_know_or_cannot_use(
    arguments: tuple[str, ...],
    reason: str,
    run: Callable[..., int],
    job: Job,
    capsys: pytest.CaptureFixture[str],
) -> None:
    refused(job, run(*arguments), capsys, reason)


@pytest.mark.parametrize("argument", ["0.000001", "1000000"])
def test_the_weakest_and_the_strongest_regularization_are_taken(argument: str, run: Callable[..., int]) -> None:
    assert run("-C", argument) == 0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("SM_CHANNEL_TRAIN", "SM_CHANNEL_TRAIN is not set: the training must have a channel train"),
        ("SM_CHANNEL_VALIDATION", "SM_CHANNEL_VALIDATION is not set: the training must have a channel validation"),
        ("SM_MODEL_DIR", "SM_MODEL_DIR is not set: must name the folder that the model is written to"),
    ],
)
def test_rejects_a_job_without_a_folder_that_it_needs(
    name: str,
    reason: str,
    run: Callable[..., int],
    job: Job,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(name)
    refused(job, run(), capsys, reason)


@pytest.mark.parametrize("files", [{}, {"notes.txt": ROW}])
def test_rejects_a_channel_without_data(
    files: dict[str, str], run: Callable[..., int], job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    (job.folder / "input/data/validation/validation.csv").unlink()
    for name, text in files.items():
        job.put(f"validation/{name}", text)
    reason = "channel validation: no CSV file: must hold at least one, with a name that ends in .csv"
    refused(job, run(), capsys, reason)


def test_rejects_a_channel_that_is_not_there(
    run: Callable[..., int], job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(job.folder / "input/data/train")
    reason = "channel train: no CSV file: must hold at least one, with a name that ends in .csv"
    refused(job, run(), capsys, reason)


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_rejects_an_empty_file(
    text: str, run: Callable[..., int], job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    job.put("train/more.csv", text)
    refused(job, run(), capsys, "channel train: more.csv: no row: must hold at least one")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe1", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"1" * 200_000, "field larger than field limit (131072)"),
    ],
)
def test_rejects_a_file_that_is_no_csv(
    content: bytes, said: str, run: Callable[..., int], job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    (job.folder / "input/data/train/more.csv").write_bytes(content)
    refused(job, run(), capsys, f"channel train: more.csv: not a CSV file in UTF-8: {said}")


def test_rejects_rows_of_one_class_only(run: Callable[..., int], job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    job.put("train/train.csv", f"{ROW}\n{ROW}\n")
    refused(job, run(), capsys, "channel train: every row is benign: must have rows of both classes")


@pytest.mark.parametrize(("second", "deviation"), [("1.5001", "5e-05"), ("1.50019", "9.5e-05")])
def test_rejects_measurements_that_four_decimals_cannot_tell_apart(
    second: str, deviation: str, run: Callable[..., int], job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    job.put("train/train.csv", f"{ROW}\n{'0' + ROW[1:].replace('1.5', second, 1)}\n")
    allowed = "must be at least 0.0001, in another unit if need be"
    refused(job, run(), capsys, f"channel train: column 2: standard deviation {deviation}: {allowed}")


@pytest.mark.parametrize("second", ["1.5", "1.5003", "-1e100"])
def test_a_column_that_never_varies_or_varies_enough_is_taken(second: str, run: Callable[..., int], job: Job) -> None:
    job.put("train/train.csv", f"{ROW}\n{'0' + ROW[1:].replace('1.5', second, 1)}\n")
    assert run() == 0
    model = json.loads((job.folder / "model/model.json").read_text())
    assert all(term["scale"] > 0 for term in model["terms"])


def test_what_nobody_foresaw_leaves_its_traceback_in_the_log_and_its_name_in_the_failure_file(
    run: Callable[..., int], job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    (job.folder / "model").rmdir()
    (job.folder / "model").write_text("a file")
    assert run() == 1
    assert job.failure.startswith("NotADirectoryError: [Errno 20] Not a directory: ")
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):\n")
    assert said.endswith(f"\n{job.failure}\n")


def test_a_process_that_refuses_exits_with_1_and_one_line(job: Job) -> None:
    job.put("train/more.csv", "diagnosis\n")
    finished = job.run("--columns", "all")
    reason = "channel train: more.csv, line 1: number of columns: 1: must be 31, the label and 30 measurements"
    assert (finished.returncode, finished.stderr, job.failure) == (1, f"{reason}\n", reason)
    assert job.made == []


def test_without_a_folder_for_the_failure_the_reason_is_on_standard_error_alone(
    run: Callable[..., int], job: Job, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SM_OUTPUT_DIR")
    assert run("--columns", "some") == 1
    assert capsys.readouterr().err == "hyperparameter columns: 'some': must be means or all\n"
    assert list((job.folder / "output").iterdir()) == []
