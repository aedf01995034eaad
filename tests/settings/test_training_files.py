"""The code and the sample data of trainings."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from settings.endpoint import ServerlessEndpointSettings
from settings.environment import EnvironmentSettings
from settings.training import BuiltInTraining, TrainingSettings
from settings.training_files import FileTree, TrainingFiles, read_training_files
from settings.training_metric import BuiltInMetricSettings
from stacks.environments import read_environments
from tests.support.script_training import script_training

FILES = {
    "source/train.py": "print(1)",
    "source/inference.py": "print(2)",
    "source/helpers/__init__.py": "",
    "data/train/a.csv": "1,2",
    "data/validation/b.csv": "3,4",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, content in FILES.items():
        write(root, name, content)
    return root


def write(root: Path, name: str, content: str = "1") -> Path:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(content)
    return root / name


def settings(*trainings: TrainingSettings) -> EnvironmentSettings:
    values: dict[str, Any] = {
        "name": "dev",
        "region": "us-east-1",
        "local_state": True,
        "endpoints": [ServerlessEndpointSettings()],
    }
    return EnvironmentSettings(**values, trainings=trainings).checked()


TRAINING = script_training(source="source", sample_data="data")


def read(root: Path, *trainings: TrainingSettings) -> tuple[Mapping[str, TrainingFiles], list[str]]:
    found, problems = read_training_files(root, {"dev": settings(*(trainings or [TRAINING]))})
    return found["dev"], [str(problem) for problem in problems]


def code(root: Path) -> FileTree:
    return tree(read(root)[0]["breast-cancer"].code)


def data(root: Path) -> FileTree:
    return tree(read(root)[0]["breast-cancer"].data)


def tree(found: FileTree | None) -> FileTree:
    assert found is not None
    return found


def test_code_and_sample_data_are_found_by_their_names_from_the_folder_on(root: Path) -> None:
    found, problems = read(root)
    assert problems == []
    assert tree(found["breast-cancer"].code).files == {
        name: root / "source" / name for name in ("helpers/__init__.py", "inference.py", "train.py")
    }
    assert tree(found["breast-cancer"].data).files == {
        name: root / "data" / name for name in ("train/a.csv", "validation/b.csv")
    }


def test_what_is_no_code_is_left_out(root: Path) -> None:
    before = code(root)
    for name in (".hidden", ".ipynb_checkpoints/a.py", "__pycache__/a.pyc", "helpers/__pycache__/a.pyc", "data/a.py"):
        write(root, f"source/{name}")
    for name in ("rows.csv", "model.tar.gz", "helpers/rows.csv"):
        write(root, f"source/{name}")
    assert read(root)[1] == []
    assert code(root) == before
    write(root, "source/helpers/data/a.py")
    assert code(root).files.keys() - before.files.keys() == {"helpers/data/a.py"}


def test_what_is_beside_the_channels_is_no_data(root: Path) -> None:
    before = data(root)
    for name in ("README.md", ".hidden", "train/.hidden"):
        write(root, f"data/{name}")
    assert read(root)[1] == []
    assert data(root) == before


@pytest.mark.parametrize("change", ["source/train.py", "source/inference.py", "source/helpers/__init__.py"])
def test_changed_code_has_another_digest_and_the_data_the_same(root: Path, change: str) -> None:
    before_code, before_data = code(root).digest, data(root).digest
    write(root, change, "changed = 1")
    assert code(root).digest != before_code
    assert data(root).digest == before_data


def test_the_digest_is_of_names_and_contents_and_of_nothing_else(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    for name, content in reversed(FILES.items()):
        write(other, name, content).chmod(0o755)
    assert (code(other).digest, data(other).digest) == (code(root).digest, data(root).digest)
    assert len(code(root).digest) == 12
    (root / "source/inference.py").rename(root / "source/handlers.py")
    assert code(root).digest != code(other).digest


def test_a_digest_tells_apart_where_a_name_ends_and_the_content_begins(root: Path) -> None:
    write(root, "data/train/a", "b")
    (root / "data/train/a.csv").unlink()
    before = data(root).digest
    (root / "data/train/a").rename(root / "data/train/ab")
    write(root, "data/train/ab", "")
    assert data(root).digest != before


def test_an_algorithm_of_awss_has_no_code_and_a_training_may_have_no_sample_data(root: Path) -> None:
    metric = BuiltInMetricSettings(name="validation:recall", threshold=0.9)
    binary = {"predictor_type": "binary_classifier"}
    found, problems = read(
        root,
        BuiltInTraining(name="linear", hyperparameters=binary, metric=metric, sample_data="data"),
        script_training(name="own-data", source="source", sample_data=None),
    )
    assert problems == []
    assert found["linear"].code is None
    assert tree(found["linear"].data).files
    assert found["own-data"].data is None
    assert tree(found["own-data"].code).files


def test_what_is_wrong_in_a_folder_that_all_environments_share_is_told_once(root: Path) -> None:
    write(root, "source/requirements.txt", "")
    of = {name: settings(TRAINING) for name in ("dev", "prod")}
    found, problems = read_training_files(root, of)
    assert found["dev"] == found["prod"]
    assert list(map(str, problems)) == [
        "source/requirements.txt: must not be there: training is isolated from the network, and from PyPI"
    ]


@pytest.mark.parametrize(
    ("folder", "allowed"),
    [
        ("gone", "missing"),
        ("data/train/a.csv", "Not a directory"),
        ("n" * 256, "File name too long"),
        ("outside", "outside the project"),
        ("round", "Too many levels of symbolic links"),
    ],
)
def test_rejects_a_folder_that_is_none_of_the_project(root: Path, folder: str, allowed: str) -> None:
    (root / "outside").symlink_to("/etc")
    (root / "round").symlink_to("round")
    assert read(root, script_training(source=folder, sample_data=folder))[1] == [
        f"dev: trainings.0.{field}: {folder!r}: {allowed}: must be a folder of the project"
        for field in ("source", "sample_data")
    ]


def test_rejects_code_without_the_script(root: Path) -> None:
    (root / "source/train.py").rename(root / "source/training.py")
    assert read(root)[1] == ["source/train.py: missing: must be the script that trains"]


@pytest.mark.parametrize("name", ["requirements.txt", "setup.py"])
def test_rejects_what_the_image_would_install_from_pypi(root: Path, name: str) -> None:
    write(root, f"source/{name}", "")
    write(root, f"source/helpers/{name}", "")  # where the image does not look
    [line] = read(root)[1]
    assert line.startswith(f"source/{name}: must not be there: ")


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("train.py", "def train(:", "line 1: "),
        ("train.py", "x = 1\n\nprint(x", "line 3: "),
        ("train.py", "x = 1\nmatch x:\n    case 1: pass", "line "),  # from Python 3.10 on
        ("helpers/a.py", "print 1", "line 1: "),
        ("train.py", "a = 1\0", ""),
        ("train.py", "(" * 5000, ""),
    ],
)
def test_rejects_code_that_the_images_python_cannot_read(root: Path, name: str, content: str, line: str) -> None:
    write(root, f"source/{name}", content)
    [found] = read(root)[1]
    assert found.startswith(f"source/{name}: {line}")
    assert found.endswith(": must be what Python 3.8 can read")
    assert found.isprintable()


def test_code_is_read_and_never_run(root: Path) -> None:
    write(root, "source/train.py", "raise SystemExit('run')\nassert (1, 2)\nx = '\\d'\n")
    assert read(root)[1] == []


def test_rejects_bytes_that_are_no_text_of_python(root: Path) -> None:
    (root / "source/train.py").write_bytes(b"x = '\xff'")
    [line] = read(root)[1]
    assert line.startswith("source/train.py: ")
    assert line.endswith(": must be what Python 3.8 can read")


def test_rejects_what_cannot_be_read(root: Path) -> None:
    (root / "source/gone.py").symlink_to("gone")
    os.mkfifo(root / "data/train/pipe")
    assert read(root)[1] == [
        "source/gone.py: missing: must be a file that can be read",
        "data/train/pipe: not a regular file: must be a file that can be read",
    ]


def test_a_link_within_the_project_is_a_file_like_any_other(root: Path) -> None:
    write(root, "shared/handlers.py", "print(3)")
    (root / "source/handlers.py").symlink_to("../shared/handlers.py")
    assert read(root)[1] == []
    before = code(root).digest
    write(root, "shared/handlers.py", "print(4)")
    assert code(root).digest != before


def test_rejects_links_that_lead_outside_and_links_to_folders(root: Path) -> None:
    (root / "source/hosts").symlink_to("/etc/hosts")
    (root / "source/etc").symlink_to("/etc")
    (root / "source/itself").symlink_to(".")
    assert read(root)[1] == [
        "source/etc: a link that leads outside: must be a file of this project",
        "source/hosts: a link that leads outside: must be a file of this project",
        "source/itself: a link to a folder: must be a folder itself",
    ]


def test_rejects_a_channel_without_files_and_a_folder_that_is_no_channel(root: Path) -> None:
    (root / "data/validation").rename(root / "data/valid")
    (root / "data/validation").mkdir()
    assert read(root)[1] == [
        "data/validation: missing: must be a folder with the files of the channel",
        "data/valid: must be a folder of one of the channels, train, validation",
    ]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (b"a\nb.csv", r"a\nb.csv: must have a name without control characters"),
        (b"\xff.csv", r"\xff.csv: must have a name in UTF-8"),
        ("e\u0301.csv".encode(), "e\u0301.csv: must have a name in composed characters"),
    ],
)
def test_rejects_names_that_terraform_or_s3_would_not_keep_as_they_are(root: Path, name: bytes, line: str) -> None:
    Path(os.fsdecode(os.fsencode(root) + b"/data/train/" + name)).write_text("1")
    [found] = read(root)[1]
    assert found.startswith(f"data/train/{line}")


def test_rejects_names_that_meet_in_terraforms_addresses(root: Path) -> None:
    write(root, "data/train/a-csv")
    write(root, "source/helpers.py", "")
    write(root, "source/helpers-py", "")
    assert read(root)[1] == [
        "source/helpers.py: must differ from helpers-py in more than punctuation",
        "data/train/a.csv: must differ from train/a-csv in more than punctuation",
    ]


def test_a_name_is_as_long_as_the_folder_of_its_copy_has_room_for(root: Path) -> None:
    write(root, f"data/train/{'n' * 144}")
    assert read(root)[1] == []
    write(root, f"data/train/{'m' * 145}")
    assert read(root)[1] == [f"data/train/{'m' * 145}: must have a name of 1 bytes less"]


def test_rejects_more_files_than_a_plan_should_read(root: Path) -> None:
    for number in range(98):
        write(root, f"data/train/{number}")
    assert read(root)[1] == []
    write(root, "data/train/98")
    assert read(root)[1] == ["data: 101 files: must be at most 100"]


@pytest.mark.parametrize(("name", "most"), [("source/weights", 10 * 1024**2), ("data/train/rows", 100 * 1024**2)])
def test_rejects_files_that_are_larger_than_a_sample(root: Path, name: str, most: int) -> None:
    folder = name.partition("/")[0]
    size = sum(len(content) for file, content in FILES.items() if file.startswith(folder))
    with (root / name).open("wb") as file:
        file.truncate(most - size)
    assert read(root)[1] == []
    with (root / name).open("ab") as file:
        file.write(b"1")
    assert read(root)[1] == [f"{folder}: {most + 1} bytes: must be at most {most}"]


def test_the_committed_environments_have_the_files_of_their_trainings() -> None:
    for environment in read_environments({}):
        found = environment.training_files
        assert list(found) == [training.name for training in environment.settings.trainings]
        assert "train.py" in tree(found["breast-cancer"].code).files
        assert {name.partition("/")[0] for name in tree(found["breast-cancer"].data).files} == {"train", "validation"}
