"""The apps and spaces of Studio's users that stand in the way of a plan: Terraform knows nothing of them, and SageMaker
deletes no domain or user profile that has any, and no lifecycle configuration that an app runs.

https://docs.aws.amazon.com/sagemaker/latest/dg/domain-user-profile-remove.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteStudioLifecycleConfig.html
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from operations.answers import answer_if_allowed
from operations.terraform_state import TerraformState
from stacks.synthesized_stack import OperationError, SynthesizedStack

DOMAIN, PROFILE = "aws_sagemaker_domain", "aws_sagemaker_user_profile"
SCRIPT = "aws_sagemaker_studio_lifecycle_config"
# As Terraform plans them: https://developer.hashicorp.com/terraform/internals/machine-readable-ui#planned-change
GOING = ("delete", "replace")
# In nobody's way, though SageMaker lists them for a day: https://docs.aws.amazon.com/sagemaker/latest/dg/gs-studio-delete-domain.html
ENDED = ("Deleted", "Failed")

# Of the aws command line, for what names an app or a space.
OPTIONS = {
    "DomainId": "--domain-id",
    "UserProfileName": "--user-profile-name",
    "SpaceName": "--space-name",
    "AppType": "--app-type",
    "AppName": "--app-name",
}


def refuse_studio_in_use(
    stack: SynthesizedStack,
    state: TerraformState,
    sagemaker: Any,  # noqa: ANN401 - boto3's client
    verb: str,
    actions: Mapping[str, str],
) -> None:
    """`actions` are the plan's, by address. Raises OperationError with each app and space in the way, and the command
    that deletes it."""
    found = StudioInUse(actions=actions, state=state, sagemaker=sagemaker, region=stack.region)
    lines = list(found.lines())
    if lines:
        raise OperationError(
            "\n".join([*lines, f"nothing was begun: these first, an app before its space, then {verb} again"])
        )


@dataclass(frozen=True, kw_only=True)
class StudioInUse:
    """What a plan would take away of what `state` has, and what users have in it."""

    actions: Mapping[str, str]
    state: TerraformState
    sagemaker: Any
    region: str

    def lines(self) -> Iterator[str]:
        for domain_id in self._domain_ids:
            yield from self._in_the_way(domain_id)

    @property
    def _domain_ids(self) -> list[str]:
        """Those that are there, where something of Studio is to go."""
        if not any(self._going(kind) for kind in (DOMAIN, PROFILE, SCRIPT)):
            return []
        known = [str(item.values["id"]) for item in self.state.of_type(DOMAIN)]
        return [name for name in known if answer_if_allowed(self.sagemaker.describe_domain, DomainId=name)]

    def _going(self, kind: str) -> list[Mapping[str, Any]]:
        return [item.values for item in self.state.of_type(kind) if self.actions.get(item.address) in GOING]

    def _in_the_way(self, domain_id: str) -> Iterator[str]:
        whole = domain_id in [values["id"] for values in self._going(DOMAIN)]
        profiles = {values["user_profile_name"] for values in self._going(PROFILE) if values["domain_id"] == domain_id}
        scripts = {values["arn"] for values in self._going(SCRIPT)}
        spaces = [space for space in self._listed("spaces", domain_id) if whole or _owner(space) in profiles]
        theirs = {space["SpaceName"] for space in spaces}
        for app in self._listed("apps", domain_id):
            if app["Status"] in ENDED:
                continue
            if whole or app.get("UserProfileName") in profiles or app.get("SpaceName") in theirs:
                yield from self._app(app, "")
            elif scripts & self._scripts(app):
                yield from self._app(app, " with the script that goes; its files stay")
        for space in spaces:
            yield from self._space(space)

    def _listed(self, what: str, domain_id: str) -> list[dict[str, Any]]:
        pages = self.sagemaker.get_paginator(f"list_{what}").paginate(DomainIdEquals=domain_id)
        return [item for page in pages for item in page[what.capitalize()]]

    def _scripts(self, app: Mapping[str, Any]) -> set[str]:
        """The ARNs of those that it has run."""
        described = answer_if_allowed(self.sagemaker.describe_app, **_address(app))
        spec = described.get("ResourceSpec", {})
        return {spec.get("LifecycleConfigArn", ""), described.get("BuiltInLifecycleConfigArn", "")}

    def _app(self, app: Mapping[str, Any], why: str) -> Iterator[str]:
        of = f"the space {app['SpaceName']}" if "SpaceName" in app else f"the user {app['UserProfileName']}"
        named = f"Studio: the app {app['AppType']} {app['AppName']} of {of}"
        if app["Status"] == "InService":
            yield f"{named} runs{why}:"
            yield self._command("delete-app", _address(app))
        else:
            yield f"{named} is {app['Status']}: wait until it is no longer"

    def _space(self, space: Mapping[str, Any]) -> Iterator[str]:
        named = f"Studio: the space {space['SpaceName']} of {_owner(space) or 'all'}"
        if space["Status"] == "Deleting":
            yield f"{named} is being deleted: wait until it is gone"
            return
        yield f"{named} is there, and its files go with it:"
        yield self._command("delete-space", {"DomainId": space["DomainId"], "SpaceName": space["SpaceName"]})

    def _command(self, verb: str, address: Mapping[str, str]) -> str:
        options = [part for key, value in address.items() for part in (OPTIONS[key], value)]
        return f"  aws sagemaker {shlex.join([verb, '--region', self.region, *options])}"


def _address(app: Mapping[str, Any]) -> dict[str, str]:
    return {key: app[key] for key in OPTIONS if key in app}


def _owner(space: Mapping[str, Any]) -> str | None:
    """None of a space that its domain's people share."""
    owner: str | None = space.get("OwnershipSettingsSummary", {}).get("OwnerUserProfileName")
    return owner
