"""What the files of the environments declare: read so that whatever is wrong with one is a problem of it."""

import builtins
import importlib
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from settings.environment import EnvironmentSettings
from settings.files import UnreadableError, opened
from settings.problems import Problem, problems_of
from settings.suggestions import suggestion

PROJECT = Path(__file__).resolve().parent.parent
VARIABLE = "SETTINGS"
DECLARED = re.compile(rb"^SETTINGS\s*(:[^=\n]*)?=(?!=)", re.IGNORECASE | re.MULTILINE)
LIST = "NAMES of stacks/environments.py"
ALLOWED = "must be EnvironmentSettings(...)"
# Folders of the project whose lines are not a person's own.
NOT_THEIRS = {"settings", ".venv", "node_modules"}


T = TypeVar("T")


class DeclarationError(Exception):
    """What is wrong with the file of an environment."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = [*problems]
        super().__init__(*self.problems)


def declared_settings(folder: Path, name: str) -> EnvironmentSettings:
    """What <name>.py in the folder declares; not checked. Raises DeclarationError."""
    file = f"{folder.name}/{name}.py"
    try:
        with opened(folder / f"{name}.py"):
            pass
    except UnreadableError as error:
        allowed = f"{error}: must declare {VARIABLE}, as {name} is one of {LIST}"
        raise DeclarationError([Problem(where=file, allowed=allowed)]) from None
    try:
        found = vars(importlib.import_module(f"{folder.name}.{name}"))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise DeclarationError(_raised(folder, name, error)) from None
    settings = found.get(VARIABLE)
    if VARIABLE not in found:
        others = [other for other, value in found.items() if isinstance(value, EnvironmentSettings)]
        meant = f" (did you mean {others[0]}?)" if others else suggestion(VARIABLE, [*found])
        raise DeclarationError([Problem(where=file, path=VARIABLE, allowed=f"missing: {ALLOWED}{meant}")])
    if type(settings) is not EnvironmentSettings:
        raise DeclarationError([Problem(where=file, path=VARIABLE, allowed=f"{_what(settings)}: {ALLOWED}")])
    return settings


def undeclared_problems(folder: Path, names: Sequence[str]) -> Iterator[Problem]:
    """Of files that declare an environment which nobody would look at."""
    for path in sorted({*folder.rglob("*.py")} - {folder / f"{name}.py" for name in names}):
        try:
            with opened(path) as file:
                declares = DECLARED.search(file.read())
        except UnreadableError:
            continue
        if declares:
            where = path.relative_to(folder.parent).as_posix()
            allowed = f"an environment that nobody looks at: {path.stem!r} must be in {LIST}, and its file in stacks/"
            yield Problem(where=where, path=VARIABLE, allowed=allowed)


def _what(settings: object) -> str:
    if settings is None:
        return "None"
    if isinstance(settings, type):
        return f"the class {settings.__name__}"
    comma = isinstance(settings, tuple) and len(settings) == 1 and isinstance(settings[0], EnvironmentSettings)
    return f"a {type(settings).__name__}{', made by the comma at its end' if comma else ''}"


def _raised(folder: Path, name: str, error: BaseException) -> Iterator[Problem]:
    """The problem, with the person's own line below."""
    file = f"{folder.name}/{name}.py"
    if isinstance(error, ValidationError) and error.title == EnvironmentSettings.__name__:
        yield from problems_of(name, EnvironmentSettings, error)
        return
    said = _unless_it_raises(lambda: f"{_said(error)}{_meant(error)}", type(error).__name__)
    code = _unless_it_raises(lambda: _code(folder.parent, error), None)
    yield Problem(where=file, allowed=f"{said}: must be Python that declares {VARIABLE}", code=code)


def _unless_it_raises(ask: Callable[[], T], otherwise: T) -> T:
    """An exception of somebody's own may raise another when it is looked at."""
    try:
        return ask()
    except (Exception, SystemExit):
        return otherwise


def _said(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"ends the program ({error.code!r})"
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    return ": ".join(filter(None, [type(error).__name__, " ".join(str(error).split())]))


def _meant(error: BaseException) -> str:
    """What a misspelt name was perhaps meant to be."""
    known: Iterable[str]
    match error:
        case ModuleNotFoundError(name=str(module)):
            package, _, wrong = module.rpartition(".")
            known = (path.stem for path in (PROJECT / package.replace(".", "/")).glob("[a-z]*"))
        case ImportError(name=str(module), msg=message) if module in sys.modules:
            wrong = "".join(re.findall(r"cannot import name '(\w+)'", message))
            known = vars(sys.modules[module])
        case NameError(name=str(wrong), __traceback__=trace) if trace is not None:
            *_, (frame, _) = traceback.walk_tb(trace)
            known = {**vars(builtins), **frame.f_globals, **frame.f_locals}
        case AttributeError(name=str(wrong), obj=holder):
            known = dir(holder)
        case _:
            return ""
    return suggestion(wrong, [*known])


def _code(root: Path, error: BaseException) -> str | None:
    """File, line and text of what went wrong last in a file of the person's own."""
    places = [(frame.filename, frame.lineno, frame.line) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        places.append((error.filename or "", error.lineno, error.text))
    for file, line, text in reversed(places):
        path = Path(file)
        if path == Path(__file__) or not path.is_relative_to(root) or path.relative_to(root).parts[0] in NOT_THEIRS:
            continue
        number = f", line {line}" if line else ""
        return f"{path.relative_to(root).as_posix()}{number}: {(text or '').strip()}".removesuffix(": ")
    return None
