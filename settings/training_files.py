"""The code and the sample data of the trainings, found in the project's folders and checked."""

import ast
import hashlib
import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from settings.environment import EnvironmentSettings
from settings.files import UnreadableError, listed, name_problem, opened
from settings.names import address_part
from settings.problems import Problem
from settings.training import ScriptTraining, TrainingSettings

# A training's fields.
SOURCE, SAMPLE_DATA = "source", "sample_data"
SCRIPT = "train.py"
# Left out of the code: data comes by channels of its own, and a model is a result.
LEFT_OUT_FOLDERS = ("__pycache__",)
LEFT_OUT_AT_THE_TOP = ("data",)
LEFT_OUT_ENDINGS = (".csv", ".tar.gz")
# What the image would install before it runs the script, from PyPI, which nothing that is isolated reaches.
# https://github.com/aws/sagemaker-training-toolkit/blob/master/src/sagemaker_training/entry_point.py
INSTALLED = ("requirements.txt", "setup.py")
# Of the oldest Python that AWS's scikit-learn images of today have.
PYTHON = (3, 8)
DIGEST_LENGTH = 12
CHUNK_BYTES = 1024 * 1024
# Ours. Each file is a resource that every plan reads, and is copied at each synth; what is more is put into the bucket.
FILES_MAX_COUNT = 100
CODE_MAX_BYTES, DATA_MAX_BYTES = 10 * 1024 * 1024, 100 * 1024 * 1024
# CDKTF copies each file into a folder called after its address, of 255 bytes at most, where the training's name is too.
ADDRESS_MAX_BYTES = 150


@dataclass(frozen=True, kw_only=True)
class FileTree:
    """Files by their names from a folder on, with `/`, and the digest of names and contents."""

    digest: str
    files: Mapping[str, Path]


@dataclass(frozen=True, kw_only=True)
class TrainingFiles:
    """What a deploy uploads for a training: its script and what that needs, and sample data in folders of its channels.

    None where it takes none.
    """

    code: FileTree | None
    data: FileTree | None


class _Folders:
    """The project's folders, each read once, however many trainings name it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[tuple[str, Sequence[str] | None], FileTree] = {}
        self.problems: list[Problem] = []  # of what is in them

    def tree(self, folder: str, channels: Sequence[str] | None) -> FileTree:
        """Of sample data with these channels; None: of code. Raises UnreadableError where there is no such folder."""
        if (folder, channels) not in self._read:
            if not _is_within(self._root, self._root / folder):
                raise UnreadableError("outside the project")
            listed(self._root / folder)  # or raises
            found = _Code(self._root, folder) if channels is None else _SampleData(self._root, folder, channels)
            self._read[folder, channels] = found.tree()
            self.problems += found.problems
        return self._read[folder, channels]


def _is_within(root: Path, path: Path) -> bool:
    """Links followed."""
    return Path(os.path.realpath(path)).is_relative_to(root.resolve())


def read_training_files(
    root: Path, environments: Mapping[str, EnvironmentSettings]
) -> tuple[Mapping[str, Mapping[str, TrainingFiles]], list[Problem]]:
    """Of each environment, by the training's name, and what is wrong with the files."""
    folders = _Folders(root)
    found: dict[str, dict[str, TrainingFiles]] = {name: {} for name in environments}
    problems: list[Problem] = []
    for environment, settings in environments.items():
        for number, training in enumerate(settings.trainings):
            trees: dict[str, FileTree | None] = {}
            for field, folder, channels in _folders_of(training):
                try:
                    trees[field] = folders.tree(folder, channels)
                except UnreadableError as error:
                    path, allowed = f"trainings.{number}.{field}", f"{error}: must be a folder of the project"
                    problems.append(Problem(where=environment, path=path, value=folder, allowed=allowed))
            found[environment][training.name] = TrainingFiles(code=trees.get(SOURCE), data=trees.get(SAMPLE_DATA))
    return found, [*problems, *dict.fromkeys(folders.problems)]


def code_digest(root: Path, folder: str) -> str | None:
    """Of a training's code as it lies below this root; None where it is no code that could be deployed."""
    folders = _Folders(root)
    try:
        digest = folders.tree(folder, None).digest
    except UnreadableError:
        return None
    return None if folders.problems else digest


def _folders_of(training: TrainingSettings) -> Iterator[tuple[str, str, Sequence[str] | None]]:
    """The field, the folder, and the channels where it holds data."""
    if isinstance(training, ScriptTraining):
        yield SOURCE, training.source, None
    if training.sample_data is not None:
        yield SAMPLE_DATA, training.sample_data, tuple(training.channels)


class _Files(ABC):
    """What is below a folder of the project, and what is wrong with it."""

    max_bytes: ClassVar[int]

    def __init__(self, root: Path, folder: str) -> None:
        self._root, self._folder = root, folder
        self.problems: list[Problem] = []

    def tree(self) -> FileTree:
        walked = sorted(self._walked(self._root / self._folder, ""))
        files: dict[str, Path] = {}
        digest, size = hashlib.sha256(), 0
        if len(walked) > FILES_MAX_COUNT:
            self._found("", f"{len(walked)} files: must be at most {FILES_MAX_COUNT}")
            return FileTree(digest="", files=files)
        for name, path in walked:
            try:
                content, read = _digest(path)
            except UnreadableError as error:
                self._found(name, f"{error}: must be a file that can be read")
                continue
            files[name] = path
            size += read
            digest.update(name.encode(errors="surrogateescape") + b"\0" + content)
        self.problems += self._problems(files, size)
        return FileTree(digest=digest.hexdigest()[:DIGEST_LENGTH], files=files)

    def _walked(self, folder: Path, above: str) -> Iterator[tuple[str, Path]]:
        """Name and path of each file. What is hidden is nobody's: of editors, of systems."""
        try:
            paths = listed(folder)
        except UnreadableError as error:
            self._found(above, f"{error}: must be a folder that can be read")
            return
        for path in paths:
            name = f"{above}{path.name}"
            if path.name.startswith(".") or self._left_out(name, path):
                continue
            if path.is_symlink() and not _is_within(self._root, path):
                self._found(name, "a link that leads outside: must be a file of this project")
            elif path.is_symlink() and path.is_dir():
                self._found(name, "a link to a folder: must be a folder itself")
            elif path.is_dir():
                yield from self._walked(path, f"{name}/")
            else:
                yield name, path

    @abstractmethod
    def _left_out(self, name: str, path: Path) -> bool: ...

    def _problems(self, files: Mapping[str, Path], size: int) -> Iterator[Problem]:
        if size > self.max_bytes:
            yield self._problem("", f"{size} bytes: must be at most {self.max_bytes}")
        taken: dict[str, str] = {}
        for name in files:
            letters = address_part(name)
            other = taken.setdefault(letters, name)
            meets = None if other == name else f"must differ from {other} in more than punctuation"
            more = len(letters.encode(errors="surrogateescape")) - ADDRESS_MAX_BYTES
            long = f"must have a name of {more} bytes less" if more > 0 else None
            for allowed in (name_problem(name), meets, long):
                if allowed is not None:
                    yield self._problem(name, allowed)

    def _problem(self, name: str, allowed: str) -> Problem:
        where = os.fsencode(f"{self._folder}/{name}".rstrip("/")).decode(errors="backslashreplace")
        return Problem(where=where, allowed=allowed)

    def _found(self, name: str, allowed: str) -> None:
        self.problems.append(self._problem(name, allowed))


class _Code(_Files):
    """train.py and what it needs."""

    max_bytes = CODE_MAX_BYTES

    def _left_out(self, name: str, path: Path) -> bool:
        return name in LEFT_OUT_AT_THE_TOP or path.name in LEFT_OUT_FOLDERS or path.name.endswith(LEFT_OUT_ENDINGS)

    def _problems(self, files: Mapping[str, Path], size: int) -> Iterator[Problem]:
        yield from super()._problems(files, size)
        if SCRIPT not in files:
            yield self._problem(SCRIPT, "missing: must be the script that trains")
        for name in INSTALLED:
            if name in files:
                yield self._problem(name, "must not be there: training is isolated from the network, and from PyPI")
        for name, path in files.items():
            if name.endswith(".py"):
                allowed = _syntax_problem(path)
                if allowed is not None:
                    yield self._problem(name, allowed)


class _SampleData(_Files):
    """A folder for each channel. A file beside these, say where the data is from, is none of it."""

    max_bytes = DATA_MAX_BYTES

    def __init__(self, root: Path, folder: str, channels: Sequence[str]) -> None:
        super().__init__(root, folder)
        self._channels = channels

    def _left_out(self, name: str, path: Path) -> bool:
        return "/" not in name and not path.is_dir()

    def _problems(self, files: Mapping[str, Path], size: int) -> Iterator[Problem]:
        yield from super()._problems(files, size)
        found = {name.partition("/")[0] for name in files}
        for channel in self._channels:
            if channel not in found:
                yield self._problem(channel, "missing: must be a folder with the files of the channel")
        for folder in sorted(found - {*self._channels}):
            yield self._problem(folder, f"must be a folder of one of the channels, {', '.join(self._channels)}")


def _digest(path: Path) -> tuple[bytes, int]:
    """Of a file's content, and its size. Raises UnreadableError."""
    digest, size = hashlib.sha256(), 0
    with opened(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return digest.digest(), size


def _syntax_problem(path: Path) -> str | None:
    """Nothing is run, and warnings are the script's own."""
    allowed = f"must be what Python {'.'.join(map(str, PYTHON))} can read"
    try:
        with opened(path) as file, warnings.catch_warnings(action="ignore"):
            ast.parse(file.read(), feature_version=PYTHON)
    except SyntaxError as error:
        line = "" if error.lineno is None else f"line {error.lineno}: "
        return f"{line}{error.msg}: {allowed}"
    except (UnreadableError, ValueError, RecursionError, MemoryError) as error:
        return f"{error}: {allowed}"
    return None
