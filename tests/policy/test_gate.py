"""The policy gate: what it lets through, and that it can refuse."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from policy import gate
from policy.gate import Finding, Scan, Skip
from settings.bucket import BucketSettings
from settings.endpoint import EndpointSettings, ProvisionedEndpointSettings, ServerlessEndpointSettings
from settings.logs import LogSettings
from settings.network import NewNetworkSettings
from settings.notebook import NotebookSettings
from settings.problems import InvalidInputError
from settings.releases import Release
from settings.schedule import ScheduleSettings
from settings.studio import StudioSettings
from settings.variant import VariantSettings
from stacks.environments import ROOT
from stacks.synthesized_stack import SynthesizedStack
from tests.support.policies import policies
from tests.support.script_training import script_training
from tests.support.synthesis import environment, synthesized_platform

STUDIO = StudioSettings(user_profiles=["ann", "bob"])
TUTORIAL = ROOT / "tests/fixtures/tutorial/cdk.tf.json"
# What the two linters say of policies that cannot be otherwise.
REASONS = {
    # Docker's login is a token: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
    ("training_role_policy_document", "cloudsplaining: credentials exposure: ecr:GetAuthorizationToken"),
    ("hosting_role_policy_document", "cloudsplaining: credentials exposure: ecr:GetAuthorizationToken"),
    # EC2 names its resource as optional: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    *(
        (f"{role}_role_policy_document", "cloudsplaining: resource exposure: ec2:DeleteNetworkInterfacePermission")
        for role in ("hosting", "notebook", "training")
    ),
    # parliament takes the colon of the user's name, a variable of IAM's, for one of the ARN's own.
    (
        "studio_policy_policy_document",
        "parliament: RESOURCE_MISMATCH: [{'action': 'sagemaker:CreatePresignedDomainUrl', 'required_format': "
        "'arn:*:sagemaker:*:*:user-profile/*/*'}]",
    ),
    # parliament's data are older than its resource type:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
    (
        "flow_log_role_policy_document",
        "parliament: RESOURCE_MISMATCH: [{'action': 'logs:DescribeLogGroups', 'required_format': '*'}]",
    ),
}
WEAK = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["sagemaker:CreateTraningJob"], "Resource": ["*"]},
        {"Effect": "Allow", "Action": ["iam:PassRole", "s3:*"], "Resource": ["*"]},
    ],
}


def lint(documents: Mapping[str, object]) -> set[tuple[str, str]]:
    finished = subprocess.run(
        [gate.BIN / "python", gate.FOLDER / "lint.py"],
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return {(address, finding) for address, finding in json.loads(finished.stdout)}


def test_parliament_and_cloudsplaining_find_nothing_but_what_has_a_reason() -> None:
    daily = script_training(schedule=ScheduleSettings(expression="rate(1 day)"))
    notebook = environment("dev").settings.notebook
    everything = policies("staging", notebook=notebook, studio=STUDIO, trainings=[daily])
    of_roles = ("_role_policy_document", "studio_policy_policy_document")
    roles = {address: found for address, found in everything.items() if address.endswith(of_roles)}
    assert len(roles) == 7
    assert lint(roles) == REASONS


def test_the_linters_see_a_weak_policy() -> None:
    found = {finding.split(":")[0] + ":" + finding.split(":")[1] for _, finding in lint({"weak": WEAK})}
    assert "parliament: UNKNOWN_ACTION" in found
    assert {"cloudsplaining: data exfiltration", "cloudsplaining: resource exposure"} <= found


def stack(folder: Path, name: str, platform: dict[str, Any]) -> SynthesizedStack:
    (folder / name).mkdir()
    (folder / name / "cdk.tf.json").write_text(json.dumps(platform))
    return SynthesizedStack(folder=folder / name, variables={})


def platform(name: str, **settings: Any) -> dict[str, Any]:
    return synthesized_platform(environment(name, **settings))


def refused(made: SynthesizedStack) -> list[str]:
    """Environment, check and address of each finding that no skip of the project covers."""
    lines = [line for line in gate.refused([gate.scan(made)], gate.skips()) if not line.startswith("to accept")]
    return [": ".join(line.split(": ")[:3]) for line in lines]


OTHERS: list[EndpointSettings] = [
    ServerlessEndpointSettings(name="churn", max_concurrency=5),
    ProvisionedEndpointSettings(name="fraud", production=VariantSettings(instance_type="ml.c5.large")),
]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("dev", {}),
        ("staging", {}),
        ("prod", {}),
        ("prod", {"name": "live", "project": "acme", "region": "eu-west-1", "owner": "ann"}),
        ("prod", {"endpoints": OTHERS, "notebook": NotebookSettings(), "logs": LogSettings(retention_days=30)}),
        ("dev", {"endpoints": OTHERS, "notebook": None}),
        ("dev", {"network": NewNetworkSettings(), "studio": STUDIO}),
        ("staging", {"studio": STUDIO}),
    ],
)
def test_an_environment_passes_whatever_it_is_called_and_made_of(
    name: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    of = environment(name)
    served = Release(production=environment("prod").releases["linear-learner"].production)
    changed = of.settings.model_copy(update=settings).checked()
    releases = {endpoint.name: of.releases.get(endpoint.name, served) for endpoint in changed.endpoints}
    of = replace(of, settings=changed, releases=releases)
    assert refused(stack(tmp_path, of.settings.name, synthesized_platform(of))) == []


def test_the_platform_as_tutorials_write_it_does_not_pass(tmp_path: Path) -> None:
    found = refused(stack(tmp_path, "tutorial", json.loads(TUTORIAL.read_text())))
    assert len(found) >= 18
    for line in (
        "CKV_AWS_145: aws_s3_bucket.data",
        "CKV_AWS_187: aws_sagemaker_notebook_instance.lab",
        "CKV_AWS_98: aws_sagemaker_endpoint_configuration.linear",
        "CKV_AWS_158: aws_cloudwatch_log_group.training",
        "CKV2_ML_1: aws_sagemaker_notebook_instance.lab",
        "CKV2_ML_2: aws_iam_role_policy_attachment.full_access",
    ):
        assert f"tutorial: {line}" in found


def test_json_that_checkov_cannot_read_does_not_pass_for_want_of_findings(tmp_path: Path) -> None:
    """It exits with 0 and no finding: https://github.com/bridgecrewio/checkov/issues/7454"""
    broken = platform("dev")
    broken["terraform"]["required_version"] = ">= 1.10"
    assert refused(stack(tmp_path, "dev", broken)) == ["dev: checkov could not read what was synthesized"]


def test_a_notebook_on_a_platform_without_maintenance_does_not_pass(tmp_path: Path) -> None:
    old = platform("dev")
    old["resource"]["aws_sagemaker_notebook_instance"]["notebook"]["platform_identifier"] = "notebook-al2-v2"
    assert refused(stack(tmp_path, "dev", old)) == ["dev: CKV2_ML_8: aws_sagemaker_notebook_instance.notebook"]


def test_a_notebook_with_a_way_to_the_internet_does_not_pass_where_the_environment_is_protected(tmp_path: Path) -> None:
    made = stack(tmp_path, "dev", platform("dev", protected=True, local_state=True, bucket=BucketSettings()))
    assert refused(made) == [
        f"dev: {check}: aws_sagemaker_notebook_instance.notebook" for check in ("CKV_AWS_122", "CKV_AWS_306")
    ]


def test_a_model_on_instances_without_isolation_does_not_pass(tmp_path: Path) -> None:
    """A serverless one may be without."""
    open_model = platform("staging")
    [*models] = open_model["resource"]["aws_sagemaker_model"]
    for model in models:
        open_model["resource"]["aws_sagemaker_model"][model]["enable_network_isolation"] = False
    found = refused(stack(tmp_path, "staging", open_model))
    assert found == [f"staging: CKV_AWS_370: aws_sagemaker_model.{model}" for model in sorted(models)]


def test_full_access_does_not_pass(tmp_path: Path) -> None:
    opened = json.dumps(platform("dev", sagemaker_full_access=True))
    # As the plan has it: checkov does not judge what holds a reference.
    made = stack(tmp_path, "dev", json.loads(opened.replace("${data.aws_partition.partition.partition}", "aws")))
    assert refused(made) == ["dev: CKV2_ML_2: aws_iam_role_policy_attachment.notebook_role_full_access"]


def finding(**changes: Any) -> Finding:
    values = {"environment": "dev", "check": "CKV_1", "kind": "aws_x", "name": "a", "title": "X is on", "guide": "u"}
    return Finding(**values | changes)


def scan(*findings: Finding) -> Scan:
    return Scan(environment="dev", passed=1, parsing_errors=0, findings=findings)


SKIP = Skip(check="CKV_1", kind="aws_x", reason="Nobody needs it.")


@pytest.mark.parametrize(
    ("given", "found", "covered"),
    [
        ({}, {}, True),
        ({}, {"environment": "qa", "name": "b", "protected": True, "hosting": "serverless"}, True),
        ({}, {"check": "CKV_2"}, False),
        ({}, {"kind": "aws_y"}, False),
        ({"protected": False}, {"protected": False}, True),
        ({"protected": False}, {"protected": True}, False),
        ({"hosting": "serverless"}, {"hosting": "serverless"}, True),
        ({"hosting": "serverless"}, {"hosting": "provisioned"}, False),
        ({"hosting": "serverless"}, {}, False),
    ],
)
def test_a_skip_covers_its_kind_where_protection_and_hosting_are_as_it_says(
    given: dict[str, Any], found: dict[str, Any], covered: bool
) -> None:
    assert SKIP.model_copy(update=given).covers(finding(**found)) is covered


def test_what_is_accepted_is_told_with_its_title_its_number_and_its_reason() -> None:
    assert [*gate.told([scan(finding(), finding(name="b"))], [SKIP])] == [
        "accepted: CKV_1: 2 aws_x: X is on: Nobody needs it."
    ]


def test_a_skip_that_covers_nothing_is_a_note_and_no_failure() -> None:
    assert [*gate.told([scan()], [SKIP])] == ["note: policy/skips.toml: CKV_1 of aws_x: nothing to accept"]
    assert [*gate.refused([scan()], [SKIP])] == []


@pytest.mark.parametrize(("protected", "accepted"), [(True, {}), (False, {"protected": False})])
def test_what_is_not_accepted_is_told_with_its_guide_and_with_what_would_accept_no_more_than_it(
    protected: bool, accepted: dict[str, bool]
) -> None:
    *lines, accept = gate.refused([scan(finding(), finding(name="b", protected=protected))], [])
    assert lines == ["dev: CKV_1: aws_x.a: X is on (u)", "dev: CKV_1: aws_x.b: X is on (u)"]
    said, _, toml = accept.partition("\n")
    assert said == "to accept CKV_1, in policy/skips.toml:"
    assert gate.skips(toml.replace('reason = ""', 'reason = "Nobody needs it."')) == [SKIP.model_copy(update=accepted)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[skip]]\ncheck = "C"\nkind = "k"\nreason = ""', "skip.0.reason: '': must have at least 1 character"),
        ('[[skip]]\ncheck = "C"\nkind = "k"', "skip.0.reason: missing: must be given"),
        (
            '[[skip]]\ncheck = "C"\nkind = "k"\nreason = "r"\nhosting = "x"',
            "skip.0.hosting: 'x': must be one of 'provisioned' or 'serverless'",
        ),
        (
            '[[skip]]\ncheck = "C"\nkind = "k"\nreason = "r"\nresource = "x"',
            "skip.0.resource: 'x': unknown field: must be one of check, hosting, kind, protected, reason",
        ),
        ("[[skip", "Expected ']]' at the end of an array declaration (at end of document): must be TOML"),
    ],
)
def test_rejects_a_skip_that_says_something_else_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        gate.skips(text)
    assert [*map(str, raised.value.problems)] == [f"policy/skips.toml: {problem}"]


def test_a_key_in_any_file_is_found_with_its_place(tmp_path: Path) -> None:
    key = "AKIA" + "Q3EGRI7TQ5WZBNXY"  # in two parts, or it would be found here
    (tmp_path / "notes.txt").write_text(f"nothing\naws_access_key_id = {key}\n")
    assert gate.secrets(tmp_path) == ["secret: /notes.txt:2: CKV_SECRET_2"]
    (tmp_path / "notes.txt").write_text("nothing\n")
    assert gate.secrets(tmp_path) == []
