"""Asks AWS, before a deploy, whether it can go through: `make preflight ENV=prod`, and `make deploy` before it begins.

Asked are who calls and whether the caller may do what the deploy does, the account's quotas, its zones, and whether
something that Terraform plans to make exists already, or to copy cannot be read. A verdict is one of

    fine             nothing to do
    ask for          a quota is too low: the code, and the command that asks AWS for more
    ask for later    so it is for what is run later, a training: it stops no deploy
    exists           it is there already; `make deploy` takes it over
    refused          the deploy would fail, and no request changes that
    cannot be asked  AWS did not answer this one; it stops no deploy

Not asked is DescribeInstanceTypeOfferings: it speaks of EC2's types (m5.large), not of SageMaker's (ml.m5.large), which
are offered where the region has a quota of them.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from operations import command_line
from operations.artifact_copies import COPY, trained_artifacts, unreadable
from operations.caller import Caller
from operations.deployer_policy import DeployerPolicy, Statement
from operations.finders import Finders
from operations.opened import opened
from operations.quotas import VPC, VPCS, Need, Quota, needs, quotas
from operations.recover import changes
from operations.uses import Uses
from settings.environment import EnvironmentSettings
from settings.network import NewNetworkSettings
from settings.trained_artifact import TrainedArtifact
from stacks.environments import Environment, read_environment
from stacks.sourced_shell import ENVIRONMENT_VARIABLE
from stacks.synthesized_stack import OperationError, SynthesizedStack

FINE, ASK_FOR, EXISTS, REFUSED, UNASKED = "fine", "ask for", "exists", "refused", "cannot be asked"
LATER = "ask for later"
STOPS = (REFUSED, ASK_FOR)
# The last is what a proxy's page in the place of an answer raises.
NO_ANSWER = (BotoCoreError, ClientError, ResponseParserError)
Plan = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Row:
    """The answer to one question; `command` is what a person may type."""

    what: str
    verdict: str
    detail: str
    command: str = ""

    def __str__(self) -> str:
        return f"{self.verdict:<{len(UNASKED)}}  {self.what}: {self.detail}"


def preflight(
    stack: SynthesizedStack, environment: Environment, session: boto3.Session, caller: Caller
) -> Iterator[Row]:
    """Where the caller is of another account than the settings name, nothing else is asked."""
    settings = environment.settings
    row = caller_row(settings, caller)
    yield row
    if row.verdict == REFUSED:
        return
    yield from asked("permissions", lambda: _permission_rows(settings, caller, session.client("iam")))
    plans, finders = list[Plan](), Finders(session, Uses(session, {}))
    state = [] if settings.state_bucket is None else asked("state", lambda: [state_row(settings, finders)])
    yield from state

    def plan() -> Iterator[Row]:
        stack.init()
        plans.append(stack.plan())
        actions = [action for change in plans[0].get("resource_changes", []) for action in change["change"]["actions"]]
        counts = ", ".join(f"{actions.count(verb)} to {verb}" for verb in ("create", "update", "delete"))
        yield Row(what="plan", verdict=FINE, detail=counts)

    if all(row.verdict == FINE for row in state):
        yield from asked("plan", plan)
    yield from asked("quotas", lambda: _quota_rows(environment, session, plans))
    if isinstance(settings.network, NewNetworkSettings):
        zones = settings.network.zones
        yield from asked("zones", lambda: [zone_row(settings.region, zones, _zones(session.client("ec2")))])
    if plans:
        yield from copy_rows(environment, plans[0], session.client("s3"))
        yield from _name_rows(settings.name, plans[0], finders)


def asked(what: str, question: Callable[[], Iterable[Row]]) -> list[Row]:
    """The answers; where AWS or Terraform give none, that."""
    try:
        return list(question())
    except (*NO_ANSWER, OperationError) as error:
        # Terraform finds none where boto3 has found some: it would not deploy either.
        verdict = REFUSED if isinstance(error, OperationError) and "credential" in str(error) else UNASKED
        return [Row(what=what, verdict=verdict, detail=_reason(error))]


def _reason(error: Exception) -> str:
    """In one line: AWS's code, or Terraform's first error."""
    if isinstance(error, ClientError):
        return str(error.response["Error"]["Code"])
    lines = [line.strip("│╷╵ ") for line in str(error).splitlines()] or [type(error).__name__]
    return next((line for line in lines if line.startswith("Error: ")), lines[0])


def caller_row(settings: EnvironmentSettings, caller: Caller) -> Row:
    if settings.account_id not in (None, caller.account_id):
        detail = f"{caller.arn} is in account {caller.account_id}: must be in account_id, {settings.account_id}"
        return Row(what="caller", verdict=REFUSED, detail=detail)
    return Row(what="caller", verdict=FINE, detail=f"{caller.arn} in account {caller.account_id}")


def state_row(settings: EnvironmentSettings, finders: Finders) -> Row:
    """Without its bucket, Terraform has nowhere to look for what stands already, and plans nothing."""
    try:
        found = finders.find("aws_s3_bucket", {"bucket": settings.state_bucket})
    except OperationError as error:
        return Row(what="state", verdict=REFUSED, detail=f"{error} Choose another name")
    if found is None:
        detail = f"the bucket {settings.state_bucket} does not exist: make state-bucket ENV={settings.name}"
        return Row(what="state", verdict=REFUSED, detail=detail)
    return Row(what="state", verdict=FINE, detail=f"the bucket {found} is there")


def _permission_rows(settings: EnvironmentSettings, caller: Caller, iam: Any) -> Iterator[Row]:  # noqa: ANN401
    source = policy_source(caller.arn, iam)
    if source is None:
        yield Row(what="permissions", verdict=FINE, detail="the root user may do all: deploy as a role instead")
        return
    statements = DeployerPolicy(settings=settings, account_id=caller.account_id).statements
    denied = sorted({action for statement in statements for action in denied_actions(iam, source, statement)})
    if denied:
        detail = f"not allowed: {', '.join(denied)}; what is needed: make deployer-policy ENV={settings.name}"
        yield Row(what="permissions", verdict=REFUSED, detail=detail)
        return
    count = len({action for statement in statements for action in statement.actions})
    yield Row(what="permissions", verdict=FINE, detail=f"all {count} actions of the deployer's policy are allowed")


def policy_source(arn: str, iam: Any) -> str | None:  # noqa: ANN401
    """Whose policies count: of a session, the role, whose ARN may have a path; None for the root user.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """
    resource = arn.rpartition(":")[2]
    if resource == "root":
        return None
    if resource.startswith("assumed-role/"):
        role: str = iam.get_role(RoleName=resource.split("/")[1])["Role"]["Arn"]
        return role
    return arn


def denied_actions(iam: Any, source: str, statement: Statement) -> Iterator[str]:  # noqa: ANN401
    """Of one statement, each action on each of its resources; a wildcard stands for some name.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    context = [
        {
            "ContextKeyName": key,
            "ContextKeyValues": [values[0]],
            "ContextKeyType": "boolean" if operator == "Bool" else "string",
        }
        for (operator, key), values in statement.conditions.items()
    ]
    resources = [arn if arn == "*" else arn.replace("*", "preflight") for arn in statement.resources]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=source, ActionNames=statement.actions, ResourceArns=resources, ContextEntries=context
    )
    for page in pages:
        for result in page["EvaluationResults"]:
            on_each = {item["EvalResourceDecision"] for item in result.get("ResourceSpecificResults", [])}
            if (on_each or {result["EvalDecision"]}) != {"allowed"}:
                yield result["EvalActionName"]


def needs_to_ask(environment: Environment, plans: Sequence[Plan]) -> list[Need]:
    """Those of what a plan changes, or all where there is none; and what is run later, whatever changes."""
    changed = {change["type"] for plan in plans for change in _changes(plan)}
    return [need for need in needs(environment) if not plans or need.later or need.types & changed]


def _quota_rows(environment: Environment, session: boto3.Session, plans: Sequence[Plan]) -> Iterator[Row]:
    wanted = needs_to_ask(environment, plans)
    if any(change["type"] == "aws_vpc" for plan in plans for change in changes(plan, ["create"])):
        pages = session.client("ec2").get_paginator("describe_vpcs").paginate()
        there = sum(len(page["Vpcs"]) for page in pages)
        wanted.append(Need(service=VPC, quota=VPCS, value=there + 1, why=f"{there} are there already"))
    client, region = session.client("service-quotas"), environment.settings.region
    for service in sorted({need.service for need in wanted}):
        of_service = [need for need in wanted if need.service == service]
        found = quotas(client, service, [need.quota for need in of_service])
        yield from (quota_row(need, found.get(need.quota), region) for need in of_service)


def quota_row(need: Need, quota: Quota | None, region: str) -> Row:
    """What is asked for is the least that will do."""
    refused, ask_for = (LATER, LATER) if need.later else (REFUSED, ASK_FOR)
    if quota is None and need.instance_type is not None:
        return Row(what=need.quota, verdict=refused, detail=f"{region} has no such quota: not offered there")
    if quota is None:
        return Row(what=need.quota, verdict=UNASKED, detail=f"{region} has no quota of that name")
    applied, why = f"{quota.code} is {quota.value:g}", f"{need.value} needed ({need.why})"
    if quota.value >= need.value:
        return Row(what=need.quota, verdict=FINE, detail=f"{applied}, {need.value} needed")
    if not quota.adjustable:
        return Row(what=need.quota, verdict=refused, detail=f"{applied}, {why}: AWS raises it for nobody")
    command = (
        f"aws service-quotas request-service-quota-increase --region {region} --service-code {need.service} "
        f"--quota-code {quota.code} --desired-value {need.value}"
    )
    return Row(what=need.quota, verdict=ask_for, detail=f"{applied}, {why}", command=command)


def _zones(ec2: Any) -> Sequence[str]:  # noqa: ANN401
    """Names of the zones that the account may use; which letters there are differs from account to account.

    https://docs.aws.amazon.com/global-infrastructure/latest/regions/az-ids.html
    """
    return [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]


def zone_row(region: str, letters: Sequence[str], there: Sequence[str]) -> Row:
    missing = [f"{region}{letter}" for letter in letters if f"{region}{letter}" not in there]
    if missing:
        detail = f"{', '.join(missing)}: must be of {', '.join(sorted(there))}, which this account has"
        return Row(what="zones", verdict=REFUSED, detail=detail)
    return Row(what="zones", verdict=FINE, detail=f"{', '.join(region + letter for letter in letters)} are there")


def _changes(plan: Plan) -> Iterator[Mapping[str, Any]]:
    for change in plan.get("resource_changes", []):
        if set(change["change"]["actions"]) & {"create", "update"}:
            yield change


def copy_rows(environment: Environment, plan: Plan, s3: Any) -> Iterator[Row]:  # noqa: ANN401
    """One for each artifact that is to be copied from where it was trained: whether it can be."""
    artifacts = trained_artifacts(environment)
    for change in changes(plan, ["create"]):
        if change["type"] == COPY:
            values, what = change["change"]["after"], change["address"]
            artifact = artifacts[values["source"].partition("/")[2]]
            yield from asked(what, partial(_copy_row, s3, what, values, artifact))


def _copy_row(s3: Any, what: str, values: Mapping[str, Any], artifact: TrainedArtifact) -> Iterator[Row]:  # noqa: ANN401
    why = unreadable(s3, values, artifact)
    fine = f"s3://{values['source']} can be read, and has its {artifact.size} bytes"
    yield Row(what=what, verdict=FINE if why is None else REFUSED, detail=fine if why is None else why)


def _name_rows(name: str, plan: Plan, finders: Finders) -> Iterator[Row]:
    """One for each thing that is to be made and exists already, or one that says that there is none."""
    rows = []
    for change in changes(plan, ["create"]):
        kind, values = change["type"], change["change"]["after"]
        try:
            found, why = finders.find(kind, values), finders.kept_from(kind, values)
        except OperationError as error:
            advice = " Choose another name" if kind == "aws_s3_bucket" else ""
            rows.append(Row(what=change["address"], verdict=REFUSED, detail=f"{error}{advice}"))
        except NO_ANSWER as error:
            rows.append(Row(what=change["address"], verdict=UNASKED, detail=_reason(error)))
        else:
            if why is not None:
                rows.append(Row(what=change["address"], verdict=REFUSED, detail=why))
            elif found is not None:
                detail = f"{found}: make deploy takes it over, plain cdktf deploy does after make recover ENV={name}"
                rows.append(Row(what=change["address"], verdict=EXISTS, detail=detail))
    yield from rows or [Row(what="names", verdict=FINE, detail="nothing that is to be made exists already")]


def summary(rows: Sequence[Row]) -> str:
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in (*STOPS, LATER, EXISTS, UNASKED)}
    named = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return f"preflight: {len(rows)} questions, {named or 'all fine'}"


def lines(name: str, rows: Sequence[Row]) -> Iterator[str]:
    """The table, and the commands that ask AWS for more."""
    yield from (f"{name}: {row}" for row in rows)
    commands = [row.command for row in rows if row.command]
    if commands:
        when = "here at once" if ENVIRONMENT_VARIABLE in os.environ else "within minutes or days"
        yield f"{name}: to ask AWS for that, and for what else the account runs; it answers {when}:"
        yield from (f"  {command}" for command in commands)


def rows_of(name: str, stack: SynthesizedStack, caller: Caller) -> list[Row]:
    """The answers for a stack that is synthesized."""
    environment = read_environment(name, os.environ)
    return [*preflight(stack, environment, boto3.Session(region_name=stack.region), caller)]


def main() -> None:
    arguments = command_line.parser(__doc__).parse_args()
    with command_line.errors_as_lines(arguments.environment):
        rows = rows_of(arguments.environment, *opened(arguments.environment, arguments.output))
        for line in lines(arguments.environment, rows):
            print(line)
        if any(row.verdict in STOPS for row in rows):
            raise OperationError(summary(rows))
        print(f"{arguments.environment}: {summary(rows)}")


if __name__ == "__main__":
    main()
