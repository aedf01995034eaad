"""The two artifacts that the first deploy brings: what is in them, and that the script still makes them."""

import functools
import io
import tarfile
from pathlib import Path

import pytest

from models import artifacts
from stacks.environments import ROOT
from tests.support.project import CHECKOUT

NAMES = tuple(artifacts.ARTIFACTS)
# A person may release other models than these.
COMMITTED = [name for name in NAMES if (CHECKOUT / f"models/{name}.tar.gz").is_file()]


@functools.cache
def packed(name: str) -> bytes:
    return artifacts.artifact(artifacts.ARTIFACTS[name])


@pytest.mark.parametrize("name", NAMES)
def test_an_artifact_holds_the_numbers_and_the_code_where_the_container_looks(name: str) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed(name))) as archive:
        assert archive.getnames() == ["model.json", "code/inference.py"]


@pytest.mark.parametrize("name", COMMITTED)
def test_packing_a_model_again_gives_the_committed_bytes(name: str, tmp_path: Path) -> None:
    committed = (CHECKOUT / f"models/{name}.tar.gz").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(committed)) as archive:
        archive.extractall(tmp_path, filter="data")
    assert artifacts.pack(tmp_path) == committed


@pytest.mark.parametrize("name", COMMITTED)
def test_the_training_script_makes_the_committed_model(name: str) -> None:
    assert packed(name) == (CHECKOUT / f"models/{name}.tar.gz").read_bytes(), (
        "after a wanted change of models/breast_cancer: make artifacts, and its digests into releases.json"
    )


def test_what_is_sent_as_a_sample_are_the_first_rows_held_out_without_their_labels() -> None:
    assert artifacts.sample_rows() == (ROOT / "models/sample-rows.csv").read_text()


def test_a_training_that_fails_packs_nothing_and_says_why(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "FOLDER", tmp_path)
    (tmp_path / "breast-cancer-means.tar.gz").write_bytes(b"as before")
    monkeypatch.setattr(artifacts, "ARTIFACTS", {"breast-cancer-means": {"columns": "some"}})
    with pytest.raises(SystemExit, match="1"):
        artifacts.main()
    assert capfd.readouterr().err == "hyperparameter columns: 'some': must be means or all\n"
    assert (tmp_path / "breast-cancer-means.tar.gz").read_bytes() == b"as before"
