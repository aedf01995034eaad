"""make notebook, make notebook-restart, and when a deploy says that the script waits for a start."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from operations.notebook import url
from operations.notebook_change import restarts, waits_for_start
from operations.notebook_instance import NotebookInstance, notebook_of
from operations.notebook_restart import AGAIN_SECONDS, LIMIT_SECONDS, LOOK_SECONDS, Restart
from stacks.synthesized_stack import OperationError, SynthesizedStack
from stacks.terraform_change import TerraformChange
from tests.support.played import Played, refusal

LIFECYCLE = "aws_sagemaker_notebook_instance_lifecycle_configuration.notebook_lifecycle"
INSTANCE = "aws_sagemaker_notebook_instance.notebook"
SAMPLE = "aws_s3_object.notebook_PythonCheatSheet"


class SageMaker:
    """Whose instance has the next of `statuses` at each look, and the last of them from then on."""

    def __init__(self, statuses: Sequence[str], *, refuses: Sequence[str] = ()) -> None:
        self._statuses, self._refuses, self.status = [*statuses], refuses, ""
        answers = {
            "DescribeNotebookInstance": self._described,
            "StartNotebookInstance": lambda **_: self._called("StartNotebookInstance"),
            "StopNotebookInstance": lambda **_: self._called("StopNotebookInstance"),
            "CreatePresignedNotebookInstanceUrl": lambda **_: {"AuthorizedUrl": "https://lab?authToken=a"},
        }
        self._played = Played(sagemaker=answers)
        self.notebook = NotebookInstance(environment="dev", name="lab", sagemaker=self._played.client("sagemaker"))

    @property
    def calls(self) -> list[str]:
        names = [name.removeprefix("sagemaker.") for name, _ in self._played.asked]
        return [name for name in names if name != "DescribeNotebookInstance"]

    def asked(self, operation: str) -> dict[str, Any]:
        return next(parameters for name, parameters in self._played.asked if name == f"sagemaker.{operation}")

    def _described(self, **_: object) -> dict[str, Any]:
        self.status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        if self.status == "none":
            raise refusal("ValidationException", "RecordNotFound")
        return {"NotebookInstanceStatus": self.status, "FailureReason": "the script\nended with 1"}

    def _called(self, name: str) -> dict[str, Any]:
        if name in self._refuses:
            raise refusal("ValidationException", f"{name} is refused")
        return {}


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def restarted(sagemaker: SageMaker) -> list[str]:
    said: list[str] = []
    time = Time()
    Restart(sagemaker.notebook, said.append, sleep=time.sleep, clock=lambda: time.now).run()
    return said


def test_a_url_is_for_an_instance_in_service_and_for_twelve_hours() -> None:
    sagemaker = SageMaker(["InService"])
    assert url(sagemaker.notebook) == "https://lab?authToken=a"
    assert sagemaker.asked("CreatePresignedNotebookInstanceUrl") == {
        "NotebookInstanceName": "lab",
        "SessionExpirationDurationInSeconds": 43200,
    }


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("Stopped", "notebook lab is Stopped: make notebook-restart ENV=dev starts it"),
        ("Failed", "notebook lab is Failed (the script ended with 1): make notebook-restart ENV=dev starts it"),
        ("Pending", "notebook lab is Pending: in some minutes again, or make notebook-restart ENV=dev, which waits"),
        ("Deleting", "notebook lab is being deleted: make deploy ENV=dev makes it"),
        ("none", "notebook lab is not there: make deploy ENV=dev makes it"),
    ],
)
def test_an_instance_that_cannot_be_opened_is_a_line_with_what_helps(status: str, said: str) -> None:
    sagemaker = SageMaker([status])
    with pytest.raises(OperationError) as raised:
        url(sagemaker.notebook)
    assert (str(raised.value), sagemaker.calls) == (said, [])


def test_an_environment_without_a_notebook_says_so_before_aws_is_asked() -> None:
    with pytest.raises(OperationError, match=r"^no notebook: stacks/prod\.py has none in notebook$"):
        notebook_of("prod")


def test_a_restart_stops_waits_starts_and_waits_with_a_line_for_each() -> None:
    sagemaker = SageMaker(
        ["InService", "Stopping", "Stopping", "Stopped", "Stopped", "Pending", "Pending", "InService"]
    )
    assert restarted(sagemaker) == [
        "   0 s  notebook lab is InService: stopping it; its kernels end, its files stay",
        "   5 s  notebook lab is Stopped: starting it",
        "  15 s  notebook lab is InService: make notebook ENV=dev opens it",
    ]
    assert sagemaker.calls == ["StopNotebookInstance", "StartNotebookInstance"]


@pytest.mark.parametrize("busy", ["Pending", "Stopping", "Updating"])
def test_what_sagemaker_is_at_is_waited_for_and_a_stopped_one_only_started(busy: str) -> None:
    sagemaker = SageMaker([busy, busy, "Stopped", "Pending", "InService"])
    assert restarted(sagemaker)[0] == f"   0 s  notebook lab is {busy}: waiting"
    assert sagemaker.calls == ["StartNotebookInstance"]


def test_a_failed_one_is_started_and_says_why_it_had_failed() -> None:
    """https://github.com/aws/sagemaker-python-sdk/issues/235"""
    sagemaker = SageMaker(["Failed", "Failed", "Failed", "Pending", "Pending", "InService"])
    assert restarted(sagemaker)[0] == "   0 s  notebook lab is Failed (the script ended with 1): starting it"
    assert sagemaker.calls == ["StartNotebookInstance"]


def test_one_that_fails_again_says_why_and_what_to_do() -> None:
    sagemaker = SageMaker(["Stopped", "Pending", "Failed"])
    with pytest.raises(OperationError) as raised:
        restarted(sagemaker)
    assert str(raised.value) == (
        "notebook lab is Failed (the script ended with 1): its volume keeps the files; where its script failed, the "
        "log group /aws/sagemaker/NotebookInstances, streams lab/LifecycleConfigOnStart and lab/jupyter.log say more: "
        "put it right, make deploy ENV=dev, then make notebook-restart ENV=dev"
    )


def test_a_call_that_sagemaker_does_not_take_is_made_once_more() -> None:
    looks = AGAIN_SECONDS // LOOK_SECONDS
    sagemaker = SageMaker(["Stopped", *["Stopped"] * looks, "Pending", "InService"])
    assert restarted(sagemaker)[-1] == "  60 s  notebook lab is InService: make notebook ENV=dev opens it"
    assert sagemaker.calls == ["StartNotebookInstance", "StartNotebookInstance"]


def test_one_that_is_not_stopped_is_not_waited_for_for_ever() -> None:
    sagemaker = SageMaker(["InService"])
    with pytest.raises(OperationError, match=r"still InService: .*: make notebook-restart ENV=dev again$"):
        restarted(sagemaker)
    assert sagemaker.calls == ["StopNotebookInstance"] * 2


@pytest.mark.parametrize(
    ("statuses", "leaves"),
    [
        (["Updating"], "nothing was begun"),
        (["InService", "Stopping"], "it is stopped, or will be, and stays so: make notebook-restart ENV=dev starts it"),
        (["Stopped", "Pending"], "it is started, or will be: make notebook-restart ENV=dev goes on from there"),
    ],
)
def test_what_sagemaker_does_not_end_is_told_each_minute_and_waited_for_an_hour(
    statuses: list[str], leaves: str
) -> None:
    sagemaker, said, time = SageMaker(statuses), list[str](), Time()
    with pytest.raises(OperationError) as raised:
        Restart(sagemaker.notebook, said.append, sleep=time.sleep, clock=lambda: time.now).run()
    assert str(raised.value) == (
        f"notebook lab is still {statuses[-1]} after 60 minutes, which only AWS can end: {leaves}. Look later: make "
        "notebook-restart ENV=dev waits again; where it stays so, AWS Support"
    )
    assert time.now == LIMIT_SECONDS
    still = [line for line in said if "is still" in line]
    assert still[0] == f"  60 s  notebook lab is still {statuses[-1]}"
    assert len(still) == LIMIT_SECONDS // 60 - 1


def test_one_that_stops_by_itself_meanwhile_is_started() -> None:
    sagemaker = SageMaker(
        ["InService", "Stopping", "Stopping", "Stopped", "Pending", "InService"], refuses=["StopNotebookInstance"]
    )
    assert restarted(sagemaker)[-1].endswith("opens it")
    assert sagemaker.calls == ["StopNotebookInstance", "StartNotebookInstance"]


def test_a_refusal_is_told_and_what_it_leaves() -> None:
    sagemaker = SageMaker(["InService"], refuses=["StopNotebookInstance"])
    restart = Restart(sagemaker.notebook, lambda _: None)
    assert restart.leaves == "nothing was begun"
    with pytest.raises(ClientError, match="StopNotebookInstance is refused"):
        restart.run()
    assert restart.leaves == ("it is stopped, or will be, and stays so: make notebook-restart ENV=dev starts it")


class Platform(SynthesizedStack):
    """With a notebook instance, and notebooks that are handed out."""

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        return {"aws_sagemaker_notebook_instance": {"notebook": {}}}


class Studio(SynthesizedStack):
    """The same without an instance."""

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        return {}


class Change(TerraformChange):
    """Of a plan that a test gives: the actions, and what the instance has and is to have."""

    def __init__(self, actions: dict[str, str], after: dict[str, Any]) -> None:
        super().__init__(Platform(folder=Path(), variables={}), destroy=False, say=print, actions=actions)
        self._after = after

    def planned_values(self, address: str) -> tuple[dict[str, Any], dict[str, Any]]:
        assert address == INSTANCE
        before = {"volume_size": 5, "tags": {"a": "b"}, "tags_all": {"a": "b"}}
        return before, before | self._after


@pytest.mark.parametrize(
    ("actions", "after", "waits"),
    [
        ({LIFECYCLE: "update"}, {}, True),
        ({LIFECYCLE: "update", "aws_s3_object.a": "replace"}, {}, True),
        ({LIFECYCLE: "update", INSTANCE: "update"}, {"tags": {}, "tags_all": {}}, True),
        ({LIFECYCLE: "update", INSTANCE: "update"}, {"volume_size": 6}, False),
        ({LIFECYCLE: "update", INSTANCE: "replace"}, {}, False),
        ({LIFECYCLE: "create", INSTANCE: "create"}, {}, False),
        ({LIFECYCLE: "delete", INSTANCE: "delete"}, {}, False),
        ({INSTANCE: "update"}, {"volume_size": 6}, False),
        ({SAMPLE: "update"}, {}, True),
        ({SAMPLE: "create"}, {}, True),
        ({SAMPLE: "delete"}, {}, False),
        ({SAMPLE: "update", INSTANCE: "update"}, {"volume_size": 6}, False),
        ({SAMPLE: "create", INSTANCE: "create"}, {}, False),
        ({"aws_s3_object.models": "update"}, {}, False),
        ({}, {}, False),
    ],
)
def test_a_changed_script_waits_unless_the_same_deploy_starts_the_instance(
    actions: dict[str, str], after: dict[str, Any], waits: bool
) -> None:
    assert waits_for_start(Change(actions, after)) is waits


def test_changed_notebooks_wait_for_no_instance_where_there_is_none() -> None:
    change = Change({SAMPLE: "update"}, {})
    change.stack = Studio(folder=Path(), variables={})
    assert not waits_for_start(change)


@pytest.mark.parametrize(
    ("actions", "after", "stops"),
    [
        ({INSTANCE: "update"}, {"volume_size": 6}, True),
        ({INSTANCE: "update"}, {"tags": {}, "tags_all": {}}, False),
        ({LIFECYCLE: "update"}, {}, False),
        ({INSTANCE: "create"}, {}, False),
        ({INSTANCE: "delete"}, {}, False),
    ],
)
def test_an_instance_that_a_plan_stops_and_starts_is_known_before(
    actions: dict[str, str], after: dict[str, Any], stops: bool
) -> None:
    assert restarts(Change(actions, after)) is stops
