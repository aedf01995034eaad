"""Gap: moto's Studio is a domain that cannot be changed and holds nothing: no user profile, space, app or lifecycle
configuration. Its CreateDomain tells no id, and an id that is not there is a ValidationException.

Here all five are made, changed, listed and deleted, with SageMaker's refusals: a domain that has user profiles or
spaces, a profile that has apps or spaces, a space that has apps, and a lifecycle configuration that a domain, a profile
or an app that runs still names, stay. An app that is deleted is listed as Deleted; one that failed is in nobody's way.
https://docs.aws.amazon.com/sagemaker/latest/dg/gs-studio-delete-domain.html
https://docs.aws.amazon.com/sagemaker/latest/dg/domain-user-profile-remove.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteStudioLifecycleConfig.html
Of its texts only those for a profile are known (https://github.com/aws/amazon-sagemaker-feedback/issues/113); the
others are worded like them.
"""

import copy
import json
import secrets
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.ec2.exceptions import InvalidSubnetIdError
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, ValidationError
from moto.sagemaker.models import BaseObject, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from local_aws.server.gaps import studio_network
from local_aws.server.gaps.studio_network import StudioNetwork
from local_aws.server.pages import Keys, page

# Of an app: no longer, or never, in anybody's way.
ENDED = ("Deleted", "Failed")
DOMAIN_ID_CHARACTERS = 12
FIRST_USER_ID = 200_001  # of the homes in the file system
# "The number of security groups that you can specify is one less than the maximum number shown", which is 5:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UserSettings.html#sagemaker-Type-UserSettings-SecurityGroups
MAX_SECURITY_GROUPS = 4
# What Terraform's provider takes from the answer where the request leaves it out, in AWS's own values.
USER_DEFAULTS = {
    "AutoMountHomeEFS": "Enabled",
    "SpaceStorageSettings": {
        "DefaultEbsStorageSettings": {"DefaultEbsVolumeSizeInGb": 5, "MaximumEbsVolumeSizeInGb": 100}
    },
}
TIMES: Keys[Any] = {
    "CreationTime": lambda kept: kept.created,
    "LastModifiedTime": lambda kept: kept.changed,
    "Name": lambda kept: kept.name,
}


@dataclass(kw_only=True)
class Kept(BaseObject):
    """One of the five. `told` is what requests say that is described again; moto reads its `arn` and `tags`."""

    name: str
    arn: str
    told: dict[str, Any]
    tags: list[dict[str, str]]
    status: str = "InService"
    created: datetime = field(default_factory=utcnow)
    changed: datetime = field(default_factory=utcnow)

    @property
    def times(self) -> dict[str, datetime]:
        return {"CreationTime": self.created, "LastModifiedTime": self.changed}

    def gen_response_object(self) -> dict[str, Any]:
        return {**self.told, **self.times}


@dataclass(kw_only=True)
class Person(Kept):
    """A user profile."""

    user_id: str


@dataclass(kw_only=True)
class App(Kept):
    interface_id: str


@dataclass(kw_only=True)
class Domain(Kept):
    """By its id; what is in it by name, an app by its owner, type and name."""

    network: StudioNetwork
    url: str
    profiles: dict[str, Person] = field(default_factory=dict)
    spaces: dict[str, Kept] = field(default_factory=dict)
    apps: dict[tuple[str, str, str], App] = field(default_factory=dict)
    people: int = 0

    @property
    def running(self) -> list[App]:
        return [app for app in self.apps.values() if app.status not in ENDED]

    def apps_of(self, owner_field: str, name: str) -> list[App]:
        return [app for app in self.running if app.told.get(owner_field) == name]


def fill() -> None:
    operations: dict[str, Callable[[SageMakerResponse], ActionResult]] = {
        "create_domain": _create_domain,
        "describe_domain": _describe_domain,
        "update_domain": _update_domain,
        "list_domains": _list_domains,
        "delete_domain": _delete_domain,
        "create_user_profile": _create_user_profile,
        "describe_user_profile": _describe_user_profile,
        "update_user_profile": _update_user_profile,
        "list_user_profiles": _list_user_profiles,
        "delete_user_profile": _delete_user_profile,
        "create_studio_lifecycle_config": _create_lifecycle_config,
        "describe_studio_lifecycle_config": _describe_lifecycle_config,
        "list_studio_lifecycle_configs": _list_lifecycle_configs,
        "delete_studio_lifecycle_config": _delete_lifecycle_config,
        "create_space": _create_space,
        "describe_space": _describe_space,
        "update_space": _update_space,
        "list_spaces": _list_spaces,
        "delete_space": _delete_space,
        "create_app": _create_app,
        "describe_app": _describe_app,
        "list_apps": _list_apps,
        "delete_app": _delete_app,
    }
    for name, operation in operations.items():
        setattr(SageMakerResponse, name, operation)


def tagged(backend: SageMakerModelBackend, arn: str) -> Kept | None:
    """What has that ARN, if it is one of the five."""
    everything: Iterable[Kept] = _lifecycle_configs(backend).values()
    for domain in _domains(backend).values():
        everything = [*everything, domain, *domain.profiles.values(), *domain.spaces.values(), *domain.apps.values()]
    return next((kept for kept in everything if kept.arn == arn), None)


def _domains(backend: SageMakerModelBackend) -> dict[str, Domain]:
    kept: Any = backend.domains
    domains: dict[str, Domain] = kept
    return domains


def _lifecycle_configs(backend: SageMakerModelBackend) -> dict[str, Kept]:
    configs: dict[str, Kept] = backend.__dict__.setdefault("studio_lifecycle_configs", {})
    return configs


def _request(call: SageMakerResponse) -> dict[str, Any]:
    request: dict[str, Any] = json.loads(call.body)
    return request


def _arn(call: SageMakerResponse, resource: str) -> str:
    return f"arn:{call.partition}:sagemaker:{call.region}:{call.current_account}:{resource}"


def _domain(call: SageMakerResponse) -> Domain:
    domain_id = _request(call)["DomainId"]
    found = _domains(call.sagemaker_backend).get(domain_id)
    if found is None:
        raise ResourceNotFound(message=f"Domain [{_arn(call, f'domain/{domain_id}')}] does not exist.")
    return found


def _in(kind: str, kept: Mapping[Any, Any], name: Any) -> Any:  # noqa: ANN401
    if name not in kept:
        raise ResourceNotFound(message=f"{kind} [{name}] does not exist.")
    return kept[name]


def _merged(old: Any, new: Any) -> Any:  # noqa: ANN401
    """What an update leaves out stays as it is: "to remove a lifecycle config, you must set LifecycleConfigArns to an
    empty list". https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_JupyterLabAppSettings.html"""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return copy.deepcopy(new)
    return old | {key: _merged(old.get(key), value) for key, value in new.items()}


def _named_configs(settings: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a request
    """The ARNs of all lifecycle configurations that settings name."""
    if isinstance(settings, dict):
        for key, value in settings.items():
            if key == "LifecycleConfigArns":
                yield from value
            elif key in ("LifecycleConfigArn", "BuiltInLifecycleConfigArn"):
                yield value
            else:
                yield from _named_configs(value)


def _refuse_unknown_configs(call: SageMakerResponse, settings: Any) -> None:  # noqa: ANN401
    known = {config.arn for config in _lifecycle_configs(call.sagemaker_backend).values()}
    for arn in sorted(set(_named_configs(settings)) - known - {"None"}):
        raise ValidationError(message=f"StudioLifecycleConfig [{arn}] does not exist.")


def _refuse_in_use(kind: str, kept: Kept, holders: Mapping[str, Iterable[Kept]]) -> None:
    for name, held in holders.items():
        if any(True for _ in held):
            raise ResourceInUseException(
                message=f"Unable to delete {kind} [{kept.arn}] because {name}(s) are associated with it."
            )


def _create_domain(call: SageMakerResponse) -> ActionResult:
    request = _request(call)
    _refuse_wrong_place(call, request)
    _refuse_unknown_configs(call, request)
    for other in _domains(call.sagemaker_backend).values():
        if other.told["DomainName"] == request["DomainName"]:
            raise ResourceInUseException(
                message=f"Resource Already Exists: Domain with name {request['DomainName']} already exists. Choose a "
                "different name."
            )
    letters = string.ascii_lowercase + string.digits
    domain_id = "d-" + "".join(secrets.choice(letters) for _ in range(DOMAIN_ID_CHARACTERS))
    arn = _arn(call, f"domain/{domain_id}")
    network = studio_network.make(
        call,
        domain_id=domain_id,
        domain_arn=arn,
        vpc_id=request["VpcId"],
        subnet_ids=request["SubnetIds"],
        key=request.get("KmsKeyId"),
    )
    tags = request.pop("Tags", [])
    request["DefaultUserSettings"] = USER_DEFAULTS | request["DefaultUserSettings"]
    made = Domain(
        name=domain_id,
        arn=arn,
        told={"AppNetworkAccessType": "PublicInternetOnly", "TagPropagation": "DISABLED", **request},
        tags=tags,
        network=network,
        url=f"https://{domain_id}.studio.{call.region}.sagemaker.aws",
    )
    _domains(call.sagemaker_backend)[domain_id] = made
    return ActionResult({"DomainArn": arn, "DomainId": domain_id, "Url": made.url})


def _refuse_wrong_place(call: SageMakerResponse, request: Mapping[str, Any]) -> None:
    """Subnets and security groups that are not the VPC's, and what VpcOnly asks for."""
    vpc_id, ec2 = request.get("VpcId", ""), studio_network.ec2_of(call)
    for subnet_id in request.get("SubnetIds", []):
        try:
            found = ec2.get_subnet(subnet_id).vpc_id
        except InvalidSubnetIdError:
            found = None
        if found != vpc_id:
            raise ValidationError(message=f"The subnet {subnet_id} is not in the VPC {vpc_id}.")
    groups = request["DefaultUserSettings"].get("SecurityGroups", [])
    for group_id in groups:
        if group_id not in ec2.groups.get(vpc_id, {}):
            raise ValidationError(message=f"The security group {group_id} is not in the VPC {vpc_id}.")
    if request.get("AppNetworkAccessType") == "VpcOnly" and not groups:
        raise ValidationError(message="SecurityGroups are required when AppNetworkAccessType is VpcOnly.")
    if len(groups) > MAX_SECURITY_GROUPS:
        raise ValidationError(message=f"At most {MAX_SECURITY_GROUPS} SecurityGroups can be specified.")


def _describe_domain(call: SageMakerResponse) -> ActionResult:
    domain = _domain(call)
    described = {
        "DomainArn": domain.arn,
        "DomainId": domain.name,
        "Status": domain.status,
        "Url": domain.url,
        "HomeEfsFileSystemId": domain.network.file_system_id,
        **domain.told,
        **domain.times,
    }
    if "KmsKeyId" in described:
        described["HomeEfsFileSystemKmsKeyId"] = described["KmsKeyId"]
    return ActionResult(copy.deepcopy(described))


def _update_domain(call: SageMakerResponse) -> ActionResult:
    domain, request = _domain(call), _request(call)
    del request["DomainId"]
    if "DomainSettingsForUpdate" in request:
        request["DomainSettings"] = request.pop("DomainSettingsForUpdate")
    _refuse_unknown_configs(call, request)
    after = _merged(domain.told, request)
    _refuse_wrong_place(call, after)
    # "If removing subnets, ensure there are no apps":
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateDomain.html
    if set(domain.told["SubnetIds"]) - set(after["SubnetIds"]) and domain.running:
        raise ResourceInUseException(message=f"Unable to update Domain [{domain.arn}]: App(s) use its subnets.")
    domain.told, domain.changed = after, utcnow()
    return ActionResult({"DomainArn": domain.arn})


def _list_domains(call: SageMakerResponse) -> ActionResult:
    found, token = page(
        _domains(call.sagemaker_backend).values(),
        _request(call),
        keys=TIMES,
        default_key="CreationTime",
        default_order="Ascending",
    )
    told = [
        {
            "DomainArn": domain.arn,
            "DomainId": domain.name,
            "DomainName": domain.told["DomainName"],
            "Status": domain.status,
            "Url": domain.url,
            **domain.times,
        }
        for domain in found
    ]
    return ActionResult({"Domains": told, **token})


def _delete_domain(call: SageMakerResponse) -> EmptyResult:
    domain = _domain(call)
    _refuse_in_use("Domain", domain, {"UserProfile": domain.profiles.values(), "Space": domain.spaces.values()})
    if _request(call).get("RetentionPolicy", {}).get("HomeEfsFileSystem") == "Delete":
        studio_network.delete_file_system(call, domain.network)
    del _domains(call.sagemaker_backend)[domain.name]
    return EmptyResult()


def _create_user_profile(call: SageMakerResponse) -> ActionResult:
    domain, request = _domain(call), _request(call)
    name = request["UserProfileName"]
    if name.lower() in map(str.lower, domain.profiles):  # "This value is not case sensitive"
        raise ResourceInUseException(message=f"UserProfile {name} already exists in domain {domain.name}.")
    _refuse_unknown_configs(call, request)
    tags = request.pop("Tags", [])
    made = Person(
        name=name,
        arn=_arn(call, f"user-profile/{domain.name}/{name.lower()}"),
        told=request,
        tags=tags,
        user_id=str(FIRST_USER_ID + domain.people),
    )
    domain.people += 1
    domain.profiles[name] = made
    return ActionResult({"UserProfileArn": made.arn})


def _profile(call: SageMakerResponse) -> Person:
    found: Person = _in("UserProfile", _domain(call).profiles, _request(call)["UserProfileName"])
    return found


def _describe_user_profile(call: SageMakerResponse) -> ActionResult:
    profile = _profile(call)
    described = {"UserProfileArn": profile.arn, "HomeEfsFileSystemUid": profile.user_id, "Status": profile.status}
    return ActionResult(copy.deepcopy({**described, **profile.told, **profile.times}))


def _update_user_profile(call: SageMakerResponse) -> ActionResult:
    profile = _profile(call)
    _refuse_unknown_configs(call, _request(call))
    profile.told, profile.changed = _merged(profile.told, _request(call)), utcnow()
    return ActionResult({"UserProfileArn": profile.arn})


def _listed(call: SageMakerResponse, kept: Iterable[Kept], name_field: str) -> tuple[list[Any], dict[str, str]]:
    """The page of profiles, spaces or apps that the request asks for."""
    request = _request(call)
    equals = {
        key.removesuffix("Equals"): value for key, value in request.items() if key.endswith("Equals")
    }  # DomainIdEquals, UserProfileNameEquals, SpaceNameEquals
    part = request.get(f"{name_field}Contains", "")
    found = [item for item in kept if part in item.name and equals.items() <= item.told.items()]
    return page(found, request, keys=TIMES, default_key="CreationTime", default_order="Ascending")


def _of_all(call: SageMakerResponse, held: Callable[[Domain], Mapping[Any, Any]]) -> list[Any]:
    return [item for domain in _domains(call.sagemaker_backend).values() for item in held(domain).values()]


def _list_user_profiles(call: SageMakerResponse) -> ActionResult:
    found, token = _listed(call, _of_all(call, lambda domain: domain.profiles), "UserProfileName")
    told = [
        {
            "DomainId": profile.told["DomainId"],
            "UserProfileName": profile.name,
            "Status": profile.status,
            **profile.times,
        }
        for profile in found
    ]
    return ActionResult({"UserProfiles": told, **token})


def _delete_user_profile(call: SageMakerResponse) -> EmptyResult:
    domain, profile = _domain(call), _profile(call)
    owned = [
        space
        for space in domain.spaces.values()
        if space.told.get("OwnershipSettings", {}).get("OwnerUserProfileName") == profile.name
    ]
    apps = domain.apps_of("UserProfileName", profile.name)
    _refuse_in_use("UserProfile", profile, {"App": apps, "Space": owned})
    del domain.profiles[profile.name]
    return EmptyResult()


def _create_lifecycle_config(call: SageMakerResponse) -> ActionResult:
    request, configs = _request(call), _lifecycle_configs(call.sagemaker_backend)
    name = request["StudioLifecycleConfigName"]
    if name in configs:
        raise ResourceInUseException(message=f"StudioLifecycleConfig {name} already exists.")
    tags = request.pop("Tags", [])
    made = Kept(name=name, arn=_arn(call, f"studio-lifecycle-config/{name.lower()}"), told=request, tags=tags)
    configs[name] = made
    return ActionResult({"StudioLifecycleConfigArn": made.arn})


def _lifecycle_config(call: SageMakerResponse) -> Kept:
    name = _request(call)["StudioLifecycleConfigName"]
    found: Kept = _in("StudioLifecycleConfig", _lifecycle_configs(call.sagemaker_backend), name)
    return found


def _describe_lifecycle_config(call: SageMakerResponse) -> ActionResult:
    config = _lifecycle_config(call)
    return ActionResult({"StudioLifecycleConfigArn": config.arn, **config.told, **config.times})


def _list_lifecycle_configs(call: SageMakerResponse) -> ActionResult:
    request = _request(call)
    app_type = request.get("AppTypeEquals")
    matching = [
        config
        for config in _lifecycle_configs(call.sagemaker_backend).values()
        if request.get("NameContains", "") in config.name
        and app_type in (None, config.told["StudioLifecycleConfigAppType"])
    ]
    found, token = page(matching, request, keys=TIMES, default_key="CreationTime", default_order="Ascending")
    told = [
        {
            "StudioLifecycleConfigArn": config.arn,
            "StudioLifecycleConfigName": config.name,
            "StudioLifecycleConfigAppType": config.told["StudioLifecycleConfigAppType"],
            **config.times,
        }
        for config in found
    ]
    return ActionResult({"StudioLifecycleConfigs": told, **token})


def _delete_lifecycle_config(call: SageMakerResponse) -> EmptyResult:
    config = _lifecycle_config(call)
    domains = _domains(call.sagemaker_backend).values()
    holders: dict[str, list[Kept]] = {
        "Domain": [*domains],
        "UserProfile": [profile for domain in domains for profile in domain.profiles.values()],
        "App": [app for domain in domains for app in domain.running],
    }
    using = {kind: [kept for kept in held if config.arn in _named_configs(kept.told)] for kind, held in holders.items()}
    _refuse_in_use("StudioLifecycleConfig", config, using)
    del _lifecycle_configs(call.sagemaker_backend)[config.name]
    return EmptyResult()


def _create_space(call: SageMakerResponse) -> ActionResult:
    domain, request = _domain(call), _request(call)
    name = request["SpaceName"]
    if name.lower() in map(str.lower, domain.spaces):
        raise ResourceInUseException(message=f"Space {name} already exists in domain {domain.name}.")
    if "OwnershipSettings" in request:
        _in("UserProfile", domain.profiles, request["OwnershipSettings"]["OwnerUserProfileName"])
    _refuse_unknown_configs(call, request)
    tags = request.pop("Tags", [])
    made = Kept(name=name, arn=_arn(call, f"space/{domain.name}/{name.lower()}"), told=request, tags=tags)
    domain.spaces[name] = made
    return ActionResult({"SpaceArn": made.arn})


def _space(call: SageMakerResponse) -> Kept:
    found: Kept = _in("Space", _domain(call).spaces, _request(call)["SpaceName"])
    return found


def _describe_space(call: SageMakerResponse) -> ActionResult:
    space = _space(call)
    return ActionResult(copy.deepcopy({"SpaceArn": space.arn, "Status": space.status, **space.told, **space.times}))


def _update_space(call: SageMakerResponse) -> ActionResult:
    space = _space(call)
    _refuse_unknown_configs(call, _request(call))
    space.told, space.changed = _merged(space.told, _request(call)), utcnow()
    return ActionResult({"SpaceArn": space.arn})


def _list_spaces(call: SageMakerResponse) -> ActionResult:
    found, token = _listed(call, _of_all(call, lambda domain: domain.spaces), "SpaceName")
    told = []
    for space in found:
        listed = {"DomainId": space.told["DomainId"], "SpaceName": space.name, "Status": space.status, **space.times}
        if "OwnershipSettings" in space.told:
            listed["OwnershipSettingsSummary"] = space.told["OwnershipSettings"]
        if "SpaceSharingSettings" in space.told:
            listed["SpaceSharingSettingsSummary"] = space.told["SpaceSharingSettings"]
        told.append(listed)
    return ActionResult({"Spaces": told, **token})


def _delete_space(call: SageMakerResponse) -> EmptyResult:
    domain, space = _domain(call), _space(call)
    _refuse_in_use("Space", space, {"App": domain.apps_of("SpaceName", space.name)})
    space.status = "Deleting"
    studio_network.later(call, lambda: domain.spaces.pop(space.name, None))
    return EmptyResult()


def _create_app(call: SageMakerResponse) -> ActionResult:
    domain, request = _domain(call), _request(call)
    key = _app_key(request)
    owner = _in("Space", domain.spaces, key[0]) if "SpaceName" in request else domain.profiles.get(key[0])
    if owner is None:
        raise ResourceNotFound(message=f"UserProfile [{key[0]}] does not exist.")
    if key in domain.apps and domain.apps[key].status not in ENDED:
        raise ResourceInUseException(message=f"App [{domain.apps[key].arn}] already exists.")
    _refuse_unknown_configs(call, request)
    users = domain.told["DefaultUserSettings"]
    settings = users.get(f"{request['AppType']}AppSettings", {})
    tags = request.pop("Tags", [])
    request["ResourceSpec"] = settings.get("DefaultResourceSpec", {}) | request.get("ResourceSpec", {})
    if "BuiltInLifecycleConfigArn" in settings:
        request["BuiltInLifecycleConfigArn"] = settings["BuiltInLifecycleConfigArn"]
    interface_id = studio_network.place_app(
        call,
        domain.network,
        about=f"{domain.name}/{key[0]}",
        subnet_id=domain.told["SubnetIds"][0],
        groups=users.get("SecurityGroups", []),
    )
    arn = _arn(call, f"app/{domain.name}/{key[0].lower()}/{request['AppType'].lower()}/{key[2].lower()}")
    domain.apps[key] = App(name=key[2], arn=arn, told=request, tags=tags, interface_id=interface_id)
    return ActionResult({"AppArn": arn})


def _app_key(request: Mapping[str, Any]) -> tuple[str, str, str]:
    if ("SpaceName" in request) == ("UserProfileName" in request):
        raise ValidationError(message="Exactly one of UserProfileName and SpaceName must be specified.")
    owner = request.get("SpaceName") or request["UserProfileName"]
    return owner, request["AppType"], request["AppName"]


def _app(call: SageMakerResponse) -> App:
    found: App = _in("App", _domain(call).apps, _app_key(_request(call)))
    return found


def _describe_app(call: SageMakerResponse) -> ActionResult:
    app = _app(call)
    return ActionResult({"AppArn": app.arn, "Status": app.status, **app.told, "CreationTime": app.created})


def _list_apps(call: SageMakerResponse) -> ActionResult:
    found, token = _listed(call, _of_all(call, lambda domain: domain.apps), "AppName")
    shown = ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName", "ResourceSpec")
    told = [
        {key: app.told[key] for key in shown if key in app.told} | {"Status": app.status, "CreationTime": app.created}
        for app in found
    ]
    return ActionResult({"Apps": told, **token})


def _delete_app(call: SageMakerResponse) -> EmptyResult:
    app, ec2 = _app(call), studio_network.ec2_of(call)
    if app.status != "InService":  # "You can only delete an app whose status is InService"
        raise ResourceInUseException(message=f"App [{app.arn}] cannot be deleted: its status is {app.status}.")
    app.status = "Deleting"

    def end() -> None:
        app.status = "Deleted"
        ec2.enis.pop(app.interface_id, None)

    studio_network.later(call, end)
    return EmptyResult()
