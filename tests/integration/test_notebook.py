"""The notebook instance alone, deployed and changed by Terraform itself on a local AWS: what keeps people's files.

One sequence; the tests ask for what it found on its way.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from cdktf import Testing

from constructs.account import Account
from constructs.notebook.lifecycle_script import Delivery
from constructs.notebook.notebook_instance import NotebookInstance
from local_aws import provider
from local_aws.server import process as server_process
from local_aws.trials.lab import Lab
from operations.notebook_change import refuse_loss_of_files
from settings.notebook import NotebookSettings
from stacks.aws_stack import AwsStack
from stacks.synthesized_stack import OperationError, SynthesizedStack
from stacks.terraform_change import TerraformChange
from tests.support.synthesis import environment

Found = dict[str, Any]
NAME = "ml-platform-dev"
REPOSITORIES = ["https://git.example.com/a/${b}.git", "ours"]


@dataclass
class NotebookLab(Lab):
    """Of a stack that has no more than the instance."""

    notebook: NotebookSettings = field(default_factory=NotebookSettings)

    def synthesize(self) -> None:
        settings = environment(self.name).settings
        stack = AwsStack(Testing.app(), self.name, settings=settings)
        NotebookInstance(
            stack,
            "notebook",
            account=Account(stack, "(account)", region=settings.region),
            name=NAME,
            notebook=self.notebook.checked(),
            role_arn="arn:aws:iam::111111111111:role/lab",
            script=b"#!/bin/bash\n",
            delivery=Delivery(bucket="acme-data", region=settings.region, patterns=[], placeholders={}),
            key_arn=None,
            placement=None,
            prevent_destroy=False,
            depends_on=[],
        )
        self.stack.mkdir(parents=True, exist_ok=True)
        (self.stack / "cdk.tf.json").write_text(Testing.synth(stack))
        self.override(provider.version_override())

    def set(self, **values: Any) -> None:
        self.notebook = NotebookSettings(**values)
        self.synthesize()

    def described(self) -> Found:
        """With its tags, as the tagging API has them."""
        found: Found = self.client("sagemaker").describe_notebook_instance(NotebookInstanceName=NAME)
        arn = found["NotebookInstanceArn"]
        tagging = self.client("resourcegroupstaggingapi")
        [tagged] = tagging.get_resources(ResourceARNList=[arn])["ResourceTagMappingList"]
        return found | {"tags": {tag["Key"]: tag["Value"] for tag in tagged["Tags"]}}

    def grow_outside(self, size: int) -> None:
        sagemaker = self.client("sagemaker")
        sagemaker.stop_notebook_instance(NotebookInstanceName=NAME)
        sagemaker.get_waiter("notebook_instance_stopped").wait(NotebookInstanceName=NAME)
        sagemaker.update_notebook_instance(NotebookInstanceName=NAME, VolumeSizeInGB=size)

    def planned(self) -> tuple[dict[str, str], str]:
        """What a deploy would do, and what `make deploy` says of it."""
        stack = SynthesizedStack(folder=self.stack, variables=self.variables)
        change = TerraformChange(stack, destroy=False, say=lambda _: None)
        with change.planned():
            try:
                refuse_loss_of_files(change)
            except OperationError as error:
                return change.actions, str(error)
        return change.actions, ""

    def left(self) -> tuple[bytes, Found]:
        """What a plan that is refused must leave as it was."""
        described = self.described()
        del described["ResponseMetadata"]
        return (self.stack / "terraform.tfstate").read_bytes(), described


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    found: Found = {}
    folder = tmp_path_factory.mktemp("notebook")
    made = NotebookLab(folder=folder, server=server_process.start(folder), name="dev")
    with ExitStack() as until_the_end:
        until_the_end.callback(server_process.stop, folder, made.server)
        made.prepare(until_the_end)
        made.applied()
        found["made"] = made.described()

        made.set(volume_size_gb=10, git_repositories=REPOSITORIES, tags={"CostCenter": "a b"})
        found["grow"] = made.applied().printed
        found["grown"] = made.described()

        made.set(volume_size_gb=10)
        made.applied()
        made.nothing_to_change()
        found["without"] = made.described()

        made.set(volume_size_gb=7)
        before = made.left()
        found["shrink"] = made.apply()
        found["untouched"] = made.left() == before

        made.set(volume_size_gb=10)
        made.grow_outside(50)
        found["outside"] = made.planned()
        made.set(volume_size_gb=50)
        found["caught up"] = made.planned()
        found["destroy"] = made.terraform("destroy", "-auto-approve", "-input=false")
        found["left"] = made.inventory()
    return found


def test_a_volume_grows_in_place(found: Found) -> None:
    assert "0 added, 1 changed, 0 destroyed" in found["grow"]
    assert (found["made"]["VolumeSizeInGB"], found["grown"]["VolumeSizeInGB"]) == (5, 10)
    assert found["made"]["CreationTime"] == found["grown"]["CreationTime"]


def test_a_plan_that_would_make_it_smaller_is_refused_and_nothing_is_touched(found: Found) -> None:
    assert found["shrink"].code != 0
    said = " ".join(found["shrink"].printed.replace("│", "").split())
    assert f"volume_size_gb of the notebook {NAME} is 7, and its volume has 10 GB, which cannot become less" in said
    assert "Set volume_size_gb to 10 at least." in said
    assert found["untouched"]


def test_of_a_volume_that_was_grown_outside_only_the_plan_knows_and_a_deploy_refuses_it(found: Found) -> None:
    actions, said = found["outside"]
    assert actions == {"aws_sagemaker_notebook_instance.notebook": "replace"}  # the precondition let it through
    assert "volume_size_gb, which is 10 where the volume has 50 GB" in said
    assert found["caught up"] == ({"aws_sagemaker_notebook_instance.notebook": "update"}, "")


def test_a_destroy_goes_through_whatever_size_the_settings_have(found: Found) -> None:
    assert found["destroy"].code == 0, found["destroy"].printed
    assert found["left"] == []


def test_repositories_come_and_go_in_place(found: Found) -> None:
    assert found["grown"]["DefaultCodeRepository"] == REPOSITORIES[0]
    assert found["grown"]["AdditionalCodeRepositories"] == REPOSITORIES[1:]
    assert not found["without"].keys() & {"DefaultCodeRepository", "AdditionalCodeRepositories"}
    assert found["without"]["CreationTime"] == found["made"]["CreationTime"]


def test_tags_of_ones_own_stand_beside_the_platforms(found: Found) -> None:
    of_platform = {"Environment": "dev", "Owner": "ml-team", "Project": "ml-platform"}
    assert found["made"]["tags"] == of_platform | {"VolumeSizeGb": "5"}
    assert found["grown"]["tags"] == of_platform | {"VolumeSizeGb": "10", "CostCenter": "a b"}
    assert found["without"]["tags"] == of_platform | {"VolumeSizeGb": "10"}
