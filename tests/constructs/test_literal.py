"""Text from outside stays text: Terraform evaluates the very strings of the synthesized JSON."""

import json
import re
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from constructs.literal import literal
from constructs.training.definition import definition
from pages.settings_page import classes
from settings.names import address_part
from settings.problems import within
from settings.releases import Release, ReleasedModel
from settings.training_files import FileTree, TrainingFiles
from settings.training_metric import ScriptMetricSettings
from tests.support.pipelines import SCRIPT
from tests.support.script_training import script_training
from tests.support.synthesis import environment, synthesized_platform

HOSTILE = (
    '${file("/etc/hostname")}',
    "${aws_kms_key.encryption_key.arn}",
    "${path.module}",
    "$${x}",
    "$$${x}",
    "%{ if true }x%{ endif }",
    "%%{ if true }",
    "%%%{x",
    "$%{x} %${x}",
    "${TfToken[TOKEN.0]}",
    "$${TfToken[TOKEN.1]}",
    "#{TfToken[TOKEN.2]}",
    "&{TfToken[TOKEN.3]}",
    "$TfToken",
    "$$TfToken",
    "%TfToken",
    "%%TfToken[TOKEN.4]",
    "${TfToken[1]}",
    '"quoted" \\ \\n \\u0041 \\${x} {{x}} <<EOT',
    "line\nline\r\n\ttab\x7f\x1b[2J\u202e",
    "é 二 \U0001f600",
    "${",
    "%{",
    "$",
    "",
)


def evaluated(texts: Sequence[str], folder: Path) -> list[str]:
    """What Terraform makes of strings in JSON."""
    (folder / "main.tf.json").write_text(json.dumps({"locals": {"texts": texts}}))
    finished = subprocess.run(
        [str(shutil.which("terraform")), "console"],
        cwd=folder,
        input="base64encode(jsonencode(local.texts))\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    found: list[str] = json.loads(b64decode(finished.stdout))
    return found


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([*HOSTILE])
@given(st.lists(st.text(st.sampled_from('${}%"\\[].#&aTfToken \n')), min_size=50, max_size=50))
def test_terraform_gives_back_what_it_was_given(tmp_path: Path, texts: list[str]) -> None:
    assert evaluated([literal(text) for text in texts], tmp_path) == texts


def files(folder: Path, suffix: str) -> list[Path]:
    """One for each of the texts that a file can be called."""
    names = [text for text in HOSTILE if text.isprintable() and "/" not in text and text]
    paths = [folder / f"{number}{name}{suffix}" for number, name in enumerate(names)]
    for path in paths:
        path.write_bytes(b"")
    return paths


def test_what_people_give_files_and_containers_reaches_terraform_as_text(tmp_path: Path) -> None:
    """The environment's JSON, built from hostile variables and names of files."""
    artifacts, notebooks = files(tmp_path, ".tar.gz"), files(tmp_path, ".ipynb")
    variables = {f"VARIABLE_{number}": text for number, text in enumerate(HOSTILE)}
    resources: dict[str, Any] = {"aws_s3_object": {}, "aws_sagemaker_model": {}}
    for artifact in artifacts:
        model = ReleasedModel(
            name="hostile-00000000",
            image_repository="linear-learner",
            image_tag="1",
            artifact=artifact,
            environment=variables,
        )
        built = replace(environment("dev", release=Release(production=model)), notebooks=notebooks)
        resources = synthesized_platform(built)["resource"]
        [container] = [item["primary_container"] for item in resources["aws_sagemaker_model"].values()]
        uploaded = resources["aws_s3_object"]["artifact_hostile_00000000"]
        *values, source = evaluated([*container["environment"].values(), uploaded["source"]], tmp_path)
        assert dict(zip(container["environment"], values, strict=True)) == variables
        assert source.endswith(f"/{artifact.name}")
    for path in notebooks:
        uploaded = resources["aws_s3_object"][f"notebook_{address_part(path.stem)}"]
        key, source = evaluated([uploaded["key"], uploaded["source"]], tmp_path)
        assert key == f"notebooks/{path.name}"
        assert source.endswith(f"/{path.name}")


def test_what_people_say_of_a_training_reaches_terraform_as_text(tmp_path: Path) -> None:
    """Its hyperparameters and its expression in the pipeline's definition, and its files, in whatever folder."""
    hostile = [text for text in HOSTILE if text and "\n" not in text]
    said = {f"h{number}": text for number, text in enumerate(hostile)}
    for text in hostile:
        regex = f"{re.escape(text)}(.*)"
        metric = ScriptMetricSettings(name="accuracy", regex=regex, threshold=0.9)
        training = script_training(hyperparameters=said, metric=metric).checked()
        [found] = evaluated([definition(replace(SCRIPT, training=training), code_digest="0")], tmp_path)
        arguments = json.loads(found)["Steps"][0]["Arguments"]
        assert {name: arguments["HyperParameters"][name] for name in said} == said
        assert arguments["AlgorithmSpecification"]["MetricDefinitions"] == [{"Name": "accuracy", "Regex": regex}]
    paths = files(tmp_path, ".py")
    tree = FileTree(digest="0123456789ab", files={path.name: path for path in paths})
    built = replace(environment("dev"), training_files={"breast-cancer": TrainingFiles(code=tree, data=tree)})
    objects = synthesized_platform(built)["resource"]["aws_s3_object"]
    for path in paths:
        name = address_part(path.name)
        for address, prefix in (
            (f"training_breast_cancer_code_{name}", "training-code/breast-cancer"),
            (f"training_data_breast_cancer_0123456789ab_{name}", "training-data/breast-cancer"),
        ):
            key, source = evaluated([objects[address]["key"], objects[address]["source"]], tmp_path)
            assert key == f"{prefix}/0123456789ab/{path.name}"
            assert source.endswith(f"/{path.name}")


# What the tests above say of these, and of placeholders tests/constructs/notebook/test_lifecycle_script.py; the folders
# of a training are in no JSON.
TAKEN_AS_TEXT = (
    "BuiltInTraining.sample_data",
    "NotebookDeliverySettings.placeholders",
    "ScriptMetricSettings.regex",
    "ScriptTraining.sample_data",
    "ScriptTraining.source",
)


def strings() -> list[Any]:
    """Every setting that is text, or holds text, by its class and name."""
    return [
        pytest.param(field, id=f"{cls.__name__}.{name}")
        for cls in classes()
        for name, field in cls.model_fields.items()
        if str in within(field.annotation) and f"{cls.__name__}.{name}" not in TAKEN_AS_TEXT
    ]


@pytest.mark.parametrize("field", strings())
def test_rejects_a_setting_that_terraform_would_evaluate(field: FieldInfo) -> None:
    """Else its construct must take it by `literal`, and a test like the one above must say so."""
    adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
    for text in HOSTILE:
        if "{" in text:
            for value in (text, [text]):
                with pytest.raises(ValidationError):
                    adapter.validate_python(value)
