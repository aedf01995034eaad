"""JSON that Terraform reads as what it stands for."""

import json
from pathlib import Path

import pytest

from constructs.training.definition_text import Reference, canonical
from tests.constructs.test_literal import HOSTILE, evaluated


def test_the_same_values_are_the_same_text_in_whatever_order_they_come() -> None:
    assert canonical({"b": [1, 2.5, True], "a": {"d": "x", "c": "y"}}) == '{"a":{"c":"y","d":"x"},"b":[1,2.5,true]}'
    assert canonical({"a": {"c": "y", "d": "x"}, "b": (1, 2.5, True)}) == canonical(
        {"b": [1, 2.5, True], "a": {"d": "x", "c": "y"}}
    )


def test_terraform_gives_back_every_text_and_fills_in_what_is_known_at_apply(tmp_path: Path) -> None:
    """Escapes of JSON within those of Terraform's templates, and a reference that has quotation marks of its own."""
    value = {text: [text, Reference(to='${format("arn:%s", "aws")}', text=text)] for text in HOSTILE}
    [found] = evaluated([canonical(value)], tmp_path)
    assert json.loads(found) == {text: [text, f"arn:aws{text}"] for text in HOSTILE}


def test_rejects_what_json_has_no_number_for() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"threshold": float("inf")})
