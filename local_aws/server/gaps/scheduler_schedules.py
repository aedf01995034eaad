"""Gap: moto's schedules take a role that EventBridge Scheduler cannot assume, and a group that is not there is a 500.

Terraform's provider tries again for two minutes while AWS says the first (internal/service/scheduler/schedule.go): a
role is seen some seconds after it was made. What a schedule has not is told as null, and a list tells more than AWS's.
No schedule runs by the clock here: docs/decisions/0018.
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
"""

import json
from collections.abc import Callable
from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import IAMBackend, iam_backends
from moto.scheduler.exceptions import ScheduleGroupNotFound, ValidationException
from moto.scheduler.models import Schedule
from moto.scheduler.responses import EventBridgeSchedulerResponse

from local_aws.server.failures import played
from local_aws.server.gaps import iam_simulation

SERVICE = "scheduler.amazonaws.com"
NOT_ASSUMABLE = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
IN_A_LIST = ("Arn", "CreationDate", "GroupName", "LastModificationDate", "Name", "State", "Target")


def fill() -> None:
    describe = Schedule.to_dict

    def told(schedule: Schedule, short: bool = False) -> dict[str, Any]:
        described = {key: value for key, value in describe(schedule, short).items() if value is not None}
        return {key: described[key] for key in IN_A_LIST if key in described} if short else described

    list_schedules = EventBridgeSchedulerResponse.list_schedules

    def listed(call: EventBridgeSchedulerResponse) -> str:
        answer = json.loads(list_schedules(call))
        return json.dumps({key: value for key, value in answer.items() if value is not None})

    Schedule.to_dict = told
    EventBridgeSchedulerResponse.list_schedules = listed
    for name in ("create_schedule", "update_schedule"):
        setattr(EventBridgeSchedulerResponse, name, _checked(getattr(EventBridgeSchedulerResponse, name)))


def _checked(
    operation: Callable[[EventBridgeSchedulerResponse], str],
) -> Callable[[EventBridgeSchedulerResponse], str]:
    def answer(call: EventBridgeSchedulerResponse) -> str:
        request = json.loads(call.body)
        group = request.get("GroupName", "default")
        if group not in call.scheduler_backend.schedule_groups:
            raise ScheduleGroupNotFound(group)
        arn, iam = request["Target"]["RoleArn"], iam_backends[call.current_account][call.partition]
        if not iam_simulation.trusts(iam, arn, SERVICE) or _is_new(iam, arn, played(call.headers).settling_seconds):
            raise ValidationException(NOT_ASSUMABLE)
        return operation(call)

    return answer


def _is_new(iam: IAMBackend, arn: str, seconds: float) -> bool:
    age = utcnow() - iam.get_role(arn.rpartition("/")[2]).create_date
    return bool(age.total_seconds() < seconds)
