"""Finds out whether something that Terraform plans to make exists in AWS already.

There is one function for each resource type. It takes the planned values and returns the id that Terraform's import
block needs. The types in REPEATABLE need none: making one again does no harm. A terraform_data is in the state only.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from settings.names import ACCOUNT_WIDE_LOG_GROUPS, GENERATED_DIGITS
from stacks.synthesized_stack import OperationError

Values = Mapping[str, Any]
REPEATABLE = frozenset(
    {
        "aws_appautoscaling_policy",
        "aws_appautoscaling_target",
        "aws_cloudwatch_dashboard",
        "aws_cloudwatch_metric_alarm",
        "aws_default_security_group",
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachment",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_versioning",
        "aws_s3_object",
        "aws_sns_topic",
        "aws_sns_topic_subscription",
        "terraform_data",
    }
)
NOT_FOUND = {
    "404",
    "NoSuchBucket",
    "NoSuchEntity",
    "NotFoundException",
    "RecordNotFound",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "ValidationException",  # SageMaker: "Could not find ..."
}


class Finders:
    """Asks one account and region of AWS."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session
        self._clients: dict[str, Any] = {}
        self.by_type: Mapping[str, Callable[[Values], str | None]] = {
            "aws_cloudwatch_log_group": self._log_group,
            "aws_flow_log": self._tagged("describe_flow_logs", "FlowLogs", "FlowLogId", filters="Filter"),
            "aws_iam_policy": self._policy,
            "aws_iam_role": self._role,
            "aws_kms_alias": self._key_alias,
            "aws_kms_key": self._key,
            "aws_s3_bucket": self._bucket,
            "aws_sagemaker_endpoint": self._named("describe_endpoint", "EndpointName"),
            "aws_sagemaker_endpoint_configuration": self._endpoint_configuration,
            "aws_sagemaker_model": self._named("describe_model", "ModelName"),
            "aws_sagemaker_notebook_instance": self._named("describe_notebook_instance", "NotebookInstanceName"),
            "aws_sagemaker_notebook_instance_lifecycle_configuration": self._named(
                "describe_notebook_instance_lifecycle_config", "NotebookInstanceLifecycleConfigName"
            ),
            "aws_security_group": self._tagged("describe_security_groups", "SecurityGroups", "GroupId"),
            "aws_subnet": self._tagged("describe_subnets", "Subnets", "SubnetId"),
            "aws_vpc": self._tagged("describe_vpcs", "Vpcs", "VpcId"),
            "aws_vpc_endpoint": self._tagged("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
        }

    def find(self, resource_type: str, values: Values) -> str | None:
        """The import id of what exists already; None where nothing does. Raises OperationError where two fit."""
        finder = self.by_type.get(resource_type)
        return None if finder is None else finder(values)

    def kept_from(self, resource_type: str, values: Values) -> str | None:
        """Why what exists is not taken over: a log group that the environment has not made, which a destroy would
        delete with all that is in it; None for everything else.
        """
        if resource_type != "aws_cloudwatch_log_group" or values.get("skip_destroy"):
            return None
        logs = self._client("logs")
        found = logs.describe_log_groups(logGroupNamePrefix=values["name"])["logGroups"]
        for group in found:
            if group["logGroupName"] == values["name"]:
                arn = group["arn"].removesuffix(":*")
                tags = logs.list_tags_for_resource(resourceArn=arn)["tags"]
                if not _tags(values).items() <= tags.items():
                    advice = (
                        "it is taken over with logs=LogSettings(keeps_account_wide=True), so that a destroy leaves it, "
                        "or left alone with owns_account_wide=False"
                        if values["name"] in ACCOUNT_WIDE_LOG_GROUPS
                        else "give the endpoint another name, or delete the group if nobody needs what is in it"
                    )
                    return f"{values['name']} is there already, and not this environment's: {advice}"
        return None

    def failed(self, resource_type: str, values: Values) -> str | None:
        """The command that deletes what SageMaker could not make, and can only delete; None for everything else.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
        """
        name = values.get("name")
        if resource_type != "aws_sagemaker_endpoint" or self.find(resource_type, values) is None:
            return None
        status = self._client("sagemaker").describe_endpoint(EndpointName=name)["EndpointStatus"]
        return f"aws sagemaker delete-endpoint --endpoint-name {name}" if status == "Failed" else None

    def _client(self, service: str) -> Any:  # noqa: ANN401 - boto3 has no types
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]

    def _log_group(self, values: Values) -> str | None:
        name = values["name"]
        found = self._client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        return name if name in [group["logGroupName"] for group in found] else None

    def _role(self, values: Values) -> str | None:
        return values["name"] if _exists(self._client("iam").get_role, RoleName=values["name"]) else None

    def _policy(self, values: Values) -> str | None:
        pages = self._client("iam").get_paginator("list_policies").paginate(Scope="Local")
        found = {policy["PolicyName"]: policy["Arn"] for page in pages for policy in page["Policies"]}
        return found.get(values["name"])

    def _bucket(self, values: Values) -> str | None:
        name = values.get("bucket")
        try:
            return name if name and _exists(self._client("s3").head_bucket, Bucket=name) else None
        except ClientError as error:
            raise OperationError(
                f"the bucket {name} exists and cannot be read: {error}: is it another account's?"
            ) from error

    def _key_alias(self, values: Values) -> str | None:
        pages = self._client("kms").get_paginator("list_aliases").paginate()
        return (
            values["name"]
            if values["name"] in [item["AliasName"] for page in pages for item in page["Aliases"]]
            else None
        )

    def _key(self, values: Values) -> str | None:
        return _only("aws_kms_key", self.keys(values))

    def keys(self, values: Values) -> list[str]:
        """All that are in use and have the tags."""
        kms, wanted = self._client("kms"), _tags(values)
        found = []
        for page in kms.get_paginator("list_keys").paginate():
            for key in page["Keys"]:
                if kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] != "Enabled":
                    continue
                tags = kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]
                if wanted.items() <= {tag["TagKey"]: tag["TagValue"] for tag in tags}.items():
                    found.append(key["KeyId"])
        return found

    def _named(self, operation: str, field: str) -> Callable[[Values], str | None]:
        def find(values: Values) -> str | None:
            name = values.get("name")  # not known while something that it is made of is not
            return name if name and _exists(getattr(self._client("sagemaker"), operation), **{field: name}) else None

        return find

    def _endpoint_configuration(self, values: Values) -> str | None:
        """Its name is generated: the one that an endpoint uses, else the newest."""
        found = self.generated_configurations(values["name_prefix"])
        in_use = self.configurations_in_use()
        return next((name for name in found if name in in_use), next(iter(found), None))

    def generated_configurations(self, prefix: str) -> list[str]:
        """Newest first."""
        pages = self._client("sagemaker").get_paginator("list_endpoint_configs").paginate(NameContains=prefix)
        names = [item["EndpointConfigName"] for page in pages for item in page["EndpointConfigs"]]
        generated = re.compile(rf"{re.escape(prefix)}\d{{{GENERATED_DIGITS}}}")
        return sorted(filter(generated.fullmatch, names), reverse=True)

    def configurations_in_use(self) -> set[str]:
        """What the account's endpoints serve."""
        sagemaker = self._client("sagemaker")
        pages = sagemaker.get_paginator("list_endpoints").paginate()
        names = [item["EndpointName"] for page in pages for item in page["Endpoints"]]
        return {sagemaker.describe_endpoint(EndpointName=name).get("EndpointConfigName", "") for name in names}

    def delete_rollback_alarms(self, configuration_name: str) -> list[str]:
        """The command that deletes the alarms of an update to that configuration, where there are any."""
        pages = self._client("cloudwatch").get_paginator("describe_alarms").paginate()
        alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
        theirs = [
            alarm["AlarmName"]
            for alarm in alarms
            if {"Name": "EndpointConfigName", "Value": configuration_name} in alarm.get("Dimensions", [])
        ]
        return [f"aws cloudwatch delete-alarms --alarm-names {' '.join(theirs)}"] if theirs else []

    def models_of(self, configurations: Iterable[str]) -> set[str]:
        """The models of all variants of the configurations."""
        sagemaker = self._client("sagemaker")
        described = [sagemaker.describe_endpoint_config(EndpointConfigName=name) for name in configurations]
        variants = [
            variant
            for item in described
            for variant in item["ProductionVariants"] + item.get("ShadowProductionVariants", [])
        ]
        return {variant["ModelName"] for variant in variants}

    def _tagged(
        self, operation: str, collection: str, field: str, filters: str = "Filters"
    ) -> Callable[[Values], str | None]:
        """EC2 has no names but tags: every resource of ours has a Name of its own."""

        def find(values: Values) -> str | None:
            asked = [{"Name": f"tag:{key}", "Values": [value]} for key, value in sorted(_tags(values).items())]
            pages = self._client("ec2").get_paginator(operation).paginate(**{filters: asked})
            found = [item for page in pages for item in page[collection]]
            alive = [item[field] for item in found if item.get("State") not in ("deleted", "deleting")]
            return _only(collection, alive)

        return find


def _tags(values: Values) -> dict[str, str]:
    """The tags that tell one platform's environment from another; an owner may change."""
    return {key: value for key, value in values["tags_all"].items() if key in ("Environment", "Name", "Project")}


def _only(kind: str, found: Iterable[str]) -> str | None:
    ids = sorted(found)
    if len(ids) > 1:
        raise OperationError(f"{kind}: {', '.join(ids)} all have the tags of one: delete those that are not in use")
    return next(iter(ids), None)


def _exists(operation: Callable[..., object], **arguments: str) -> bool:
    try:
        operation(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_FOUND:
            return False
        raise
    return True
