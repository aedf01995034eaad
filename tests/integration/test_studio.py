"""Studio beside a notebook in a network of its own: deployed, changed and destroyed by Terraform on the local AWS, with
a user at work in it. One sequence; the tests ask for what it found on its way. Nothing but the local AWS showed it.
"""

import json
from base64 import b64decode
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from local_aws.server import strict
from local_aws.trials.lab import Lab, lab
from operations.deployer_policy import DeployerPolicy
from settings.network import NewNetworkSettings
from settings.studio import StudioSettings
from tests.support.iam_actions import actions_of
from tests.support.project import copy_project
from tests.support.synthesis import environment

DEV = """
from settings.bucket import BucketSettings
from settings.encryption_key import EncryptionKeySettings
from settings.endpoint import ProvisionedEndpointSettings
from settings.environment import EnvironmentSettings
from settings.network import NewNetworkSettings
from settings.notebook import NotebookSettings
from settings.notebook_delivery import NotebookDeliverySettings
from settings.studio import StudioSettings
from settings.variant import VariantSettings

SETTINGS = EnvironmentSettings(
    name="dev", region="us-east-1", protected=False, bucket=BucketSettings(force_destroy=True),
    encryption_key=EncryptionKeySettings(deletion_window_days=7), trainings=[],
    network=NewNetworkSettings(cidr_block="10.0.16.0/20"), notebook=NotebookSettings(),
    notebook_delivery=NotebookDeliverySettings(placeholders=["{placeholder}"]),
    studio=StudioSettings(user_profiles={users}, idle_stop_minutes={minutes}),
    endpoints=[ProvisionedEndpointSettings(production=VariantSettings())],
)
"""
WORK = {"SpaceName": "work"}
APP = {"AppType": "JupyterLab", "AppName": "default"}
PRIVATE = {"OwnershipSettings": {"OwnerUserProfileName": "ana"}, "SpaceSharingSettings": {"SharingType": "Private"}}
Found = dict[str, Any]


def write(made: Lab, *users: str, placeholder: str, minutes: int) -> None:
    settings = DEV.format(users=list(users), placeholder=placeholder, minutes=minutes)
    (made.project / "stacks/dev.py").write_text(settings)


def asked(made: Lab) -> Counter[str]:
    """How often each operation was asked for since the local AWS began."""
    return Counter(made.server.ask(strict.PATH)["held"])


def state_of(made: Lab) -> Found:
    """The domain, its users and the scripts, as SageMaker describes them."""
    sagemaker = made.client("sagemaker")
    [listed] = sagemaker.list_domains()["Domains"]
    domain = sagemaker.describe_domain(DomainId=listed["DomainId"])
    del domain["ResponseMetadata"]
    listed = sagemaker.list_studio_lifecycle_configs()["StudioLifecycleConfigs"]
    described = [
        sagemaker.describe_studio_lifecycle_config(StudioLifecycleConfigName=item["StudioLifecycleConfigName"])
        for item in listed
    ]
    return {
        "domain": domain,
        "users": [item["UserProfileName"] for item in sagemaker.list_user_profiles()["UserProfiles"]],
        "scripts": {
            item["StudioLifecycleConfigArn"]: b64decode(item["StudioLifecycleConfigContent"]).decode()
            for item in described
        },
    }


def told(script: str) -> Any:
    """The settings that a script writes to settings.json."""
    _, between, rest = script.partition("<<'END_OF_SETTINGS'\n")
    assert between
    return json.loads(rest.partition("\nEND_OF_SETTINGS\n")[0])


def studio(folder: Path) -> Found:
    found: Found = {}
    project = copy_project(folder / "project")
    (project / "stacks/dev.py").write_text(DEV.format(users=["ana"], placeholder="<FIRST>", minutes=60))
    releases = json.loads((project / "releases.json").read_text())
    releases["environments"]["dev"] = {}  # no endpoint: that is others' test
    (project / "releases.json").write_text(json.dumps(releases))
    with lab(folder, project=project) as made:
        made.applied()
        made.nothing_to_change()
        operations = asked(made)
        found["first"] = state_of(made)
        sagemaker, domain = made.client("sagemaker"), {"DomainId": found["first"]["domain"]["DomainId"]}
        sagemaker.create_space(**domain, **WORK, **PRIVATE)
        sagemaker.create_app(**domain, **WORK, **APP)

        write(made, "ana", "ben", placeholder="<SECOND>", minutes=90)
        found["while an app runs"] = made.finished(made.start_deploy())
        found["unchanged"] = state_of(made)
        made.type_commands(found["while an app runs"])
        before = asked(made)
        found["changed"] = made.finished(made.start_deploy())
        made.nothing_to_change()
        operations += asked(made) - before
        found["second"] = state_of(made)

        sagemaker.create_app(**domain, **WORK, **APP)
        there = made.inventory()
        found["destroy while an app runs"] = made.operation("deploy", "--verb", "destroy")
        found["destroyed meanwhile"] = sorted(set(there) - set(made.inventory()))
        made.type_commands(found["destroy while an app runs"])
        made.fail(lingering_seconds=8)
        before = asked(made)
        found["destroyed"] = made.operation("deploy", "--verb", "destroy")
        found["operations"] = set(operations + (asked(made) - before))
        found["left"] = made.inventory()
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return studio(tmp_path_factory.mktemp("studio"))


def test_a_domain_is_in_the_environments_network_alone_with_its_key(found: Found) -> None:
    domain = found["first"]["domain"]
    assert (domain["AuthMode"], domain["AppNetworkAccessType"]) == ("IAM", "VpcOnly")
    assert domain["KmsKeyId"].startswith("arn:aws:kms:")
    assert found["first"]["users"] == ["ana"]


def test_a_script_that_an_app_runs_is_in_the_way_of_another_and_nothing_is_begun(found: Found) -> None:
    refused, domain_id = found["while an app runs"], found["first"]["domain"]["DomainId"]
    assert refused.code == 1
    assert "Studio: the app JupyterLab default of the space work runs with the script that goes" in refused.printed
    assert f"aws sagemaker delete-app --region us-east-1 --domain-id {domain_id} --space-name work" in refused.printed
    assert "delete-space" not in refused.printed
    assert found["unchanged"] == found["first"]


def test_a_user_more_another_script_and_other_minutes_change_the_domain_in_place(found: Found) -> None:
    assert found["changed"].code == 0, found["changed"].printed
    first, second = found["first"], found["second"]
    assert second["domain"]["DomainArn"] == first["domain"]["DomainArn"]
    assert sorted(second["users"]) == ["ana", "ben"]
    jupyter_lab = second["domain"]["DefaultUserSettings"]["JupyterLabAppSettings"]
    assert jupyter_lab["AppLifecycleManagement"]["IdleSettings"]["IdleTimeoutInMinutes"] == 90
    assert [*second["scripts"]] == [jupyter_lab["BuiltInLifecycleConfigArn"]]
    assert not second["scripts"].keys() & first["scripts"].keys()


def test_the_script_knows_its_environment(found: Found) -> None:
    [first], [second] = ([told(script) for script in found[name]["scripts"].values()] for name in ("first", "second"))
    domain = found["first"]["domain"]
    assert set(first["placeholders"]["<SUBNET_IDS>"].split(",")) == set(domain["SubnetIds"])
    assert first["placeholders"]["<KMS_KEY_ARN>"] == domain["KmsKeyId"]
    assert first["placeholders"]["<FIRST>"] == second["placeholders"]["<SECOND>"] == first["bucket"]
    assert "<FIRST>" not in second["placeholders"]


def test_a_destroy_names_the_apps_and_spaces_in_the_way_before_anything_goes(found: Found) -> None:
    refused = found["destroy while an app runs"]
    assert refused.code == 1
    for said in (
        "Studio: the app JupyterLab default of the space work runs:",
        "Studio: the space work of ana is there, and its files go with it:",
        "nothing was begun: these first, an app before its space, then destroy again",
    ):
        assert said in refused.printed
    assert found["destroyed meanwhile"] == []


def test_a_destroy_leaves_nothing_though_sagemaker_frees_the_network_later(found: Found) -> None:
    assert found["destroyed"].code == 0, found["destroyed"].printed
    assert found["left"] == []


def test_the_deployers_policy_allows_every_operation_of_all_this(found: Found) -> None:
    operations: set[str] = found["operations"]
    assert {"sagemaker.UpdateDomain", "sagemaker.DeleteDomain", "ec2.RevokeSecurityGroupEgress"} <= operations
    settings = environment(
        "dev",
        trainings=[],
        network=NewNetworkSettings(cidr_block="10.0.16.0/20"),
        studio=StudioSettings(user_profiles=["ana", "ben"]),
    ).settings
    statements = DeployerPolicy(settings=settings, account_id="1" * 12).statements
    allowed = {action for statement in statements for action in statement.actions}
    asked_for = {action for operation in operations for action in actions_of(operation)}
    assert asked_for - allowed == {"sts:AssumeRole"}  # the lab's own, by which it is in the account
