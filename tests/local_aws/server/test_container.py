"""What the handlers of an artifact get, what they may do, and what is left of them."""

import gzip
import io
import json
import os
import sys
import tarfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

import psutil
import pytest

from local_aws.server.containers import container
from local_aws.server.containers.container import Answer
from local_aws.server.containers.handlers import MAX_MEMBERS, MAX_UNPACKED_BYTES, unpack
from local_aws.server.containers.scikit_learn import RefusedError
from settings.artifacts import read_artifact

HANDLERS = """
def model_fn(folder): return folder
def input_fn(body, content_type): return body
def predict_fn(rows, folder):
    {predict}
def output_fn(answer, accept): return answer, accept
"""
Member = str | bytes | tarfile.TarInfo


def packed(members: Mapping[str, Member], mode: Literal["w:gz", "w:"] = "w:gz") -> bytes:
    """Names and contents; or whatever a TarInfo says of itself."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                archive.addfile(content)
            else:
                data = content.encode() if isinstance(content, str) else content
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return target.getvalue()


def special(kind: bytes, leads_to: str = "", size: int = 0) -> tarfile.TarInfo:
    member = tarfile.TarInfo()
    member.type, member.linkname, member.size = kind, leads_to, size
    return member


def ask(
    artifact: bytes,
    program: str = "inference.py",
    accept: str = "text/plain",
    memory_mb: int = 1024,
    body: bytes = b"1",
) -> Answer:
    return container.ask(
        artifact,
        image="linear-learner:1",
        environment={"SAGEMAKER_PROGRAM": program},
        content_type="application/octet-stream",
        accept=accept,
        body=body,
        memory_mb=memory_mb,
    )


def run(predict: str, before: str = "", **asked: str | int | bytes) -> Answer:
    code = before + HANDLERS.format(predict=predict.replace("\n", "\n    "))
    return ask(packed({"code/inference.py": code}), **asked)  # type: ignore[arg-type]


def test_the_handlers_get_nothing_of_the_users_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('the sitecustomize of the user')")
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "GITHUB_TOKEN"):
        monkeypatch.setenv(name, "SECRET")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    told = run("import json, os, sys; return json.dumps([dict(os.environ), os.getcwd(), sys.path])")
    environment, cwd, path = json.loads(told.body)
    assert "SECRET" not in str(environment)
    own = {"PATH", "HOME", "TMPDIR", "LANG", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
    assert set(environment) == {*own, "SAGEMAKER_PROGRAM"}
    assert environment["HOME"] == environment["TMPDIR"] == cwd
    assert not Path(cwd).exists()
    assert not {"", cwd, str(tmp_path), str(Path(container.__file__).parent)} & set(path)


def test_they_find_the_projects_packages_within_the_smallest_memory() -> None:
    told = run(
        "import numpy, sklearn.linear_model as m; return str(m.LinearRegression().fit([[1], [2]], [2, 4]).coef_)"
    )
    assert told.body == b"[2.]"


def test_what_they_print_is_no_part_of_the_answer(capfd: pytest.CaptureFixture[str]) -> None:
    before = "import atexit, ctypes, os, subprocess, sys\nprint('at import')\natexit.register(print, 'at exit')\n"
    told = run(
        "print('printed')\nos.write(1, b'written')\nctypes.CDLL(None).puts(b'by C')\n"
        "subprocess.run(['echo', 'by a child'])\nprint('x' * 10_000_000)\nreturn b'the answer'",
        before,
    )
    assert (told.status, told.body) == (200, b"the answer")
    assert len(capfd.readouterr().err) <= container.LOGGED_BYTES


def test_bytes_come_back_as_they_went() -> None:
    everything = bytes(range(256)) * 10
    told = run("return rows", body=everything, accept="application/octet-stream")
    assert (told.body, told.content_type) == (everything, "application/octet-stream")


@pytest.mark.parametrize(
    ("predict", "said"),
    [
        ("sys.exit(0)", "gave no answer"),
        ("sys.exit(7)", "ended with 7"),
        ("sys.exit('why')", "ended with 1"),
        ("os._exit(0)", "gave no answer"),
        ("os.kill(os.getpid(), 9)", "ended with 137"),
        ("os.kill(os.getppid(), 9)", "ended with -9"),
        ("os.killpg(0, 9)", "ended with -9"),
        ("os.closerange(3, 65536)\nreturn b'x'", "ended with 1"),
        ("os.abort()", "ended with 134"),
        ("return b'x' * 7_000_000", "has 7,000,000 bytes: must have at most 6,291,456"),
        ("return bytearray(3 * 1024**3)", "Internal Server Error"),
        ("open('big', 'wb').truncate(2 * 1024**3)\nreturn b'x'", "Internal Server Error"),
        ("raise ValueError('a secret of the handlers')", "Internal Server Error"),
    ],
)
def test_whatever_they_do_to_themselves_is_a_server_error(predict: str, said: str) -> None:
    told = run(predict, "import os, sys\n")
    assert told.status == 500
    assert said in told.body.decode()
    assert "secret" not in told.body.decode()


@pytest.mark.parametrize(
    "line", ['{"status":1e999}', "[" * 9000, "[]", "5", '{"status": 200, "content_type": "a", "length": 1e999}', "\xff"]
)
def test_whatever_they_write_in_the_answers_place_is_a_server_error(line: str) -> None:
    write = "for number in range(3, 65536):\n    try: os.write(number, LINE)\n    except OSError: pass\nos._exit(0)"
    told = run(write.replace("LINE", repr(f"{line}\n".encode("latin-1"))), "import os\n")
    assert (told.status, told.body) == (500, b"the handlers' process gave no answer")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process adopts orphans")
@pytest.mark.parametrize("end", ["return b'x'", "time.sleep(60)"])
def test_what_hides_its_environment_and_leaves_the_session_is_not_left(
    monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(container, "TIMEOUT_SECONDS", 3)
    mark = f"300.{time.time_ns()}"
    run(
        f"subprocess.Popen(['/bin/sh', '-c', 'sleep {mark} & sleep {mark}'], env={{}}, start_new_session=True)\n"
        f"subprocess.Popen(['/bin/sh', '-c', 'sleep {mark} &'], env={{}}, start_new_session=True)\n"
        f"time.sleep(0.3)\n{end}",
        "import subprocess, time\n",
    )
    assert [found for found in psutil.process_iter(["cmdline", "status"]) if mark in str(found.info["cmdline"])] == []


@pytest.mark.parametrize("content_type", ["text/plain\nX-Injected: yes", "text/pläin", "a\rb"])
def test_rejects_a_content_type_that_is_no_header(content_type: str) -> None:
    assert run("return b'x'", accept=content_type).status == 500


def test_a_child_that_comes_back_from_a_fork_does_not_answer_twice() -> None:
    told = run("os.fork()\nreturn b'x'", "import os\n")
    assert (told.status, told.body[:1]) == (200, b"x")


@pytest.mark.parametrize(
    "leave",
    [
        "subprocess.Popen(['sleep', SECONDS])",
        "subprocess.Popen(['sleep', SECONDS], start_new_session=True)",
        "os.fork() or (os.setsid(), os.fork(), os.execvp('sleep', ['sleep', SECONDS]))",
        "subprocess.Popen(['sh', '-c', 'trap \"\" TERM HUP; sleep ' + SECONDS])",
    ],
)
@pytest.mark.parametrize("end", ["return b'x'", "os.kill(os.getppid(), 9)"])
def test_nothing_that_they_started_is_left(leave: str, end: str) -> None:
    mark = f"300.{time.time_ns()}"  # found again in the process table
    run(f"{leave}\nimport time; time.sleep(0.3)\n{end}".replace("SECONDS", repr(mark)), "import os, subprocess\n")
    left = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and mark in " ".join(process.cmdline()):
                left.append(process)
    assert left == []


@pytest.mark.parametrize("wait", ["time.sleep(60)", "while True: pass", "signal.pause()", "os.kill(os.getpid(), 19)"])
def test_an_answer_that_does_not_come_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch, wait: str) -> None:
    monkeypatch.setattr(container, "TIMEOUT_SECONDS", 2)
    began = time.monotonic()
    told = run(wait, "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n")
    assert time.monotonic() - began < 10
    if wait.startswith("while"):  # of the processor's time it has no more either
        assert told.status in (0, 500)
    else:
        assert (told.status, told.body.decode()) == (0, container.TIMED_OUT)


CODE = {"code/inference.py": HANDLERS.format(predict="return b'x'")}
LINK, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE
ARTIFACTS: dict[str, tuple[bytes, str]] = {
    "a member above": (packed({"../a": "x", **CODE}), "member '../a' leads outside"),
    "a member far above": (packed({"code/../../../a": "x"}), "leads outside"),
    "an absolute member": (packed({"/etc/a": "x"}), "member '/etc/a' leads outside"),
    "a link above": (packed({"a": special(LINK, "../b")}), "member 'a' leads outside"),
    "an absolute link": (packed({"a": special(LINK, "/etc/hostname")}), "member 'a' leads outside"),
    "a link to itself": (packed({"a": special(LINK, "a")}), "member 'a' leads outside, or round in circles"),
    "links in a circle": (packed({"a": special(LINK, "b"), "b": special(LINK, "a")}), "or round in circles"),
    "a hard link to a link": (
        packed({"a/b/s": special(LINK, "../.."), "h": special(HARD, "a/b/s"), "h/pwned": "x"}),
        "member 'h' leads outside",
    ),
    "a link that leads outside by a later one": (
        packed({"d/x": "", "s": special(LINK, "d/m/../.."), "d/m": special(LINK, ".."), "s/pwned": "x"}),
        "leads outside",
    ),
    "a hard link to what comes later": (packed({"h": special(HARD, "x"), "x": "", **CODE}), "cannot be unpacked"),
    "a hard link": (packed({"a": special(HARD, "/etc/hostname")}), "member 'a' leads outside"),
    "a hard link above": (packed({"a": special(HARD, "../artifact.tar.gz")}), "member 'a' leads outside"),
    "through a folder": (
        packed({"a": special(tarfile.DIRTYPE), "b": special(LINK, "a"), "b/../../x": "x"}),
        "leads outside",
    ),
    "a pipe": (packed({"a": special(tarfile.FIFOTYPE)}), "is no file"),
    "a device": (packed({"a": special(tarfile.CHRTYPE)}), "is no file"),
    "a name with a line in it": (packed({"../a\nb": "x"}), r"member '../a\nb' leads outside"),
    "too many members": (
        packed({f"{number}": "" for number in range(MAX_MEMBERS + 1)}),
        "unpacks to more than 10,000 members",
    ),
    "nothing": (b"", "cannot be unpacked"),
    "no archive": (b"nonsense" * 1000, "cannot be unpacked"),
    "cut off": (packed({"code/inference.py": os.urandom(100_000)})[:50_000], "cannot be unpacked"),
    "not compressed": (packed(CODE, "w:"), "cannot be unpacked"),
    "without handlers": (packed({"model.json": "{}"}), "it needs the handlers code/inference.py in the artifact"),
    "a folder for handlers": (packed({"code/inference.py": special(tarfile.DIRTYPE)}), "it needs the handlers"),
}


@pytest.mark.parametrize("what", ARTIFACTS)
def test_rejects_an_artifact_that_leads_outside_or_is_none(what: str) -> None:
    artifact, said = ARTIFACTS[what]
    with pytest.raises(RefusedError) as refused:
        ask(artifact)
    [line] = str(refused.value).splitlines()
    assert said in line


def test_rejects_a_bomb_while_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that more than is allowed follows; nothing of that is there, and so nothing of it was read."""
    bomb = packed({"first": "x", "bomb": special(tarfile.REGTYPE, size=MAX_UNPACKED_BYTES), **CODE})
    with pytest.raises(RefusedError, match="unpacks to more than 10,000 members and 1,073,741,824 bytes"):
        ask(bomb)
    monkeypatch.setattr(tarfile, "RECORDSIZE", 512)
    header = packed({"a": special(tarfile.XHDTYPE, size=2 * MAX_UNPACKED_BYTES)})
    with pytest.raises(RefusedError, match="cannot be unpacked"):
        ask(header)


REAL = CODE["code/inference.py"]


@pytest.mark.parametrize(
    "members",
    [
        {"code/real.py": REAL, "code/inference.py": special(LINK, "real.py")},
        {"code/real.py": REAL, "code/inference.py": special(HARD, "code/real.py")},
        {"code/inference.py": special(LINK, "../src.py"), "src.py": REAL},
        {"code": special(LINK, "v1"), "v1/inference.py": REAL},
        {"code/inference.py": REAL, "dangling": special(LINK, "nothing/there")},
    ],
)
def test_links_within_the_artifact_are_kept_whichever_comes_first(members: dict[str, Member], tmp_path: Path) -> None:
    """And the app says the same of it."""
    (tmp_path / "model.tar.gz").write_bytes(packed(members))
    assert read_artifact(tmp_path / "model.tar.gz")[1] is None
    assert ask(packed(members)).body == b"x"


def test_an_artifact_may_be_compressed_in_parts() -> None:
    whole = packed(CODE, "w:")
    assert ask(gzip.compress(whole[:700]) + gzip.compress(whole[700:])).body == b"x"


def test_rejects_a_path_too_long_to_be_followed_before_anything_is_written_through_it(tmp_path: Path) -> None:
    """tarfile's own check takes it for sound."""
    step, letters = "d" * 247, "abcdefghijklmnop"
    members: dict[str, Member] = {}
    path = ""
    for letter in letters:
        members[f"{path}{step}"] = special(tarfile.DIRTYPE)
        members[f"{path}{letter}"] = special(LINK, step)
        path += f"{letter}/"
    deep = f"{path}{'l' * 254}"
    members[deep] = special(LINK, "../" * len(letters))
    members["escape"] = special(LINK, f"{deep}/../pwned")
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "archive").write_bytes(packed({**members, "escape/x": "x"}))
    with pytest.raises(RefusedError, match="leads outside"):
        unpack(tmp_path / "archive", tmp_path / "a/b")


@pytest.mark.parametrize("name", ["inference.py", "./inference.py", "sub/../inference.py"])
def test_a_program_is_found_however_its_path_is_written(name: str) -> None:
    assert ask(packed(CODE), program=name).body == b"x"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../model.py", "leads outside"),
        ("/etc/hostname", "leads outside"),
        ("sub/../../../x.py", "leads outside"),
        ("..", "leads outside"),
        ("", "needs the handlers"),
        (".", "needs the handlers"),
        ("other.py", "needs the handlers code/other.py"),
        ("a\0b", r"needs the handlers code/'a\x00b'"),
        ("a\nb", r"needs the handlers code/'a\nb'"),
        ("a" * 5000, "needs the handlers"),
    ],
)
def test_rejects_a_program_outside_of_the_artifacts_code(name: str, said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        ask(packed({"model.py": "", **CODE}), program=name)
    [line] = str(refused.value).splitlines()
    assert said in line
