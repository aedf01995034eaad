"""The policy gate: what it lets through, and that it can refuse."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from policy import gate
from policy.gate import Scan, Skip
from stacks.environments import ROOT
from tests.support.policies import policies
from tests.support.synthesis import environment, synthesized_platform

TUTORIAL = ROOT / "tests/fixtures/tutorial"
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
    everything = policies("staging", notebook=environment("dev").settings.notebook)
    roles = {address: found for address, found in everything.items() if address.endswith("_role_policy_document")}
    assert len(roles) == 4
    assert lint(roles) == REASONS


def test_the_linters_see_a_weak_policy() -> None:
    found = {finding.split(":")[0] + ":" + finding.split(":")[1] for _, finding in lint({"weak": WEAK})}
    assert "parliament: UNKNOWN_ACTION" in found
    assert {"cloudsplaining: data exfiltration", "cloudsplaining: resource exposure"} <= found


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_the_synthesized_stack_passes(name: str, tmp_path: Path) -> None:
    (tmp_path / "cdk.tf.json").write_text(json.dumps(synthesized_platform(environment(name))))
    scanned = gate.scan("terraform_json", "--directory", str(tmp_path))
    assert gate.findings(name, scanned, gate.skips()) == []
    accepted = [skip for skip in gate.skips() if name in skip.environments]
    assert not [skip for skip in accepted if not any(skip.covers(name, finding) for finding in scanned.failed)]


def test_the_platform_as_tutorials_write_it_does_not_pass() -> None:
    scanned = gate.scan("terraform_json", "--directory", str(TUTORIAL))
    lines = gate.findings("prod", scanned, gate.skips(), floor=0)
    assert len(lines) >= 23
    for check in ("CKV_AWS_145: data", "CKV_AWS_187: lab", "CKV_AWS_98: linear", "CKV_AWS_158: training"):
        assert f"prod: {check}" in lines
    own = {"CKV2_ML_1: lab", "CKV2_ML_2: full_access", "CKV2_ML_4: linear"}
    assert {line.removeprefix("prod: ") for line in lines if "CKV2_ML" in line} == own


def test_json_that_checkov_cannot_read_does_not_pass_for_want_of_findings(tmp_path: Path) -> None:
    """It exits with 0 and no finding: https://github.com/bridgecrewio/checkov/issues/7454"""
    stack = synthesized_platform(environment("dev"))
    stack["terraform"]["required_version"] = ">= 1.10"
    (tmp_path / "cdk.tf.json").write_text(json.dumps(stack))
    [line] = gate.findings("dev", gate.scan("terraform_json", "--directory", str(tmp_path)), gate.skips())
    assert line == "dev: 0 checks passed with 1 parsing errors: must be at least 75 without any"


def test_a_notebook_on_a_platform_without_maintenance_does_not_pass(tmp_path: Path) -> None:
    stack = synthesized_platform(environment("dev"))
    stack["resource"]["aws_sagemaker_notebook_instance"]["notebook"]["platform_identifier"] = "notebook-al2-v2"
    (tmp_path / "cdk.tf.json").write_text(json.dumps(stack))
    scanned = gate.scan("terraform_json", "--directory", str(tmp_path))
    assert gate.findings("dev", scanned, gate.skips()) == ["dev: CKV2_ML_8: notebook"]


def test_full_access_does_not_pass(tmp_path: Path) -> None:
    stack = json.dumps(synthesized_platform(environment("dev", sagemaker_full_access=True)))
    # As the plan has it: checkov does not judge what holds a reference.
    (tmp_path / "cdk.tf.json").write_text(stack.replace("${data.aws_partition.partition.partition}", "aws"))
    scanned = gate.scan("terraform_json", "--directory", str(tmp_path))
    assert gate.findings("dev", scanned, gate.skips()) == ["dev: CKV2_ML_2: notebook_role_full_access"]


def test_a_skip_covers_its_resources_in_its_environments_only() -> None:
    skip = Skip(check="CKV_1", environments=["dev"], resources=["data_bucket", "model_*"], reason="because")
    scanned = Scan(passed=200, parsing_errors=0, failed=frozenset({("CKV_1", "model_a"), ("CKV_1", "other")}))
    assert gate.findings("dev", scanned, [skip]) == ["dev: CKV_1: other"]
    assert gate.findings("prod", scanned, [skip]) == ["prod: CKV_1: model_a", "prod: CKV_1: other"]


def test_a_skip_that_covers_nothing_is_told() -> None:
    skip = Skip(check="CKV_1", environments=["dev"], resources=["data_bucket"], reason="because")
    scans = {"dev": Scan(passed=200, parsing_errors=0, failed=frozenset())}
    assert gate.needless(scans, [skip]) == ["policy/skips.toml: CKV_1: dev: nothing to skip"]


def test_a_key_in_any_file_is_found_with_its_place(tmp_path: Path) -> None:
    key = "AKIA" + "Q3EGRI7TQ5WZBNXY"  # in two parts, or it would be found here
    (tmp_path / "notes.txt").write_text(f"nothing\naws_access_key_id = {key}\n")
    assert gate.secrets(tmp_path) == ["secret: /notes.txt:2: CKV_SECRET_2"]
    (tmp_path / "notes.txt").write_text("nothing\n")
    assert gate.secrets(tmp_path) == []
