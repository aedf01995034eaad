"""Prints every setting of an environment and where it comes from: `make settings ENV=dev`."""

import os
from collections.abc import Iterator, Mapping

from operations import command_line
from settings.base import Settings
from settings.environment import EnvironmentSettings
from settings.operator_variables import origin
from stacks.declarations import declared_settings
from stacks.environments import STACKS, read_environment


def lines(name: str, variables: Mapping[str, str]) -> Iterator[str]:
    """`field = value  (origin)`, nested fields with their path. Raises InvalidInputError where a setting is wrong."""
    checked = read_environment(name, variables).settings
    declared = declared_settings(STACKS, name)
    for field in EnvironmentSettings.model_fields:
        for path, value in _leaves(field, getattr(checked, field)):
            yield f"{path} = {value!r}  ({_origin(name, declared, path, variables)})"


def _leaves(path: str, value: object) -> Iterator[tuple[str, object]]:
    inner: dict[str, object] = {}
    if isinstance(value, Settings):
        inner = {field: getattr(value, field) for field in type(value).model_fields}
    elif isinstance(value, list | tuple) and any(isinstance(item, Settings) for item in value):
        inner = {str(index): item for index, item in enumerate(value)}
    if not inner:
        yield path, value
    for field, item in inner.items():
        yield from _leaves(f"{path}.{field}", item)


def _origin(name: str, declared: EnvironmentSettings, path: str, variables: Mapping[str, str]) -> str:
    """A nested field is the file's own where every step to it is written there."""
    field, *nested = path.split(".")
    found = origin(name, declared, field, variables)
    holder: object = vars(declared).get(field)
    for step in nested:
        if isinstance(holder, list | tuple):
            holder = holder[int(step)]
        elif isinstance(holder, Settings) and step in vars(holder):
            holder = vars(holder)[step]
        else:
            return "default"
    return found


def main() -> None:
    name = command_line.parser(__doc__).parse_args().environment
    with command_line.errors_as_lines(name):
        for line in lines(name, os.environ):
            print(line)


if __name__ == "__main__":
    main()
