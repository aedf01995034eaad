"""What AWS says some time after it took a call: Terraform itself on a local AWS that plays it.

One sequence in staging's network; the tests ask for what it found on its way.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from local_aws.trials.lab import lab
from tests.support.project import copy_project

Found = dict[str, Any]


def later(folder: Path) -> Found:
    """A role that settles, a first endpoint that fails, a failing model and its repair, an update that cannot be taken
    back, and a destroy during which SageMaker lets go slowly."""
    found: Found = {}
    project = copy_project(folder / "project")
    staging = project / "stacks/staging.py"
    settings = staging.read_text()

    def write(shadow_weight: float, termination_wait_seconds: int, *, updated: bool = True) -> None:
        update = f"AllAtOnceUpdateSettings(termination_wait_seconds={termination_wait_seconds})" if updated else "None"
        changed = settings.replace(
            'shadow=VariantSettings(instance_type="ml.m5.large"',
            f'update={update},\nshadow=VariantSettings(instance_type="ml.m5.large", weight={shadow_weight}',
        )
        assert changed != settings
        staging.write_text(f"from settings.update import AllAtOnceUpdateSettings\n{changed}")

    write(0.1, 300)
    with lab(folder, "staging", project=project) as made:

        def deploy(production: str) -> Any:
            made.release(production=production, shadow="all-columns")
            made.synthesize()
            return made.apply()

        made.fail(settling_seconds=10, endpoint_seconds=2, failed_endpoints=1.0)
        found["first"] = deploy("means")
        found["first, status"] = made.endpoint()["EndpointStatus"]
        made.fail(endpoint_seconds=2)
        found["recover"] = made.recover()
        made.applied()
        made.nothing_to_change()
        found["weights"] = [variant["InitialVariantWeight"] for variant in made.variants()]
        found["interfaces"] = made.client("ec2").describe_network_interfaces()["NetworkInterfaces"]

        made.fail(failing_model="-means-")
        found["invoked"] = made.operation("invoke")
        found["repair"] = deploy("all-columns")
        found["repair, served"] = made.models_served()["production"]
        found["relapse"] = deploy("means")
        found["relapse, served"] = made.models_served()["production"]
        found["reason"] = made.endpoint()["FailureReason"]
        found["relapse, alarms"] = alarms(made)
        found["repair again"] = deploy("all-columns")
        found["repair again, alarms"] = alarms(made)

        before = made.configuration()["EndpointConfigName"]
        write(0.1, 120)
        made.synthesize()
        found["another way to update"] = made.apply()
        found["another configuration"] = before != made.configuration()["EndpointConfigName"]

        made.fail(failed_rollbacks=1.0)
        found["stuck"] = deploy("means")
        found["stuck, verified"] = made.operation("verify")
        made.fail()
        made.applied()
        made.nothing_to_change()

        write(0.1, 120, updated=False)
        made.synthesize()
        found["unguarded"] = made.terraform("plan", "-input=false")
        write(0.1, 120)
        made.fail(lingering_seconds=40)
        releases = json.loads((project / "releases.json").read_text())
        releases["environments"]["staging"] = {}
        (project / "releases.json").write_text(json.dumps(releases))
        made.synthesize()
        made.applied()
        found["left by the release"] = made.everything()
        found["destroyed"] = made.destroyed().printed
    return found


def alarms(made: Any) -> dict[str, str]:
    """The state of each alarm that judges a fleet alone, by its configuration's name."""
    described = made.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return {
        dimension["Value"]: alarm["StateValue"]
        for alarm in described
        if alarm.get("MetricName") == "Invocation5XXErrors"
        for dimension in alarm.get("Dimensions", [])
        if dimension["Name"] == "EndpointConfigName"
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return later(tmp_path_factory.mktemp("later"))


def test_an_endpoint_whose_creation_failed_is_not_kept_but_deleted_and_made_again(found: Found) -> None:
    assert found["first"].code != 0
    assert found["first, status"] == "Failed"
    assert "aws sagemaker delete-endpoint --endpoint-name linear-learner" in found["recover"].printed
    assert "aws_sagemaker_endpoint.linear_learner was made although" not in found["recover"].printed


def test_a_role_that_is_new_to_sagemaker_is_waited_for(found: Found) -> None:
    assert "Could not assume role" not in found["first"].printed


def test_a_weight_that_is_not_exact_in_32_bits_plans_no_change(found: Found) -> None:
    assert found["weights"] == [1.0, pytest.approx(0.1)]


def test_every_instance_in_the_network_has_an_interface_there(found: Found) -> None:
    described = [item["Description"] for item in found["interfaces"] if "SageMaker" in item["Description"]]
    assert len(described) == 2


def test_a_model_that_fails_is_repaired_by_a_deploy_although_the_old_fleet_is_in_alarm(found: Found) -> None:
    assert "OriginalStatusCode" in found["invoked"].printed or found["invoked"].code != 0
    assert found["repair"].code == 0, found["repair"].printed
    assert found["repair, served"] == "all-columns"


def test_a_new_model_that_fails_is_rolled_back_by_the_alarm_on_its_own_fleet(found: Found) -> None:
    assert found["relapse"].code != 0
    assert "the update was rolled back" in found["relapse"].printed
    assert found["relapse, served"] == "all-columns"
    assert found["reason"].endswith("-5xx-errors")


def test_the_alarms_of_what_serves_are_kept_while_an_update_is_rolled_back_and_go_with_it(found: Found) -> None:
    assert sorted(found["relapse, alarms"].values()) == ["ALARM", "OK"]
    assert found["repair again"].code == 0, found["repair again"].printed
    assert list(found["repair again, alarms"].values()) == ["OK"]


def test_another_way_to_update_alone_is_another_configuration_and_goes_through(found: Found) -> None:
    assert found["another way to update"].code == 0, found["another way to update"].printed
    assert found["another configuration"]


def test_an_update_that_could_not_be_taken_back_is_told_as_what_it_is(found: Found) -> None:
    assert found["stuck"].code != 0
    said = found["stuck, verified"].printed
    assert "UpdateRollbackFailed" in said
    assert "it serves, from instances of both configurations" in said


def test_an_endpoint_cannot_lose_its_guarded_update_under_its_name(found: Found) -> None:
    assert found["unguarded"].code != 0
    said = " ".join(found["unguarded"].printed.split())
    assert "update cannot be given to an endpoint that was made without, nor taken away" in said


def test_when_the_last_release_goes_role_and_network_stay_for_as_long_as_sagemaker_needs_them(found: Found) -> None:
    left = found["left by the release"]
    assert "sagemaker Endpoints: linear-learner" not in left
    assert "iam Roles: ml-platform-staging-sagemaker-hosting" in left
    assert [item for item in left if item.startswith("ec2 NetworkInterfaces: ")]


def test_a_destroy_waits_until_sagemaker_has_let_go_of_network_and_role(found: Found) -> None:
    assert "waiting until SageMaker has freed" in found["destroyed"]
