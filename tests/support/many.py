"""An environment with many endpoints, of both kinds, and with everything that names all of them."""

from dataclasses import replace
from typing import Any

from settings.endpoint import EndpointSettings, ProvisionedEndpointSettings, ServerlessEndpointSettings
from settings.network import NewNetworkSettings
from settings.notebook import NotebookSettings
from settings.variant import VariantSettings
from stacks.environments import Environment
from tests.support.synthesis import environment


def endpoints(count: int, name_length: int = 20) -> list[EndpointSettings]:
    """Two on instances, then one serverless, and so on; their names are filled up to the length."""
    made: list[EndpointSettings] = []
    for number in range(count):
        name = f"endpoint-{number:03}".ljust(name_length, "x")
        if number % 3 == 2:
            made.append(ServerlessEndpointSettings(name=name))
        else:
            made.append(ProvisionedEndpointSettings(name=name, production=VariantSettings()))
    return made


def many(count: int, name_length: int = 20, **settings: Any) -> Environment:
    """dev in a network with all roles, and every endpoint served by one model."""
    given: dict[str, Any] = {
        "network": NewNetworkSettings(),
        "notebook": NotebookSettings(),
        "rollback_guard": False,
    } | settings
    of = environment("dev", endpoints=endpoints(count, name_length), **given)
    [release] = of.releases.values()
    return replace(of, releases={item.name: release for item in of.settings.endpoints})
