"""A preflight that finds everything wrong, one that finds all fine, the deploys between, and what they call: dev with
every option, on the local AWS, by a deployer who has the printed policy. One sequence; the tests ask what it found.
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from local_aws import credentials
from local_aws.trials.kept_provider import OWN
from local_aws.trials.lab import Finished, Lab, lab
from operations.deployer_policy import DeployerPolicy
from tests.support.iam_actions import actions_of
from tests.support.project import copy_project
from tests.support.synthesis import environment

DEV = """
from settings.bucket import BucketSettings
from settings.data_capture import DataCaptureSettings
from settings.endpoint import ProvisionedEndpointSettings
from settings.environment import EnvironmentSettings
from settings.logs import LogSettings
from settings.network import NewNetworkSettings
from settings.notebook import NotebookSettings
from settings.scaling import InstanceScalingSettings
from settings.update import RollingUpdateSettings
from settings.variant import VariantSettings

SETTINGS = EnvironmentSettings(
    name="dev", region="us-east-1", protected=False, bucket=BucketSettings(force_destroy=True),
    state_bucket="acme-terraform-state", alarm_emails=["ml-team@example.com"], sagemaker_full_access=True,
    logs=LogSettings(keeps_account_wide={keeps}), owner="{owner}", network=NewNetworkSettings(),
    notebook=NotebookSettings(volume_size_gb={volume_size_gb}),
    endpoints=[
        ProvisionedEndpointSettings(
            production=VariantSettings(
                instance_type="{instance_type}", instance_count=2,
                scaling=InstanceScalingSettings(max_instance_count=3, invocations_per_instance=600),
            ),
            update=RollingUpdateSettings(batch_percent=50),
            data_capture=DataCaptureSettings(sampling_percent=20),
        )
    ],
)
"""
M5, INSTANCES = "L-614B09FD", "L-7A3DF611"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
JOBS = "/aws/sagemaker/TrainingJobs"
Found = dict[str, Any]


def write(
    made_in: Path, *, instance_type: str, owner: str = "ml-team", volume_size_gb: int = 5, keeps: bool = True
) -> None:
    text = DEV.format(instance_type=instance_type, owner=owner, volume_size_gb=volume_size_gb, keeps=keeps)
    (made_in / "stacks/dev.py").write_text(text)


def policy_of(made: Lab) -> DeployerPolicy:
    """As the command prints it, of the environment in the copy of the project."""
    values: dict[str, Any] = {}
    exec((made.project / "stacks/dev.py").read_text(), values)  # noqa: S102 - the text is DEV
    settings = values["SETTINGS"].checked()
    return DeployerPolicy(settings=settings, account_id=credentials.ACCOUNT_IDS["dev"])


def become_a_deployer(made: Lab, but: str) -> None:
    """The role loses AdministratorAccess and gets the printed policies, without one action."""
    made.client("iam").detach_role_policy(RoleName=credentials.ROLE, PolicyArn=ADMINISTRATOR)
    printed = made.operation("deployer_policy").printed  # asks nobody: the lab's settings know the account
    attach(made, {name: json.dumps(item).replace(f'"{but}", ', "") for name, item in json.loads(printed).items()})


def allow_all_of_it(made: Lab) -> None:
    attach(made, {name: json.dumps(document) for name, document in policy_of(made).documents.items()})


def attach(made: Lab, documents: dict[str, str]) -> None:
    """As managed policies, in the place of those that the role has."""
    iam = made.client("iam")
    detach(made)
    for name, document in documents.items():
        arn = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName=credentials.ROLE, PolicyArn=arn)


def detach(made: Lab) -> None:
    iam = made.client("iam")
    for policy in iam.list_attached_role_policies(RoleName=credentials.ROLE)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=credentials.ROLE, PolicyArn=policy["PolicyArn"])
        iam.delete_policy(PolicyArn=policy["PolicyArn"])


def operations_seen(log: Path) -> set[str]:
    """`service.Operation` in botocore's names, of everything that Terraform's provider sent: its debug log has them."""
    session = botocore.session.get_session()
    services = {
        session.get_service_model(name).metadata["serviceId"]: name
        for name in session.get_available_services()
        if name in SERVICES
    }
    found = set()
    for line in log.read_text(errors="replace").splitlines():
        operation, service = re.search(r"rpc\.method=(\w+)", line), re.search(r'rpc\.service=("[^"]+"|\S+)', line)
        if operation is not None and service is not None:
            found.add(f"{services[service[1].strip(chr(34))]}.{operation[1]}")
    return found


SERVICES = {
    *("application-autoscaling", "cloudwatch", "ec2", "iam", "kms", "logs"),
    *("resourcegroupstaggingapi", "s3", "s3control", "sagemaker", "sns", "sts"),
}


def sequence(folder: Path) -> Found:
    found: Found = {}
    project = copy_project(folder / "project")
    write(project, instance_type="ml.m5.large", keeps=False)
    with lab(folder, project=project, state_bucket=True) as made:
        elsewhere = credentials.session(credentials.account_variables(made.server, environment("staging").settings))
        taken = environment("dev").settings.names.bucket(credentials.ACCOUNT_IDS["dev"])
        others = elsewhere.resource("s3", endpoint_url=made.server.url).Bucket(taken)
        others.create()
        made.client("logs").create_log_group(logGroupName=JOBS)
        become_a_deployer(made, but="sagemaker:CreateEndpoint")
        before = made.everything()
        found["all wrong"] = made.operation("preflight")
        found["stopped"] = made.operation("deploy")
        found["begun"] = [item for item in made.everything() if item not in before]
        made.variables["ML_PLATFORM_DEV_ACCOUNT_ID"] = "999999999999"
        found["wrong account"] = made.operation("preflight")
        made.variables["ML_PLATFORM_DEV_ACCOUNT_ID"] = credentials.ACCOUNT_IDS["dev"]
        made.fail(errors=1.0)
        found["nothing answers"] = made.operation("preflight")
        made.fail()

        others.delete()
        allow_all_of_it(made)
        found["left alone"] = made.operation("recover")
        write(made.project, instance_type="ml.m5.large")
        made.synthesize()
        found["recovered"] = made.operation("recover")
        for command in re.findall(r"^  (aws .*)$", found["all wrong"].printed, re.MULTILINE):
            subprocess.run(["/bin/sh", "-c", command], env=made.variables, check=True, capture_output=True)
        found["all fine"] = made.operation("preflight")

        made.client("service-quotas").request_service_quota_increase(
            ServiceCode="sagemaker", QuotaCode=M5, DesiredValue=0
        )
        made.variables |= {
            "PREFLIGHT": "0",
            "TF_LOG_PROVIDER": "DEBUG",
            "TF_LOG_PATH": str(folder / "provider.log"),
            **OWN,  # Terraform has the log of none that it did not start
        }
        found["went ahead"] = made.operation("deploy")
        del made.variables["PREFLIGHT"]
        found["deployed"] = made.operation("preflight")
        write(made.project, instance_type="ml.c6i.large", owner="another-team", volume_size_gb=6)
        made.synthesize()
        made.applied()
        (made.stack / "recovered.tf.json").unlink(missing_ok=True)
        finished = made.terraform("destroy", "-auto-approve", "-input=false")
        assert finished.code == 0, finished.printed
        found["policy"] = policy_of(made)
        detach(made)
        found["left"] = made.everything()
        found["operations"] = operations_seen(folder / "provider.log")
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return sequence(tmp_path_factory.mktemp("preflight"))


def row(finished: Finished, verdict: str, what: str) -> str:
    """The detail of a row of the table."""
    [line] = re.findall(rf"^dev: {verdict} +{re.escape(what)}: (.*)$", finished.printed, re.MULTILINE)
    return str(line)


def test_quotas_that_are_too_low_are_told_with_code_and_value(found: Found) -> None:
    printed = found["all wrong"]
    assert printed.code == 1
    detail = row(printed, "ask for", "ml.m5.large for endpoint usage")
    assert detail == (
        f"{M5} is 0, 5 needed (linear-learner production: 3, and 2 beside them during an update)"  # a batch of half
    )
    assert row(printed, "ask for", "Number of instances across active endpoints").startswith(f"{INSTANCES} is 4, 5 ")
    assert f"--quota-code {M5} --desired-value 5" in printed.printed
    assert row(printed, "fine", "ml.t3.medium for notebook instance usage") == "L-E17566B7 is 6, 1 needed"


def test_an_account_wide_log_group_of_others_is_refused(found: Found) -> None:
    detail = row(found["all wrong"], "refused", "aws_cloudwatch_log_group.log_groups_TrainingJobs")
    assert "logs=LogSettings(keeps_account_wide=True)" in detail
    assert "owns_account_wide=False" in detail


def test_a_bucket_of_another_account_is_refused(found: Found) -> None:
    detail = row(found["all wrong"], "refused", "aws_s3_bucket.data_bucket")
    assert detail.endswith("is it another account's? Choose another name")


def test_an_action_that_is_not_allowed_is_named(found: Found) -> None:
    detail = row(found["all wrong"], "refused", "permissions")
    assert detail == "not allowed: sagemaker:CreateEndpoint; what is needed: make deployer-policy ENV=dev"


def test_zones_state_and_caller_are_told(found: Found) -> None:
    assert row(found["all wrong"], "fine", "state") == "the bucket acme-terraform-state is there"
    assert row(found["all wrong"], "fine", "zones") == "us-east-1a, us-east-1b are there"
    assert "assumed-role/local/dev" in row(found["all wrong"], "fine", "caller")


def test_a_deploy_stops_before_anything_is_begun(found: Found) -> None:
    finished = found["stopped"]
    assert finished.code == 1
    assert finished.printed.splitlines()[-1].endswith(
        "3 refused, 2 ask for, 1 ask for later: nothing was begun. To go ahead anyway: PREFLIGHT=0 make deploy ENV=dev"
    )
    assert "dev: fine" not in finished.printed
    assert found["begun"] == []


def test_credentials_of_another_account_are_refused_and_nothing_else_is_asked(found: Found) -> None:
    finished = found["wrong account"]
    assert finished.code == 1
    assert row(finished, "refused", "caller").endswith("must be in account_id, 999999999999")
    assert "1 questions, 1 refused" in finished.printed


def test_where_nothing_answers_a_preflight_says_so_without_a_traceback(found: Found) -> None:
    finished = found["nothing answers"]
    assert finished.code == 1
    [line] = finished.printed.splitlines()
    assert line.startswith("dev: AWS does not answer, nothing was changed: ")


def test_recover_takes_over_a_log_group_of_the_account_only_where_a_destroy_will_leave_it(found: Found) -> None:
    assert f"{JOBS} is there already, and not this environment's" in found["left alone"].printed
    assert "logs=LogSettings(keeps_account_wide=True)" in found["left alone"].printed
    assert "nothing to take over" in found["left alone"].printed
    assert found["left"] == [f"logs logGroups: /aws/sagemaker/{name}" for name in ("NotebookInstances", "TrainingJobs")]


def test_what_recover_takes_over_is_no_longer_said_to_exist(found: Found) -> None:
    assert f"exists and is not in the state: {JOBS}" in found["recovered"].printed
    assert "exists  " not in found["all fine"].printed


def test_with_quotas_raised_and_the_printed_policy_all_is_fine(found: Found) -> None:
    finished = found["all fine"]
    assert finished.code == 0, finished.printed
    assert finished.printed.splitlines()[-1].endswith("questions, all fine")


def test_a_deploy_that_is_told_not_to_ask_goes_ahead(found: Found) -> None:
    finished = found["went ahead"]
    assert finished.code == 0, finished.printed
    assert "preflight" not in finished.printed


def test_what_is_deployed_is_not_said_to_exist(found: Found) -> None:
    finished = found["deployed"]
    assert row(finished, "fine", "plan") == "0 to create, 0 to update, 0 to delete"
    assert "exists" not in finished.printed.replace("exists already", "")


def test_the_deployers_policy_allows_every_operation_of_a_deploy_an_update_and_a_destroy(found: Found) -> None:
    operations: set[str] = found["operations"]
    assert {"sagemaker.UpdateEndpoint", "sagemaker.DeleteEndpoint", "ec2.CreateVpc", "s3.HeadBucket"} <= operations
    allowed = {action for statement in found["policy"].statements for action in statement.actions}
    assert {action for operation in operations for action in actions_of(operation)} - allowed == set()
