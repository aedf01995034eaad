"""The construct's JSON and its script; that Terraform runs it in time: tests/integration/test_later.py."""

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from cdktf_cdktf_provider_aws.sagemaker_endpoint import SagemakerEndpoint
from moto import mock_aws

from constructs.network.placement import Placement
from constructs.serving.interface_release import InterfaceRelease
from operations import wait_for_interfaces
from operations.wait_for_interfaces import left
from settings.endpoint import ServerlessEndpointSettings
from settings.network import ExistingNetworkSettings
from stacks.environments import ROOT
from tests.support import parts
from tests.support.synthesis import environment, only, synthesized, synthesized_platform

SCRIPT = ROOT / "operations/wait_for_interfaces.py"
ADDRESS = "interface_release"


def released(placement: Placement, tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "wait.py").touch()
    resources = synthesized(
        lambda stack: InterfaceRelease(
            stack,
            "interface_release",
            script=tmp_path / "wait.py",
            region="eu-west-1",
            placement=placement,
            depends_on=[],
        )
    )
    return only(resources, "terraform_data")


def test_a_destroy_waits_for_the_interfaces_of_the_placement(tmp_path: Path) -> None:
    made = released(parts.PLACEMENT, tmp_path)
    assert made["input"] == {
        "region": "eu-west-1",
        "subnets": "subnet-1,subnet-2",
        "groups": "sg-1",
        "shared": "no",
    }
    [provisioner] = made["provisioner"]
    assert provisioner["local-exec"]["when"] == "destroy"
    told = '"${self.output.region}" "${self.output.subnets}" "${self.output.groups}" "${self.output.shared}"'
    assert provisioner["local-exec"]["command"].endswith(f'/wait.py" {told}')


def test_it_knows_whether_others_use_the_network_too(tmp_path: Path) -> None:
    existing = ExistingNetworkSettings(subnet_ids=["subnet-01234567"], security_group_ids=["sg-01234567"]).checked()
    platform = synthesized_platform(environment("staging", network=existing))["resource"]
    assert platform["terraform_data"][ADDRESS]["input"]["shared"] == "yes"
    shared = Placement(subnet_ids=["subnet-1"], security_group_ids=["sg-1"], shared=True, vpc_id=None)
    assert released(shared, tmp_path)["input"]["shared"] == "yes"


def test_endpoints_go_before_it_and_the_role_and_the_network_after_it() -> None:
    resources = synthesized_platform(environment("staging"))["resource"]
    release = resources["terraform_data"][ADDRESS]
    assert release["depends_on"] == ["aws_iam_role_policy.hosting_role_policy"]
    for part in ("aws_subnet.network_private_a.id", "aws_subnet.network_private_b.id"):
        assert part in release["input"]["subnets"]
    assert "aws_security_group.network_security_group.id" in release["input"]["groups"]
    depends_on = only(resources, SagemakerEndpoint.TF_RESOURCE_TYPE)["depends_on"]
    assert f"terraform_data.{ADDRESS}" in depends_on


@pytest.mark.parametrize(("name", "changes"), [("dev", {}), ("staging", {"rollback_guard": False})])
def test_there_is_none_without_a_network_or_without_python(name: str, changes: dict[str, Any]) -> None:
    assert ADDRESS not in synthesized_platform(environment(name, **changes))["resource"]["terraform_data"]


def test_it_stays_with_the_role_and_its_rights_when_the_last_release_goes() -> None:
    """Terraform runs nothing for what has left the configuration, and SageMaker needs the role's rights until then."""
    of = environment("staging")
    platforms = [synthesized_platform(item) for item in (of, replace(of, releases={}))]
    released, withdrawn = (item["resource"] for item in platforms)
    assert "aws_sagemaker_endpoint" not in withdrawn
    assert withdrawn["terraform_data"][ADDRESS] == released["terraform_data"][ADDRESS]
    assert withdrawn["aws_iam_role"]["hosting_role"] == released["aws_iam_role"]["hosting_role"]
    for platform in platforms:
        document = platform["data"]["aws_iam_policy_document"]["hosting_role_policy_document"]
        assert "ec2:DeleteNetworkInterface" in [action for item in document["statement"] for action in item["actions"]]


def test_a_move_to_serverless_leaves_the_role_its_rights_in_the_network() -> None:
    moved = synthesized_platform(environment("staging", endpoints=[ServerlessEndpointSettings()]))
    assert ADDRESS in moved["resource"]["terraform_data"]
    document = moved["data"]["aws_iam_policy_document"]["hosting_role_policy_document"]
    assert "ec2:DeleteNetworkInterface" in [action for item in document["statement"] for action in item["actions"]]


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setattr(wait_for_interfaces, "POLL_SECONDS", 0.05)
    with mock_aws():
        yield boto3.Session().client("ec2", region_name="us-east-1")


@pytest.fixture
def interface(ec2: Any) -> dict[str, Any]:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="a", Description="a", VpcId=vpc)["GroupId"]
    made = ec2.create_network_interface(SubnetId=subnet, Groups=[group], Description="ENI managed by SageMaker")
    return {"id": made["NetworkInterface"]["NetworkInterfaceId"], "subnet": subnet, "group": group}


def test_the_script_waits_until_the_last_interface_is_gone(ec2: Any, interface: dict[str, Any]) -> None:
    began = time.monotonic()
    threading.Timer(0.4, lambda: ec2.delete_network_interface(NetworkInterfaceId=interface["id"])).start()
    assert left(ec2, interface["subnet"], interface["group"], 60) == []
    assert time.monotonic() - began >= 0.4


def test_the_script_gives_up_after_its_time_and_names_what_is_left(ec2: Any, interface: dict[str, Any]) -> None:
    assert left(ec2, interface["subnet"], interface["group"], 0.2) == [interface["id"]]


@pytest.mark.parametrize(("shared", "ends"), [("yes", "others' perhaps: going on"), ("no", "destroy again")])
def test_what_may_be_others_ends_no_destroy(
    shared: str,
    ends: str,
    ec2: Any,
    interface: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ec2.describe_network_interfaces()["NetworkInterfaces"]
    for name in ("WAIT_SECONDS", "SHARED_WAIT_SECONDS"):
        monkeypatch.setattr(wait_for_interfaces, name, 0)
    monkeypatch.setattr("sys.argv", ["wait", "us-east-1", interface["subnet"], interface["group"], shared])
    if shared == "yes":
        wait_for_interfaces.main()
        assert capsys.readouterr().out.strip().endswith(ends)
    else:
        with pytest.raises(SystemExit, match=ends):
            wait_for_interfaces.main()


def test_the_script_ends_with_one_line_where_aws_cannot_be_asked() -> None:
    finished = subprocess.run(
        [sys.executable, SCRIPT, "us-east-1", "subnet-1", "sg-1", "no"],
        capture_output=True,
        text=True,
        check=False,
        env={"AWS_EC2_METADATA_DISABLED": "true", "PATH": "/usr/bin:/bin"},
    )
    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1
    assert "network interfaces cannot be waited for" in finished.stderr
