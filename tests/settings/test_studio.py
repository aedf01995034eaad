from typing import Any

import pytest

from settings.network import ExistingNetworkSettings, NetworkSettings, NewNetworkSettings
from settings.studio import StudioSettings
from tests.settings.test_environment import problems
from tests.support.aws_model import shape

NEW = NewNetworkSettings()


def of_studio(*, network: NetworkSettings | None = NEW, **changes: Any) -> list[str]:
    return problems(network=network, studio=StudioSettings(**{"user_profiles": ["ann"]} | changes))


@pytest.mark.parametrize(("minutes", "sound"), [(59, False), (60, True), (525_600, True), (525_601, False)])
def test_jupyterlab_stops_after_an_hour_to_a_year(minutes: int, sound: bool) -> None:
    assert (of_studio(idle_stop_minutes=minutes) == []) is sound


@pytest.mark.parametrize(
    ("instance_type", "sound"),
    [("ml.t3.medium", True), ("ml.g5.xlarge", True), ("system", False), ("t3.medium", False)],
)
def test_jupyterlab_runs_on_an_instance_type_of_studios_apps(instance_type: str, sound: bool) -> None:
    found = of_studio(instance_type=instance_type)
    assert (found == []) is sound
    assert sound or "must be an instance type of Studio's apps" in found[0]


def test_rejects_a_studio_without_users() -> None:
    [line] = of_studio(user_profiles=[])
    assert line.startswith("dev: studio.user_profiles: []: must ")


@pytest.mark.parametrize(
    ("names", "allowed"),
    [
        (["ann", "bob", "ann"], "must be another name than that of user_profiles.0"),
        (["a-b", "c", "a--b"], "must be another name than that of user_profiles.0, in more than hyphens"),
    ],
)
def test_rejects_users_that_are_called_alike(names: list[str], allowed: str) -> None:
    [line] = of_studio(user_profiles=names)
    assert line == f"dev: studio.user_profiles.2: {names[2]!r}: {allowed}"


@pytest.mark.parametrize("name", ["", "Ann", "a_b", "ann-", "a" * 64])
def test_rejects_a_user_whose_name_is_none(name: str) -> None:
    [line] = of_studio(user_profiles=["ann", name])
    assert line.startswith("dev: studio.user_profiles.1: ")
    assert line.endswith(
        "(AWS limit: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateUserProfile.html)"
    )


def test_a_users_name_has_the_limits_of_an_endpoints() -> None:
    of_user, of_endpoint = shape("sagemaker", "UserProfileName"), shape("sagemaker", "EndpointName")
    assert of_user.metadata == of_endpoint.metadata
    assert of_studio(user_profiles=["a" * of_user.metadata["max"]]) == []


def test_rejects_studio_without_a_network() -> None:
    [line] = of_studio(network=None)
    assert line == "dev: network: None: must be given where studio is, which works in it alone"


@pytest.mark.parametrize(("count", "sound"), [(4, True), (5, False)])
def test_an_existing_network_leaves_room_for_sagemakers_own_security_group(count: int, sound: bool) -> None:
    groups = [f"sg-0123456{number}" for number in range(count)]
    network = ExistingNetworkSettings(subnet_ids=["subnet-01234567"], security_group_ids=groups)
    found = of_studio(network=network)
    assert (found == []) is sound
    assert sound or "must be at most 4 where studio is given: SageMaker adds one of its own" in found[0]
    assert problems(network=network) == []


def test_rejects_full_access_with_studio_whose_users_could_sign_in_as_one_another() -> None:
    full = {"sagemaker_full_access": True, "protected": False}
    [line] = problems(network=NEW, studio=StudioSettings(user_profiles=["ann"]), **full)
    assert line == (
        "dev: sagemaker_full_access: True: must be False where studio is given: with it each user could sign in as any "
        "other"
    )
    assert problems(network=NEW, **full) == []
