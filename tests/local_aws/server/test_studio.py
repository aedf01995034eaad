"""Studio on the local AWS, as an SDK asks for it: what SageMaker makes, what it refuses, what it leaves behind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws import credentials
from local_aws.server import failures
from local_aws.server import process as server_process
from local_aws.server.failures import Failures
from local_aws.server.process import Server
from tests.support import answers
from tests.support.synthesis import environment

ROLE = "arn:aws:iam::111111111111:role/lab"
PRIVATE = {"OwnershipSettings": {"OwnerUserProfileName": "ana"}, "SpaceSharingSettings": {"SharingType": "Private"}}
APP = {"AppType": "JupyterLab", "AppName": "default"}


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    started = server_process.start(folder)
    yield started
    server_process.stop(folder, started)
    assert "NotImplementedError" not in (folder / "server.log").read_text()


class Account:
    """Clients of one account, and its VPC with two subnets in two zones."""

    def __init__(self, server: Server) -> None:
        self.server = server
        variables = credentials.account_variables(server, environment("dev").settings)
        session = credentials.session(variables)
        self.sagemaker = answers.hold(session.client("sagemaker", endpoint_url=server.url))
        self.ec2: Any = session.client("ec2", endpoint_url=server.url)
        self.efs: Any = session.client("efs", endpoint_url=server.url)
        self.vpc_id: str = self.ec2.create_vpc(CidrBlock="10.9.0.0/24")["Vpc"]["VpcId"]
        self.subnet_ids = [
            self.ec2.create_subnet(
                VpcId=self.vpc_id, CidrBlock=f"10.9.0.{start}/26", AvailabilityZone=f"us-east-1{zone}"
            )["Subnet"]["SubnetId"]
            for zone, start in (("a", 0), ("b", 64))
        ]
        self.group_id: str = self.ec2.create_security_group(GroupName="lab", Description="lab", VpcId=self.vpc_id)[
            "GroupId"
        ]

    def create(self, **changes: Any) -> str:
        settings: dict[str, Any] = {"ExecutionRole": ROLE, "SecurityGroups": [self.group_id]}
        request = {
            "DomainName": "lab",
            "AuthMode": "IAM",
            "AppNetworkAccessType": "VpcOnly",
            "VpcId": self.vpc_id,
            "SubnetIds": self.subnet_ids,
            "DefaultUserSettings": settings | changes.pop("settings", {}),
        }
        domain_id: str = self.sagemaker.create_domain(**request | changes)["DomainId"]
        return domain_id

    def domain(self, domain_id: str) -> dict[str, Any]:
        described: dict[str, Any] = self.sagemaker.describe_domain(DomainId=domain_id)
        return described

    def config(self, name: str = "script") -> str:
        arn: str = self.sagemaker.create_studio_lifecycle_config(
            StudioLifecycleConfigName=name,
            StudioLifecycleConfigContent="IyEvYmluL2Jhc2gK",
            StudioLifecycleConfigAppType="JupyterLab",
        )["StudioLifecycleConfigArn"]
        return arn

    def groups(self) -> dict[str, dict[str, Any]]:
        """SageMaker's, by name."""
        found = self.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [self.vpc_id]}])
        return {group["GroupName"]: group for group in found["SecurityGroups"] if "nfs" in group["GroupName"]}

    def interfaces(self) -> list[str]:
        found = self.ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [self.vpc_id]}])
        return sorted(item["Description"] for item in found["NetworkInterfaces"])

    def clear(self) -> None:
        failures.put(self.server, Failures())
        for domain in self.sagemaker.list_domains()["Domains"]:
            domain_id = domain["DomainId"]
            for app in self.sagemaker.list_apps(DomainIdEquals=domain_id)["Apps"]:
                if app["Status"] == "InService":
                    kept = ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName")
                    self.sagemaker.delete_app(**{key: app[key] for key in kept if key in app})
            for space in self.sagemaker.list_spaces(DomainIdEquals=domain_id)["Spaces"]:
                self.sagemaker.delete_space(DomainId=domain_id, SpaceName=space["SpaceName"])
            for profile in self.sagemaker.list_user_profiles(DomainIdEquals=domain_id)["UserProfiles"]:
                self.sagemaker.delete_user_profile(DomainId=domain_id, UserProfileName=profile["UserProfileName"])
            self.sagemaker.delete_domain(DomainId=domain_id, RetentionPolicy={"HomeEfsFileSystem": "Delete"})
        for config in self.sagemaker.list_studio_lifecycle_configs()["StudioLifecycleConfigs"]:
            self.sagemaker.delete_studio_lifecycle_config(StudioLifecycleConfigName=config["StudioLifecycleConfigName"])


@pytest.fixture(scope="module")
def made(server: Server) -> Account:
    return Account(server)


@pytest.fixture
def account(made: Account) -> Iterator[Account]:
    yield made
    made.clear()


def refused(operation: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        operation(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_domain_is_described_as_it_was_made(account: Account) -> None:
    domain_id = account.create(KmsKeyId="1234", Tags=[{"Key": "Environment", "Value": "dev"}])
    described = account.domain(domain_id)
    assert (described["Status"], described["KmsKeyId"]) == ("InService", "1234")
    assert described["Url"] == f"https://{domain_id}.studio.us-east-1.sagemaker.aws"
    assert described["DefaultUserSettings"]["SecurityGroups"] == [account.group_id]
    [listed] = account.sagemaker.list_domains()["Domains"]
    assert listed["DomainArn"] == described["DomainArn"]


def test_a_domain_has_a_file_system_with_a_mount_target_in_each_zone(account: Account) -> None:
    described = account.domain(account.create(KmsKeyId="1234"))
    [found] = account.efs.describe_file_systems(FileSystemId=described["HomeEfsFileSystemId"])["FileSystems"]
    assert (found["Encrypted"], found["KmsKeyId"], found["NumberOfMountTargets"]) == (True, "1234", 2)
    assert {"Key": "ManagedByAmazonSageMakerResource", "Value": described["DomainArn"]} in found["Tags"]
    assert len([item for item in account.interfaces() if item.startswith("EFS mount target for fs-")]) == 2


def test_a_domain_has_two_security_groups_each_naming_the_other(account: Account) -> None:
    domain_id = account.create()
    inbound = account.groups()[f"security-group-for-inbound-nfs-{domain_id}"]
    outbound = account.groups()[f"security-group-for-outbound-nfs-{domain_id}"]
    assert inbound["IpPermissionsEgress"] == outbound["IpPermissions"] == []
    for rules, other in ((inbound["IpPermissions"], outbound), (outbound["IpPermissionsEgress"], inbound)):
        assert {pair["GroupId"] for rule in rules for pair in rule["UserIdGroupPairs"]} == {other["GroupId"]}
        assert 2049 in [rule["FromPort"] for rule in rules]


@pytest.mark.parametrize(
    ("policy", "left"),
    [({"RetentionPolicy": {"HomeEfsFileSystem": "Delete"}}, 0), ({}, 1)],
    ids=["deleted", "retained"],
)
def test_the_groups_outlive_a_domain_and_its_file_system_does_unless_it_is_to_go(
    account: Account, policy: dict[str, Any], left: int
) -> None:
    domain_id = account.create()
    file_system = account.domain(domain_id)["HomeEfsFileSystemId"]
    account.sagemaker.delete_domain(DomainId=domain_id, **policy)
    found = account.efs.describe_file_systems()["FileSystems"]
    assert [item["FileSystemId"] for item in found].count(file_system) == left
    assert len([name for name in account.groups() if name.endswith(domain_id)]) == 2
    assert refused(account.sagemaker.describe_domain, DomainId=domain_id)[0] == "ResourceNotFound"


def test_a_file_system_goes_some_time_after_its_domain(account: Account) -> None:
    domain_id = account.create()
    before = len(account.interfaces())
    failures.put(account.server, Failures(lingering_seconds=600))
    account.sagemaker.delete_domain(DomainId=domain_id, RetentionPolicy={"HomeEfsFileSystem": "Delete"})
    assert len(account.interfaces()) == before


def test_neither_a_vpc_nor_a_group_goes_while_sagemakers_groups_name_each_other(account: Account) -> None:
    domain_id = account.create()
    account.sagemaker.delete_domain(DomainId=domain_id, RetentionPolicy={"HomeEfsFileSystem": "Delete"})
    group = account.groups()[f"security-group-for-inbound-nfs-{domain_id}"]
    assert refused(account.ec2.delete_security_group, GroupId=group["GroupId"])[0] == "DependencyViolation"
    vpc_id = account.ec2.create_vpc(CidrBlock="10.8.0.0/24")["Vpc"]["VpcId"]
    group_id = account.ec2.create_security_group(GroupName="own", Description="own", VpcId=vpc_id)["GroupId"]
    assert refused(account.ec2.delete_vpc, VpcId=vpc_id)[0] == "DependencyViolation"
    account.ec2.delete_security_group(GroupId=group_id)
    account.ec2.delete_vpc(VpcId=vpc_id)


def test_an_update_changes_what_it_says_and_leaves_the_rest(account: Account) -> None:
    idle = {"LifecycleManagement": "ENABLED", "IdleTimeoutInMinutes": 60}
    lab = {"LifecycleConfigArns": [account.config()], "AppLifecycleManagement": {"IdleSettings": idle}}
    domain_id = account.create(settings={"JupyterLabAppSettings": lab})
    longer = {"AppLifecycleManagement": {"IdleSettings": {"IdleTimeoutInMinutes": 90}}}
    account.sagemaker.update_domain(DomainId=domain_id, DefaultUserSettings={"JupyterLabAppSettings": longer})
    after = account.domain(domain_id)["DefaultUserSettings"]
    assert after["ExecutionRole"] == ROLE
    assert after["JupyterLabAppSettings"] == {
        "LifecycleConfigArns": lab["LifecycleConfigArns"],
        "AppLifecycleManagement": {"IdleSettings": idle | {"IdleTimeoutInMinutes": 90}},
    }


def test_a_second_domain_of_the_same_name_is_refused(account: Account) -> None:
    account.create()
    with pytest.raises(ClientError, match="already exists"):
        account.create()


def test_a_domain_that_only_reaches_its_vpc_needs_security_groups_one_less_than_the_maximum(account: Account) -> None:
    account.create(settings={"SecurityGroups": [account.group_id] * 4})
    for groups in ([], [account.group_id] * 5):
        assert refused(account.create, settings={"SecurityGroups": groups})[0] == "ValidationException"


def test_subnets_of_another_vpc_and_unknown_lifecycle_configurations_are_refused(account: Account) -> None:
    with pytest.raises(ClientError, match="subnet-12345678 is not in the VPC"):
        account.create(SubnetIds=["subnet-12345678"])
    unknown = "arn:aws:sagemaker:us-east-1:111111111111:studio-lifecycle-config/gone"
    with pytest.raises(ClientError, match=r"studio-lifecycle-config/gone\] does not exist"):
        account.create(settings={"JupyterLabAppSettings": {"LifecycleConfigArns": [unknown]}})


def test_a_user_profile_is_described_changed_listed_and_deleted(account: Account) -> None:
    sagemaker, domain_id = account.sagemaker, account.create()
    for name in ("ana", "ben"):
        sagemaker.create_user_profile(DomainId=domain_id, UserProfileName=name, UserSettings={"ExecutionRole": ROLE})
    other = ROLE.replace("lab", "other")
    sagemaker.update_user_profile(DomainId=domain_id, UserProfileName="ben", UserSettings={"ExecutionRole": other})
    described = sagemaker.describe_user_profile(DomainId=domain_id, UserProfileName="ben")
    assert described["UserProfileArn"].endswith(f":user-profile/{domain_id}/ben")
    assert (described["Status"], described["UserSettings"]["ExecutionRole"]) == ("InService", other)
    assert described["HomeEfsFileSystemUid"] == "200002"
    sagemaker.delete_user_profile(DomainId=domain_id, UserProfileName="ana")
    listed = sagemaker.list_user_profiles(DomainIdEquals=domain_id)["UserProfiles"]
    assert [profile["UserProfileName"] for profile in listed] == ["ben"]
    again = refused(sagemaker.create_user_profile, DomainId=domain_id, UserProfileName="BEN")
    assert again[0] == "ResourceInUse"
    gone = refused(sagemaker.describe_user_profile, DomainId=domain_id, UserProfileName="ana")
    assert gone[0] == "ResourceNotFound"


def test_what_holds_something_cannot_be_deleted(account: Account) -> None:
    sagemaker, domain_id = account.sagemaker, account.create()
    profile = {"DomainId": domain_id, "UserProfileName": "ana"}
    sagemaker.create_user_profile(**profile)
    space = {"DomainId": domain_id, "SpaceName": "work"}
    sagemaker.create_space(**space, **PRIVATE)
    sagemaker.create_app(**space, **APP)
    arn = sagemaker.describe_user_profile(**profile)["UserProfileArn"]
    in_use = [
        refused(sagemaker.delete_domain, DomainId=domain_id),
        refused(sagemaker.delete_user_profile, **profile),
        refused(sagemaker.delete_space, **space),
    ]
    assert {code for code, _ in in_use} == {"ResourceInUse"}
    assert in_use[1][1] == f"Unable to delete UserProfile [{arn}] because Space(s) are associated with it."
    sagemaker.delete_app(**space, **APP)
    assert sagemaker.describe_app(**space, **APP)["Status"] == "Deleted"
    sagemaker.delete_space(**space)
    sagemaker.create_app(**profile, AppType="JupyterServer", AppName="default")
    assert "because App(s) are associated" in refused(sagemaker.delete_user_profile, **profile)[1]


def test_an_app_has_an_interface_for_as_long_as_it_runs(account: Account) -> None:
    sagemaker, domain_id = account.sagemaker, account.create()
    sagemaker.create_user_profile(DomainId=domain_id, UserProfileName="ana")
    space = {"DomainId": domain_id, "SpaceName": "work"}
    sagemaker.create_space(**space, **PRIVATE)
    sagemaker.create_app(**space, **APP)
    own = f"[DO NOT DELETE] ENI managed by SageMaker for Studio domain {domain_id}/work"
    assert account.interfaces().count(own) == 1
    sagemaker.delete_app(**space, **APP)
    assert account.interfaces().count(own) == 0


def test_apps_and_spaces_that_are_being_deleted_say_so_and_are_in_the_way(account: Account) -> None:
    sagemaker, domain_id = account.sagemaker, account.create()
    sagemaker.create_user_profile(DomainId=domain_id, UserProfileName="ana")
    space = {"DomainId": domain_id, "SpaceName": "work"}
    sagemaker.create_space(**space, **PRIVATE)
    sagemaker.create_app(**space, **APP)
    failures.put(account.server, Failures(lingering_seconds=1))
    sagemaker.delete_app(**space, **APP)
    assert sagemaker.describe_app(**space, **APP)["Status"] == "Deleting"
    assert refused(sagemaker.delete_space, **space)[0] == "ResourceInUse"
    assert refused(sagemaker.delete_app, **space, **APP)[0] == "ResourceInUse"
    while sagemaker.describe_app(**space, **APP)["Status"] != "Deleted":
        pass
    sagemaker.delete_space(**space)
    [listed] = sagemaker.list_spaces(DomainIdEquals=domain_id)["Spaces"]
    assert (listed["Status"], listed["OwnershipSettingsSummary"]["OwnerUserProfileName"]) == ("Deleting", "ana")
    while sagemaker.list_spaces(DomainIdEquals=domain_id)["Spaces"]:
        pass


def test_apps_are_listed_by_what_they_are_of(account: Account) -> None:
    sagemaker, domain_id = account.sagemaker, account.create()
    sagemaker.create_user_profile(DomainId=domain_id, UserProfileName="ana")
    sagemaker.create_app(DomainId=domain_id, UserProfileName="ana", AppType="JupyterServer", AppName="default")
    for name in ("one", "two"):
        sagemaker.create_space(DomainId=domain_id, SpaceName=name, **PRIVATE)
        sagemaker.create_app(DomainId=domain_id, SpaceName=name, **APP)
    assert len(sagemaker.list_apps(DomainIdEquals=domain_id)["Apps"]) == 3
    [found] = sagemaker.list_apps(DomainIdEquals=domain_id, SpaceNameEquals="two")["Apps"]
    assert (found["SpaceName"], found["AppType"], found["Status"]) == ("two", "JupyterLab", "InService")
    assert [app["UserProfileName"] for app in sagemaker.list_apps(UserProfileNameEquals="ana")["Apps"]] == ["ana"]
    both = refused(sagemaker.create_app, DomainId=domain_id, UserProfileName="ana", SpaceName="one", **APP)
    assert both[0] == "ValidationException"


def test_a_lifecycle_configuration_that_is_used_cannot_be_deleted(account: Account) -> None:
    sagemaker, arn = account.sagemaker, account.config()
    delete = {"StudioLifecycleConfigName": "script"}
    lab = {"LifecycleConfigArns": [arn], "DefaultResourceSpec": {"LifecycleConfigArn": arn}}
    domain_id = account.create(settings={"JupyterLabAppSettings": lab})
    assert "because Domain(s)" in refused(sagemaker.delete_studio_lifecycle_config, **delete)[1]
    sagemaker.create_user_profile(DomainId=domain_id, UserProfileName="ana")
    space = {"DomainId": domain_id, "SpaceName": "work"}
    sagemaker.create_space(**space, **PRIVATE)
    sagemaker.create_app(**space, **APP)
    assert sagemaker.describe_app(**space, **APP)["ResourceSpec"]["LifecycleConfigArn"] == arn
    other = account.config("other")
    lab = {"LifecycleConfigArns": [other], "DefaultResourceSpec": {"LifecycleConfigArn": other}}
    sagemaker.update_domain(DomainId=domain_id, DefaultUserSettings={"JupyterLabAppSettings": lab})
    assert "because App(s)" in refused(sagemaker.delete_studio_lifecycle_config, **delete)[1]
    sagemaker.delete_app(**space, **APP)
    sagemaker.delete_studio_lifecycle_config(**delete)
    gone = refused(sagemaker.describe_studio_lifecycle_config, **delete)
    assert gone == ("ResourceNotFound", "StudioLifecycleConfig [script] does not exist.")


def test_a_lifecycle_configuration_is_described_as_it_was_made_and_made_once(account: Account) -> None:
    account.config()
    described = account.sagemaker.describe_studio_lifecycle_config(StudioLifecycleConfigName="script")
    assert described["StudioLifecycleConfigContent"] == "IyEvYmluL2Jhc2gK"
    [listed] = account.sagemaker.list_studio_lifecycle_configs(AppTypeEquals="JupyterLab")["StudioLifecycleConfigs"]
    assert listed["StudioLifecycleConfigArn"] == described["StudioLifecycleConfigArn"]
    assert account.sagemaker.list_studio_lifecycle_configs(NameContains="other")["StudioLifecycleConfigs"] == []
    with pytest.raises(ClientError, match="already exists"):
        account.config()


def test_tags_of_all_five_can_be_read_and_changed(account: Account) -> None:
    sagemaker, tags = account.sagemaker, [{"Key": "Environment", "Value": "dev"}]
    domain_id = account.create(Tags=tags)
    sagemaker.create_user_profile(DomainId=domain_id, UserProfileName="ana", Tags=tags)
    space = sagemaker.create_space(DomainId=domain_id, SpaceName="work", Tags=tags, **PRIVATE)
    app = sagemaker.create_app(DomainId=domain_id, SpaceName="work", Tags=tags, **APP)
    profile = sagemaker.describe_user_profile(DomainId=domain_id, UserProfileName="ana")
    arns = [
        account.domain(domain_id)["DomainArn"],
        profile["UserProfileArn"],
        space["SpaceArn"],
        app["AppArn"],
        account.config(),
    ]
    for arn in arns[:4]:
        assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
    for arn in arns:
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "Environment", "Value": "prod"}])
        assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "Environment", "Value": "prod"}]
        sagemaker.delete_tags(ResourceArn=arn, TagKeys=["Environment"])
        assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []
    assert refused(sagemaker.list_tags, ResourceArn=f"{arns[1]}x")[0] == "ValidationException"
