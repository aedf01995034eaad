"""docs/training.md, A training of one's own: its files and its value in the settings, as a person has them."""

import ast
import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from local_aws.server.containers import container
from models import artifacts
from settings.environment import EnvironmentSettings
from settings.training import BREAST_CANCER, BuiltInTraining, ScriptTraining
from stacks.environments import ROOT
from tests.support.page import Example, examples

SOURCE = "models/rents"
VARIABLES = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}


@functools.cache
def page() -> list[Example]:
    return [*examples((ROOT / "docs/training.md").read_text(), SOURCE)]


@functools.cache
def training() -> ScriptTraining:
    [text] = [example.text for example in page() if "SETTINGS = " in example.text]
    names: dict[str, EnvironmentSettings] = {}
    exec(text, names)  # noqa: S102 - the page's
    ships, own, built_in = names["SETTINGS"].checked().trainings
    assert ships == BREAST_CANCER.checked()
    assert isinstance(own, ScriptTraining)
    assert isinstance(built_in, BuiltInTraining)
    return own


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the files of the page, and the Python that its commands name."""
    for example in page():
        if example.file is not None:
            path = tmp_path / example.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(example.text)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def run(project: Path) -> tuple[str, Path]:
    """As the image does: the folders in variables, the hyperparameters as arguments. What it printed, and its model."""
    own = training()
    assert own.sample_data is not None
    folder = project / "opt/ml/model"
    folder.mkdir(parents=True)
    channels = {f"SM_CHANNEL_{name.upper()}": f"{project / own.sample_data / name}" for name in own.channels}
    arguments = [text for name, value in own.hyperparameters.items() for text in (f"--{name}", value)]
    finished = subprocess.run(
        [sys.executable, "train.py", *arguments],
        cwd=project / own.source,
        env=os.environ | channels | {"SM_MODEL_DIR": f"{folder}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    return finished.stdout, folder


def test_the_files_are_where_the_setting_looks_and_the_image_can_read_them(project: Path) -> None:
    own = training()
    assert (own.source, own.sample_data) == (SOURCE, f"{SOURCE}/data")
    for channel in own.channels:
        assert [*(project / f"{SOURCE}/data/{channel}").glob("*.csv")]
    for name in ("train.py", "inference.py"):
        # https://github.com/aws/sagemaker-scikit-learn-container/blob/v1.2-1/docker/1.2-1/base/Dockerfile.cpu#L10
        ast.parse((project / SOURCE / name).read_text(), feature_version=(3, 8))


def test_the_script_prints_the_metric_that_the_setting_looks_for_and_reaches_its_threshold(project: Path) -> None:
    printed, folder = run(project)
    metric = training().metric
    [value] = re.findall(metric.regex, printed)
    assert metric.objective == "Minimize"
    assert 0 < float(value) <= metric.threshold
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*")) == [
        "code/inference.py",
        "model.joblib",
    ]


def test_what_it_trained_answers_as_the_model_that_was_judged(project: Path) -> None:
    printed, folder = run(project)
    rows = np.loadtxt(project / f"{SOURCE}/data/validation/rents.csv", delimiter=",", skiprows=1)
    answered = container.ask(
        artifacts.pack(folder),
        image=f"{training().image_repository}:{training().image_tag}",
        environment=VARIABLES,
        content_type="text/csv",
        accept="text/csv",
        body="".join(f"{area:g},{rooms:g},{age:g}\n" for area, rooms, age, _ in rows).encode(),
        memory_mb=1024,
    )
    assert answered.status == 200
    rents = [float(line) for line in answered.body.decode().replace(",", "\n").split()]
    error = np.abs(np.array(rents) - rows[:, -1]).mean()
    [value] = re.findall(training().metric.regex, printed)
    assert error == pytest.approx(float(value), abs=1e-4)


def test_the_commands_that_try_it_as_a_process_train_it_twice_in_a_row(project: Path) -> None:
    [commands] = [example.text for example in page() if example.language == "sh" and SOURCE in example.text]
    for _ in range(2):
        finished = subprocess.run(
            ["bash", "-ec", commands], cwd=project, capture_output=True, text=True, check=False, timeout=60
        )
        assert (finished.returncode, finished.stderr) == (0, "")
        assert re.search(training().metric.regex, finished.stdout)
    assert (project / ".local/rents/code/inference.py").is_file()
