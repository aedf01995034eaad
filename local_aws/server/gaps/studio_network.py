"""Gap: moto's Studio domains have no file system, no security groups and no network interfaces; and it lets a VPC go
that has security groups of somebody's.

SageMaker makes a file system for the homes of the domain's people, a mount target of it in each of the domain's
Availability Zones, and two security groups, each naming the other, and gives each app an interface that is in one of
them. The groups outlive the domain; the file system too, with its mount targets, where RetentionPolicy says no Delete.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteDomain.html
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSageMakerNotebooksServiceRolePolicy.html
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from moto.core.responses import BaseResponse
from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models import EC2Backend, ec2_backends
from moto.efs.models import EFSBackend, efs_backends

from local_aws.server.failures import played

OWNER = "ManagedByAmazonSageMakerResource"  # the tag's value is the domain's ARN
# No page of AWS's has them; as exports of real domains show them: NFS, and Lustre beside it.
PORTS = (("988", "988"), ("1018", "1023"), ("2049", "2049"))
DESCRIPTION = "[DO NOT DELETE] Security Group that allows {} NFS traffic for SageMaker Notebooks Domain [{}]"


@dataclass(frozen=True, kw_only=True)
class StudioNetwork:
    """What SageMaker has made for one domain."""

    file_system_id: str
    inbound_group_id: str
    outbound_group_id: str


def fill() -> None:
    delete_vpc = EC2Backend.delete_vpc

    def delete_empty_vpc(backend: EC2Backend, vpc_id: str) -> Any:  # noqa: ANN401 - moto's
        if any(group.name != "default" for group in backend.groups.get(vpc_id, {}).values()):
            raise DependencyViolationError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        return delete_vpc(backend, vpc_id)

    EC2Backend.delete_vpc = delete_empty_vpc


def make(
    call: BaseResponse, *, domain_id: str, domain_arn: str, vpc_id: str, subnet_ids: Sequence[str], key: str | None
) -> StudioNetwork:
    ec2, efs = ec2_of(call), _efs(call)
    inbound, outbound = (
        ec2.create_security_group(
            f"security-group-for-{way}-nfs-{domain_id}",
            DESCRIPTION.format(way, domain_id),
            vpc_id=vpc_id,
            tags={OWNER: domain_arn},
        )
        for way in ("inbound", "outbound")
    )
    for group in (inbound, outbound):
        group.egress_rules.clear()
    for first, last in PORTS:
        ec2.authorize_security_group_ingress(
            inbound.id, "tcp", first, last, [], source_groups=[{"GroupId": outbound.id}], vpc_id=vpc_id
        )
        ec2.authorize_security_group_egress(
            outbound.id, "tcp", first, last, [], source_groups=[{"GroupId": inbound.id}], vpc_id=vpc_id
        )
    file_system = efs.create_file_system(
        creation_token=domain_id,
        performance_mode="generalPurpose",
        encrypted=True,
        kms_key_id=key or "alias/aws/elasticfilesystem",
        throughput_mode="bursting",
        provisioned_throughput_in_mibps=0,
        availability_zone_name="",
        backup=False,
        tags=[{"Key": OWNER, "Value": domain_arn}],
    )
    for subnet_id in subnet_ids:
        if not file_system.has_mount_target(ec2.get_subnet(subnet_id)):
            target = efs.create_mount_target(file_system.file_system_id, subnet_id, security_groups=[inbound.id])
            # https://docs.aws.amazon.com/efs/latest/ug/API_CreateMountTarget.html
            about = f"EFS mount target for {file_system.file_system_id} ({target.mount_target_id})"
            ec2.enis[target.network_interface_id].description = about
    return StudioNetwork(
        file_system_id=file_system.file_system_id, inbound_group_id=inbound.id, outbound_group_id=outbound.id
    )


def delete_file_system(call: BaseResponse, network: StudioNetwork) -> None:
    """With its mount targets, once the time that is played is over."""
    efs = _efs(call)

    def delete() -> None:
        targets = [
            target.mount_target_id
            for target in efs.mount_targets_by_id.values()
            if target.file_system_id == network.file_system_id
        ]
        for target_id in targets:
            efs.delete_mount_target(target_id)
        if network.file_system_id in efs.file_systems_by_id:
            efs.delete_file_system(network.file_system_id)

    later(call, delete)


def place_app(call: BaseResponse, network: StudioNetwork, *, about: str, subnet_id: str, groups: Sequence[str]) -> str:
    """The id of an app's network interface."""
    ec2 = ec2_of(call)
    made = ec2.create_network_interface(
        ec2.get_subnet(subnet_id),
        private_ip_address=[],
        group_ids=[*groups, network.outbound_group_id],
        description=f"[DO NOT DELETE] ENI managed by SageMaker for Studio domain {about}",
    )
    interface_id: str = made.id
    return interface_id


def later(call: BaseResponse, happen: Callable[[], object]) -> None:
    """When the time is over that is played until what SageMaker no longer runs is gone; at once where none is."""
    seconds = played(call.headers).lingering_seconds
    if seconds == 0:
        happen()
        return
    timer = threading.Timer(seconds, happen)
    timer.daemon = True
    timer.start()


def ec2_of(call: BaseResponse) -> EC2Backend:
    return ec2_backends[call.current_account][call.region]


def _efs(call: BaseResponse) -> EFSBackend:
    return efs_backends[call.current_account][call.region]
