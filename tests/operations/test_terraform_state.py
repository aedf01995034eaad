"""A state is read whatever became of it, and another one is not taken for this one."""

import json
from pathlib import Path
from typing import Any

import pytest

from operations.state_place import read_state, wanted
from operations.terraform_state import KeptResource, TerraformState, refuse_anothers
from stacks.synthesized_stack import OperationError, SynthesizedStack

OWN = {"Environment": "dev", "Project": "ml-platform"}
OF_THIS = '{"version": 4, "serial": 1, "lineage": "l", "resources": ?}'
ONE = OF_THIS.replace("?", '[{"mode": "managed", "type": "t", "name": "n", "instances": [{"attributes": ?}]}]')
ARN = "arn:aws:kms:us-east-1:111111111111:key/1"


@pytest.fixture
def stack(tmp_path: Path) -> SynthesizedStack:
    folder = tmp_path / "cdktf.out/stacks/dev"
    folder.mkdir(parents=True)
    backend = {"local": {"path": "../../../terraform.dev.tfstate"}}
    resources: dict[str, Any] = {"aws_kms_key": {"encryption_key": {}}}
    (folder / "cdk.tf.json").write_text(json.dumps({"terraform": {"backend": backend}, "resource": resources}))
    return SynthesizedStack(folder=folder, variables={})


def state_of(stack: SynthesizedStack, *instances: Any) -> TerraformState:
    resource = {"mode": "managed", "type": "aws_kms_key", "name": "encryption_key", "instances": [*instances]}
    text = json.dumps({"version": 4, "serial": 1, "lineage": "l", "resources": [resource]})
    (stack.folder / "../../../terraform.dev.tfstate").resolve().write_text(text)
    return read_state(wanted(stack))


def test_a_state_lacks_what_it_does_not_have_and_what_is_marked(stack: SynthesizedStack) -> None:
    assert read_state(wanted(stack)).lacks_any(stack), "there is none"
    assert not state_of(stack, {"attributes": {"id": "1"}}).lacks_any(stack)
    assert state_of(stack, {"attributes": {"id": "1"}, "status": "tainted"}).lacks_any(stack)
    assert state_of(stack, {"attributes": {"id": "1"}, "deposed": "d"}).lacks_any(stack)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "null",
        "7",
        '{"version": 3}',
        '{"version": 4}',
        '{"version": 4, "resources": []}',
        OF_THIS.replace("?", "1"),
        OF_THIS.replace("?", "[1]"),
        ONE.replace("?", "null"),
        ONE.replace("?", "7"),
        "[" * 100_000,
        "\x00\x00",
    ],
)
def test_rejects_what_is_no_state_with_what_to_do(stack: SynthesizedStack, text: str) -> None:
    path = (stack.folder / "../../../terraform.dev.tfstate").resolve()
    path.write_text(text)
    with pytest.raises(OperationError, match="is no state that Terraform could read") as raised:
        read_state(wanted(stack))
    assert "move it away, or put back terraform.dev.tfstate.backup" in str(raised.value)
    assert path.read_text() == text


def test_rejects_a_folder_and_a_link_to_itself_in_the_place_of_a_state(stack: SynthesizedStack) -> None:
    path = (stack.folder / "../../../terraform.dev.tfstate").resolve()
    path.mkdir()
    with pytest.raises(OperationError, match="Is a directory"):
        read_state(wanted(stack))
    path.rmdir()
    path.symlink_to(path)
    with pytest.raises(OperationError, match="Too many levels"):
        read_state(wanted(stack))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"tags_all": {"Environment": "staging"}}, "that of Environment staging, and this is dev"),
        ({"tags_all": {"Project": "other"}}, "that of Project other"),
        ({"arn": ARN.replace("us-east-1", "eu-west-1")}, "that of region eu-west-1"),
        ({"arn": ARN.replace("111111111111", "222222222222")}, "that of account 222222222222"),
    ],
)
def test_rejects_a_state_of_another_environment_project_region_or_account(values: dict[str, Any], said: str) -> None:
    with pytest.raises(OperationError, match=said):
        refuse(values)


@pytest.mark.parametrize(
    "values",
    [
        {"arn": ARN, "tags_all": OWN | {"Owner": "others"}},
        {"arn": "arn:aws:s3:::data"},
        {"arn": "arn:aws:iam::111111111111:role/r", "tags_all": None},
        {"arn": None, "tags_all": ["x"]},
        {"arn": "x"},
    ],
)
def test_takes_its_own(values: dict[str, Any]) -> None:
    refuse(values)


def refuse(values: dict[str, Any]) -> None:
    state = TerraformState(resources=[KeptResource(type="aws_kms_key", name="k", values=values)])
    refuse_anothers(state, tags=OWN, region="us-east-1", account_id="111111111111")
