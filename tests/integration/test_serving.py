"""How endpoints scale, are updated, rolled back and moved: Terraform itself on the local AWS, which refuses what
SageMaker refuses. Three sequences, side by side; the tests ask for what each found on its way.
"""

import json
import re
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local_aws.trials.lab import Lab, lab
from tests.support.project import copy_project

DEV = """
from settings.bucket import BucketSettings
from settings.data_capture import DataCaptureSettings
from settings.endpoint import ProvisionedEndpointSettings, ServerlessEndpointSettings
from settings.environment import EnvironmentSettings
from settings.scaling import ConcurrencyScalingSettings, InstanceScalingSettings
from settings.update import CanaryUpdateSettings
from settings.variant import VariantSettings

SETTINGS = EnvironmentSettings(
    name="dev", region="us-east-1", protected=False, bucket=BucketSettings(force_destroy=True),
    alarm_emails=["ml-team@example.com"],
    endpoints=[{endpoints}],
)
"""
PROVISIONED = """ProvisionedEndpointSettings(
    production=VariantSettings(instance_type="{instance_type}", instance_count=2, scaling={scaling}),
    update=CanaryUpdateSettings(canary_percent=50),
    data_capture=DataCaptureSettings(sampling_percent=20),
)"""
SCALING = "InstanceScalingSettings(max_instance_count=4, invocations_per_instance=600)"
SHADOW = 'shadow=VariantSettings(instance_type="ml.m5.large"'
# staging, which is protected, with a serverless endpoint of another name, and back.
MOVED = """
from settings.endpoint import ServerlessEndpointSettings
from settings.environment import EnvironmentSettings
from settings.logs import LogSettings

SETTINGS = EnvironmentSettings(
    name="staging", region="us-east-1", local_state=True, logs=LogSettings(retention_days=90),
    endpoints=[ServerlessEndpointSettings(name_carries_hosting=True)],
)
"""
GROUP = "/aws/sagemaker/Endpoints/linear-learner"
SERVERLESS = """ServerlessEndpointSettings(
    name_carries_hosting={named}, max_concurrency=10, provisioned_concurrency=2,
    scaling=ConcurrencyScalingSettings(max_provisioned_concurrency=6),
)"""
STEPS = ("before", "shadow", "promoted", "dropped")
Found = dict[str, Any]


def apply(made: Lab, *endpoints: str) -> None:
    """The endpoints written into dev's settings, and applied."""
    write(made, *endpoints)
    made.applied()


def write(made: Lab, *endpoints: str) -> None:
    (made.project / "stacks/dev.py").write_text(DEV.format(endpoints=", ".join(endpoints)))
    made.synthesize()


def targets(made: Lab) -> dict[str, tuple[str, int, int]]:
    asked = made.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    return {
        item["ResourceId"]: (item["ScalableDimension"].rpartition(":")[2], item["MinCapacity"], item["MaxCapacity"])
        for item in asked["ScalableTargets"]
    }


def scaled_and_moved(folder: Path) -> Found:
    """dev with every option on; the autoscaler moves the count; other instances; serverless; and back."""
    found: Found = {}
    project = copy_project(folder / "project")
    (project / "stacks/dev.py").write_text(
        DEV.format(endpoints=PROVISIONED.format(instance_type="ml.m5.large", scaling=SCALING))
    )
    with lab(folder, project=project) as made:
        made.applied()
        sagemaker = made.client("sagemaker")
        found["endpoint"] = made.endpoint()
        found["data capture"] = made.configuration()["DataCaptureConfig"]
        found["key"] = made.client("kms").describe_key(KeyId="alias/ml-platform-dev")["KeyMetadata"]["Arn"]
        found["targets"] = targets(made)
        autoscaling = made.client("application-autoscaling")
        [found["policy"]] = autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
        cloudwatch, sns = made.client("cloudwatch"), made.client("sns")
        found["alarms"] = cloudwatch.describe_alarms()["MetricAlarms"]
        found["dashboard"] = json.loads(cloudwatch.get_dashboard(DashboardName="ml-platform-dev")["DashboardBody"])
        [topic] = sns.list_topics()["Topics"]
        found["topic"] = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        found["subscriptions"] = sns.list_subscriptions()["Subscriptions"]

        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="linear-learner",
            DesiredWeightsAndCapacities=[{"VariantName": "production", "DesiredInstanceCount": 4}],
        )
        found["scaled out"] = made.endpoint()["ProductionVariants"][0]["CurrentInstanceCount"]
        made.nothing_to_change()

        apply(made, PROVISIONED.format(instance_type="ml.c6i.large", scaling=SCALING))
        found["targets of other instances"] = targets(made)
        found["endpoint on other instances"] = made.endpoint()

        write(made, SERVERLESS.format(named=False))
        finished = made.terraform("plan", "-input=false")
        found["refused"] = (finished.code, " ".join(finished.printed.split()))

        apply(made, SERVERLESS.format(named=True))
        made.nothing_to_change()
        found["serverless"] = made.endpoint("linear-learner-serverless")
        found["serverless targets"] = targets(made)
        found["endpoints when serverless"] = [item["EndpointName"] for item in sagemaker.list_endpoints()["Endpoints"]]

        apply(made, PROVISIONED.format(instance_type="ml.m5.large", scaling=None))
        made.nothing_to_change()
        found["targets when back"] = targets(made)
        found["endpoints when back"] = [item["EndpointName"] for item in sagemaker.list_endpoints()["Endpoints"]]
        made.destroyed()
    return found


def rolled_back(folder: Path) -> Found:
    """Another model is released, and SageMaker rolls the update back: twice; then it does not; then again, and the
    release is reverted."""
    found: Found = {}
    project = copy_project(folder / "project")
    (project / "stacks/dev.py").write_text(
        DEV.format(endpoints="ProvisionedEndpointSettings(production=VariantSettings())")
    )
    with lab(folder, project=project) as made:
        found["status before"] = made.finished(made.start_operation("status", COLUMNS="300"))
        made.applied()
        found["status"] = made.finished(made.start_operation("status", COLUMNS="300"))
        served = made.endpoint()["EndpointConfigName"]
        found["verified"] = made.operation("verify")

        made.fail(rollbacks=1.0)
        release(made, production="means")
        found["first"] = made.apply()
        found["first, live"] = live(made, served)
        found["not verified"] = made.operation("verify")
        found["status when rolled back"] = made.finished(made.start_operation("status", COLUMNS="300"))
        found["second"] = made.apply()
        found["second, live"] = live(made, served)

        made.fail()
        # From another folder than the stack's: the guard finds its script all the same.
        command = ["terraform", f"-chdir={made.stack}", "apply", "-auto-approve", "-input=false", "-no-color"]
        found["good"] = subprocess.run(
            command, cwd=folder, env=made.variables, capture_output=True, text=True, check=False
        )
        found["good, live"] = live(made, made.endpoint()["EndpointConfigName"])

        made.fail(rollbacks=1.0)
        release(made, production="all-columns")
        assert made.apply().code != 0
        made.fail()
        release(made, production="means")
        made.applied()
        made.nothing_to_change()
        found["reverted, live"] = live(made, made.endpoint()["EndpointConfigName"])
        found["answers"] = made.operation("invoke")
        (folder / "bad.csv").write_text("1,2\n")
        found["bad row"] = made.operation("invoke", "--rows", str(folder / "bad.csv"))
    return found


def live(made: Lab, expected: str) -> Found:
    """What serves, if it is as expected, and what there is besides: configurations, models and artifacts."""
    sagemaker, s3 = made.client("sagemaker"), made.client("s3")
    assert made.endpoint()["EndpointConfigName"] == expected
    configurations = [item["EndpointConfigName"] for item in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
    assert expected in configurations
    [variant] = made.variants()
    model = sagemaker.describe_model(ModelName=variant["ModelName"])["PrimaryContainer"]["ModelDataUrl"]
    bucket, _, key = model.removeprefix("s3://").partition("/")
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] > 1000
    return {
        "configurations": len(configurations),
        "models": len(sagemaker.list_models()["Models"]),
        "model": made.catalogue_name(variant["ModelName"]),
    }


def release(made: Lab, **models: str) -> int:
    """Returns how many lines of releases.json differ."""
    lines = made.release(**models)
    made.synthesize()
    return lines


def shadowed(folder: Path) -> Found:
    """staging: a shadow, which scales, is released, promoted, and dropped; then it moves, and comes back."""
    found: Found = {}
    project = copy_project(folder / "project")
    staging = project / "stacks/staging.py"
    settings = staging.read_text()
    for old, new in (
        ('    network=NewNetworkSettings(cidr_block="10.0.16.0/20"),\n', ""),
        ("from settings.logs", "from settings.scaling import InstanceScalingSettings\nfrom settings.logs"),
        (SHADOW, f"{SHADOW}, scaling={SCALING}"),
    ):
        assert old in settings
        settings = settings.replace(old, new)
    staging.write_text(settings)
    with lab(folder, "staging", project=project) as made:
        release(made, production="means")
        made.applied()
        found["before"] = shadow_state(made)
        for step, models in (
            ("shadow", {"production": "means", "shadow": "all-columns"}),
            ("promoted", {"production": "all-columns", "shadow": "all-columns"}),
            ("dropped", {"production": "all-columns"}),
        ):
            lines = release(made, **models)
            made.applied()
            found[step] = shadow_state(made) | {"lines": lines}
        made.nothing_to_change()
        found |= moved_and_back(made)
        made.destroyed()
    return found


def moved_and_back(made: Lab) -> Found:
    """Who logged, and what of it is there, after a move to another hosting and name, and after the way back."""
    found: Found = {}
    logs = made.client("logs")
    logs.create_log_stream(logGroupName=GROUP, logStreamName="production/i-1")
    event = {"timestamp": int(time.time() * 1000), "message": "a year old"}
    logs.put_log_events(logGroupName=GROUP, logStreamName="production/i-1", logEvents=[event])
    staging = made.project / "stacks/staging.py"
    settings = staging.read_text()
    staging.write_text(MOVED)
    made.synthesize()
    made.applied()
    found["moved"] = log_state(made)
    staging.write_text(settings)
    made.synthesize()
    found["back by"] = made.deployed()
    made.nothing_to_change()
    found["back"] = log_state(made)
    return found


def log_state(made: Lab) -> Found:
    logs = made.client("logs")
    groups = {group["logGroupName"]: group for group in logs.describe_log_groups()["logGroups"]}
    events = logs.get_log_events(logGroupName=GROUP, logStreamName="production/i-1")["events"]
    names = [item["EndpointName"] for item in made.client("sagemaker").list_endpoints()["Endpoints"]]
    kept = groups[GROUP]
    tags = logs.list_tags_for_resource(resourceArn=kept["arn"].removesuffix(":*"))["tags"]
    return {
        "endpoints": names,
        "events": [event["message"] for event in events],
        "retention and key": (kept["retentionInDays"], kept["kmsKeyId"]),
        "environment": tags["Environment"],
    }


def shadow_state(made: Lab) -> Found:
    cloudwatch = made.client("cloudwatch")
    body = cloudwatch.get_dashboard(DashboardName="ml-platform-staging")["DashboardBody"]
    return {
        "created": made.endpoint()["CreationTime"],
        "models": made.models_served(),
        "weights": {item["VariantName"]: item["InitialVariantWeight"] for item in made.variants()},
        "alarms": sum("shadow" in item["AlarmName"] for item in cloudwatch.describe_alarms()["MetricAlarms"]),
        "scaled": sorted(resource.rpartition("/")[2] for resource in targets(made)),
        "compared": '"VariantName", "shadow"' in body,
    }


SEQUENCES: dict[str, Callable[[Path], Found]] = {
    "scaled and moved": scaled_and_moved,
    "rolled back": rolled_back,
    "shadowed": shadowed,
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Future[Found]]:
    pool = ThreadPoolExecutor(len(SEQUENCES))
    return {label: pool.submit(sequence, tmp_path_factory.mktemp("serving")) for label, sequence in SEQUENCES.items()}


@pytest.fixture(scope="module")
def scaled(running: dict[str, Future[Found]]) -> Found:
    return running["scaled and moved"].result()


@pytest.fixture(scope="module")
def guarded(running: dict[str, Future[Found]]) -> Found:
    return running["rolled back"].result()


@pytest.fixture(scope="module")
def shadow(running: dict[str, Future[Found]]) -> Found:
    return running["shadowed"].result()


def test_an_update_that_was_rolled_back_fails_the_apply_with_its_reason(guarded: Found) -> None:
    for attempt in ("first", "second"):
        assert guarded[attempt].code != 0
        said = guarded[attempt].printed
        assert "endpoint linear-learner: the update was rolled back: it serves linear-learner-" in said
        assert "One or more configured alarm(s) went into ALARM state" in said
        assert "Name another model in" in said


def test_what_still_serves_is_kept_for_as_long_as_the_guard_fails(guarded: Found) -> None:
    assert guarded["first, live"]["model"] == guarded["second, live"]["model"] == "all-columns"
    assert guarded["first, live"]["models"] == 2


def test_the_next_good_apply_converges_and_clears_up(guarded: Found) -> None:
    assert guarded["good"].returncode == 0, guarded["good"].stderr
    assert "endpoint linear-learner serves linear-learner-" in guarded["good"].stdout
    assert guarded["good, live"] == {"configurations": 1, "models": 1, "model": "means"}


def test_a_release_taken_back_after_a_rollback_converges_too(guarded: Found) -> None:
    assert guarded["reverted, live"] == {"configurations": 1, "models": 1, "model": "means"}
    assert guarded["answers"].printed.count("endpoint linear-learner, row ") == 5


def test_a_bad_row_is_told_to_be_the_clients_fault(guarded: Found) -> None:
    said = 'Received client error (400) from primary with message "row 1 has 2 values: must have 30"'
    assert guarded["bad row"].code == 1
    assert said in guarded["bad row"].printed


def test_make_verify_tells_the_same_by_itself(guarded: Found) -> None:
    assert guarded["verified"].code == 0
    assert "dev: endpoint linear-learner serves linear-learner-" in guarded["verified"].printed
    assert guarded["not verified"].code == 1
    assert "the update was rolled back" in guarded["not verified"].printed


def test_make_status_tells_what_is_released_deployed_and_served(guarded: Found) -> None:
    old, new = "breast-cancer-all-columns", "breast-cancer-means"
    for when, cells in (
        ("status before", ["-", "-", "-", "-", "-", "-", "-", old, "-", "not deployed yet"]),
        ("status", [old, "-", "-", "-", "InService", "ok", "same", "same"]),
        ("status when rolled back", [old, "-", "-", "-", "InService", "ok", new, new, "rolled back"]),
    ):
        assert guarded[when].code == 0, guarded[when].printed
        _, header, row = guarded[when].printed.splitlines()
        assert re.split("  +", header)[:4] == ["environment", "endpoint", "serves", "since"]
        said = re.split("  +", row)
        since = [cell for cell in said if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", cell)]
        assert len(since) == (0 if when == "status before" else 1)
        assert [cell for cell in said if cell not in since] == ["dev", "linear-learner", *cells]


def test_a_shadow_is_released_promoted_and_dropped_by_a_line_each(shadow: Found) -> None:
    assert shadow["before"]["models"] == {"production": "means"}
    assert shadow["shadow"]["models"] == {"production": "means", "shadow": "all-columns"}
    assert shadow["promoted"]["models"] == {"production": "all-columns", "shadow": "all-columns"}
    assert shadow["dropped"]["models"] == {"production": "all-columns"}
    assert [shadow[step]["lines"] for step in ("shadow", "promoted", "dropped")] == [1, 1, 1]


def test_each_of_these_is_an_update_in_place(shadow: Found) -> None:
    assert len({shadow[step]["created"] for step in STEPS}) == 1


def test_the_shadow_gets_its_share_of_the_requests_copied(shadow: Found) -> None:
    assert shadow["shadow"]["weights"] == {"production": 1.0, "shadow": 1.0}


def test_a_shadow_that_scales_is_deregistered_before_it_is_dropped(shadow: Found) -> None:
    """The local AWS refuses, as SageMaker does, to remove a variant that is still registered."""
    assert [shadow[step]["scaled"] for step in STEPS] == [[], ["shadow"], ["shadow"], []]


def test_the_comparison_comes_and_goes_with_the_shadow(shadow: Found) -> None:
    assert {step: (shadow[step]["alarms"], shadow[step]["compared"]) for step in STEPS} == {
        "before": (0, False),
        "shadow": (2, True),
        "promoted": (2, True),
        "dropped": (0, False),
    }


def test_a_protected_environments_logs_outlive_a_move_to_another_hosting_and_name_and_back(shadow: Found) -> None:
    moved, back = shadow["moved"], shadow["back"]
    assert (moved["endpoints"], back["endpoints"]) == (["linear-learner-serverless"], ["linear-learner"])
    same = ("events", "retention and key", "environment")
    assert [moved[what] for what in same] == [back[what] for what in same]
    assert (back["events"], back["environment"]) == (["a year old"], "staging")
    assert back["retention and key"][0] == 90
    [deployed] = shadow["back by"]
    assert f"aws_cloudwatch_log_group.log_groups_Endpoints_linear_learner exists and is not in the state: {GROUP}" in (
        deployed.printed
    )


def test_a_scaled_variant_is_registered_with_its_policy(scaled: Found) -> None:
    assert scaled["targets"] == {"endpoint/linear-learner/variant/production": ("DesiredInstanceCount", 2, 4)}
    policy = scaled["policy"]["TargetTrackingScalingPolicyConfiguration"]
    assert policy["PredefinedMetricSpecification"]["PredefinedMetricType"] == "SageMakerVariantInvocationsPerInstance"
    assert (policy["TargetValue"], policy["ScaleInCooldown"], policy["ScaleOutCooldown"]) == (600.0, 300, 300)


def test_after_the_autoscaler_has_moved_the_count_there_is_nothing_to_change(scaled: Found) -> None:
    assert scaled["endpoint"]["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert scaled["scaled out"] == 4


def test_other_instances_are_registered_anew_around_an_update_in_place(scaled: Found) -> None:
    """The local AWS refuses, as SageMaker does, to change the instances of a variant that is still registered."""
    assert scaled["targets of other instances"] == scaled["targets"]
    assert scaled["endpoint on other instances"]["CreationTime"] == scaled["endpoint"]["CreationTime"]


def test_the_guarded_update_is_declared_from_the_first_apply(scaled: Found) -> None:
    config = scaled["endpoint"]["LastDeploymentConfig"]
    routing = config["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert (routing["Type"], routing["CanarySize"]) == ("CANARY", {"Type": "CAPACITY_PERCENT", "Value": 50})
    assert {alarm["AlarmName"] for alarm in config["AutoRollbackConfiguration"]["Alarms"]} == {
        alarm["AlarmName"] for alarm in scaled["alarms"] if not alarm["AlarmActions"]
    }


def test_requests_are_captured_into_the_bucket_encrypted_with_the_key(scaled: Found) -> None:
    capture = scaled["data capture"]
    assert (capture["EnableCapture"], capture["InitialSamplingPercentage"]) == (True, 20)
    assert capture["DestinationS3Uri"] == "s3://ml-platform-dev-sagemaker-111111111111-us-east-1/data-capture"
    assert capture["KmsKeyId"] == scaled["key"]
    assert [option["CaptureMode"] for option in capture["CaptureOptions"]] == ["Input", "Output"]


def test_alarms_notify_the_encrypted_topic_and_its_subscribers(scaled: Found) -> None:
    notifying = [alarm for alarm in scaled["alarms"] if alarm["AlarmActions"]]
    assert {alarm["AlarmName"] for alarm in notifying} == {
        "ml-platform-dev-linear-learner-5xx-errors",
        "ml-platform-dev-linear-learner-model-latency",
    }
    for alarm in notifying:
        assert alarm["AlarmActions"] == [scaled["topic"]["TopicArn"]]
        assert alarm["ActionsEnabled"] is True
    assert scaled["topic"]["KmsMasterKeyId"] == scaled["key"]
    [subscription] = scaled["subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ml-team@example.com")


def test_the_dashboard_shows_the_endpoint(scaled: Found) -> None:
    titles = [widget["properties"]["title"] for widget in scaled["dashboard"]["widgets"]]
    assert {"Alarms", "linear-learner: invocations", "linear-learner: errors", "Errors in the logs"} <= set(titles)


def test_a_move_to_serverless_under_the_same_name_is_refused_by_the_plan(scaled: Found) -> None:
    code, said = scaled["refused"]
    assert code != 0
    assert "linear-learner is to become serverless, which SageMaker cannot do in place" in said.replace("│ ", "")


def test_under_a_name_that_carries_the_hosting_the_endpoint_moves_and_back_again(scaled: Found) -> None:
    assert scaled["endpoints when serverless"] == ["linear-learner-serverless"]
    [variant] = scaled["serverless"]["ProductionVariants"]
    assert variant["CurrentServerlessConfig"]["ProvisionedConcurrency"] == 2
    assert scaled["serverless targets"] == {
        "endpoint/linear-learner-serverless/variant/production": ("DesiredProvisionedConcurrency", 2, 6)
    }
    assert scaled["endpoints when back"] == ["linear-learner"]
    assert scaled["targets when back"] == {}
