"""Holds what the local AWS answers against botocore's own service model."""

import json
from collections.abc import Collection
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "float": (float, int),
    "double": (float, int),
    "timestamp": (float, int),
}


def hold(client: Any, *, left_out: Collection[str] = ()) -> Any:
    """The client, which fails from now on where an answer departs from the model, but for `left_out`: as on AWS."""

    def check(operation_model: Any, response_dict: dict[str, Any], **_: object) -> None:
        if response_dict["status_code"] < 300 and operation_model.output_shape is not None:
            raw = json.loads(response_dict["body"])
            found = undocumented(operation_model.output_shape, raw, operation_model.name)
            assert [line for line in found if line not in left_out] == []

    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-parse.{service}.*", check)
    return client


def undocumented(shape: Shape, value: Any, path: str) -> list[str]:
    """Where a raw answer departs from the service model: unknown or missing members, wrong types."""
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            return [f"{path}: {value!r} is no structure"]
        unknown = [f"{path}.{key}: unknown" for key in value if key not in shape.members]
        missing = [f"{path}.{key}: missing" for key in shape.required_members if key not in value]
        known = [(key, item) for key, item in value.items() if key in shape.members]
        return (
            unknown
            + missing
            + [line for key, item in known for line in undocumented(shape.members[key], item, f"{path}.{key}")]
        )
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            return [f"{path}: {value!r} is no list"]
        return [
            line for index, item in enumerate(value) for line in undocumented(shape.member, item, f"{path}[{index}]")
        ]
    if isinstance(shape, MapShape):
        return [line for key, item in value.items() for line in undocumented(shape.value, item, f"{path}.{key}")]
    enum = getattr(shape, "enum", None)
    if enum and value not in enum:
        return [f"{path}: {value!r} is none of {enum}"]
    return [] if isinstance(value, PYTHON_TYPES[shape.type_name]) else [f"{path}: {value!r} is no {shape.type_name}"]
