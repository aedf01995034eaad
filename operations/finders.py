"""Finds out whether something that Terraform plans to make exists in AWS already.

There is one function for each resource type. It takes the planned values and returns the id that Terraform's import
block needs. The types in REPEATABLE need none: making one again does no harm. A terraform_data is in the state only.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import ClientError

from operations.answers import answer, answer_if_allowed, log_group
from operations.uses import KEY, VPC, Uses
from settings.names import ACCOUNT_WIDE_LOG_GROUPS, GENERATED_DIGITS, STUDIO
from stacks.synthesized_stack import OperationError

Values = Mapping[str, Any]
Finder = Callable[[Values], str | None]
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
        "aws_s3_object_copy",
        "aws_sns_topic",
        "aws_sns_topic_subscription",
        "terraform_data",
    }
)
# How SageMaker tells whether it failed to make something: the call, what it is asked by, and where the answer is.
STATUS_OF = {
    "aws_sagemaker_domain": ("describe_domain", "DomainId", "Status"),
    "aws_sagemaker_endpoint": ("describe_endpoint", "EndpointName", "EndpointStatus"),
    "aws_sagemaker_notebook_instance": ("describe_notebook_instance", "NotebookInstanceName", "NotebookInstanceStatus"),
}
# Not a notebook instance, which fails when its script does, and has people's files.
DELETES_FAILED = {
    "aws_sagemaker_domain": "delete-domain --domain-id {} --retention-policy HomeEfsFileSystem=Delete",
    "aws_sagemaker_endpoint": "delete-endpoint --endpoint-name {}",
}


class Finders:
    """Asks one account and region of AWS. Of several keys or VPCs with an environment's tags, `uses` chooses."""

    def __init__(self, session: boto3.Session, uses: Uses) -> None:
        self._session, self.uses = session, uses
        self._clients: dict[str, Any] = {}
        self.by_type: Mapping[str, Finder] = {
            "aws_cloudwatch_log_group": self._log_group,
            "aws_flow_log": self._in_vpc("describe_flow_logs", "FlowLogs", "FlowLogId", filters="Filter"),
            "aws_iam_policy": self._policy,
            "aws_iam_role": self._role,
            "aws_kms_alias": self._key_alias,
            "aws_kms_key": lambda values: self.uses.chosen(KEY, self.keys(values)),
            "aws_s3_bucket": self._bucket,
            "aws_sagemaker_domain": self._domain,
            "aws_sagemaker_endpoint": self._named("describe_endpoint", "EndpointName"),
            "aws_sagemaker_endpoint_configuration": self._endpoint_configuration,
            "aws_sagemaker_model": self._named("describe_model", "ModelName"),
            "aws_sagemaker_model_package_group": self._named(
                "describe_model_package_group", "ModelPackageGroupName", attribute="model_package_group_name"
            ),
            "aws_sagemaker_notebook_instance": self._named("describe_notebook_instance", "NotebookInstanceName"),
            "aws_sagemaker_notebook_instance_lifecycle_configuration": self._named(
                "describe_notebook_instance_lifecycle_config", "NotebookInstanceLifecycleConfigName"
            ),
            "aws_sagemaker_pipeline": self._named("describe_pipeline", "PipelineName", attribute="pipeline_name"),
            "aws_sagemaker_studio_lifecycle_config": self._named(
                "describe_studio_lifecycle_config",
                "StudioLifecycleConfigName",
                attribute="studio_lifecycle_config_name",
            ),
            "aws_sagemaker_user_profile": self._user_profile,
            "aws_scheduler_schedule": self._schedule,
            "aws_security_group": self._in_vpc("describe_security_groups", "SecurityGroups", "GroupId"),
            "aws_subnet": self._in_vpc("describe_subnets", "Subnets", "SubnetId"),
            "aws_vpc": lambda values: self.uses.chosen(VPC, self.vpcs(values)),
            "aws_vpc_endpoint": self._in_vpc("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
        }

    def find(self, resource_type: str, values: Values) -> str | None:
        """The import id of what exists already; None where nothing does. Raises OperationError where two fit."""
        finder = self.by_type.get(resource_type)
        return None if finder is None else finder(values)

    def kept_from(self, resource_type: str, values: Values) -> str | None:
        """Why what exists is not taken over: a log group that the environment has not made, which would be cut short,
        and deleted by a destroy, with all that is in it; None for everything else.
        """
        # One that stays as it is, whosever it is, has no retention of ours.
        as_it_is = values.get("skip_destroy") and not values.get("retention_in_days")
        if resource_type != "aws_cloudwatch_log_group" or as_it_is:
            return None
        logs = self._client("logs")
        group = log_group(logs, values["name"])
        if not group:
            return None
        tags = logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"]
        if tags_of(values).items() <= tags.items():
            return None
        advice = (
            "it is taken over with logs=LogSettings(keeps_account_wide=True), so that a destroy leaves it, or left "
            "alone with owns_account_wide=False"
            if values["name"] in (*ACCOUNT_WIDE_LOG_GROUPS, STUDIO)
            else "give the endpoint another name, or delete the group if nobody needs what is in it"
        )
        return f"{values['name']} is there already, and not this environment's: {advice}"

    def failed(self, resource_type: str, values: Values) -> str | None:
        """The command that deletes what SageMaker could not make, and can only delete; None for everything else."""
        command = DELETES_FAILED.get(resource_type)
        found = None if command is None else self.found_failed(resource_type, values)
        return None if command is None or found is None else f"aws sagemaker {command.format(found)}"

    def found_failed(self, resource_type: str, values: Values) -> str | None:
        """The import id of what SageMaker could not make, or could not start; None for everything else.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
        https://docs.aws.amazon.com/sagemaker/latest/dg/sm-domain.html
        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeNotebookInstance.html
        """
        asked = STATUS_OF.get(resource_type)
        found = None if asked is None else self.find(resource_type, values)
        if asked is None or found is None:
            return None
        describe, name, status = asked
        answer = getattr(self._client("sagemaker"), describe)(**{name: found})
        return found if answer[status] == "Failed" else None

    def _client(self, service: str) -> Any:  # noqa: ANN401 - boto3 has no types
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]

    def _log_group(self, values: Values) -> str | None:
        return values["name"] if log_group(self._client("logs"), values["name"]) else None

    def _role(self, values: Values) -> str | None:
        return values["name"] if answer(self._client("iam").get_role, RoleName=values["name"]) else None

    def _policy(self, values: Values) -> str | None:
        pages = self._client("iam").get_paginator("list_policies").paginate(Scope="Local")
        found = {policy["PolicyName"]: policy["Arn"] for page in pages for policy in page["Policies"]}
        return found.get(values["name"])

    def _bucket(self, values: Values) -> str | None:
        name = values.get("bucket")
        try:
            return name if name and answer(self._client("s3").head_bucket, Bucket=name) else None
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

    def keys(self, values: Values) -> list[str]:
        """All that have the tags and are not to be deleted."""
        kms, wanted = self._client("kms"), tags_of(values)
        found = []
        for page in kms.get_paginator("list_keys").paginate():
            for key in page["Keys"]:
                metadata = answer_if_allowed(kms.describe_key, KeyId=key["KeyId"]).get("KeyMetadata", {})
                if metadata.get("KeyState") not in ("Enabled", "Disabled"):
                    continue
                tags = answer_if_allowed(kms.list_resource_tags, KeyId=key["KeyId"]).get("Tags", [])
                if wanted.items() <= {tag["TagKey"]: tag["TagValue"] for tag in tags}.items():
                    found.append(key["KeyId"])
        return found

    def _schedule(self, values: Values) -> str | None:
        """Its id is that of its group and its own: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/scheduler_schedule#import"""
        group, name = values["group_name"], values["name"]
        found = answer(self._client("scheduler").get_schedule, GroupName=group, Name=name)
        return f"{group}/{name}" if found else None

    def _domain(self, values: Values) -> str | None:
        pages = self._client("sagemaker").get_paginator("list_domains").paginate()
        found = {item["DomainName"]: item["DomainId"] for page in pages for item in page["Domains"]}
        return found.get(values["domain_name"])

    def _user_profile(self, values: Values) -> str | None:
        """Its id is its ARN."""
        domain_id = values.get("domain_id")  # not known while the domain is not
        if not domain_id:
            return None
        describe, name = self._client("sagemaker").describe_user_profile, values["user_profile_name"]
        found: str | None = answer(describe, DomainId=domain_id, UserProfileName=name).get("UserProfileArn")
        return found

    def _named(self, operation: str, field: str, attribute: str = "name") -> Finder:
        def find(values: Values) -> str | None:
            name = values.get(attribute)  # not known while something that it is made of is not
            return name if name and answer(getattr(self._client("sagemaker"), operation), **{field: name}) else None

        return find

    def _endpoint_configuration(self, values: Values) -> str | None:
        """Its name is generated: the one that an endpoint uses, else the newest."""
        found = self.generated_configurations(values["name_prefix"])
        in_use = self.configurations_in_use
        return next((name for name in found if name in in_use), next(iter(found), None))

    def generated_configurations(self, prefix: str) -> list[str]:
        """Newest first."""
        pages = self._client("sagemaker").get_paginator("list_endpoint_configs").paginate(NameContains=prefix)
        names = [item["EndpointConfigName"] for page in pages for item in page["EndpointConfigs"]]
        generated = re.compile(rf"{re.escape(prefix)}\d{{{GENERATED_DIGITS}}}")
        return sorted(filter(generated.fullmatch, names), reverse=True)

    @cached_property
    def configurations_in_use(self) -> set[str]:
        """What the account's endpoints serve, asked once: there may be many."""
        sagemaker = self._client("sagemaker")
        pages = sagemaker.get_paginator("list_endpoints").paginate()
        names = [item["EndpointName"] for page in pages for item in page["Endpoints"]]
        described = [answer_if_allowed(sagemaker.describe_endpoint, EndpointName=name) for name in names]
        return {endpoint["EndpointConfigName"] for endpoint in described if "EndpointConfigName" in endpoint}

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
        """The models of all variants of the configurations; a served one may be deleted all the same."""
        describe = self._client("sagemaker").describe_endpoint_config
        described = [answer_if_allowed(describe, EndpointConfigName=name) for name in configurations]
        variants = [
            variant
            for item in described
            for kind in ("ProductionVariants", "ShadowProductionVariants")
            for variant in item.get(kind, [])
        ]
        return {variant["ModelName"] for variant in variants}

    def vpcs(self, values: Values) -> list[str]:
        """All that have the tags."""
        return self._ids("describe_vpcs", "Vpcs", "VpcId", values)

    def models(self, values: Values) -> list[str]:
        """All that have the environment's tags, and a name that begins as its models' do."""
        wanted = {key: value for key, value in tags_of(values).items() if key != "Name"}
        prefix = f"{wanted['Project']}-{wanted['Environment']}-"
        sagemaker = self._client("sagemaker")
        pages = sagemaker.get_paginator("list_models").paginate(NameContains=prefix)
        listed = [item for page in pages for item in page["Models"] if item["ModelName"].startswith(prefix)]
        return [
            item["ModelName"]
            for item in listed
            if wanted.items()
            <= {
                tag["Key"]: tag["Value"]
                for tag in answer_if_allowed(sagemaker.list_tags, ResourceArn=item["ModelArn"]).get("Tags", [])
            }.items()
        ]

    def _in_vpc(self, operation: str, collection: str, field: str, filters: str = "Filters") -> Finder:
        """What is made in a VPC is made in it once. It has no name but tags: every resource of ours has a Name."""

        def find(values: Values) -> str | None:
            vpc_id = values.get("vpc_id")  # not known while the VPC is not
            return (
                _only(collection, self._ids(operation, collection, field, values, vpc_id, filters)) if vpc_id else None
            )

        return find

    def _ids(
        self,
        operation: str,
        collection: str,
        field: str,
        values: Values,
        vpc_id: str | None = None,
        filters: str = "Filters",
    ) -> list[str]:
        asked = [{"Name": f"tag:{key}", "Values": [value]} for key, value in sorted(tags_of(values).items())]
        if vpc_id is not None:
            asked.append({"Name": "resource-id" if collection == "FlowLogs" else "vpc-id", "Values": [vpc_id]})
        found = self._listed(operation, collection, **{filters: asked})
        return [item[field] for item in found if item.get("State") not in ("deleted", "deleting")]

    def _listed(self, operation: str, collection: str, **asked: object) -> list[dict[str, Any]]:
        pages = self._client("ec2").get_paginator(operation).paginate(**asked)
        return [item for page in pages for item in page[collection]]

    def delete_vpc(self, vpc_id: str) -> list[str]:
        """The commands that delete it with what is in it, in an order that EC2 accepts."""
        inside = [{"Name": "vpc-id", "Values": [vpc_id]}]
        logs = self._listed("describe_flow_logs", "FlowLogs", Filter=[{"Name": "resource-id", "Values": [vpc_id]}])
        endpoints = self._listed("describe_vpc_endpoints", "VpcEndpoints", Filters=inside)
        subnets = self._listed("describe_subnets", "Subnets", Filters=inside)
        groups = self._listed("describe_security_groups", "SecurityGroups", Filters=inside)
        # One that a rule of another one names goes after that.
        named = {
            pair["GroupId"]
            for group in groups
            for rule in (*group["IpPermissions"], *group["IpPermissionsEgress"])
            for pair in rule["UserIdGroupPairs"]
            if pair["GroupId"] != group["GroupId"]
        }
        own = sorted(
            (group["GroupId"] in named, group["GroupId"]) for group in groups if group["GroupName"] != "default"
        )
        commands = []
        if logs:
            commands.append(f"aws ec2 delete-flow-logs --flow-log-ids {_joined(logs, 'FlowLogId')}")
        if endpoints:
            commands.append(f"aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {_joined(endpoints, 'VpcEndpointId')}")
        commands += [f"aws ec2 delete-subnet --subnet-id {subnet['SubnetId']}" for subnet in subnets]
        commands += [f"aws ec2 delete-security-group --group-id {group_id}" for _, group_id in own]
        return [*commands, f"aws ec2 delete-vpc --vpc-id {vpc_id}"]


def _joined(found: Iterable[Values], field: str) -> str:
    return " ".join(str(item[field]) for item in found)


def tags_of(values: Values) -> dict[str, str]:
    """The tags that tell one platform's environment from another; an owner may change."""
    return {key: value for key, value in values["tags_all"].items() if key in ("Environment", "Name", "Project")}


def _only(kind: str, found: Iterable[str]) -> str | None:
    ids = sorted(found)
    if len(ids) > 1:
        raise OperationError(f"{kind}: {', '.join(ids)} all have the tags of one: delete those that are not in use")
    return next(iter(ids), None)
