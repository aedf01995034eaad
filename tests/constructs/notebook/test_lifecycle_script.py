import base64
import json
import re

import pytest
from cdktf import TerraformOutput, TerraformStack, Testing

from constructs.notebook.lifecycle_script import Delivery, lifecycle_script
from settings.lifecycle_script_sizes import script_size
from tests.support.evaluation import evaluated

SCRIPT = "#!/bin/bash\necho \"${HOME} %{x} \\n 'quoted'\" # café\ncat <<'END'\n@SETTINGS@\nEND\n"
AWKWARD = ['"', "\\", "\\n", "${x}", "%{if}", "$${x}", "$", "<a>&b", "'", "TfToken", "${TfToken[1]}", "é", "END", " "]
TOLD = {
    "bucket": "acme-data",
    "region": "eu-west-1",
    "patterns": [f"{text}.ipynb" for text in AWKWARD],
    "placeholders": dict.fromkeys(AWKWARD, "acme-data"),
    "notebook": "lab",
    "minutes": 60,
}


def expression() -> str:
    """As it stands in the synthesized JSON."""
    delivery = Delivery(
        bucket="acme-data",
        region="eu-west-1",
        patterns=[f"{text}.ipynb" for text in AWKWARD],
        placeholders=dict.fromkeys(AWKWARD, "acme-data"),
    )
    stack = TerraformStack(Testing.app(), "test")
    made = lifecycle_script(SCRIPT.encode(), delivery=delivery, more={"notebook": "lab", "minutes": 60})
    TerraformOutput(stack, "made", value=made)
    value: str = json.loads(Testing.synth(stack))["output"]["made"]["value"]
    return value


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What Terraform makes of it."""
    return base64.b64decode(evaluated(expression(), tmp_path_factory.mktemp("evaluated")))


def test_the_script_stands_in_the_json_as_base64_of_its_own_bytes() -> None:
    assert f'base64decode("{base64.b64encode(SCRIPT.encode()).decode()}")' in expression()


def test_no_text_of_people_can_be_taken_for_an_expression() -> None:
    assert not re.findall(r"[\\$%<&']", expression().removeprefix("${"))


def test_what_it_is_told_arrives_as_json_on_one_line_whatever_characters_it_has(script: bytes) -> None:
    before, after = SCRIPT.split("@SETTINGS@")
    text = script.decode()
    assert text.startswith(before)
    assert text.endswith(after)
    [told] = text.removeprefix(before).removesuffix(after).splitlines()
    assert json.loads(told) == TOLD


def test_its_size_is_known_before(script: bytes) -> None:
    """settings/lifecycle_script_sizes.py counts as Terraform writes."""
    assert script_size(SCRIPT.encode(), TOLD) == len(script)
