"""Users' apps and spaces in Studio that a plan would run into are told before anything is begun."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from operations.studio_in_use import refuse_studio_in_use
from operations.terraform_state import KeptResource, TerraformState
from stacks.synthesized_stack import OperationError, SynthesizedStack
from tests.support.played import Played, raised, refusal

ID = "d-abcdefghijkl"
NOW = datetime(2026, 11, 27, tzinfo=UTC)
SCRIPT = "arn:aws:sagemaker:us-east-1:111111111111:studio-lifecycle-config/ml-dev-12345678"
STATE = TerraformState(
    resources=[
        KeptResource(type="aws_sagemaker_domain", name="studio", values={"id": ID}),
        KeptResource(type="aws_sagemaker_studio_lifecycle_config", name="script", values={"arn": SCRIPT}),
        *(
            KeptResource(
                type="aws_sagemaker_user_profile",
                name=name,
                values={"domain_id": ID, "user_profile_name": name},
            )
            for name in ("ana", "ben")
        ),
    ]
)
DOMAIN, ANA = "aws_sagemaker_domain.studio", "aws_sagemaker_user_profile.ana"
SCRIPT_ADDRESS = "aws_sagemaker_studio_lifecycle_config.script"
COMMAND = f"  aws sagemaker delete-{{}} --region us-east-1 --domain-id {ID} "


class Stack(SynthesizedStack):
    region = "us-east-1"


def space(name: str, owner: str | None, status: str = "InService") -> dict[str, Any]:
    owned = {} if owner is None else {"OwnershipSettingsSummary": {"OwnerUserProfileName": owner}}
    return {"DomainId": ID, "SpaceName": name, "Status": status, "CreationTime": NOW, **owned}


def app(status: str = "InService", **owner: str) -> dict[str, Any]:
    of = owner or {"SpaceName": "work"}
    return {"DomainId": ID, "AppType": "JupyterLab", "AppName": "default", "Status": status, "CreationTime": NOW, **of}


def refused(
    actions: dict[str, str],
    *,
    spaces: tuple[dict[str, Any], ...] = (),
    apps: tuple[dict[str, Any], ...] = (),
    described: dict[str, Any] | None = None,
) -> list[str]:
    """The lines, without the last one that ends them all."""
    played = Played(
        sagemaker={
            "DescribeDomain": lambda **_: {"DomainId": ID},
            "ListSpaces": lambda **_: {"Spaces": [*spaces]},
            "ListApps": lambda **_: {"Apps": [*apps]},
            "DescribeApp": lambda **_: described or {},
        }
    )
    try:
        refuse_studio_in_use(Stack(folder=Path(), variables={}), STATE, played.client("sagemaker"), "destroy", actions)
    except OperationError as error:
        *lines, last = str(error).splitlines()
        assert last == "nothing was begun: these first, an app before its space, then destroy again"
        return lines
    return []


def test_of_a_domain_that_goes_every_app_and_space_is_named_with_what_deletes_it() -> None:
    said = refused(
        {DOMAIN: "delete"},
        spaces=(space("work", "ana"), space("all-hands", None)),
        apps=(app(), app(UserProfileName="ben")),
    )
    assert said == [
        "Studio: the app JupyterLab default of the space work runs:",
        f"{COMMAND.format('app')}--space-name work --app-type JupyterLab --app-name default",
        "Studio: the app JupyterLab default of the user ben runs:",
        f"{COMMAND.format('app')}--user-profile-name ben --app-type JupyterLab --app-name default",
        "Studio: the space work of ana is there, and its files go with it:",
        f"{COMMAND.format('space')}--space-name work",
        "Studio: the space all-hands of all is there, and its files go with it:",
        f"{COMMAND.format('space')}--space-name all-hands",
    ]


@pytest.mark.parametrize("action", ["delete", "replace"])
def test_of_a_user_who_goes_only_their_own_is_named(action: str) -> None:
    spaces = (space("work", "ana"), space("other", "ben"))
    apps = (app(), app(SpaceName="other"), app(UserProfileName="ana"))
    said = refused({ANA: action}, spaces=spaces, apps=apps)
    assert [line.split(" of ")[0] for line in said if line.startswith("Studio")] == [
        "Studio: the app JupyterLab default",
        "Studio: the app JupyterLab default",
        "Studio: the space work",
    ]
    assert not [line for line in said if "other" in line]


@pytest.mark.parametrize(
    "described", [{"ResourceSpec": {"LifecycleConfigArn": SCRIPT}}, {"BuiltInLifecycleConfigArn": SCRIPT}]
)
def test_a_script_that_goes_is_in_the_way_of_nothing_but_the_apps_that_run_it(described: dict[str, Any]) -> None:
    spaces, actions = (space("work", "ana"),), {SCRIPT_ADDRESS: "replace"}
    said = refused(actions, spaces=spaces, apps=(app(),), described=described)
    assert (
        said[0]
        == "Studio: the app JupyterLab default of the space work runs with the script that goes; its files stay:"
    )
    assert len(said) == 2
    assert refused(actions, spaces=spaces, apps=(app(),)) == []


def test_what_has_ended_is_in_nobodys_way_and_what_is_about_to_is_waited_for() -> None:
    apps = (app("Deleted"), app("Failed"), app("Deleting"), app("Pending"))
    said = refused({DOMAIN: "delete"}, spaces=(space("work", "ana", "Deleting"),), apps=apps)
    assert said == [
        "Studio: the app JupyterLab default of the space work is Deleting: wait until it is no longer",
        "Studio: the app JupyterLab default of the space work is Pending: wait until it is no longer",
        "Studio: the space work of ana is being deleted: wait until it is gone",
    ]


@pytest.mark.parametrize("action", ["create", "update", "read", "no-op"])
def test_nothing_is_asked_where_nothing_of_studio_goes(action: str) -> None:
    assert refused(dict.fromkeys((DOMAIN, ANA, SCRIPT_ADDRESS), action), spaces=(space("work", "ana"),)) == []


def test_a_domain_that_is_not_there_any_more_is_in_nobodys_way() -> None:
    played = Played(sagemaker={"DescribeDomain": lambda **_: raised(refusal("ResourceNotFound"))})
    stack = Stack(folder=Path(), variables={})
    refuse_studio_in_use(stack, STATE, played.client("sagemaker"), "destroy", {DOMAIN: "delete"})
    assert played.operations() == ["sagemaker.DescribeDomain"]
