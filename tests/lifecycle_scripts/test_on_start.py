"""The scripts that Terraform makes, run for real: the aws command line against the local AWS, and nbconvert, on a disk
of their own. Nothing in them is changed but the seconds that they wait, where a test says so."""

import base64
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from cdktf import TerraformOutput, TerraformStack, Testing

from constructs.notebook.lifecycle_script import Delivery, lifecycle_script
from local_aws import credentials
from local_aws.server import failures
from local_aws.server import process as server_process
from local_aws.server.failures import Failures
from local_aws.server.process import Server
from settings.lifecycle_script_sizes import MAX_BYTES
from settings.lifecycle_scripts import FILLED_IN, read_lifecycle_scripts
from settings.notebook_delivery import NotebookDeliverySettings
from stacks.environments import ROOT
from tests.support.evaluation import evaluated
from tests.support.sandbox import USERS, Sandbox, needs_a_root, notebook_text
from tests.support.synthesis import environment, only, synthesized_platform

pytestmark = needs_a_root
BUCKET = "acme-sagemaker.data"
ROLE = "arn:aws:iam::111111111111:role/ml-platform-dev-sagemaker-training"
REFERENCES = {
    "aws_s3_bucket.data_bucket.bucket": BUCKET,
    "data.aws_partition.partition.partition": "aws",
    "data.aws_caller_identity.account.account_id": "111111111111",
    "aws_iam_role.training_role.name": "ml-platform-dev-sagemaker-training",
    "aws_kms_key.encryption_key.arn": "arn:aws:kms:us-east-1:111111111111:key/1",
    "data.aws_sagemaker_prebuilt_ecr_image.linear_learner_image.registry_path": "<an image>",
}
# The course's placeholder, one within another, and what a shell, Terraform, JSON or a regular expression could read.
AWKWARD = ("<DATA_BUCKET>", "<DATA", "\"${bucket}\" 'a' $(touch /pwned) %{if} \\d+ .* <&> é")
OWN = NotebookDeliverySettings(patterns=["Lab1*.ipynb", "été ${x} '[1-9]'.ipynb"], placeholders=AWKWARD)


def deployed(folder: Path, **settings: object) -> str:
    """Dev's script as the deployed lifecycle configuration decodes to."""
    platform = synthesized_platform(environment("dev", **settings))  # type: ignore[arg-type]
    lifecycle = only(platform["resource"], "aws_sagemaker_notebook_instance_lifecycle_configuration")
    made = evaluated(lifecycle["on_start"], folder, REFERENCES)
    assert len(made) <= MAX_BYTES * 4 // 3
    return base64.b64decode(made).decode()


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    return deployed(tmp_path_factory.mktemp("evaluated"))


def shortened(script: str, **seconds: int) -> str:
    """With other seconds in the places of those that the scripts begin with."""
    for name, (now, then) in {
        "wait": ("wait_seconds=180", "wait_seconds={}"),
        "limit": ("limit_seconds=1800", "limit_seconds={}"),
        "answer": ("ATTEMPTS = 10, 60, 3", "ATTEMPTS = {0}, {0}, 1"),
    }.items():
        assert script.count(now) == 1
        if name in seconds:
            script = script.replace(now, then.format(seconds[name]))
    return script


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("local-aws")
    started = server_process.start(folder)
    credentials.root_session(started).client("s3", endpoint_url=started.url).create_bucket(Bucket=BUCKET)
    yield started
    server_process.stop(folder, started)


class Bucket:
    """What people and deploys put below notebooks/."""

    def __init__(self, server: Server) -> None:
        self.s3 = credentials.root_session(server).client("s3", endpoint_url=server.url)

    def put(self, *names: str, text: str = notebook_text()) -> None:
        for name in names:
            self.s3.put_object(Bucket=BUCKET, Key=f"notebooks/{name}", Body=text.encode())

    def empty(self) -> None:
        for item in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            self.s3.delete_object(Bucket=BUCKET, Key=item["Key"])


@pytest.fixture
def bucket(server: Server) -> Iterator[Bucket]:
    made = Bucket(server)
    yield made
    failures.put(server, Failures())
    made.empty()


@pytest.fixture
def sandbox(server: Server, tmp_path: Path) -> Iterator[Sandbox]:
    made = Sandbox(
        tmp_path,
        endpoint=server.url,
        credentials={"AWS_ACCESS_KEY_ID": server.access_key, "AWS_SECRET_ACCESS_KEY": server.secret_key},
    )
    made.make()
    made.play_systemd()
    yield made
    made.wait()


def said(finished: subprocess.CompletedProcess[str]) -> list[str]:
    """What a start that did not fail has in its log."""
    assert (finished.returncode, finished.stdout) == (0, ""), finished.stderr
    return finished.stderr.splitlines()


def edit(sandbox: Sandbox, name: str) -> str:
    text = sandbox.notebook(name)
    text["cells"][1]["source"] = "mine = 1"
    (sandbox.folder / name).write_text(json.dumps(text))
    return (sandbox.folder / name).read_text()


def code(sandbox: Sandbox, name: str) -> str:
    return "".join(sandbox.notebook(name)["cells"][1]["source"])


def test_created_then_started_five_times_nobodys_work_is_lost(sandbox: Sandbox, bucket: Bucket, script: str) -> None:
    names = {name: f"Lab1-{name}.ipynb" for name in ("untouched", "edited", "deleted")}
    bucket.put(*names.values(), "Lab2.ipynb", "MyLab1.ipynb", "of-others/Lab1.ipynb", "Lab1.txt")

    assert said(sandbox.start(script)) == [f"{name!r}: brought" for name in sorted(names.values())]

    assert sandbox.notebooks() == {*names.values()}
    for path in sandbox.folder.iterdir():
        assert (path.stat().st_uid, path.stat().st_mode & 0o777) == (USERS["ec2-user"], 0o644)
    cell = sandbox.notebook(names["edited"])["cells"][1]
    assert (cell["outputs"], cell["execution_count"]) == ([], None)
    assert code(sandbox, names["edited"]) == f'bucket = "{BUCKET}"'
    nbformat.validate(nbformat.read(sandbox.folder / names["edited"], as_version=4))
    mine = edit(sandbox, names["edited"])
    (sandbox.folder / names["deleted"]).unlink()
    before = (sandbox.folder / names["untouched"]).stat()

    assert said(sandbox.start(script)) == []

    assert sandbox.notebooks() == {names["untouched"], names["edited"]}
    assert (sandbox.folder / names["untouched"]).stat() == before
    bucket.put(*names.values(), text=notebook_text("version = 2"))

    lines = said(sandbox.start(script))

    [beside] = sandbox.notebooks() - {*names.values()}
    assert lines == [
        f"{names['deleted']!r}: brought",
        f"{names['edited']!r}: not as it was handed out, so it stays; the new version is {beside!r}",
        f"{names['untouched']!r}: replaced by the new version",
    ]
    assert beside.startswith("Lab1-edited.new-version-")
    assert (sandbox.folder / names["edited"]).read_text() == mine
    assert {code(sandbox, name) for name in (beside, names["untouched"], names["deleted"])} == {"version = 2"}
    (sandbox.folder / beside).unlink()

    assert said(sandbox.start(script)) == []
    bucket.empty()

    assert said(sandbox.start(script)) == [
        f"nothing in s3://{BUCKET}/notebooks/ matches ['Lab1*.ipynb', 'PythonCheatSheet*.ipynb']"
    ]

    assert sandbox.notebooks() == {*names.values()}
    assert (sandbox.folder / names["edited"]).read_text() == mine
    assert not list(sandbox.folder.glob(".delivering-*"))


def test_any_characters_are_taken_as_they_are(
    sandbox: Sandbox, bucket: Bucket, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In names of notebooks, patterns and placeholders. nbconvert is another environment's."""
    names = ["Lab1 `touch pwned`;$(touch pwned)'\"&|\\.ipynb", "Lab1-a\nb [1].ipynb", "été ${x} '1'.ipynb"]
    bucket.put(*names, "été ${x} '1.ipynb", text=notebook_text("\n".join([*AWKWARD, *FILLED_IN])))
    (sandbox.root / sandbox.jupyter).unlink()
    sandbox.command("home/ec2-user/anaconda3/envs/R/bin/jupyter", sandbox.nbconvert)

    lines = said(sandbox.start(deployed(tmp_path_factory.mktemp("evaluated"), notebook_delivery=OWN)))

    assert sorted(lines) == sorted(f"{name!r}: brought" for name in names)
    assert sandbox.notebooks() == {*names}
    for name in names:
        assert code(sandbox, name).split("\n") == [
            *[BUCKET] * 3,
            *(ROLE, "ml-platform-dev-", "<an image>", "arn:aws:kms:us-east-1:111111111111:key/1"),
            *("", "", "linear-learner", "dev"),
        ]
    assert not [place for place in ("", "root", "opt/ml-platform", "tmp") if (sandbox.root / place / "pwned").exists()]


def test_a_file_that_is_no_notebook_keeps_the_others_from_nobody(sandbox: Sandbox, bucket: Bucket, script: str) -> None:
    bucket.put("Lab1-a.ipynb", text="no notebook\n\n")
    bucket.put("Lab1-b.ipynb")
    broken, brought = said(sandbox.start(script))
    assert broken.startswith("'Lab1-a.ipynb': cannot be brought: nbformat.reader.NotJSONError: ")
    assert brought == "'Lab1-b.ipynb': brought"
    assert sandbox.notebooks() == {"Lab1-b.ipynb"}


def test_a_start_without_nbconvert_says_so(sandbox: Sandbox, bucket: Bucket, script: str) -> None:
    (sandbox.root / sandbox.jupyter).unlink()
    bucket.put("Lab1-a.ipynb")
    assert said(sandbox.start(script)) == [
        "'Lab1-a.ipynb': cannot be brought: [Errno 2] No such file or directory: 'jupyter'"
    ]
    assert sandbox.notebooks() == set()


def test_a_start_without_access_says_so(sandbox: Sandbox, server: Server, script: str) -> None:
    """With the credentials of another account."""
    sts = credentials.root_session(server).client("sts", endpoint_url=server.url)
    other = sts.assume_role(RoleArn="arn:aws:iam::999999999999:role/other", RoleSessionName="other")["Credentials"]
    sandbox.credentials = {
        "AWS_ACCESS_KEY_ID": other["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": other["SecretAccessKey"],
        "AWS_SESSION_TOKEN": other["SessionToken"],
    }
    [line] = said(sandbox.start(script))
    assert line.startswith("no notebook is brought: ")
    assert "(AccessDenied) when calling the ListObjectsV2 operation" in line


@pytest.mark.parametrize("answers", [False, True], ids=["a closed port", "a server that never answers"])
def test_a_start_without_a_way_to_s3_says_so(sandbox: Sandbox, script: str, answers: bool) -> None:
    """The seconds for an answer are shortened."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listening:
        sandbox.endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
        if not answers:
            listening.close()
        began = time.monotonic()
        [line] = said(sandbox.start(shortened(script, answer=1)))
    assert line.startswith("no notebook is brought: ")
    assert ("Read timeout on endpoint URL" if answers else "Could not connect to the endpoint URL") in line
    assert time.monotonic() - began < 60


def test_a_slow_s3_does_not_hold_the_start(sandbox: Sandbox, server: Server, bucket: Bucket, script: str) -> None:
    """The seconds that the start waits are shortened. Two at once do not meet; no environment has jupyter."""
    (sandbox.root / sandbox.jupyter).unlink()
    sandbox.command("usr/bin/jupyter", sandbox.nbconvert)
    bucket.put("Lab1-a.ipynb")
    failures.put(server, Failures(delay_seconds=6))
    log = "/var/log/ml-platform/deliver-notebooks.log"
    for _ in range(2):
        lines = said(sandbox.start(shortened(script, wait=2)))
        assert lines == [f"the notebooks are still being brought, see {log}"]
    assert sandbox.notebooks() == set()
    failures.put(server, Failures())
    sandbox.wait_for(lambda: sandbox.log == "'Lab1-a.ipynb': brought\n")
    assert code(sandbox, "Lab1-a.ipynb") == f'bucket = "{BUCKET}"'


def test_what_takes_too_long_is_ended_and_comes_at_the_next_start(
    sandbox: Sandbox, server: Server, bucket: Bucket, script: str
) -> None:
    """The limit is shortened."""
    bucket.put("Lab1-a.ipynb")
    failures.put(server, Failures(delay_seconds=60))
    lines = said(sandbox.start(shortened(script, limit=3)))
    assert lines == ["it took too long: the rest is brought at the next start"]
    assert not [*sandbox.folder.iterdir()]
    failures.put(server, Failures())
    assert said(sandbox.start(script)) == ["'Lab1-a.ipynb': brought"]


def test_a_full_disk_is_said_before_the_first_copy(sandbox: Sandbox, bucket: Bucket, script: str) -> None:
    large = notebook_text("#" * 120_000)
    bucket.put("Lab1-a.ipynb")
    bucket.put("Lab1-b.ipynb", text=large)
    full, brought = said(sandbox.start(script, disk_bytes=100_000))
    assert full.startswith(f"'Lab1-b.ipynb': the disk is full: {len(large)} bytes are needed, ")
    assert brought == "'Lab1-a.ipynb': brought"
    assert sandbox.left == [".delivered.json", "Lab1-a.ipynb"]


def test_a_disk_that_fills_up_on_the_way_has_no_half_a_notebook(sandbox: Sandbox, bucket: Bucket, script: str) -> None:
    bucket.put("Lab1-a.ipynb", "Lab1-b.ipynb", text=notebook_text("#" * 60_000))
    brought, full = said(sandbox.start(script, disk_bytes=31 * 4096))
    assert brought == "'Lab1-a.ipynb': brought"
    assert full.startswith("'Lab1-b.ipynb': cannot be brought: ")
    assert "No space left on device" in full
    assert sandbox.left == [".delivered.json", "Lab1-a.ipynb"]


def test_a_space_of_studio_has_the_same_notebooks(sandbox: Sandbox, bucket: Bucket, tmp_path: Path) -> None:
    """As its user, without rights of root, in the user's home, whatever the user has made of it."""
    sandbox.command("usr/bin/jupyter", sandbox.nbconvert)
    home, log = sandbox.root / "home/sagemaker-user", ".ml-platform/deliver-notebooks.log"
    (home / ".aws/cli").mkdir(parents=True)
    (home / ".aws/cli/alias").write_text("[toplevel]\ns3api = s3api --profile mine\n")
    (home / log).mkdir(parents=True)
    for path in (home / ".ml-platform", home / log):
        os.chown(path, USERS["sagemaker-user"], USERS["sagemaker-user"])
    bucket.put("Lab1-a.ipynb")
    delivery = Delivery(
        bucket=BUCKET, region="us-east-1", patterns=["Lab1*.ipynb"], placeholders={"<DATA_BUCKET>": BUCKET}
    )
    scripts, _ = read_lifecycle_scripts(ROOT / "lifecycle_scripts")
    stack = TerraformStack(Testing.app(), "test")
    TerraformOutput(stack, "made", value=lifecycle_script(scripts.studio, delivery=delivery))
    expression = json.loads(Testing.synth(stack))["output"]["made"]["value"]
    script = base64.b64decode(evaluated(expression, tmp_path / "evaluated")).decode()

    in_the_way, brought = said(sandbox.start(script, user="sagemaker-user"))

    assert (in_the_way.split(": ")[0], brought) == ("rm", "'Lab1-a.ipynb': brought")
    made = json.loads((home / "Lab1-a.ipynb").read_text())
    assert made["cells"][1]["source"] == [f'bucket = "{BUCKET}"']
    assert (home / "Lab1-a.ipynb").stat().st_uid == USERS["sagemaker-user"]
    (home / log).rmdir()
    os.mkfifo(home / log)
    assert said(sandbox.start(script, user="sagemaker-user")) == []
    assert (home / log).read_text() == ""


@pytest.mark.parametrize("name", ["Lab1-train-a-linear-learner", "PythonCheatSheet"])
def test_a_shipped_notebook_is_valid_and_holds_the_placeholder(name: str) -> None:
    path = ROOT / f"notebooks/{name}.ipynb"
    nbformat.validate(nbformat.read(path, as_version=4))
    assert "<DATA_BUCKET>" in path.read_text()
