"""What a person may have done to the file of an environment."""

import os
from itertools import count
from pathlib import Path

import pytest

from settings.environment import EnvironmentSettings
from stacks.declarations import DeclarationError, declared_settings, undeclared_problems
from stacks.environments import NAMES, STACKS

SOUND = """from settings.endpoint import ServerlessEndpointSettings
from settings.environment import EnvironmentSettings
SETTINGS = EnvironmentSettings(name="qa", region="us-east-1", endpoints=[ServerlessEndpointSettings()])
"""
NUMBERS = count()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of environments, which Python finds; each test has another, as Python reads a module once."""
    made = tmp_path / f"trial{next(NUMBERS)}"
    made.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    return made


def problems(folder: Path) -> list[str]:
    with pytest.raises(DeclarationError) as raised:
        declared_settings(folder, "qa")
    return [str(problem).replace(folder.name, "stacks") for problem in raised.value.problems]


def test_what_a_file_declares_is_read(folder: Path) -> None:
    (folder / "qa.py").write_text(SOUND)
    assert type(declared_settings(folder, "qa")) is EnvironmentSettings


@pytest.mark.parametrize(
    ("last", "problem"),
    [
        ("", "missing: must be EnvironmentSettings(...)"),
        ("SETTING = SETTINGS; del SETTINGS", "missing: must be EnvironmentSettings(...) (did you mean SETTING?)"),
        ("settings = SETTINGS; del SETTINGS", "missing: must be EnvironmentSettings(...) (did you mean settings?)"),
        ("SETTINGS = None", "None: must be EnvironmentSettings(...)"),
        ("SETTINGS = vars(SETTINGS)", "a dict: must be EnvironmentSettings(...)"),
        ("SETTINGS = [SETTINGS]", "a list: must be EnvironmentSettings(...)"),
        ("SETTINGS = SETTINGS,", "a tuple, made by the comma at its end: must be EnvironmentSettings(...)"),
        ("SETTINGS = ()", "a tuple: must be EnvironmentSettings(...)"),
        ("SETTINGS = EnvironmentSettings", "the class EnvironmentSettings: must be EnvironmentSettings(...)"),
        ("SETTINGS = lambda: SETTINGS", "a function: must be EnvironmentSettings(...)"),
        ("SETTINGS = ServerlessEndpointSettings()", "a ServerlessEndpointSettings: must be EnvironmentSettings(...)"),
        (
            "class Mine(EnvironmentSettings):\n    more: int = 1\nSETTINGS = Mine(**vars(SETTINGS))",
            "a Mine: must be EnvironmentSettings(...)",
        ),
    ],
)
def test_rejects_what_is_declared_instead_of_settings(folder: Path, last: str, problem: str) -> None:
    (folder / "qa.py").write_text(f"{SOUND}{last}\n" if last else "")
    assert problems(folder) == [f"stacks/qa.py: SETTINGS: {problem}"]


ENDING = ": must be Python that declares SETTINGS"


@pytest.mark.parametrize(
    ("content", "said", "code"),
    [
        ("x = EnvironmentSetings()", "NameError: name 'EnvironmentSetings' is not defined", "line 1: x = Env"),
        (f"{SOUND}x = EnvironmentSetings()", "is not defined (did you mean EnvironmentSettings?)", "line 4: x = "),
        ("from settings.endpont import A", "(did you mean endpoint?)", "line 1: from settings.endpont import A"),
        ("import setings.endpoint", "(did you mean settings?)", "line 1: import setings.endpoint"),
        (
            "from settings.endpoint import ServerlesEndpointSettings",
            "(did you mean ServerlessEndpointSettings?)",
            "line 1: from settings.endpoint import Serverles",
        ),
        ("import settings.limits as l\nl.BUCKET_NAMIN", "(did you mean BUCKET_NAMING?)", "line 2: l.BUCKET_NAMIN"),
        (f"{SOUND.strip()[:-1]}", "SyntaxError: '(' was never closed", "line 3: SETTINGS = EnvironmentSettings("),
        ("x = 1\n  y = 2", "IndentationError: unexpected indent", "line 2: y = 2"),
        (f"{SOUND}\nraise SystemExit", "ends the program (None)", "line 5: raise SystemExit"),
        (f"{SOUND}\nimport sys; sys.exit(0)", "ends the program (0)", "line 5: import sys; sys.exit(0)"),
        (f"{SOUND}\nquit('\x1b[2J')", "ends the program ('\\x1b[2J')", r"line 5: quit('\x1b[2J')"),
        ("\n\n1 / 0", "ZeroDivisionError: division by zero", "line 3: 1 / 0"),
        ("assert False", "AssertionError", "line 1: assert False"),
        ("class E(BaseException): ...\nraise E('a\\nb')", "E: a b", "line 2: raise E('a\\nb')"),
        ("def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded", "line 1: def f(): f()"),
        ("class E(Exception):\n  def __str__(self): return 1 / 0\nraise E", "E: must be", "line 3: raise E"),
        ("class E(Exception):\n  def __str__(self): exit()\nraise E", "E: must be", "line 3: raise E"),
        ("class E(Exception):\n  def __str__(self): return None\nraise E", "E: must be", "line 3: raise E"),
        ("class E: __repr__ = None\nraise SystemExit(E())", "SystemExit: must be", "line 2: raise SystemExit"),
        ("class E: __dir__ = None\nE().x", "AttributeError: must be", "line 2: E().x"),
        ("raise GeneratorExit", "GeneratorExit", "line 1: raise GeneratorExit"),
        (
            "from settings.environment import EnvironmentSettings\nEnvironmentSettings('qa')",
            "TypeError: Settings.__init__() takes 1 positional argument but 2 were given",
            "line 2: EnvironmentSettings('qa')",
        ),
        (
            "from settings.bucket import BucketSettings\nBucketSettings(name=5).checked()",
            "ValidationError: 1 validation error for BucketSettings name Input should be a valid string",
            "line 2: BucketSettings(name=5).checked()",
        ),
    ],
)
def test_an_error_of_the_persons_own_python_is_a_line_and_the_line_it_stands_in(
    folder: Path, content: str, said: str, code: str
) -> None:
    (folder / "qa.py").write_text(content)
    [problem] = problems(folder)
    first, second = problem.splitlines()
    assert first.startswith("stacks/qa.py: ")
    assert said in first
    assert first.endswith(ENDING)
    assert second.startswith(f"  stacks/qa.py, {code}")


def test_an_error_in_a_file_that_it_imports_names_that_file(folder: Path) -> None:
    (folder / "common.py").write_text("\nRETENTION = unknown\n")
    (folder / "qa.py").write_text(f"from {folder.name}.common import RETENTION\n")
    [problem] = problems(folder)
    assert problem.splitlines()[1] == "  stacks/common.py, line 2: RETENTION = unknown"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x = '\0'", "é = 1".encode("latin-1")])
def test_rejects_bytes_that_are_no_python(folder: Path, content: bytes) -> None:
    (folder / "qa.py").write_bytes(content)
    [problem] = problems(folder)
    assert problem.splitlines()[0].endswith(ENDING)
    assert all(line.isprintable() for line in problem.splitlines())


def test_settings_that_are_checked_in_the_file_are_told_as_ever(folder: Path) -> None:
    (folder / "qa.py").write_text(SOUND.replace('name="qa"', 'nam="qa"').strip() + ".checked()\n")
    assert [line.split(": ")[:2] for line in problems(folder)] == [
        ["qa", "name"],
        ["qa", "nam"],
    ]


def test_rejects_what_is_no_file_that_can_be_read(folder: Path) -> None:
    def line() -> str:
        [problem] = problems(folder)
        return problem.removeprefix("stacks/qa.py: ").removesuffix(
            ": must declare SETTINGS, as qa is one of NAMES of stacks/environments.py"
        )

    path = folder / "qa.py"
    assert line() == "missing"
    path.mkdir()
    assert line() == "a folder"
    path.rmdir()
    path.symlink_to("qa.py")
    assert line() == "Too many levels of symbolic links"
    path.unlink()
    os.mkfifo(path)
    assert line() == "not a regular file"


def test_an_interrupt_stays_one(folder: Path) -> None:
    (folder / "qa.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        declared_settings(folder, "qa")


@pytest.mark.parametrize("name", ["test.py", "eu/qa.py", "qa-old.py", "prod (copy).py"])
@pytest.mark.parametrize("content", [SOUND, "settings = 1", "SETTINGS: object = f(", "SETTINGS=\\\n  None"])
def test_rejects_an_environment_that_nobody_looks_at(folder: Path, name: str, content: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(content)
    (folder / "qa.py").write_text(SOUND)
    [problem] = undeclared_problems(folder, ["qa"])
    assert str(problem).startswith(f"{folder.name}/{name}: SETTINGS: an environment that nobody looks at: ")
    assert "must be in NAMES of stacks/environments.py" in str(problem)


@pytest.mark.parametrize(
    "content", ["", "BASE = 1", "def f():\n    SETTINGS = 1", "# SETTINGS = 1", "x = SETTINGS == 1"]
)
def test_files_that_declare_no_environment_may_stand_beside(folder: Path, content: str) -> None:
    (folder / "common.py").write_text(content)
    (folder / ".#dev.py").symlink_to("nobody@nowhere.1")  # an editor's
    assert not [*undeclared_problems(folder, ["qa"])]


def test_the_projects_own_are_all_looked_at() -> None:
    assert not [*undeclared_problems(STACKS, NAMES)]
