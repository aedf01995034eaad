"""Script mode, held against the toolkit that AWS's framework images have it from, run on the same job."""

import json
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from local_aws.server.containers import script_mode, training
from local_aws.server.containers.script_mode import Layout
from tests.local_aws.server.test_training import container
from tests.support import toolkit

SCRIPT = """
import json, os, sys
from pathlib import Path
told = {"arguments": sys.argv, "folder": os.getcwd(), "variables": dict(os.environ)}
Path(os.environ["SM_MODEL_DIR"], "told.json").write_text(json.dumps(told))
"""
HYPERPARAMETERS = {
    "columns": "all",
    "depth": "3",
    "ratio": "0.50",
    "balanced": "true",
    "nothing": "null",
    "quoted": '"a text"',
    "several": "[1, 2.5]",
    "nested": '{"b": 1, "a": "x"}',
    "odd": "it's ünusual $HOME",
    "k": "7",
    "with-dash": "-1",
    "_tuning_objective_metric": "accuracy",
    "sagemaker_program": "train.py",
    "sagemaker_submit_directory": "/opt/ml/input/data/code",
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": '"named"',
    "sagemaker_region": '"us-east-1"',
    "sagemaker_of_the_framework": "1",
}


def laid_out(layout: Layout) -> None:
    channel = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
    layout.make(
        hyperparameters={name: training.relocated(value, layout.root) for name, value in HYPERPARAMETERS.items()},
        inputs={"train": {"ContentType": "text/csv", **channel}, "code": channel},
        resources=script_mode.resources("ml.m5.large"),
    )
    (layout.data / "code/train.py").write_text(SCRIPT)


def nothing_in_s3(uri: str) -> bytes:
    raise AssertionError(uri)


def told(layout: Layout) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((layout.model / "told.json").read_text())
    return found


@pytest.mark.skipif(shutil.which("cc") is None, reason="the toolkit has a part in C, and there is no compiler")
def test_the_real_toolkit_gives_a_script_the_same_variables_and_arguments(tmp_path: Path) -> None:
    framework = training.FRAMEWORKS["sagemaker-scikit-learn"][0]
    layout = Layout(root=tmp_path / "opt/ml")
    laid_out(layout)
    folder = toolkit.installed()
    toolkit.train(folder, layout.root, framework=framework, job_name="a", region="us-east-1", home=tmp_path / "theirs")
    theirs = told(layout)
    shutil.rmtree(layout.root)
    laid_out(layout)
    job = container()
    command = training.prepare(job, layout, nothing_in_s3)
    lines: list[str] = []
    training.run(job, command, tmp_path, log=lines.append, stop=threading.Event())
    ours = told(layout)
    assert ours["arguments"] == theirs["arguments"]
    assert ours["folder"] == theirs["folder"]
    mine, given = (
        {name: value for name, value in found["variables"].items() if name.startswith("SM_")}
        for found in (ours, theirs)
    )
    given.pop("SM_STUDIO_LOCAL_MODE")
    assert json.loads(mine.pop("SM_TRAINING_ENV")) == json.loads(given.pop("SM_TRAINING_ENV"))
    assert mine == given
    for name in ("TRAINING_JOB_NAME", "SAGEMAKER_JOB_NAME", "SAGEMAKER_REGION", "CURRENT_HOST"):
        assert ours["variables"][name] == theirs["variables"][name]


def test_a_command_gets_the_arguments_too(tmp_path: Path) -> None:
    layout = Layout(root=tmp_path / "opt/ml")
    resources = script_mode.resources("ml.m5.large")
    given = {"sagemaker_program": "bin/train.sh", "words": "two words", "sagemaker_submit_directory": "/opt/ml/code"}
    layout.make(
        hyperparameters={name: training.relocated(value, layout.root) for name, value in given.items()},
        inputs={},
        resources=resources,
    )
    (layout.code / "bin").mkdir()
    (layout.code / "bin/train.sh").write_text('#!/bin/sh\necho "$1" "($2)"\nexit 3\n')
    (layout.code / "bin/train.sh").chmod(0o755)
    command = training.prepare(container(), layout, nothing_in_s3)
    lines: list[str] = []
    ended = training.run(container(), command, tmp_path, log=lines.append, stop=threading.Event())
    assert lines[-1] == "--words (two words)"
    assert ended == training.Ended(exit_code=3, is_over_time=False)
    assert "\nExitCode 3\n" in str(training.failure(command, layout, tmp_path, ended))


def test_a_script_of_xgboost_needs_xgboost(tmp_path: Path) -> None:
    assert "xgboost" not in sys.modules
    with pytest.raises(training.FailedError, match="needs the package xgboost, which is not installed here"):
        training.prepare(container(image="sagemaker-xgboost:1.7-1"), Layout(root=tmp_path), nothing_in_s3)
