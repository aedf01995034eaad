"""Takes out of a VPC of ours what SageMaker leaves there of Studio's domains that are gone.

    python3 release_studio_network.py <region> <VPC>

A domain's two security groups outlive it, each naming the other, and a VPC that has them cannot be deleted. They go
when no interface is in them any more: SageMaker frees those of apps and, with the file system, those of its mount
targets some time after it has deleted the domain. A file system that it was told to keep keeps its mount targets for
ever: they are deleted here, and the file system stays with all that is in it. Terraform runs this in a destroy
(constructs/studio/network_release.py), from a copy beside the stack's JSON: nothing of this project may be imported
here. It can be typed too.
https://github.com/hashicorp/terraform-provider-aws/issues/20986
"""

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# AWS gives no number: as with the interfaces of endpoints (operations/wait_for_interfaces.py).
WAIT_SECONDS, POLL_SECONDS = 1800, 5
# From then on a file system that is there has been kept, and is not about to go: DeleteDomain's RetentionPolicy.
KEPT_AFTER_SECONDS = 300
GROUPS = ("security-group-for-inbound-nfs-d-*", "security-group-for-outbound-nfs-d-*")
OWNER = "ManagedByAmazonSageMakerResource"  # SageMaker's tag: the domain's ARN


@dataclass(frozen=True, kw_only=True)
class Clients:
    """boto3's, of one region."""

    ec2: Any
    efs: Any
    sagemaker: Any


def left_groups(clients: Clients, vpc_id: str) -> dict[str, list[Any]]:
    """SageMaker's groups in the VPC by the ARN of their domain, of the domains that are gone."""
    filters = [
        {"Name": "vpc-id", "Values": [vpc_id]},
        {"Name": "group-name", "Values": [*GROUPS]},
        {"Name": "tag-key", "Values": [OWNER]},
    ]
    found: dict[str, list[Any]] = {}
    for page in clients.ec2.get_paginator("describe_security_groups").paginate(Filters=filters):
        for group in page["SecurityGroups"]:
            found.setdefault(_tags(group)[OWNER], []).append(group)
    listed = clients.sagemaker.get_paginator("list_domains").paginate()
    there = {domain["DomainArn"] for page in listed for domain in page["Domains"]}
    return {arn: groups for arn, groups in found.items() if arn not in there}


def interfaces(ec2: Any, groups: list[Any]) -> list[str]:  # noqa: ANN401 - boto3's client
    filters = [{"Name": "group-id", "Values": [group["GroupId"] for group in groups]}]
    pages = ec2.get_paginator("describe_network_interfaces").paginate(Filters=filters)
    return [item["NetworkInterfaceId"] for page in pages for item in page["NetworkInterfaces"]]


def kept_file_systems(efs: Any, domain_arn: str) -> list[str]:  # noqa: ANN401
    """Of that domain, and not being deleted."""
    pages = efs.get_paginator("describe_file_systems").paginate()
    return [
        item["FileSystemId"]
        for page in pages
        for item in page["FileSystems"]
        if _tags(item).get(OWNER) == domain_arn and item["LifeCycleState"] == "available"
    ]


def delete_mount_targets(efs: Any, file_system_id: str) -> None:  # noqa: ANN401
    """Those that are not being deleted; the file system stays as it is."""
    found = efs.describe_mount_targets(FileSystemId=file_system_id)["MountTargets"]
    for target in found:
        if target["LifeCycleState"] == "available":
            efs.delete_mount_target(MountTargetId=target["MountTargetId"])


def delete_groups(ec2: Any, groups: list[Any]) -> None:  # noqa: ANN401
    """All their rules first: each is named by the other's."""
    for group in groups:
        for kind, rules in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            if group[rules]:
                getattr(ec2, f"revoke_security_group_{kind}")(GroupId=group["GroupId"], IpPermissions=group[rules])
    for group in groups:
        ec2.delete_security_group(GroupId=group["GroupId"])


def release(clients: Clients, vpc_id: str) -> Iterator[str]:
    """Says what it does. Raises TimeoutError with what is still there."""
    for domain_arn, groups in left_groups(clients, vpc_id).items():
        yield from _released(clients, domain_arn, groups)


def _released(clients: Clients, domain_arn: str, groups: list[Any]) -> Iterator[str]:
    began, said, kept = time.monotonic(), False, set[str]()
    while remaining := interfaces(clients.ec2, groups):
        waited = time.monotonic() - began
        if waited > WAIT_SECONDS:
            raise TimeoutError(f"{', '.join(remaining)} in {_names(groups)}")
        if not said:
            yield f"waiting until SageMaker has freed {len(remaining)} network interfaces of Studio"
            said = True
        if waited > KEPT_AFTER_SECONDS:
            for file_system_id in kept_file_systems(clients.efs, domain_arn):
                delete_mount_targets(clients.efs, file_system_id)
                if file_system_id not in kept:
                    kept.add(file_system_id)
                    yield (
                        f"the file system {file_system_id} is kept with all that is in it, and its mount targets are "
                        f"deleted; to delete it too: aws efs delete-file-system --file-system-id {file_system_id}"
                    )
        time.sleep(POLL_SECONDS)
    delete_groups(clients.ec2, groups)
    yield f"{_names(groups)}: deleted, as their domain is"


def _tags(item: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}


def _names(groups: list[Any]) -> str:
    return " and ".join(sorted(group["GroupName"] for group in groups))


def main() -> None:
    region, vpc_id = sys.argv[1:]
    try:
        import boto3  # noqa: PLC0415 - the message is for who has no boto3
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ModuleNotFoundError:
        sys.exit("python3 finds no boto3, with which Studio's security groups are deleted: activate .venv")

    session = boto3.Session(region_name=region)
    clients = Clients(ec2=session.client("ec2"), efs=session.client("efs"), sagemaker=session.client("sagemaker"))
    try:
        for line in release(clients, vpc_id):
            print(line, flush=True)
    except TimeoutError as error:
        sys.exit(
            f"{error}: still there after {WAIT_SECONDS // 60} minutes, so that {vpc_id} stays: end what uses them, and "
            "destroy again"
        )
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"Studio's security groups in {vpc_id} cannot be deleted: {error}")


if __name__ == "__main__":
    main()
