"""What exists in an account, asked of AWS's own API: nothing is taken from Terraform's state."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3

from local_aws.credentials import ROLE


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`operation` is paginated where the SDK can; `counts` tells what is the account's own and not AWS's."""

    service: str
    operation: str
    collection: str  # in the answer
    name: str  # in its entries
    arguments: Mapping[str, Any] = field(default_factory=dict)
    counts: Callable[[Mapping[str, Any]], bool] = lambda _: True


KINDS = (
    Kind(service="s3", operation="list_buckets", collection="Buckets", name="Name"),
    Kind(service="logs", operation="describe_log_groups", collection="logGroups", name="logGroupName"),
    Kind(
        service="iam",
        operation="list_roles",
        collection="Roles",
        name="RoleName",
        counts=lambda role: role["RoleName"] != ROLE,
    ),
    Kind(
        service="iam",
        operation="list_policies",
        collection="Policies",
        name="PolicyName",
        arguments={"Scope": "Local"},
    ),
    Kind(
        service="kms",
        operation="list_aliases",
        collection="Aliases",
        name="AliasName",
        counts=lambda alias: not alias["AliasName"].startswith("alias/aws/"),
    ),
    Kind(
        service="ec2",
        operation="describe_vpcs",
        collection="Vpcs",
        name="VpcId",
        arguments={"Filters": [{"Name": "is-default", "Values": ["false"]}]},
    ),
    Kind(
        service="ec2",
        operation="describe_subnets",
        collection="Subnets",
        name="CidrBlock",
        arguments={"Filters": [{"Name": "default-for-az", "Values": ["false"]}]},
    ),
    Kind(
        service="ec2",
        operation="describe_security_groups",
        collection="SecurityGroups",
        name="GroupName",
        counts=lambda group: group["GroupName"] != "default",
    ),
    Kind(
        service="ec2",
        operation="describe_vpc_endpoints",
        collection="VpcEndpoints",
        name="ServiceName",
        counts=lambda endpoint: endpoint["State"] != "deleted",
    ),
    Kind(
        service="ec2",
        operation="describe_network_interfaces",
        collection="NetworkInterfaces",
        name="Description",
    ),
    Kind(service="ec2", operation="describe_flow_logs", collection="FlowLogs", name="ResourceId"),
    Kind(
        service="sagemaker",
        operation="list_notebook_instances",
        collection="NotebookInstances",
        name="NotebookInstanceName",
    ),
    Kind(
        service="sagemaker",
        operation="list_notebook_instance_lifecycle_configs",
        collection="NotebookInstanceLifecycleConfigs",
        name="NotebookInstanceLifecycleConfigName",
    ),
    Kind(service="sagemaker", operation="list_models", collection="Models", name="ModelName"),
    Kind(
        service="sagemaker", operation="list_endpoint_configs", collection="EndpointConfigs", name="EndpointConfigName"
    ),
    Kind(service="sagemaker", operation="list_endpoints", collection="Endpoints", name="EndpointName"),
    Kind(service="sagemaker", operation="list_pipelines", collection="PipelineSummaries", name="PipelineName"),
    Kind(
        service="sagemaker",
        operation="list_model_package_groups",
        collection="ModelPackageGroupSummaryList",
        name="ModelPackageGroupName",
    ),
    Kind(service="sagemaker", operation="list_domains", collection="Domains", name="DomainName"),
    Kind(service="sagemaker", operation="list_user_profiles", collection="UserProfiles", name="UserProfileName"),
    Kind(service="sagemaker", operation="list_spaces", collection="Spaces", name="SpaceName"),
    Kind(
        service="sagemaker",
        operation="list_apps",
        collection="Apps",
        name="AppName",
        counts=lambda app: app["Status"] != "Deleted",
    ),
    Kind(
        service="sagemaker",
        operation="list_studio_lifecycle_configs",
        collection="StudioLifecycleConfigs",
        name="StudioLifecycleConfigName",
    ),
    Kind(service="efs", operation="describe_file_systems", collection="FileSystems", name="CreationToken"),
    Kind(service="scheduler", operation="list_schedules", collection="Schedules", name="Name"),
    Kind(
        service="application-autoscaling",
        operation="describe_scalable_targets",
        collection="ScalableTargets",
        name="ResourceId",
        arguments={"ServiceNamespace": "sagemaker"},
    ),
    Kind(
        service="application-autoscaling",
        operation="describe_scaling_policies",
        collection="ScalingPolicies",
        name="PolicyName",
        arguments={"ServiceNamespace": "sagemaker"},
    ),
    Kind(service="cloudwatch", operation="describe_alarms", collection="MetricAlarms", name="AlarmName"),
    Kind(service="cloudwatch", operation="list_dashboards", collection="DashboardEntries", name="DashboardName"),
    Kind(service="sns", operation="list_topics", collection="Topics", name="TopicArn"),
    Kind(service="sns", operation="list_subscriptions", collection="Subscriptions", name="Endpoint"),
)


def inventory(session: boto3.Session, endpoint_url: str) -> list[str]:
    """`service list: name` of everything of the kinds that the platform makes."""
    found = []
    for kind in KINDS:
        client: Any = session.client(kind.service, endpoint_url=endpoint_url)
        pages = (
            client.get_paginator(kind.operation).paginate(**kind.arguments)
            if client.can_paginate(kind.operation)
            else [getattr(client, kind.operation)(**kind.arguments)]
        )
        entries = [entry for page in pages for entry in page.get(kind.collection, [])]
        found += [f"{kind.service} {kind.collection}: {entry[kind.name]}" for entry in entries if kind.counts(entry)]
    return found + [f"kms Keys: {key}" for key in _keys(session.client("kms", endpoint_url=endpoint_url))]


def delete_registered_models(session: boto3.Session, endpoint_url: str) -> None:
    """All versions of all groups: SageMaker deletes no group that has any."""
    sagemaker: Any = session.client("sagemaker", endpoint_url=endpoint_url)
    for page in sagemaker.get_paginator("list_model_package_groups").paginate():
        for group in page["ModelPackageGroupSummaryList"]:
            versions = sagemaker.get_paginator("list_model_packages")
            found = [*versions.paginate(ModelPackageGroupName=group["ModelPackageGroupName"])]
            for item in (item for page in found for item in page["ModelPackageSummaryList"]):
                sagemaker.delete_model_package(ModelPackageName=item["ModelPackageArn"])


def delete_apps_and_spaces(session: boto3.Session, endpoint_url: str) -> None:
    """Of all users of Studio: SageMaker deletes no domain that has any."""
    sagemaker: Any = session.client("sagemaker", endpoint_url=endpoint_url)
    for page in sagemaker.get_paginator("list_apps").paginate():
        for app in page["Apps"]:
            if app["Status"] == "InService":
                named = ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName")
                sagemaker.delete_app(**{key: app[key] for key in named if key in app})
    spaces = [item for page in sagemaker.get_paginator("list_spaces").paginate() for item in page["Spaces"]]
    for space in spaces:
        sagemaker.delete_space(DomainId=space["DomainId"], SpaceName=space["SpaceName"])


def delete_kept_log_groups(session: boto3.Session, endpoint_url: str, tags: Mapping[str, str]) -> None:
    """Those with the tags: Terraform leaves the log groups of a protected environment where they are."""
    logs: Any = session.client("logs", endpoint_url=endpoint_url)
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            has = logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"]
            if tags.items() <= has.items():
                logs.delete_log_group(logGroupName=group["logGroupName"])


def _keys(kms: Any) -> Iterator[str]:  # noqa: ANN401 - boto3 has no types
    """AWS keeps a destroyed key for days; it does not count."""
    for page in kms.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
            if described["KeyManager"] == "CUSTOMER" and described["KeyState"] == "Enabled":
                yield f"{key['KeyId']} ({described['Description']})"
