"""Which key and which VPC the things of an environment work with: of several with its tags, those hold its data.

Everything else of an environment has a name, and so is there once. A key and a VPC have ids, and no call that makes one
is refused because there is one already.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import boto3

from operations.answers import answer

KEY, VPC = "aws_kms_key", "aws_vpc"


class Uses:
    """Asks what is named in the plan: the bucket, the notebook instance, the endpoints, the log groups, in this order,
    by how much would be lost with the wrong one.
    """

    def __init__(self, session: boto3.Session, plan: Mapping[str, Any]) -> None:
        self._s3, self._sagemaker = session.client("s3"), session.client("sagemaker")
        self._logs, self._ec2 = session.client("logs"), session.client("ec2")
        self._plan = plan
        # Who, which key, and which subnets.
        found = [*self._buckets(), *self._notebooks(), *self._endpoints(), *self._log_groups()]
        vpcs = self._vpcs_of({subnet for _, _, subnets in found for subnet in subnets})
        self._used: Mapping[str, Sequence[tuple[str, str]]] = {
            KEY: [(key.rpartition("/")[2], who) for who, key, _ in found if key],
            VPC: [(vpcs[subnet], who) for who, _, subnets in found for subnet in subnets if subnet in vpcs],
        }

    def chosen(self, resource_type: str, candidates: Sequence[str], known: str | None = None) -> str | None:
        """The candidate that something works with; without one the `known`, which the state has, or the first."""
        used = [found for found, _ in self._used[resource_type]]
        order = [*used, known, *sorted(candidates)]
        return next((candidate for candidate in order if candidate in candidates), None)

    def users(self, resource_type: str, found: str) -> list[str]:
        """What works with it, each once."""
        return [*dict.fromkeys(who for used, who in self._used[resource_type] if used == found)]

    def _planned(self, resource_type: str, field: str) -> Iterator[str]:
        for change in self._plan.get("resource_changes", []):
            values = change["change"]["after"] or change["change"]["before"]
            if change["type"] == resource_type and values.get(field):
                yield values[field]

    def _buckets(self) -> Iterator[tuple[str, str, list[str]]]:
        for name in self._planned("aws_s3_bucket", "bucket"):
            found = answer(self._s3.get_bucket_encryption, Bucket=name).get("ServerSideEncryptionConfiguration", {})
            for rule in found.get("Rules", []):
                key = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID", "")
                yield f"the bucket {name}", key, []

    def _notebooks(self) -> Iterator[tuple[str, str, list[str]]]:
        for name in self._planned("aws_sagemaker_notebook_instance", "name"):
            found = answer(self._sagemaker.describe_notebook_instance, NotebookInstanceName=name)
            subnets = [found["SubnetId"]] if found.get("SubnetId") else []
            yield f"the notebook instance {name}", found.get("KmsKeyId", ""), subnets

    def _endpoints(self) -> Iterator[tuple[str, str, list[str]]]:
        for name in self._planned("aws_sagemaker_endpoint", "name"):
            endpoint = answer(self._sagemaker.describe_endpoint, EndpointName=name)
            configuration = answer(
                self._sagemaker.describe_endpoint_config, EndpointConfigName=endpoint.get("EndpointConfigName", name)
            )
            models = [item["ModelName"] for item in configuration.get("ProductionVariants", [])]
            described = [answer(self._sagemaker.describe_model, ModelName=model) for model in models]
            subnets = [subnet for model in described for subnet in model.get("VpcConfig", {}).get("Subnets", [])]
            yield f"the endpoint {name}", configuration.get("KmsKeyId", ""), subnets

    def _log_groups(self) -> Iterator[tuple[str, str, list[str]]]:
        for name in self._planned("aws_cloudwatch_log_group", "name"):
            for group in self._logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
                if group["logGroupName"] == name:
                    yield f"the log group {name}", group.get("kmsKeyId", ""), []

    def _vpcs_of(self, subnet_ids: set[str]) -> dict[str, str]:
        found = [answer(self._ec2.describe_subnets, SubnetIds=[subnet]) for subnet in sorted(subnet_ids)]
        return {subnet["SubnetId"]: subnet["VpcId"] for item in found for subnet in item.get("Subnets", [])}
