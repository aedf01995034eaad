"""Copies of artifacts that are not what was released: which are forgotten, and what is said of those that cannot be."""

import base64
import hashlib
from typing import Any, cast

import pytest

from operations.artifact_copies import COPY, forget_wrong_copies, unreadable
from operations.terraform_state import KeptResource, TerraformState
from settings.releases import Release, ReleasedModel
from settings.trained_artifact import TrainedArtifact
from stacks.synthesized_stack import OperationError, SynthesizedStack
from tests.support.played import ACCOUNT, Played, raised, refusal
from tests.support.synthesis import environment

RELEASED = b"what was released"
DIGEST = hashlib.sha256(RELEASED).digest()
KEY = f"models/churn-00000000/{DIGEST.hex()}.tar.gz"
ARTIFACT = TrainedArtifact(
    names=environment("dev").settings.names,
    account_id=ACCOUNT,
    key="training-output/job/output/model.tar.gz",
    sha256=DIGEST.hex(),
    size=len(RELEASED),
)
MODEL = ReleasedModel(name="churn-00000000", image_repository="kmeans", image_tag="1", artifact=ARTIFACT)


def base64_of(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


Answer = dict[str, Any] | Exception
FINE, OTHER = {"ChecksumSHA256": base64_of(RELEASED)}, {"ChecksumSHA256": base64_of(b"a mistake")}
WITHOUT: Answer = {"ContentLength": len(RELEASED)}
SOURCE = {"Body": b"w", "ContentRange": f"bytes 0-0/{len(RELEASED)}"}


class Stack:
    """Terraform's part of it, which notes what it is to run."""

    def __init__(self) -> None:
        self.resources = {COPY: {"artifact": values()}}
        self.ran: list[tuple[str, ...]] = []

    def init(self) -> None:
        self.ran.append(("init",))

    def run(self, *arguments: str) -> None:
        self.ran.append(arguments)


def played(copy: Answer, source: Answer) -> Played:
    def answer(given: Answer) -> dict[str, Any]:
        return cast("dict[str, Any]", raised(given)) if isinstance(given, Exception) else given

    return Played(s3={"HeadObject": lambda **_: answer(copy), "GetObject": lambda **_: answer(source)})


def values(copied: bytes = RELEASED) -> dict[str, Any]:
    return {
        "bucket": "acme-target",
        "key": KEY,
        "source": f"acme-source/{ARTIFACT.key}",
        "expected_source_bucket_owner": ACCOUNT,
        "checksum_sha256": base64_of(copied),
        "version_id": "the-version",
    }


def forgotten(aws: Played, stack: Stack, *, name: str = "artifact", copied: bytes = RELEASED, **kept: Any) -> list[str]:
    item = KeptResource(type=COPY, name=name, values=values(copied), **kept)
    of, state = environment("staging", release=Release(previous=MODEL)), TerraformState(resources=[item])
    return [*forget_wrong_copies(cast("SynthesizedStack", stack), state, of, aws.client("s3"), "-lock=false")]


@pytest.mark.parametrize("copy", [OTHER, WITHOUT])
def test_a_copy_that_was_overwritten_is_forgotten_whatever_the_state_says(copy: Answer) -> None:
    stack, aws = Stack(), played(copy, SOURCE)
    assert forgotten(aws, stack) == [f"{COPY}.artifact is not what was released: forgotten, so that it is copied again"]
    assert stack.ran == [("init",), ("state", "rm", "-lock=false", f"{COPY}.artifact")]
    assert aws.asked[0] == ("s3.HeadObject", {"Bucket": "acme-target", "Key": KEY, "ChecksumMode": "ENABLED"})


@pytest.mark.parametrize("copy", [FINE, refusal("404"), refusal("403")])
@pytest.mark.parametrize("copied", [RELEASED, b"a mistake"])
def test_what_is_as_it_was_released_or_terraform_sees_itself_is_kept(copy: Answer, copied: bytes) -> None:
    stack = Stack()
    assert forgotten(played(copy, SOURCE), stack, copied=copied) == []
    assert stack.ran == []


@pytest.mark.parametrize("kept", [{"name": "of_an_earlier_release"}, {"tainted": True}, {"deposed": True}])
def test_what_terraform_removes_or_makes_anyway_is_not_asked_for(kept: dict[str, Any]) -> None:
    aws = played(OTHER, SOURCE)
    assert forgotten(aws, Stack(), **kept) == []
    assert aws.asked == []


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (refusal("NoSuchKey"), "model.tar.gz is gone"),
        (refusal("AccessDenied"), "cannot be read: make deploy ENV=dev first"),
        ({"Body": b"a", "ContentRange": "bytes 0-0/9"}, "has 9 bytes, and what was released 17"),
    ],
)
def test_one_that_cannot_be_copied_again_stays_in_the_state_with_the_command_that_puts_its_version_back(
    source: Answer, why: str
) -> None:
    stack = Stack()
    with pytest.raises(OperationError) as raised:
        forgotten(played(OTHER, source), stack)
    said, command = str(raised.value).splitlines()
    assert said.startswith(
        f"s3://acme-target/{KEY} is not what was released, and cannot be copied again: s3://acme-source/"
    )
    assert why in said
    assert command == (
        f"  aws s3api copy-object --bucket acme-target --key {KEY} --checksum-algorithm SHA256 "
        f"--copy-source 'acme-target/{KEY}?versionId=the-version'"
    )
    assert stack.ran == []


def test_of_one_that_was_never_right_the_state_knows_no_version() -> None:
    with pytest.raises(OperationError, match=f"list-object-versions --bucket acme-target --prefix {KEY}") as raised:
        forgotten(played(OTHER, refusal("NoSuchKey")), Stack(), copied=b"a mistake")
    assert "the-version" not in str(raised.value)


@pytest.mark.parametrize(
    ("copy", "way_back"),
    [
        (FINE, "is an earlier copy, which Terraform cannot take over: aws s3 cp it back"),
        (OTHER, "if an earlier version of it is, copy that back to where it came from: aws s3api list-object-versions"),
        (WITHOUT, "S3 does not know it to be what was released"),
        (refusal("404"), None),
    ],
)
def test_a_source_that_is_gone_can_be_put_back_from_a_copy_that_is_what_was_released(
    copy: Answer, way_back: str | None
) -> None:
    why = unreadable(played(copy, refusal("NoSuchKey")).client("s3"), values(), ARTIFACT)
    gone = f"s3://acme-source/{ARTIFACT.key} is gone"
    assert why == gone if way_back is None else why is not None and why.startswith(f"{gone}. ") and way_back in why
