"""make deploy, plan and destroy as people meet them: in a terminal and without one, interrupted, refused, moved.

One environment on one local AWS, whose state moves to S3 and back in between.
"""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws import provider
from local_aws.trials.kept_provider import OWN
from local_aws.trials.lab import STATE_BUCKET, Finished, Lab, lab

Found = dict[str, Any]
JOBS = "/aws/sagemaker/TrainingJobs"
REASON = f"this account is not ready: {'ask its owner first, ' * 40}and then go on. This is the end of it."
NARROW = "40"


def deploy(made: Lab, **variables: str) -> Finished:
    return made.finished(made.start_deploy(**variables))


def in_terminal(made: Lab, typed: str) -> tuple[int, str]:
    """`make deploy` in a narrow terminal of a person who types that when asked."""
    person, terminal = pty.openpty()
    command = [sys.executable, "-m", "operations.deploy", "dev", "--output", str(made.output)]
    env = made.variables | {"PREFLIGHT": "0", "APPROVE": "", "COLUMNS": NARROW, "LINES": "10"}
    said = b""
    with subprocess.Popen(
        command, cwd=made.project, env=env, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
    ) as process:
        os.close(terminal)
        with contextlib.suppress(OSError):  # Linux's way to say that nobody has the terminal any more
            while read := os.read(person, 4096):
                said += read
                if typed and said.endswith(b"goes ahead: "):
                    os.write(person, f"{typed}\n".encode())
                    typed = ""
    os.close(person)
    return process.returncode, said.decode().replace("\r\n", "\n")


def interrupted(made: Lab, signals: list[signal.Signals]) -> Finished:
    """A deploy that is at something in AWS while whoever started it has enough; its terminal tells the whole group."""
    with contextlib.suppress(ClientError):  # the one before was stopped before it was made
        made.client("logs").delete_log_group(logGroupName=JOBS)
    made.fail(hold_after=0)
    run = made.start_deploy(**OWN)
    made.wait_until_held(run)
    for number in signals:
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            os.killpg(run.process.pid, number)
        time.sleep(0.2)
    made.fail()
    return made.finished(run, timeout=120)


def complete(made: Lab, bucket: str) -> None:
    """What the lab leaves out, for which the provider waits a minute, comes by hand: a state that lacks something has
    each deploy look for what exists."""
    rule = {
        "ID": "expire-leftovers",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
    }
    configuration = {"Rules": [rule]}
    made.client("s3").put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=configuration)
    made.override(provider.version_override())
    imported = made.terraform("import", "aws_s3_bucket_lifecycle_configuration.data_bucket_lifecycle", bucket)
    assert imported.code == 0, imported.printed


def without_initialization(made: Lab) -> None:
    (made.stack / ".terraform/terraform.tfstate").unlink()


def sequence(folder: Path) -> Found:
    found: Found = {}
    with lab(folder) as made:
        found["no terminal"] = deploy(made, APPROVE="")
        found["not 1"] = deploy(made, APPROVE="yes")
        found["begun"] = made.everything()
        precondition = {"condition": "${terraform_data.asked.input == 2}", "error_message": REASON}
        refused = {"refused": {"lifecycle": {"precondition": [precondition]}}, "asked": {"input": 1}}
        (made.stack / "refused.tf.json").write_text(json.dumps({"resource": {"terraform_data": refused}}))
        found["refused"] = deploy(made)
        found["refused plan"] = made.operation("deploy", "--verb", "plan")
        (made.stack / "refused.tf.json").unlink()
        found["no"] = in_terminal(made, "no")
        found["begun after no"] = made.everything()
        found["yes"] = in_terminal(made, "yes")
        [bucket] = [item["Name"] for item in made.client("s3").list_buckets()["Buckets"]]
        found["bucket"] = bucket
        complete(made, bucket)

        made.client("s3").create_bucket(Bucket=STATE_BUCKET)
        made.variables["ML_PLATFORM_DEV_STATE_BUCKET"] = STATE_BUCKET
        found["unmoved"] = {module: made.operation(module) for module in ("deploy", "verify", "recover")}
        without_initialization(made)
        before = made.inventory()
        found["unmoved, fresh checkout"] = made.operation("deploy")
        found["moved"] = deploy(made, MIGRATE_STATE="1")
        found["made anew"] = [item for item in made.inventory() if item not in before]
        found["state file"] = made.state.exists()
        # Another checkout, with the state of before.
        made.state.with_name(f"{made.state.name}.moved").replace(made.state)
        without_initialization(made)
        found["old checkout"] = made.operation("deploy", "--verb", "plan")
        made.state.unlink()

        twice = [signal.SIGINT, signal.SIGINT]
        found["interrupted"] = interrupted(made, twice)
        found["lock"] = locks(made)
        found["cancelled"] = interrupted(made, [signal.SIGTERM])
        found["lock"] += locks(made)
        found["after it"] = deploy(made, MIGRATE_STATE="1")  # once more: there is nothing to move

        del made.variables["ML_PLATFORM_DEV_STATE_BUCKET"]
        found["unmoved back"] = made.operation("deploy")
        without_initialization(made)
        found["unmoved back, fresh checkout"] = made.operation("deploy")
        found["moved back"] = deploy(made, MIGRATE_STATE="1")
        found["destroy, no terminal"] = made.finished(made.start_operation("deploy", "--verb", "destroy", APPROVE=""))
        found["still there"] = made.everything()
        made.session.resource("s3", endpoint_url=made.server.url).Bucket(found["bucket"]).object_versions.delete()
        found["destroyed"] = made.operation("deploy", "--verb", "destroy")
        found["left"] = made.everything()
    return found


def locks(made: Lab) -> list[str]:
    listed = made.client("s3").list_objects_v2(Bucket=STATE_BUCKET).get("Contents", [])
    return [item["Key"] for item in listed if item["Key"].endswith(".tflock")]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    # What a shell runs in the background ignores interrupts, and so would all that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return sequence(tmp_path_factory.mktemp("deploying"))


def own_lines(finished: Finished) -> list[str]:
    return [line for line in finished.printed.splitlines() if "the local AWS at" not in line]


def test_without_a_terminal_and_an_approval_nothing_is_begun_and_one_line_says_so(found: Found) -> None:
    assert found["no terminal"].code == 1
    [line] = found["no terminal"].printed.splitlines()
    assert line == "dev: nothing was begun: there is no terminal to ask at. To go ahead: make deploy ENV=dev APPROVE=1"
    assert found["not 1"].printed == "dev: APPROVE: 'yes': must be 1, or left out\n"
    assert found["begun"] == []


@pytest.mark.parametrize("what", ["refused", "refused plan"])
def test_a_refused_plan_ends_with_the_whole_of_what_terraform_says(found: Found, what: str) -> None:
    assert found[what].code == 1
    said = " ".join(found[what].printed.split())
    assert said.endswith(" ".join(REASON.split()))
    assert "with terraform_data.refused," in said or "in resource.terraform_data.refused" in said
    assert "make recover" not in said


def test_in_a_terminal_a_person_sees_the_plan_and_is_asked(found: Found) -> None:
    code, said = found["no"]
    assert (code, found["begun after no"]) == (0, [])
    assert "# aws_s3_bucket.data_bucket will be created" in said
    assert said.rstrip().endswith("dev: nothing was begun")


def test_a_deploy_tells_what_is_made_and_left_in_few_lines_and_the_outputs_whole(found: Found) -> None:
    code, said = found["yes"]
    assert code == 0
    _, told = said.split("goes ahead: ")
    lines = told.splitlines()
    assert len(lines) < 45
    assert any(line.startswith("dev: ") and "49 of 49 made: " in line for line in lines)
    assert any(line.startswith("dev: Apply complete! Resources: 49 added") for line in lines)
    assert f"  bucket_name = {found['bucket']}" in lines
    assert "Traceback" not in said


@pytest.mark.parametrize("module", ["deploy", "verify", "recover"])
def test_a_state_that_the_settings_want_elsewhere_is_noticed_and_explained(found: Found, module: str) -> None:
    finished = found["unmoved"][module]
    [line] = own_lines(finished)
    assert finished.code == 1
    assert "terraform.dev.tfstate (50 resources), and the settings want it in s3://acme-terraform-state/" in line
    assert line.endswith("make deploy ENV=dev MIGRATE_STATE=1")


def test_it_is_noticed_in_a_fresh_checkout_too(found: Found) -> None:
    assert own_lines(found["unmoved, fresh checkout"]) == own_lines(found["unmoved"]["deploy"])


def test_the_state_moves_on_demand_once_and_nothing_is_made_anew(found: Found) -> None:
    assert found["moved"].code == 0, found["moved"].printed
    assert "dev: its state was moved from " in found["moved"].printed
    assert "dev: nothing to change" in found["moved"].printed
    assert "moved from" not in found["after it"].printed
    assert (found["made anew"], found["state file"]) == ([], False)


def test_a_checkout_with_the_state_of_before_the_move_plans_with_the_moved_one_what_terraform_shows(
    found: Found,
) -> None:
    assert found["old checkout"].code == 0, found["old checkout"].printed
    assert "No changes. Your infrastructure matches the configuration." in found["old checkout"].printed


@pytest.mark.parametrize("what", ["interrupted", "cancelled"])
def test_an_interrupted_deploy_lets_terraform_end_and_leaves_no_lock(found: Found, what: str) -> None:
    assert found[what].code == 128 + signal.SIGINT
    assert "interrupted: Terraform ends what AWS is at" in found[what].printed
    assert "the lock of its state is free" in found[what].printed.splitlines()[-1]
    assert "Traceback" not in found[what].printed
    assert found["lock"] == []
    assert found["after it"].code == 0, found["after it"].printed


def test_the_state_comes_back_from_its_bucket_on_demand(found: Found) -> None:
    """Also where nothing but the bucket itself tells of it."""
    for what in ("unmoved back", "unmoved back, fresh checkout"):
        [line] = own_lines(found[what])
        assert "its state is in s3://acme-terraform-state/" in line
    assert found["moved back"].code == 0, found["moved back"].printed
    assert "dev: nothing to change" in found["moved back"].printed


def test_a_destroy_needs_an_approval_and_then_leaves_nothing(found: Found) -> None:
    assert found["destroy, no terminal"].printed.splitlines() == [
        "dev: nothing was begun: there is no terminal to ask at. To go ahead: make destroy ENV=dev APPROVE=1"
    ]
    assert found["still there"]
    assert found["destroyed"].code == 0, found["destroyed"].printed
    assert found["left"] == []
