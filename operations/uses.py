"""Which key and which VPC the things of an environment work with: of several with its tags, those hold its data.

Everything else of an environment has a name, and so is there once. A key and a VPC have ids, and no call that makes one
is refused because there is one already.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3

from operations.answers import answer, answer_if_allowed, log_group

KEY, VPC = "aws_kms_key", "aws_vpc"


@dataclass(frozen=True, kw_only=True)
class User:
    """Something with a name, and what it works with. `is_lost`: it exists, and the state does not know it."""

    what: str
    is_lost: bool
    key: str = ""
    subnets: Sequence[str] = ()


class Uses:
    """Asks what is named in the plan: the bucket, the notebook instance, the endpoints, the log groups, in this order,
    by how much would be lost with the wrong one.
    """

    def __init__(self, session: boto3.Session, plan: Mapping[str, Any]) -> None:
        self._s3, self._sagemaker = session.client("s3"), session.client("sagemaker")
        self._logs, self._ec2 = session.client("logs"), session.client("ec2")
        self._plan = plan
        with_data = [*self._buckets(), *self._notebooks(), *self._endpoints()]
        found = [*with_data, *self._log_groups()]
        vpcs = self._vpcs_of({subnet for user in found for subnet in user.subnets})
        keys = [(user.key.rpartition("/")[2], user) for user in found if user.key]
        in_vpcs = [(vpcs[subnet], user) for user in found for subnet in user.subnets if subnet in vpcs]
        self._used: Mapping[str, Sequence[tuple[str, User]]] = {KEY: keys, VPC: in_vpcs}
        self._with_data = with_data

    def chosen(self, resource_type: str, candidates: Sequence[str], known: str | None = None) -> str | None:
        """The candidate that something works with; without one the `known`, which the state has, or the first."""
        used = [found for found, _ in self._used[resource_type]]
        order = [*used, known, *sorted(candidates)]
        return next((candidate for candidate in order if candidate in candidates), None)

    def users(self, resource_type: str, found: str) -> list[str]:
        """What works with it, each once."""
        return [*dict.fromkeys(user.what for used, user in self._used[resource_type] if used == found)]

    def with_data(self, resource_type: str, *, lost_only: bool) -> list[str]:
        """What the bucket, the notebook instance and the endpoints work with, or those of them that are lost."""
        used = self._used[resource_type]
        mine = [found for found, user in used if user in self._with_data and (user.is_lost or not lost_only)]
        return [*dict.fromkeys(mine)]

    def _planned(self, resource_type: str, field: str) -> Iterator[tuple[str, bool]]:
        for change in self._plan.get("resource_changes", []):
            values = change["change"]["after"] or change["change"]["before"]
            if change["type"] == resource_type and values.get(field):
                yield values[field], change["change"]["actions"] == ["create"]

    def _buckets(self) -> Iterator[User]:
        for name, is_lost in self._planned("aws_s3_bucket", "bucket"):
            # One that is not in the state may be another account's.
            asked = answer_if_allowed if is_lost else answer
            found = asked(self._s3.get_bucket_encryption, Bucket=name)
            for rule in found.get("ServerSideEncryptionConfiguration", {}).get("Rules", []):
                key = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID", "")
                yield User(what=f"the bucket {name}", is_lost=is_lost, key=key)

    def _notebooks(self) -> Iterator[User]:
        for name, is_lost in self._planned("aws_sagemaker_notebook_instance", "name"):
            found = answer(self._sagemaker.describe_notebook_instance, NotebookInstanceName=name)
            yield User(
                what=f"the notebook instance {name}",
                is_lost=is_lost,
                key=found.get("KmsKeyId", ""),
                subnets=[found["SubnetId"]] if found.get("SubnetId") else [],
            )

    def _endpoints(self) -> Iterator[User]:
        for name, is_lost in self._planned("aws_sagemaker_endpoint", "name"):
            endpoint = answer(self._sagemaker.describe_endpoint, EndpointName=name)
            configuration = answer(
                self._sagemaker.describe_endpoint_config, EndpointConfigName=endpoint.get("EndpointConfigName", name)
            )
            models = [item["ModelName"] for item in configuration.get("ProductionVariants", [])]
            described = [answer(self._sagemaker.describe_model, ModelName=model) for model in models]
            yield User(
                what=f"the endpoint {name}",
                is_lost=is_lost,
                key=configuration.get("KmsKeyId", ""),
                subnets=[subnet for model in described for subnet in model.get("VpcConfig", {}).get("Subnets", [])],
            )

    def _log_groups(self) -> Iterator[User]:
        for name, is_lost in self._planned("aws_cloudwatch_log_group", "name"):
            key = log_group(self._logs, name).get("kmsKeyId", "")
            yield User(what=f"the log group {name}", is_lost=is_lost, key=key)

    def _vpcs_of(self, subnet_ids: set[str]) -> dict[str, str]:
        found = [answer(self._ec2.describe_subnets, SubnetIds=[subnet]) for subnet in sorted(subnet_ids)]
        return {subnet["SubnetId"]: subnet["VpcId"] for item in found for subnet in item.get("Subnets", [])}
