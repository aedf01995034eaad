"""`make demo` beside its way, which tests/integration/test_release.py goes."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local_aws import demo
from local_aws.demo import Command, Demo
from local_aws.server import process as server_process
from local_aws.server.process import LocalAwsError
from stacks.environments import ROOT

# What a person's own shell may hold.
GIVEN = {"FORCE": "anything", "ENV": "prod", "MAKEFLAGS": "n", "ML_PLATFORM_DEV_REGION": "eu-west-1", "KEPT": "1"}
RUNS = """
import signal
import sys
from pathlib import Path
from local_aws.command_line import errors_as_lines
from local_aws.demo import Command, Demo

# What a shell runs in the background, or under nohup, ignores some.
for number, handler in ((1, signal.SIG_DFL), (2, signal.default_int_handler), (15, signal.SIG_DFL)):
    signal.signal(number, handler)
demo = Demo(Path(sys.argv[1]))
demo.project.mkdir(parents=True)
with errors_as_lines("what to do next"):
    demo.run([Command(environment="dev", text=text, has_exports=False) for text in sys.argv[2:]])
"""


def plain(text: str, environment: str = "dev", *, is_refused: bool = False) -> Command:
    """In a folder where nothing is deployed."""
    return Command(environment=environment, text=text, has_exports=False, is_refused=is_refused)


def command(*arguments: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local_aws.demo", *arguments],
        cwd=cwd,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_works_in_a_copy_without_what_git_ignores_and_with_the_tools_of_the_project(
    project: Path, tmp_path: Path
) -> None:
    (project / ".local/dev.env").write_text("of the checkout's local AWS")
    (project / "terraform.dev.tfstate").write_text("of a real account")
    before = (project / "stacks/dev.py").read_text()
    made = Demo(tmp_path / "demo", project)
    made.begin_afresh()
    assert not [*made.project.rglob("*.tfstate"), *made.project.glob(".local/*.env")]
    assert (made.project / ".venv").resolve() == (project / ".venv").resolve()
    assert (made.project / "Pipfile.lock").stat().st_mtime == (project / "Pipfile.lock").stat().st_mtime
    next(made.parts(made.steps[0]))
    assert (project / "stacks/dev.py").read_text() == before != (made.project / "stacks/dev.py").read_text()


def test_only_the_first_model_is_trained_otherwise_than_the_project_says(project: Path, tmp_path: Path) -> None:
    made = Demo(tmp_path / "demo", project)
    made.begin_afresh()
    ask = "from stacks.environments import read_environments as r; print(r({})[0].settings.trainings)"
    trainings = []
    for step in made.steps[:3]:
        next(made.parts(step))
        finished = subprocess.run(
            [sys.executable, "-c", ask], cwd=made.project, capture_output=True, text=True, check=True
        )
        trainings.append("'C': '0.1'" in finished.stdout)
    assert trainings == [True, True, False]


def test_a_second_one_starts_again_and_stops_the_local_aws_of_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Demo(tmp_path)
    made.begin_afresh()
    (made.project / "left").touch()
    server = server_process.start(made.project / ".local")
    Demo(tmp_path).begin_afresh()
    assert not server.answers()
    assert not (made.project / "left").exists()
    assert capsys.readouterr().out == "demo: what the last one made is taken away, and this one starts again\n"


def test_two_at_the_same_time_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        finished = command("--folder", str(tmp_path))
    assert finished.returncode == 1
    assert finished.stderr.startswith("local AWS: another make demo is at it, in ")
    assert not (tmp_path / "project").exists()


def test_a_missing_terraform_is_told_before_anything_is_begun(tmp_path: Path) -> None:
    finished = command("--folder", str(tmp_path), PATH=str(tmp_path))
    assert finished.returncode == 1
    assert finished.stderr.startswith("local AWS: terraform is not on PATH: install Terraform >= 1.10 ")
    assert not (tmp_path / "project").exists()


def test_rejects_a_project_without_the_training_that_it_shows(project: Path, tmp_path: Path) -> None:
    settings = project / "stacks/dev.py"
    settings.write_text(settings.read_text().replace('    name="dev",\n', '    name="dev",\n    trainings=[],\n'))
    finished = command("--folder", str(tmp_path), cwd=project)
    assert finished.returncode == 1
    assert finished.stderr == ("local AWS: the demo trains breast-cancer, which is none of the trainings of dev\n")


def test_a_command_gets_nothing_that_was_given_to_make_and_no_operators_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    assert demo.variables().items() & GIVEN.items() == {("KEPT", "1")}


def test_a_command_that_fails_ends_it_and_one_that_is_to_be_refused_and_is_not(tmp_path: Path) -> None:
    made = Demo(tmp_path)
    made.project.mkdir()
    made.run([plain("true"), plain("sh -c 'exit 2'", is_refused=True)])
    with pytest.raises(LocalAwsError, match=r"^this ended with 3: sh -c 'exit 3'$"):
        made.run([plain("true"), plain("sh -c 'exit 3'")])
    with pytest.raises(LocalAwsError, match=r"^this went through, and was to be refused: true$"):
        made.run([plain("true", is_refused=True)])


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_stops_it_stops_what_it_runs_which_ends_in_its_own_time(
    tmp_path: Path, number: signal.Signals, count: int
) -> None:
    ends = f"{sys.executable} -c 'import signal, time\nfor n in (1, 2, 15): signal.signal(n, lambda *_: " + (
        '(time.sleep(1), print("ended"), exit(1)))\nprint("runs")\ntime.sleep(60)\''
    )
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", RUNS, tmp_path / "demo", *[ends] * count],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    name = "dev: " if count > 1 else ""
    give_up = time.monotonic() + 60
    while log.read_text().splitlines().count(f"{name}runs") < count:  # shown at once
        assert time.monotonic() < give_up, log.read_text()
        time.sleep(0.1)
    for _ in range(2):  # an impatient person
        process.send_signal(number)
        time.sleep(0.3)
    assert process.wait(60) == 128 + signal.SIGINT
    assert log.read_text().splitlines().count(f"{name}ended") == count
    assert log.read_text().splitlines()[-1] == "local AWS: interrupted; what to do next"


def test_of_commands_that_run_together_every_line_is_shown_and_has_the_name_of_an_environment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Demo(tmp_path)
    made.project.mkdir()
    says = r"printf 'prod: made\n\n  bucket = x\n--- releases.json\nlocal AWS: ended'"
    made.run([plain(says), plain("true", "staging")])
    shown = ["prod: made", "dev:   bucket = x", "dev: --- releases.json", "dev: local AWS: ended"]
    assert capsys.readouterr().out.splitlines()[2:] == shown
    with pytest.raises(LocalAwsError):
        made.run([plain("true", "staging"), plain(f'sh -c "{says}; exit 1"')])
    assert capsys.readouterr().out.splitlines()[2:] == shown
