"""The whole way of a model before one's eyes, on a local AWS of its own: `python -m local_aws.demo`, or `make demo`.

In a copy of the project: the checkout's settings, releases and local AWS stay as they are. A second one starts again.
"""

import difflib
import fcntl
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from local_aws import credentials, environment_stack, provider
from local_aws.command_line import errors_as_lines
from local_aws.server import process as server_process
from local_aws.server.process import LocalAwsError
from settings.operator_variables import PREFIX
from settings.training import BREAST_CANCER
from stacks.environments import NAMES, ROOT, read_environments
from stacks.terminal import Parser
from stacks.terraform_process import stops_told

ENVIRONMENTS = ("dev", "staging", "prod")
# What make set up in the checkout serves the copy too.
TOOLS = (".venv", "node_modules", "policy/.venv", ".local/pipenv")
SETTINGS = "stacks/dev.py"
FIRST_HYPERPARAMETERS = {"columns": "all", "C": "0.1"}
# With 0.1 the model is simpler than it should be: right on 97.9 % of the rows held out, with the training's own 1.0 on
# 98.6 %; registered is what reaches 95 %.
FIRST_TRAINING = f"""

# make demo: the first model is good enough, and the next one better.
from settings.training import BREAST_CANCER, ScriptTraining

FIRST = ScriptTraining(**vars(BREAST_CANCER) | {{"hyperparameters": {FIRST_HYPERPARAMETERS}}})
SETTINGS = EnvironmentSettings(**vars(SETTINGS) | {{"trainings": [FIRST]}})
"""
# make's own, and what is given to it: each command here says all that it takes.
OF_MAKE = (
    *("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "PYTHON", "PORT", "ENV", "FROM", "TO", "ENDPOINT", "MODEL"),
    *("DEPLOY", "FORCE", "JSON", "TRAINING", "EXECUTION", "VERSION", "WHY", "ROWS", "CONTENT_TYPE", "MIGRATE_STATE"),
)
# What a new account has no quota for is made here all the same.
EXPORTED = {"APPROVE": "1", "PREFLIGHT": "0"}
# How a line begins that says of which environment it is.
NAMED = re.compile(rf"({'|'.join(ENVIRONMENTS)}): ")


@dataclass(frozen=True, kw_only=True)
class Command:
    """As a person types it in the copy's folder, in a shell that has sourced the environment's exports."""

    environment: str
    text: str
    has_exports: bool = True  # it is what makes them where not
    is_refused: bool = False  # it must end with an error

    @property
    def shown(self) -> str:
        return self._after_its_exports(self.text)

    @property
    def run(self) -> str:
        """The process is the command itself then, which waits for what it has started when it is told to stop."""
        return self._after_its_exports(f"exec {self.text}")

    def _after_its_exports(self, text: str) -> str:
        return f". ./.local/{self.environment}.env && {text}" if self.has_exports else text


@dataclass(frozen=True, kw_only=True)
class Step:
    heading: str
    commands: Sequence[Sequence[Command]]  # one after another; those that stand together run at the same time
    settings: str | None = None  # what stacks/dev.py is to hold from here on


def typed(environment: str, text: str, *, is_refused: bool = False) -> Command:
    return Command(environment=environment, text=text, is_refused=is_refused)


def steps(shipped: str) -> Iterator[Step]:
    """The whole way. `shipped` is what the project's own stacks/dev.py says."""

    def one(environment: str, *texts: str) -> list[list[Command]]:
        return [[typed(environment, text)] for text in texts]

    yield Step(
        heading="Three environments, each in an account of its own, serve what the project ships",
        settings=shipped + FIRST_TRAINING,
        commands=[
            [Command(environment=name, text=f"make local ENV={name}", has_exports=False) for name in ENVIRONMENTS]
        ],
    )
    yield Step(
        heading="dev trains a first model; a person approves it",
        commands=one("dev", "make train ENV=dev", 'make approve ENV=dev VERSION=1 WHY="good enough to begin with"'),
    )
    yield Step(
        heading="The newest approved version is released in dev, by one change of releases.json",
        settings=shipped,
        commands=one("dev", "make release ENV=dev", "make deploy ENV=dev"),
    )
    yield Step(
        heading="staging gets it as a shadow, which answers nobody; meanwhile dev trains a better one",
        commands=[
            [typed("dev", "make promote FROM=dev TO=staging")],
            [typed("staging", "make deploy ENV=staging"), typed("dev", "make train ENV=dev")],
            [typed("staging", "make invoke ENV=staging")],
        ],
    )
    yield Step(
        heading="Into production it may not go yet: nobody has seen it serve",
        commands=[
            [typed("dev", "make promote FROM=dev TO=staging", is_refused=True)],
            [typed("dev", 'make promote FROM=dev TO=staging FORCE="the demo does not wait"')],
            [typed("staging", "make deploy ENV=staging")],
        ],
    )
    yield Step(
        heading="prod gets it, serverless; meanwhile the better one is approved and released in dev",
        commands=[
            [typed("staging", 'make promote FROM=staging TO=prod FORCE="the demo does not wait"')],
            [typed("dev", 'make approve ENV=dev VERSION=2 WHY="0.7 % more rows are right"')],
            [typed("prod", "make deploy ENV=prod"), typed("dev", "make release ENV=dev DEPLOY=1")],
        ],
    )
    yield Step(
        heading="The better one goes the same way, each time in one command",
        commands=one(
            "dev",
            "make promote FROM=dev TO=staging DEPLOY=1",
            'make promote FROM=dev TO=staging FORCE="the demo does not wait" DEPLOY=1',
            'make promote FROM=staging TO=prod FORCE="the demo does not wait" DEPLOY=1',
            "make invoke ENV=dev",
        ),
    )
    yield Step(
        heading="prod goes back to the model before: nobody is asked, and dev is not needed",
        commands=one("prod", "make rollback ENV=prod", "make deploy ENV=prod", "make invoke ENV=prod"),
    )
    yield Step(heading="What serves where, and what differs", commands=one("dev", "make status"))


class Demo:
    """A copy of the project below the folder, and the way through it."""

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.folder, self.root = folder, root
        self._processes: list[subprocess.Popen[str]] = []
        self._told: set[int] = set()
        self._stopped_by: int | None = None

    @property
    def project(self) -> Path:
        # Not the folder itself: of what lies beside an environment's cdktf.out the local mode thinks it is one.
        return self.folder / "project"

    @property
    def steps(self) -> Sequence[Step]:
        return [*steps((self.root / SETTINGS).read_text())]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Raises LocalAwsError where another demo is at it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LocalAwsError(f"another make demo is at it, in {relative(self.folder)}") from None
            yield

    def begin_afresh(self) -> None:
        """A fresh copy, without what an earlier demo left. Raises LocalAwsError where a deploy runs in that."""
        local = self.project / ".local"
        if local.exists():
            with environment_stack.nothing_runs(local):
                server, _ = server_process.find(local)
                if server is not None:
                    server_process.stop(local, server)
            print("demo: what the last one made is taken away, and this one starts again", flush=True)
        if self.project.exists():
            shutil.rmtree(self.project)
        copy(self.root, self.project)

    def parts(self, step: Step) -> Iterator[Sequence[Command]]:
        """The commands to run next, with the settings as they are to be then, which are shown."""
        if step.settings is not None:
            before = (self.project / SETTINGS).read_text().splitlines()
            changed = difflib.unified_diff(before, step.settings.splitlines(), SETTINGS, SETTINGS, lineterm="", n=0)
            print(*changed, sep="\n", flush=True)
            (self.project / SETTINGS).write_text(step.settings)
        yield from step.commands

    def run(self, commands: Sequence[Command]) -> None:
        """Raises LocalAwsError where one ends as it is not to, KeyboardInterrupt where this is told to stop."""
        for command in commands:
            print(f"$ {command.shown}", flush=True)
        for command, code in zip(commands, self._ended(commands), strict=True):
            if command.is_refused and code != 0:
                print("demo: refused, as it was to be", flush=True)
            elif command.is_refused or code != 0:
                was = f"ended with {code}" if code else "went through, and was to be refused"
                raise LocalAwsError(f"this {was}: {command.shown}")

    def _ended(self, commands: Sequence[Command]) -> Sequence[int]:
        """The exit codes. One alone has the terminal; of several, which print by turns, each line has its name."""
        together = len(commands) > 1
        self._processes = []
        with stops_told(self._stop, lambda: self._stopped_by is not None):
            for command in commands:
                process = subprocess.Popen(
                    ["/bin/sh", "-c", command.run],
                    cwd=self.project,
                    env=variables(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE if together else None,
                    stderr=subprocess.STDOUT if together else None,
                    text=True,
                    errors="replace",
                    process_group=0,
                )
                self._processes.append(process)
                if self._stopped_by is not None:
                    self._tell_to_stop()
                    break
            readers = [
                threading.Thread(target=tell, args=[process, command.environment])
                for process, command in zip(self._processes, commands, strict=False)  # fewer, where it was stopped
                if together
            ]
            for reader in readers:
                reader.start()
            codes = [process.wait() for process in self._processes]
            for reader in readers:
                reader.join()
        if self._stopped_by is not None:
            raise KeyboardInterrupt
        return codes

    def _tell_to_stop(self) -> None:
        """Each once: of a second time Terraform would drop everything."""
        for process in self._processes:
            if process.pid not in self._told and process.poll() is None:
                self._told.add(process.pid)
                os.killpg(process.pid, self._stopped_by or signal.SIGINT)

    def _stop(self, number: int, _: FrameType | None) -> None:
        """What stops this program is told to all that it runs, which end in their own time."""
        self._stopped_by = number
        self._tell_to_stop()


def tell(process: subprocess.Popen[str], environment: str) -> None:
    """Its lines as they come, each with the name of an environment; without those that are blank."""
    for line in process.stdout or ():
        text = line.rstrip()
        if text:
            # In one piece: others print meanwhile.
            print(f"{text}\n" if NAMED.match(text) else f"{environment}: {text}\n", end="", flush=True)


def variables() -> Mapping[str, str]:
    """Of each command: nothing that a person has given to make, and no operator's setting."""
    own = {name: value for name, value in os.environ.items() if name not in OF_MAKE and not name.startswith(PREFIX)}
    # Terraform and its provider are written in Go: a quarter less of the processor's time, for memory that is there.
    # Python keeps what it prints into a pipe until it has much of it.
    return {"GOGC": "400", "PYTHONUNBUFFERED": "1"} | own | EXPORTED


def copy(root: Path, target: Path) -> None:
    """The project and its commits, without what git ignores; with the tools that are installed in it."""
    ignored = [line.rstrip("/") for line in (root / ".gitignore").read_text().splitlines() if line]
    if (root / ".git").is_file():  # of a work tree: git in the copy would change that of the original
        ignored.append(".git")
    shutil.copytree(root, target, symlinks=True, ignore=shutil.ignore_patterns(*ignored))
    (target / ".local").mkdir()
    for tool in TOOLS:
        if (root / tool).exists():
            (target / tool).symlink_to((root / tool).resolve())


def refuse_another_project() -> None:
    """Raises LocalAwsError where the way does not lead through this one, InvalidInputError where it cannot be read."""
    names = {environment.settings.name: environment for environment in read_environments({})}
    for name in ENVIRONMENTS:
        if name not in names:
            raise LocalAwsError(f"the demo goes from dev to staging to prod, and {name} is none of {', '.join(NAMES)}")
    if BREAST_CANCER.name not in [item.name for item in names["dev"].settings.trainings]:
        raise LocalAwsError(f"the demo trains {BREAST_CANCER.name}, which is none of the trainings of dev")


def relative(path: Path) -> str:
    return os.path.relpath(path)


def beginning(count: int) -> str:
    """What a person is told who does not know what comes."""
    lines = (
        f"a model's whole way in {count} steps, some ten minutes: dev trains it and releases it, staging has it as a",
        "shadow and promotes it, prod is rolled back; on a local AWS alone, and no account of yours is asked",
        "Ctrl-C is safe at any time: what AWS is at ends first, which takes a minute or so",
    )
    return "\n".join(f"demo: {line}" for line in lines)


def shown(step: Step, number: int, count: int) -> str:
    title = f"{number} of {count}: {step.heading}"
    return f"\n{title}\n{'=' * len(title)}"


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / ".local/demo", help="where it works")
    folder = parser.parse_args().folder.resolve()
    credentials.forget_users_configuration()
    again = f"make demo starts again; make -C {shlex.quote(relative(folder / 'project'))} local-down takes it away"
    with errors_as_lines(again):
        demo = Demo(folder)
        provider.check_version(os.environ)
        refuse_another_project()
        with demo.alone():
            print(beginning(len(demo.steps)), flush=True)
            demo.begin_afresh()
            began = time.monotonic()
            print(f"demo: in a copy of the project: cd {shlex.quote(relative(demo.project))}")
            exported = " ".join(f"{name}={value}" for name, value in EXPORTED.items())
            print(f"$ export {exported}  # nobody is asked, and quotas are not", flush=True)
            try:
                for number, step in enumerate(demo.steps, start=1):
                    print(shown(step, number, len(demo.steps)), flush=True)
                    for commands in demo.parts(step):
                        demo.run(commands)
            except LocalAwsError as error:
                raise LocalAwsError(f"{error}\n{again}") from error
        print(f"\ndemo: that was all of it, in {time.monotonic() - began:.0f} s. It is there to be looked at:")
        print(f"  cd {shlex.quote(relative(demo.project))} && . ./.local/dev.env && make status models ENV=dev")
        print("demo: the same commands, on accounts of your own, are in docs/releasing.md")
        print(f"demo: {again}")


if __name__ == "__main__":
    main()
