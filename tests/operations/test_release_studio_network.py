"""What SageMaker leaves of Studio in a VPC goes, once nothing is in it any more: here on moto, with groups made as
SageMaker makes them; with a domain in tests/integration/test_studio.py."""

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from operations import release_studio_network
from operations.release_studio_network import Clients, main, release
from stacks.environments import ROOT

SCRIPT = ROOT / "operations/release_studio_network.py"
GONE = "arn:aws:sagemaker:us-east-1:123456789012:domain/d-gone"


class Vpc:
    """One with a subnet, and what SageMaker has left in it of a domain."""

    def __init__(self, clients: Clients) -> None:
        self.clients, ec2 = clients, clients.ec2
        self.id: str = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet_id: str = ec2.create_subnet(VpcId=self.id, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self.owned = [{"Key": "ManagedByAmazonSageMakerResource", "Value": GONE}]
        self.inbound, self.outbound = (
            self.group(f"security-group-for-{way}-nfs-d-gone") for way in ("inbound", "outbound")
        )
        ec2.authorize_security_group_ingress(GroupId=self.inbound, IpPermissions=[self.rule(self.outbound)])
        ec2.authorize_security_group_egress(GroupId=self.outbound, IpPermissions=[self.rule(self.inbound)])

    def group(self, name: str) -> str:
        tags = [{"ResourceType": "security-group", "Tags": self.owned}]
        made = self.clients.ec2.create_security_group(
            GroupName=name, Description=name, VpcId=self.id, TagSpecifications=tags
        )
        group_id: str = made["GroupId"]
        return group_id

    def rule(self, other: str) -> dict[str, Any]:
        return {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "UserIdGroupPairs": [{"GroupId": other}]}

    def interface(self) -> str:
        made = self.clients.ec2.create_network_interface(SubnetId=self.subnet_id, Groups=[self.outbound])
        interface_id: str = made["NetworkInterface"]["NetworkInterfaceId"]
        return interface_id

    def file_system(self) -> str:
        """With a mount target."""
        efs = self.clients.efs
        file_system_id: str = efs.create_file_system(CreationToken="d-gone", Tags=self.owned)["FileSystemId"]
        efs.create_mount_target(FileSystemId=file_system_id, SubnetId=self.subnet_id, SecurityGroups=[self.inbound])
        return file_system_id

    @property
    def names(self) -> list[str]:
        found = self.clients.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [self.id]}])
        return sorted(group["GroupName"] for group in found["SecurityGroups"])

    def release(self) -> list[str]:
        return list(release(self.clients, self.id))


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        session = boto3.Session(region_name="us-east-1")
        yield Clients(ec2=session.client("ec2"), efs=session.client("efs"), sagemaker=session.client("sagemaker"))


@pytest.fixture
def vpc(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> Vpc:
    monkeypatch.setattr(release_studio_network, "POLL_SECONDS", 0.05)
    return Vpc(clients)


BOTH = ["security-group-for-inbound-nfs-d-gone", "security-group-for-outbound-nfs-d-gone"]


def test_the_groups_of_a_domain_that_is_gone_go(vpc: Vpc) -> None:
    assert vpc.release() == [f"{' and '.join(BOTH)}: deleted, as their domain is"]
    assert vpc.names == ["default"]
    assert vpc.release() == []


def test_the_groups_of_a_domain_that_is_there_stay_and_so_do_all_others(vpc: Vpc) -> None:
    made = vpc.clients.sagemaker.create_domain(
        DomainName="other", AuthMode="IAM", DefaultUserSettings={}, SubnetIds=[vpc.subnet_id], VpcId=vpc.id
    )
    vpc.owned = [{"Key": "ManagedByAmazonSageMakerResource", "Value": made["DomainArn"]}]
    others = ["security-group-for-inbound-nfs-d-other", "security-group-for-outbound-nfs-d-other"]
    for name in others:
        vpc.group(name)
    untagged = "security-group-for-inbound-nfs-d-mine"
    vpc.clients.ec2.create_security_group(GroupName=untagged, Description="without the tag", VpcId=vpc.id)
    vpc.release()
    assert vpc.names == ["default", untagged, *others]


def test_it_waits_until_the_last_interface_is_gone(vpc: Vpc, monkeypatch: pytest.MonkeyPatch) -> None:
    interface_id = vpc.interface()

    def freed_meanwhile(_: float) -> None:
        vpc.clients.ec2.delete_network_interface(NetworkInterfaceId=interface_id)

    monkeypatch.setattr(time, "sleep", freed_meanwhile)
    assert vpc.release()[0] == "waiting until SageMaker has freed 1 network interfaces of Studio"
    assert vpc.names == ["default"]


def test_a_file_system_that_is_kept_loses_its_mount_targets_and_nothing_else(
    vpc: Vpc, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_system_id = vpc.file_system()
    monkeypatch.setattr(release_studio_network, "KEPT_AFTER_SECONDS", 0)
    said = vpc.release()[1]
    [left] = vpc.clients.efs.describe_file_systems()["FileSystems"]
    assert (left["FileSystemId"], left["NumberOfMountTargets"]) == (file_system_id, 0)
    assert vpc.names == ["default"]
    assert said.endswith(f"aws efs delete-file-system --file-system-id {file_system_id}")


def test_what_does_not_go_in_time_is_named_and_left_alone(vpc: Vpc, monkeypatch: pytest.MonkeyPatch) -> None:
    interface_id = vpc.interface()
    monkeypatch.setattr(release_studio_network, "WAIT_SECONDS", 0)
    monkeypatch.setattr("sys.argv", ["release", "us-east-1", vpc.id])
    with pytest.raises(SystemExit, match=f"^{interface_id} in {' and '.join(BOTH)}: still there .* destroy again$"):
        main()
    assert vpc.names == ["default", *BOTH]


def test_it_ends_with_one_line_where_aws_cannot_be_asked() -> None:
    finished = subprocess.run(
        [sys.executable, SCRIPT, "us-east-1", "vpc-1"],
        capture_output=True,
        text=True,
        check=False,
        env={"AWS_EC2_METADATA_DISABLED": "true", "PATH": "/usr/bin:/bin"},
    )
    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1
    assert "Studio's security groups in vpc-1 cannot be deleted" in finished.stderr
