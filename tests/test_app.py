"""The app as the cdktf command line runs it: `.venv/bin/python main.py`."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lazy_bindings.bench import ORDINARY
from stacks.environments import NAMES, ROOT


def synth(
    project: Path, *, code: str | None = None, cwd: Path | None = None, out: Path | None = None
) -> subprocess.CompletedProcess[str]:
    arguments = ["-c", code] if code else [str(project / "main.py")]
    environment = {name: value for name, value in os.environ.items() if name not in ("NODE_OPTIONS", "JSII_NODE")}
    if out is not None:
        environment["CDKTF_OUTDIR"] = str(out)
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd or project, env=environment, capture_output=True, text=True, check=False
    )


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reference") / "cdktf.out"
    finished = synth(ROOT, out=out)
    assert (finished.returncode, finished.stderr, finished.stdout) == (0, "", "")
    return out


def test_synth_writes_one_stack_for_each_environment(reference: Path) -> None:
    assert sorted(path.parent.name for path in reference.glob("stacks/*/cdk.tf.json")) == sorted(NAMES)


def test_synth_twice_gives_the_same_bytes(reference: Path, tmp_path: Path) -> None:
    assert synth(ROOT, out=tmp_path / "again").returncode == 0
    assert digests(tmp_path / "again") == digests(reference)


def test_synth_in_another_folder_gives_the_same_bytes(reference: Path, project: Path) -> None:
    assert synth(project).returncode == 0
    assert digests(project / "cdktf.out") == digests(reference)


def test_synth_started_from_another_folder_gives_the_same_bytes(reference: Path, tmp_path: Path) -> None:
    assert synth(ROOT, cwd=tmp_path, out=tmp_path / "out").returncode == 0
    assert digests(tmp_path / "out") == digests(reference)


def test_the_lazy_bindings_change_no_byte(reference: Path, tmp_path: Path) -> None:
    assert synth(ROOT, code=ORDINARY, out=tmp_path / "out").returncode == 0
    assert digests(tmp_path / "out") == digests(reference)


def replace(project: Path, path: str, old: str, new: str) -> None:
    text = (project / path).read_text()
    assert old in text
    (project / path).write_text(text.replace(old, new))


BAD_INPUTS = {
    "memory": (
        ("stacks/prod.py", "memory_size_mb=2048", "memory_size_mb=1000"),
        "prod: endpoints.0.memory_size_mb: 1000: must be one of 1024, 2048, 3072, 4096, 5120 or 6144",
    ),
    "bucket name with capitals": (
        ("stacks/dev.py", "BucketSettings(", 'BucketSettings(name="AcmeData", '),
        "dev: bucket.name: 'AcmeData': must match ^[a-z0-9]",
    ),
    "weight below 0": (
        ("stacks/dev.py", "VariantSettings()", "VariantSettings(weight=-1)"),
        "dev: endpoints.0.production.weight: -1: must be greater than or equal to 0",
    ),
    "unknown field": (
        ("stacks/prod.py", "max_concurrency", "max_concurency"),
        "prod: endpoints.0.max_concurency: 20: unknown field: must be one of alarms, kind, max_concurrency, ",
    ),
    "unknown model": (
        ("releases.json", '"production": "breast-cancer-all-columns"', '"production": "breast-cancer"'),
        "releases.json: environments.dev.linear-learner.production: 'breast-cancer': must be one of "
        "breast-cancer-all-columns, breast-cancer-means",
    ),
    "malformed releases.json": (("releases.json", '"models"', '"models'), "releases.json: "),
    "changed artifact": (
        ("models/breast-cancer-means.tar.gz", None, None),
        "releases.json: models.breast-cancer-means.sha256: ",
    ),
    "missing lifecycle script": (
        ("lifecycle_scripts/on_studio_start.sh", None, None),
        "lifecycle_scripts/on_studio_start.sh: missing: must be a shell script",
    ),
    "lifecycle script too large": (
        ("lifecycle_scripts/deliver_notebooks.py", "import fcntl", "import fcntl  #" + "x" * 12288),
        "dev: notebook_delivery: lifecycle_scripts/on_start.sh: ",
    ),
}


@pytest.mark.parametrize(("change", "line"), BAD_INPUTS.values(), ids=BAD_INPUTS)
def test_bad_input_is_one_line_and_leaves_the_earlier_output(
    project: Path, change: tuple[str, str | None, str | None], line: str
) -> None:
    earlier = project / "cdktf.out/stacks/dev/cdk.tf.json"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("earlier")
    path, old, new = change
    if old is not None and new is not None:
        replace(project, path, old, new)
    elif path.endswith(".sh"):
        (project / path).unlink()
    else:
        shutil.copy(project / "models/breast-cancer-all-columns.tar.gz", project / path)

    finished = synth(project)

    assert finished.returncode == 1
    assert line in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
    assert finished.stdout == ""
    assert digests(project / "cdktf.out") == {"stacks/dev/cdk.tf.json": hashlib.sha256(b"earlier").hexdigest()}


def test_all_problems_of_all_environments_and_files_come_at_once(project: Path) -> None:
    replace(project, "stacks/prod.py", "memory_size_mb=2048", "memory_size_mb=1000")
    replace(project, "stacks/dev.py", "VariantSettings()", "VariantSettings(weight=-1)")
    replace(project, "releases.json", '"tag": "1.2-1-cpu-py3"', '"tags": "1"')
    (project / "lifecycle_scripts/on_start.sh").unlink()

    lines = synth(project).stderr.splitlines()

    assert [line.split(": ")[0] for line in lines] == sorted(
        ["dev", "lifecycle_scripts/on_start.sh", "prod", *["releases.json"] * 4]
    )


def test_an_error_of_a_persons_own_python_is_a_line_and_the_line_it_stands_in(project: Path) -> None:
    """For every command that reads the environments, and of all of them at once."""
    replace(project, "stacks/dev.py", "SETTINGS = ", "SETTINGS = undefined or ")
    replace(project, "stacks/prod.py", "SETTINGS = ", "raise SystemExit(0)\nSETTINGS = ")
    (project / "stacks/staging.py").unlink()
    (project / "stacks/qa.py").write_text("SETTINGS = None\n")
    ending = "must be Python that declares SETTINGS"
    lines = [
        f"stacks/dev.py: NameError: name 'undefined' is not defined: {ending}",
        "  stacks/dev.py, line 10: SETTINGS = undefined or EnvironmentSettings(",
        f"stacks/prod.py: ends the program (0): {ending}",
        "  stacks/prod.py, line 8: raise SystemExit(0)",
        "stacks/qa.py: SETTINGS: an environment that nobody looks at: 'qa' must be in NAMES of stacks/environments.py, "
        "and its file in stacks/",
        "stacks/staging.py: missing: must declare SETTINGS, as staging is one of NAMES of stacks/environments.py",
    ]
    for command in (["main.py"], ["-m", "operations.show_settings", "dev"], ["-m", "local_aws.deploy", "dev"]):
        finished = subprocess.run([sys.executable, *command], cwd=project, capture_output=True, text=True, check=False)
        assert (finished.returncode, finished.stdout, finished.stderr.splitlines()) == (1, "", lines)
    assert not (project / "cdktf.out").exists()


def test_in_a_sourced_shell_its_environment_alone_is_synthesized(tmp_path: Path) -> None:
    """Plain `cdktf deploy prod` finds no such stack there."""
    (tmp_path / "stacks/dev").mkdir(parents=True)
    shell = {"LOCAL_AWS_ENVIRONMENT": "dev", "CDKTF_OUTPUT": str(tmp_path), "CDKTF_OUTDIR": str(tmp_path)}
    finished = subprocess.run([sys.executable, "main.py"], cwd=ROOT, env=os.environ | shell, check=False)
    assert finished.returncode == 0
    assert [path.parent.name for path in tmp_path.glob("stacks/*/cdk.tf.json")] == ["dev"]


def test_in_one_whose_local_aws_is_gone_nothing_is(tmp_path: Path) -> None:
    shell = {"LOCAL_AWS_ENVIRONMENT": "dev", "CDKTF_OUTPUT": str(tmp_path / "gone"), "AWS_ENDPOINT_URL": "http://x"}
    for command in (["main.py"], ["-m", "operations.invoke", "dev"]):
        finished = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=os.environ | shell, capture_output=True, text=True, check=False
        )
        assert (finished.returncode, finished.stdout, finished.stderr) == (
            1,
            "",
            "dev: the local AWS at http://x, with which this shell works, is gone: make local ENV=dev and "
            "`. .local/dev.env` again, or local_off\n",
        )
    assert not (tmp_path / "gone").exists()


def test_what_the_system_refuses_node_is_a_line(tmp_path: Path) -> None:
    """A full disk, say; here a file in the place of a folder that nobody looked at before."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/dev").touch()
    finished = synth(ROOT, out=tmp_path)
    assert (finished.returncode, finished.stdout) == (1, "")
    [line] = finished.stderr.splitlines()
    assert line.startswith(f"{tmp_path}/stacks/dev")


@pytest.mark.parametrize("argument", ["dev", "--verbose", "\x1b[2J"])
def test_rejects_arguments(project: Path, argument: str) -> None:
    finished = subprocess.run(
        [sys.executable, "main.py", argument], cwd=project, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 1
    assert finished.stderr == f"main.py: {argument!r}: must be left out: for one environment, cdktf deploy dev\n"


def test_endpoints_whose_addresses_would_meet_are_refused_and_the_earlier_output_stays(project: Path) -> None:
    replace(
        project,
        "stacks/dev.py",
        "endpoints=[",
        'endpoints=[*(ProvisionedEndpointSettings(name=f"linear-learner{end}", production=VariantSettings()) '
        'for end in ("-rollback",)), ',
    )
    releases = json.loads((project / "releases.json").read_text())
    of_dev = releases["environments"]["dev"]
    of_dev["linear-learner-rollback"] = of_dev["linear-learner"]
    (project / "releases.json").write_text(json.dumps(releases))
    finished = synth(project)
    assert finished.returncode == 1
    assert [line.split(": ")[1] for line in finished.stderr.splitlines()] == [
        f"CloudwatchMetricAlarm linear_learner_rollback_alarms_{alarm}" for alarm in ("errors", "latency")
    ]
    assert not [*project.rglob("cdktf.out/**/*.json")]


def test_notebooks_whose_addresses_would_meet_are_refused_by_name(project: Path) -> None:
    lab = project / "notebooks/Lab1-train-a-linear-learner.ipynb"
    lab.with_name("Lab1_train-a-linear-learner.ipynb").write_bytes(lab.read_bytes())
    finished = synth(project)
    assert (finished.returncode, finished.stderr) == (
        1,
        "notebooks/Lab1_train-a-linear-learner.ipynb: must differ from Lab1-train-a-linear-learner.ipynb in more than "
        "punctuation\n",
    )


def test_an_environment_named_otherwise_than_its_file_is_refused(project: Path) -> None:
    replace(project, "stacks/dev.py", 'name="dev"', 'name="prod"')
    assert "dev: name: 'prod': must be 'dev', as its file is" in synth(project).stderr


def test_the_cdktf_command_line_synthesizes_the_same_json(reference: Path, project: Path) -> None:
    finished = subprocess.run(
        [project / ".venv/bin/node", project / "node_modules/cdktf-cli/bundle/bin/cdktf", "synth"],
        cwd=project,
        env=os.environ | {"CI": "true", "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    for name in ("dev", "staging", "prod"):
        path = Path("stacks") / name / "cdk.tf.json"
        assert json.loads((project / "cdktf.out" / path).read_text()) == json.loads((reference / path).read_text())


def test_a_fourth_environment_is_a_file_a_name_and_a_release(project: Path) -> None:
    """As CONTRIBUTING says: nothing else has to know of it."""
    (project / "stacks/qa.py").write_text((project / "stacks/prod.py").read_text().replace('"prod"', '"qa"'))
    read = project / "stacks/environments.py"
    read.write_text(re.sub(r"^NAMES = \((.*)\)$", r'NAMES = (\1, "qa")', read.read_text(), flags=re.MULTILINE))
    releases = json.loads((project / "releases.json").read_text())
    releases["environments"]["qa"] = releases["environments"]["prod"]
    (project / "releases.json").write_text(json.dumps(releases))

    finished = synth(project)

    assert (finished.returncode, finished.stderr) == (0, "")
    qa = json.loads((project / "cdktf.out/stacks/qa/cdk.tf.json").read_text())["resource"]
    assert qa["aws_sagemaker_endpoint"]["linear_learner"]["name"] == "linear-learner"
    local = subprocess.run(
        [sys.executable, "-c", "from local_aws.credentials import ACCOUNT_IDS; print(ACCOUNT_IDS['qa'])"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    assert local.stdout == f"{str(len(NAMES) + 1) * 12}\n"
