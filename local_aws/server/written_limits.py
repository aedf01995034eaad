"""What only AWS's prose says of a request, and no SDK's model: one row for each sentence, with its page."""

import json
import re
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from moto.iam.models import get_account_id_from, iam_backends

from settings.limits import MANAGED_POLICIES_MAX_COUNT, RetentionDays

Parameters = Mapping[str, Any]

# Characters of names and descriptions of security groups and of their rules, 255 at most.
EC2_TEXT = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
EC2_TEXTS = ("Description", "GroupDescription", "GroupName")
INLINE_POLICIES_MAX_CHARACTERS = 10_240
MANAGED_POLICY_MAX_CHARACTERS = 6_144
TRUST_POLICY_MAX_CHARACTERS = 2_048
KEY_POLICY_MAX_BYTES = 32 * 1024
BUCKET_POLICY_MAX_BYTES = 20 * 1024
WIDGETS_MAX_COUNT = 500
WIDGET_ALARMS_MAX_COUNT = 100
WIDGET_METRICS_MAX_COUNT = 500
DASHBOARD_METRICS_MAX_COUNT = 2_500
QUERY_LOG_GROUPS_MAX_COUNT = 50
SCHEDULE_RATE = re.compile(r"rate\([1-9]\d* (minutes?|hours?|days?)\)")
SCHEDULE_CRON_FIELDS = 6
TRAINING_RUNTIME_MAX_SECONDS = 28 * 86_400
UNCHECKPOINTED_WAIT_MAX_SECONDS = 3_600
# Images with which SageMaker's own metrics come; the second one in script mode too.
OWN_ALGORITHMS = ("linear-learner", "sagemaker-xgboost")


@dataclass(frozen=True, kw_only=True)
class Written:
    """`broken` tells what of a request to one of the operations breaks the rule, for an account."""

    operations: tuple[str, ...]
    page: str
    broken: Callable[[Parameters, str], Iterator[str]]


def _ec2_texts(value: Any, _account_id: str, path: str = "") -> Iterator[str]:  # noqa: ANN401 - any part of a request
    if isinstance(value, Mapping):
        for name, member in value.items():
            where = f"{path}.{name}".strip(".")
            if name in EC2_TEXTS and isinstance(member, str) and not EC2_TEXT.fullmatch(member):
                yield f"{where}: {member!r}: must match {EC2_TEXT.pattern}"
            yield from _ec2_texts(member, _account_id, where)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _ec2_texts(item, _account_id, f"{path}[{index}]")


def _above(what: str, size: int, most: int, unit: str) -> Iterator[str]:
    if size > most:
        yield f"{what}: {size:,} {unit}: must be at most {most:,}"


def _counted(document: str) -> int:
    """IAM does not count white space."""
    return len(re.sub(r"\s", "", document))


def _inline_policies(parameters: Parameters, account_id: str) -> Iterator[str]:
    role = iam_backends[account_id]["aws"].roles
    held = next((item.policies for item in role.values() if item.name == parameters["RoleName"]), {})
    documents = {**held, parameters["PolicyName"]: parameters["PolicyDocument"]}
    size = sum(_counted(document) for document in documents.values())
    yield from _above(
        f"the inline policies of {parameters['RoleName']}", size, INLINE_POLICIES_MAX_CHARACTERS, "characters"
    )


def _managed_policy(parameters: Parameters, _account_id: str) -> Iterator[str]:
    size = _counted(parameters["PolicyDocument"])
    yield from _above("PolicyDocument", size, MANAGED_POLICY_MAX_CHARACTERS, "characters")


def _trust_policy(parameters: Parameters, _account_id: str) -> Iterator[str]:
    document = parameters.get("AssumeRolePolicyDocument") or parameters.get("PolicyDocument", "")
    yield from _above("the trust policy", _counted(document), TRUST_POLICY_MAX_CHARACTERS, "characters")


def _policy_bytes(most: int) -> Callable[[Parameters, str], Iterator[str]]:
    def broken(parameters: Parameters, _account_id: str) -> Iterator[str]:
        policy = parameters.get("Policy") or ""
        size = len(policy if isinstance(policy, bytes) else policy.encode())
        yield from _above("Policy", size, most, "bytes")

    return broken


def _dashboard(parameters: Parameters, _account_id: str) -> Iterator[str]:
    widgets = json.loads(parameters["DashboardBody"])["widgets"]
    yield from _above("DashboardBody", len(widgets), WIDGETS_MAX_COUNT, "widgets")
    metrics = 0
    for number, widget in enumerate(widgets):
        properties = widget.get("properties", {})
        where = f"widget {number}"
        yield from _above(where, len(properties.get("alarms", [])), WIDGET_ALARMS_MAX_COUNT, "alarms")
        yield from _above(where, len(properties.get("metrics", [])), WIDGET_METRICS_MAX_COUNT, "metrics")
        sources = len(re.findall(r"SOURCE '", properties.get("query", "")))
        yield from _above(where, sources, QUERY_LOG_GROUPS_MAX_COUNT, "log groups")
        metrics += len(properties.get("metrics", []))
    yield from _above("DashboardBody", metrics, DASHBOARD_METRICS_MAX_COUNT, "metrics")


def _attached_policies(parameters: Parameters, account_id: str) -> Iterator[str]:
    roles = iam_backends[account_id]["aws"].roles.values()
    attached = next((set(role.managed_policies) for role in roles if role.name == parameters["RoleName"]), set())
    count = len(attached | {parameters["PolicyArn"]})
    yield from _above(f"the role {parameters['RoleName']}", count, MANAGED_POLICIES_MAX_COUNT, "managed policies")


def _variants(parameters: Parameters, _account_id: str) -> Iterator[str]:
    production = parameters["ProductionVariants"]
    shadows = parameters.get("ShadowProductionVariants") or []
    names = [variant["VariantName"] for variant in (*production, *shadows)]
    if len(set(names)) < len(names):
        yield f"VariantName: {names}: must differ"
    for number, variant in enumerate(production):
        serverless = variant.get("ServerlessConfig")
        if serverless is None:
            continue
        if shadows or len(production) > 1:
            yield f"ProductionVariants[{number}].ServerlessConfig: must be of the only variant"
        if "InstanceType" in variant or "InitialInstanceCount" in variant:
            yield f"ProductionVariants[{number}]: must name instances or ServerlessConfig, not both"
        if serverless.get("ProvisionedConcurrency", 0) > serverless["MaxConcurrency"]:
            yield f"ProductionVariants[{number}]: ProvisionedConcurrency must be at most MaxConcurrency"


def _alarm(parameters: Parameters, _account_id: str) -> Iterator[str]:
    periods = parameters["EvaluationPeriods"]
    if parameters.get("DatapointsToAlarm", 1) > periods:
        yield f"DatapointsToAlarm: {parameters['DatapointsToAlarm']}: must be at most EvaluationPeriods, {periods}"
    period = parameters.get("Period")
    if period is not None and period not in (10, 20, 30) and period % 60:
        yield f"Period: {period}: must be 10, 20, 30 or a multiple of 60"


def _retention(parameters: Parameters, _account_id: str) -> Iterator[str]:
    days = parameters["retentionInDays"]
    allowed = get_args(get_args(RetentionDays)[0])
    if days not in allowed:
        yield f"retentionInDays: {days}: must be one of {', '.join(map(str, allowed))}"


def _version_tags(parameters: Parameters, _account_id: str) -> Iterator[str]:
    if parameters.get("ModelPackageGroupName") is not None and parameters.get("Tags"):
        yield "Tags: a version has its group's, and must be given none"


def _schedule(parameters: Parameters, _account_id: str) -> Iterator[str]:
    expression = parameters["ScheduleExpression"]
    rate = SCHEDULE_RATE.fullmatch(expression)
    cron = re.fullmatch(r"cron\((.*)\)", expression)
    if cron is not None:
        parts = cron[1].split()
        if len(parts) != SCHEDULE_CRON_FIELDS or (parts[2] == "?") is (parts[4] == "?"):
            yield (
                f"ScheduleExpression: {expression!r}: must have {SCHEDULE_CRON_FIELDS} fields, and ? as day of the "
                "month or of the week"
            )
    elif rate is None and not re.fullmatch(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)", expression):
        yield f"ScheduleExpression: {expression!r}: must be rate(...), cron(...) or at(...)"
    zone = parameters.get("ScheduleExpressionTimezone", "UTC")
    if zone not in zoneinfo.available_timezones():
        yield f"ScheduleExpressionTimezone: {zone!r}: must be a name of the IANA time zone database"
    window = parameters["FlexibleTimeWindow"]
    if (window["Mode"] == "FLEXIBLE") is not ("MaximumWindowInMinutes" in window):
        yield "FlexibleTimeWindow: MaximumWindowInMinutes must be given where Mode is FLEXIBLE, and only there"


def _training_time(parameters: Parameters, _account_id: str) -> Iterator[str]:
    stopping = parameters.get("StoppingCondition") or {}
    runtime, wait = stopping.get("MaxRuntimeInSeconds", 86_400), stopping.get("MaxWaitTimeInSeconds")
    if runtime > TRAINING_RUNTIME_MAX_SECONDS:
        yield f"MaxRuntimeInSeconds: {runtime}: must be at most {TRAINING_RUNTIME_MAX_SECONDS}, 28 days"
    if wait is not None and wait < runtime:
        yield f"MaxWaitTimeInSeconds: {wait}: must be at least MaxRuntimeInSeconds, {runtime}"


def _spot_training(parameters: Parameters, _account_id: str) -> Iterator[str]:
    is_spot = parameters.get("EnableManagedSpotTraining", False)
    wait = (parameters.get("StoppingCondition") or {}).get("MaxWaitTimeInSeconds")
    if is_spot != (wait is not None):
        yield "MaxWaitTimeInSeconds and EnableManagedSpotTraining: must both be there, or neither"
    own = _repository(parameters) in OWN_ALGORITHMS and "CheckpointConfig" not in parameters
    if is_spot and own and wait is not None and wait > UNCHECKPOINTED_WAIT_MAX_SECONDS:
        what = "for an algorithm of SageMaker's that makes no checkpoints"
        yield f"MaxWaitTimeInSeconds: {wait}: must be at most {UNCHECKPOINTED_WAIT_MAX_SECONDS} {what}"


def _training_metrics(parameters: Parameters, _account_id: str) -> Iterator[str]:
    definitions = parameters["AlgorithmSpecification"].get("MetricDefinitions") or []
    if definitions and _repository(parameters) in OWN_ALGORITHMS:
        yield (
            "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request "
            "without specifying metric definitions."
        )
    for definition in definitions:
        try:
            re.compile(definition["Regex"])
        except re.error as error:
            yield f"MetricDefinitions: {definition['Regex']!r}: must be a regular expression: {error}"


def _training_input(parameters: Parameters, _account_id: str) -> Iterator[str]:
    names = [channel["ChannelName"] for channel in parameters.get("InputDataConfig") or []]
    if len(set(names)) < len(names):
        yield f"InputDataConfig: {', '.join(names)}: channels must differ in their names"
    algorithm = parameters["AlgorithmSpecification"]
    if ("TrainingImage" in algorithm) == ("AlgorithmName" in algorithm):
        yield "AlgorithmSpecification: must have TrainingImage or AlgorithmName, and not both"


def _repository(parameters: Parameters) -> str:
    """Of the training's image."""
    image: str = parameters["AlgorithmSpecification"].get("TrainingImage") or ""
    return re.split("[:@]", image.rpartition("/")[2])[0]


IAM_QUOTAS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
WRITTEN = (
    Written(
        operations=(
            "ec2.AuthorizeSecurityGroupEgress",
            "ec2.AuthorizeSecurityGroupIngress",
            "ec2.CreateSecurityGroup",
            "ec2.UpdateSecurityGroupRuleDescriptionsEgress",
            "ec2.UpdateSecurityGroupRuleDescriptionsIngress",
        ),
        page="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html",
        broken=_ec2_texts,
    ),
    Written(operations=("iam.PutRolePolicy",), page=IAM_QUOTAS, broken=_inline_policies),
    Written(operations=("iam.AttachRolePolicy",), page=IAM_QUOTAS, broken=_attached_policies),
    Written(
        operations=("sagemaker.CreateEndpointConfig",),
        page="https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html",
        broken=_variants,
    ),
    Written(
        operations=("sagemaker.CreateModelPackage",),
        page="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html",
        broken=_version_tags,
    ),
    Written(
        operations=("scheduler.CreateSchedule", "scheduler.UpdateSchedule"),
        page="https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html",
        broken=_schedule,
    ),
    Written(
        operations=("cloudwatch.PutMetricAlarm",),
        page="https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
        broken=_alarm,
    ),
    Written(
        operations=("logs.PutRetentionPolicy",),
        page="https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html",
        broken=_retention,
    ),
    Written(
        operations=("sagemaker.CreateTrainingJob",),
        page="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html",
        broken=_training_time,
    ),
    Written(
        operations=("sagemaker.CreateTrainingJob",),
        page="https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html",
        broken=_spot_training,
    ),
    Written(
        operations=("sagemaker.CreateTrainingJob",),
        page="https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-metrics-variables.html",
        broken=_training_metrics,
    ),
    Written(
        operations=("sagemaker.CreateTrainingJob",),
        page="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AlgorithmSpecification.html",
        broken=_training_input,
    ),
    Written(operations=("iam.CreatePolicy", "iam.CreatePolicyVersion"), page=IAM_QUOTAS, broken=_managed_policy),
    Written(operations=("iam.CreateRole", "iam.UpdateAssumeRolePolicy"), page=IAM_QUOTAS, broken=_trust_policy),
    Written(
        operations=("kms.CreateKey", "kms.PutKeyPolicy"),
        page="https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html",
        broken=_policy_bytes(KEY_POLICY_MAX_BYTES),
    ),
    Written(
        operations=("s3.PutBucketPolicy",),
        page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html",
        broken=_policy_bytes(BUCKET_POLICY_MAX_BYTES),
    ),
    Written(
        operations=("cloudwatch.PutDashboard",),
        page="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html",
        broken=_dashboard,
    ),
)


def broken(service: str, operation: str, parameters: Parameters, access_key: str) -> Iterator[str]:
    """One line for each rule that the request breaks, with its page."""
    name, account_id = f"{service}.{operation}", get_account_id_from(access_key)
    for rule in WRITTEN:
        if name in rule.operations:
            yield from (f"{problem} ({rule.page})" for problem in rule.broken(parameters, account_id))
