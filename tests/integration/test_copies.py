"""A trained model's artifact between two accounts of a local AWS, copied by Terraform itself.

One sequence on a stack that has nothing but the copy and what hangs on it; the tests ask for what it found on its way.
"""

import hashlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from cdktf import TerraformResourceLifecycle, Testing

from constructs.account import Account
from constructs.storage.copied_object import CopiedObject
from constructs.terraform_data import TerraformData
from local_aws import credentials, provider
from local_aws.server import failures
from local_aws.server import process as server_process
from local_aws.server.failures import Failures
from operations.advice import advice
from operations.artifact_copies import forget_wrong_copies, unreadable
from operations.state_place import read_state, wanted
from settings.trained_artifact import TrainedArtifact
from stacks.aws_stack import AwsStack
from stacks.synthesized_stack import SynthesizedStack, TerraformError
from tests.support.synthesis import environment

Found = dict[str, Any]
RELEASED = b"what was released"
DIGEST = hashlib.sha256(RELEASED).hexdigest()
TARGET, KEY = "acme-target", f"models/churn-1-00000000/{DIGEST}.tar.gz"
APPLY = ("apply", "-auto-approve", "-input=false", "-no-color")
ARTIFACT = TrainedArtifact(
    names=environment("dev").settings.names,
    account_id="111111111111",
    key="training-output/job/output/model.tar.gz",
    sha256=DIGEST,
    size=len(RELEASED),
)
SOURCE = ARTIFACT.names.bucket("111111111111")


class Copying:
    """staging's account with a bucket and a key, and dev's with the artifact."""

    def __init__(self, folder: Path, server: server_process.Server) -> None:
        self.server = server
        changes, _ = provider.cli_configuration(folder, os.environ)
        own, theirs = (credentials.account_variables(server, environment(name).settings) for name in ("staging", "dev"))
        session = credentials.session(own)
        self.own: Any = session.client("s3", endpoint_url=server.url)
        self.theirs: Any = credentials.session(theirs).client("s3", endpoint_url=server.url)
        for s3, bucket in ((self.own, TARGET), (self.theirs, SOURCE)):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.key_arn = session.client("kms", endpoint_url=server.url).create_key()["KeyMetadata"]["Arn"]
        self.stack = SynthesizedStack(folder=folder / "stacks/staging", variables=dict(os.environ) | own | changes)
        self.stack.folder.mkdir(parents=True)
        self.synthesize()
        (self.stack.folder / "local_override.tf.json").write_text(json.dumps(provider.version_override()))
        self.stack.init()

    def synthesize(self, **changes: Any) -> None:
        stack = AwsStack(Testing.app(), "staging", settings=environment("staging", **changes).settings)
        stack.keep_state("staging")
        copy = CopiedObject(
            stack,
            "artifact",
            account=Account(stack, "(account)", region="us-east-1"),
            bucket=TARGET,
            key=KEY,
            artifact=ARTIFACT,
            catalogue_name="churn-1",
            key_arn=self.key_arn,
            depends_on=[],
        )
        made_first = TerraformResourceLifecycle(create_before_destroy=True)
        TerraformData(stack, "model", values={"artifact": copy.s3_uri}, lifecycle=made_first)
        (self.stack.folder / "cdk.tf.json").write_text(Testing.synth(stack))

    def leave(self, body: bytes) -> None:
        self.theirs.put_object(Bucket=SOURCE, Key=ARTIFACT.key, Body=body, Tagging="Owner=dev")

    def let_read(self) -> None:
        """As the deploy of dev does."""
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{SOURCE}/training-output/*",
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.theirs.put_bucket_policy(Bucket=SOURCE, Policy=policy)

    def failed(self, *arguments: str) -> str:
        with pytest.raises(TerraformError) as raised:
            self.stack.run(*arguments)
        return " ".join(str(raised.value).replace("│", "").split())

    def state(self) -> list[str]:
        return [item.address for item in read_state(wanted(self.stack)).resources]

    def why(self) -> str | None:
        values = {"source": f"{SOURCE}/{ARTIFACT.key}", "bucket": TARGET, "key": KEY}
        return unreadable(self.own, values | {"expected_source_bucket_owner": ARTIFACT.account_id}, ARTIFACT)

    def object(self) -> Any:
        return self.own.head_object(Bucket=TARGET, Key=KEY)

    def is_there(self) -> bool:
        return bool(self.own.list_objects_v2(Bucket=TARGET).get("KeyCount"))

    def killed_when_it_is_there(self) -> None:
        """Terraform and its provider, before the answer about the copy has reached the state."""
        failures.put(self.server, Failures(delay_seconds=3))
        process = subprocess.Popen(
            ["terraform", *APPLY],
            cwd=self.stack.folder,
            env=dict(self.stack.terraform_variables),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        give_up = time.monotonic() + 120
        while not self.is_there():
            assert time.monotonic() < give_up
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        failures.put(self.server, Failures())


def sequence(folder: Path, server: server_process.Server) -> Found:
    found: Found = {}
    made = Copying(folder, server)
    made.leave(RELEASED)
    found["not deployed there, preflight"], found["not deployed there"] = made.why(), made.failed(*APPLY)
    made.let_read()
    made.leave(b"something else")
    found["changed, preflight"], found["changed"] = made.why(), made.failed(*APPLY)
    found["changed, state"], found["changed, again"] = made.state(), made.failed("plan", "-input=false", "-no-color")
    found["forgotten"] = [*forget_wrong_copies(made.stack, read_state(wanted(made.stack)))]
    found["forgotten, again"] = [*forget_wrong_copies(made.stack, read_state(wanted(made.stack)))]
    made.leave(RELEASED)
    for item in made.own.list_object_versions(Bucket=TARGET)["Versions"]:
        made.own.delete_object(Bucket=TARGET, Key=KEY, VersionId=item["VersionId"])
    found["fine, preflight"] = made.why()
    made.killed_when_it_is_there()
    found["killed, state"] = made.state()
    made.stack.run(*APPLY)
    found["state"], found["object"] = made.state(), made.object()
    found["tags"] = made.own.get_object_tagging(Bucket=TARGET, Key=KEY)["TagSet"]
    found["bytes"] = made.own.get_object(Bucket=TARGET, Key=KEY)["Body"].read()
    made.theirs.delete_object(Bucket=SOURCE, Key=ARTIFACT.key)
    made.key_arn = None
    made.synthesize(owner="somebody-else")
    made.stack.run(*APPLY)
    found["source gone"], found["source gone, preflight"] = made.object(), made.why()
    found["source gone, tags"] = made.own.get_object_tagging(Bucket=TARGET, Key=KEY)["TagSet"]
    made.stack.run("plan", "-detailed-exitcode", "-input=false")
    made.stack.run("destroy", "-auto-approve", "-input=false")
    found["destroyed"] = made.own.list_object_versions(Bucket=TARGET).get("Versions", [])
    made.theirs.delete_bucket_policy(Bucket=SOURCE)
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("copies")
    server = server_process.start(folder)
    try:
        return sequence(folder, server)
    finally:
        server_process.stop(folder, server)


def test_before_the_deploy_of_the_environment_that_trained_it_nothing_is_copied(found: Found) -> None:
    assert "make deploy ENV=dev first, which lets this account read it" in found["not deployed there, preflight"]
    assert "api error AccessDenied" in found["not deployed there"]
    [said] = advice(found["not deployed there"], "staging")
    assert "deploy the environment that trained it first" in said


def test_what_was_changed_since_it_was_released_ends_the_deploy_with_what_to_do(found: Found) -> None:
    source = f"s3://{SOURCE}/{ARTIFACT.key}"
    assert found["changed, preflight"].startswith(f"{source} has 14 bytes, and what was released 17")
    said = f"churn-1: the bytes of {source} are not those that were released, whose SHA-256 is {DIGEST}"
    assert said in found["changed"]
    assert found["changed, state"] == ["aws_s3_object_copy.artifact"]  # and nothing that hangs on it
    assert said in found["changed, again"]


def test_what_is_not_what_was_released_is_forgotten_once_and_copied_again(found: Found) -> None:
    [line] = found["forgotten"]
    assert line.startswith("aws_s3_object_copy.artifact is not what was released")
    assert found["forgotten, again"] == []
    assert found["fine, preflight"] is None


def test_a_deploy_that_is_killed_while_it_copies_is_gone_on_with_by_the_next(found: Found) -> None:
    assert found["killed, state"] == []
    assert found["state"] == ["aws_s3_object_copy.artifact", "terraform_data.model"]
    assert found["bytes"] == RELEASED


def test_the_copy_has_the_environments_key_and_tags(found: Found) -> None:
    assert found["object"]["ServerSideEncryption"] == "aws:kms"
    assert {item["Key"]: item["Value"] for item in found["tags"]} == {
        "Project": "ml-platform",
        "Environment": "staging",
        "Owner": "ml-team",
    }


def test_once_it_is_there_neither_its_source_nor_another_key_has_it_copied_again(found: Found) -> None:
    assert found["source gone"]["VersionId"] == found["object"]["VersionId"]
    assert {"Key": "Owner", "Value": "somebody-else"} in found["source gone, tags"]


def test_what_is_gone_where_it_was_trained_can_be_put_back_from_a_copy(found: Found) -> None:
    assert f"s3://{TARGET}/{KEY} is an earlier copy" in found["source gone, preflight"]


def test_a_destroy_leaves_nothing_of_it(found: Found) -> None:
    assert found["destroyed"] == []
