"""What an environment needs of the account's quotas, and what Service Quotas says of them.

SageMaker has a quota for each instance type in each use, which are 0 in a new account for most types, and quotas of all
endpoints together. Names and defaults: https://docs.aws.amazon.com/general/latest/gr/sagemaker.html. AWS lists no quota
of provisioned concurrency.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from settings import limits
from settings.endpoint import EndpointSettings, ServerlessEndpointSettings
from settings.names import PRODUCTION
from settings.training import TrainingSettings
from settings.update import RollingUpdateSettings, UpdateSettings
from stacks.environments import Environment

SAGEMAKER, VPC = "sagemaker", "vpc"
INSTANCES = "Number of instances across active endpoints"
INSTANCES_OF_ONE = "Maximum number of instances per endpoint"
SERVERLESS_ENDPOINTS = "Maximum number of serverless endpoints"
CONCURRENCY = "Maximum total concurrency that can be allocated across all serverless endpoints"
NOTEBOOKS = "Total number of notebook instances"
VPCS = "VPCs per Region"
LONGEST_TRAINING = "Longest run time for a training job"
TRAINING_VOLUME = "Size of EBS volume for a training job instance"
ENDPOINT_TYPES = frozenset(
    {"aws_appautoscaling_target", "aws_sagemaker_endpoint", "aws_sagemaker_endpoint_configuration"}
)
NOTEBOOK_TYPES = frozenset({"aws_sagemaker_notebook_instance"})


@dataclass(frozen=True, kw_only=True)
class Need:
    """Of one quota, by AWS's name of it. `instance_type` where a region that does not list it does not offer it.

    What does not make or change a resource of the `types` needs no more than there is. `later` is what no deploy needs,
    but what is run in the environment will, whatever is deployed: a training's instances.
    """

    service: str
    quota: str
    value: int
    why: str
    instance_type: str | None = None
    types: frozenset[str] = ENDPOINT_TYPES
    later: bool = False


@dataclass(frozen=True, kw_only=True)
class Quota:
    """As AWS applies it to the account in the region."""

    code: str
    value: float
    adjustable: bool


def needs(environment: Environment) -> Iterator[Need]:
    """Of the whole environment as it is released, scaled out as far as its settings let it and while it is updated.

    Whatever else the account runs is not counted.
    """
    served = _served(environment)
    by_type, largest, reasons = Counter[str](), 0, dict[str, list[str]]()
    for endpoint, variants in served:
        if isinstance(endpoint, ServerlessEndpointSettings):
            continue
        own = 0
        for name in variants:
            variant = endpoint.variants[name]
            scaling = variant.scaling_in_effect
            count = variant.instance_count if scaling is None else scaling.max_capacity
            beside = beside_while_updated(count, endpoint.update)
            by_type[variant.instance_type] += count + beside
            reasons.setdefault(variant.instance_type, []).append(
                f"{endpoint.name} {name}: {count}, and {beside} beside them during an update"
            )
            own += count
        largest = max(largest, own)
    for instance_type, value in sorted(by_type.items()):
        yield Need(
            service=SAGEMAKER,
            quota=f"{instance_type} for endpoint usage",
            value=value,
            why="; ".join(reasons[instance_type]),
            instance_type=instance_type,
        )
    if by_type:
        yield Need(service=SAGEMAKER, quota=INSTANCES, value=by_type.total(), why="all of these")
        yield Need(service=SAGEMAKER, quota=INSTANCES_OF_ONE, value=largest, why="of the largest endpoint")
    concurrency = [
        endpoint.max_concurrency for endpoint, _ in served if isinstance(endpoint, ServerlessEndpointSettings)
    ]
    if concurrency:
        yield Need(service=SAGEMAKER, quota=SERVERLESS_ENDPOINTS, value=len(concurrency), why="all serverless ones")
        yield Need(service=SAGEMAKER, quota=CONCURRENCY, value=sum(concurrency), why="the sum of max_concurrency")
    if environment.settings.notebook is not None:
        instance_type = environment.settings.notebook.instance_type
        quota = f"{instance_type} for notebook instance usage"
        yield Need(
            service=SAGEMAKER,
            quota=quota,
            value=1,
            why="the notebook",
            instance_type=instance_type,
            types=NOTEBOOK_TYPES,
        )
        yield Need(service=SAGEMAKER, quota=NOTEBOOKS, value=1, why="the notebook", types=NOTEBOOK_TYPES)
    yield from _of_trainings(environment.settings.trainings)


def _of_trainings(trainings: Sequence[TrainingSettings]) -> Iterator[Need]:
    """With all of them running at once; jobs on spot instances have quotas of their own."""

    def need(quota: str, value: int, why: str, instance_type: str | None = None) -> Need:
        return Need(
            service=SAGEMAKER,
            quota=quota,
            value=value,
            why=why,
            instance_type=instance_type,
            later=True,
        )

    for kind in ("training job", "spot training job"):
        own = [training for training in trainings if (training.spot is not None) is (kind != "training job")]
        for instance_type in sorted({training.instance_type for training in own}):
            of_type = [training for training in own if training.instance_type == instance_type]
            why = "; ".join(f"{training.name}: {training.instance_count}" for training in of_type)
            value = sum(training.instance_count for training in of_type)
            yield need(f"{instance_type} for {kind} usage", value, why, instance_type)
        if own:
            counts = [training.instance_count for training in own]
            yield need(f"Number of instances across all {kind}s", sum(counts), "all trainings at once")
            yield need(f"Maximum number of instances per {kind}", max(counts), "of the largest training")
    if trainings:
        seconds = max(training.max_runtime_seconds for training in trainings)
        yield need(LONGEST_TRAINING, seconds, "seconds, of the longest training")
    volumes = [item.volume_size_gb for item in trainings if not limits.has_instance_storage(item.instance_type)]
    if volumes:
        yield need(TRAINING_VOLUME, max(volumes), "GB, of the largest volume")


def beside_while_updated(count: int, update: UpdateSettings | None) -> int:
    """How many instances an update brings up before as many old ones go: as many again, or a batch of them.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-rolling.html
    """
    return math.ceil(count * update.batch_percent / 100) if isinstance(update, RollingUpdateSettings) else count


def _served(environment: Environment) -> Sequence[tuple[EndpointSettings, Collection[str]]]:
    """The endpoints that are released, each with the variants that are."""
    released = {name: release.models for name, release in environment.releases.items()}
    return [
        (endpoint, [name for name in endpoint.variant_names if name in released[endpoint.name]])
        for endpoint in environment.settings.endpoints
        if PRODUCTION in released.get(endpoint.name, {})
    ]


def quotas(client: Any, service: str, names: Collection[str]) -> Mapping[str, Quota]:  # noqa: ANN401 - boto3 has no types
    """By name, those that AWS knows. Where an account has none of its own, AWS's default is what counts.

    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
    """
    found: dict[str, Quota] = {}
    for operation in ("list_service_quotas", "list_aws_default_service_quotas"):
        pages = client.get_paginator(operation).paginate(
            ServiceCode=service, PaginationConfig={"PageSize": 100}
        )  # there are thousands
        for page in pages:
            for quota in page["Quotas"]:
                if quota["QuotaName"] in names and quota["QuotaName"] not in found:
                    found[quota["QuotaName"]] = Quota(
                        code=quota["QuotaCode"], value=quota["Value"], adjustable=quota["Adjustable"]
                    )
            if len(found) == len(set(names)):
                return found
    return found
