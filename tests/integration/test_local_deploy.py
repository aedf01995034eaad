"""The whole main job on the local AWS: the real cdktf and Terraform deploy dev, staging and prod, move them to other
releases, find nothing to change, and destroy them.

The tests build on each other, in the order of the file. prod keeps its state in S3; the user's own AWS configuration is
hostile throughout.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lazy_bindings.variables import package_cache
from local_aws import credentials
from local_aws.inventory import inventory
from local_aws.server import failures
from local_aws.server import process as server_process
from local_aws.server.failures import Failures
from local_aws.trials.kept_provider import OWN
from local_aws.trials.lab import Lab
from policy import gate
from settings.lifecycle_scripts import SETTINGS, read_lifecycle_scripts
from stacks.environments import ROOT
from stacks.synthesized_stack import SynthesizedStack
from tests.support.kept_providers import kept_providers
from tests.support.page import examples
from tests.support.policies import policies
from tests.support.project import copy_project
from tests.support.sandbox import Sandbox, needs_a_root
from tests.support.synthesis import environment

NAMES = ("dev", "staging", "prod")
STATE_BUCKET = "acme-terraform-state"
# Of breast-cancer-all-columns for models/sample-rows.csv; tests/models/breast_cancer/ has what a model predicts.
PREDICTIONS = [
    "dev: endpoint linear-learner, row 1: class benign, probability 0.999799",
    "dev: endpoint linear-learner, row 2: class benign, probability 0.999573",
    "dev: endpoint linear-learner, row 3: class malignant, probability 0.973699",
    "dev: endpoint linear-learner, row 4: class malignant, probability 0.994919",
    "dev: endpoint linear-learner, row 5: class benign, probability 0.999922",
]
# What the platform, its operations and these tests call.
SERVICES = {
    "application-autoscaling",
    "cloudwatch",
    "ec2",
    "efs",
    "iam",
    "kms",
    "logs",
    "resourcegroupstaggingapi",
    "s3",
    "sagemaker",
    "sagemaker-runtime",
    "scheduler",
    "service-quotas",
    "sns",
    "sts",
}


@dataclass
class Platform:
    """A clone of the project, and what its deploys printed."""

    project: Path
    home: Path
    printed: dict[str, str] = field(default_factory=dict)
    path: str = field(default_factory=lambda: os.environ["PATH"])
    until_the_end: ExitStack = field(default_factory=ExitStack)

    @property
    def folder(self) -> Path:
        return self.project / ".local"

    @property
    def variables(self) -> dict[str, str]:
        """A user's environment in which every way but the local one leads astray."""
        return os.environ | {
            "HOME": str(self.home),
            "PATH": self.path,
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(package_cache(os.environ)),
            "AWS_PROFILE": "production",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
            "HTTP_PROXY": "http://127.0.0.1:1",
            "AWS_CONFIG_FILE": str(self.home / ".aws/config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.home / ".aws/credentials"),
            "AWS_ACCESS_KEY_ID": "REAL",
            "AWS_SECRET_ACCESS_KEY": "REAL",
        }

    def start(self, module: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [".venv/bin/python", "-m", f"local_aws.{module}", *arguments],
            cwd=self.project,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def deploy(self, *names: str) -> None:
        """All at the same time: most of a deploy is waiting."""
        self.finish({name: self.start("deploy", name) for name in names})

    def keep_providers(self) -> None:
        """For all that comes after the first deploy."""
        kept = kept_providers(self.folder, NAMES, self.home / "bin", self.variables)
        self.path = self.until_the_end.enter_context(kept)

    def finish(self, deploys: Mapping[str, subprocess.Popen[str]]) -> None:
        for name, process in deploys.items():
            self.printed[name] = process.communicate(timeout=400)[0]
        for name, process in deploys.items():
            assert process.returncode == 0, self.printed[name]

    def shell(self, name: str, command: str) -> subprocess.CompletedProcess[str]:
        """A command in a shell that has sourced the environment's exports, as a person would."""
        return subprocess.run(
            ["/bin/sh", "-c", f". ./.local/{name}.env && {command}"],
            cwd=self.project,
            env=self.variables | {"CI": "true"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def lab(self, name: str) -> Lab:
        server, _ = server_process.find(self.folder)
        assert server is not None
        variables = credentials.account_variables(server, environment(name).settings)
        return Lab(folder=self.folder, server=server, name=name, project=self.project, variables=variables)

    def client(self, name: str, service: str) -> Any:
        return self.lab(name).client(service)

    def everything(self, name: str) -> list[str]:
        made = self.lab(name)
        return inventory(made.session, made.server.url)

    def endpoint(self, name: str) -> dict[str, Any]:
        return self.lab(name).endpoint()

    def models_served(self, name: str) -> dict[str, str]:
        return self.lab(name).models_served()

    def bucket(self, name: str) -> str:
        return environment(name).settings.names.bucket(credentials.ACCOUNT_IDS[name])

    def key(self, name: str) -> dict[str, Any]:
        alias = environment(name).settings.names.key_alias
        described: dict[str, Any] = self.client(name, "kms").describe_key(KeyId=alias)["KeyMetadata"]
        return described

    def release(self, **environments: dict[str, str]) -> None:
        for name, models in environments.items():
            self.lab(name).release(**models)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = tmp_path_factory.mktemp("home")
    (home / ".aws").mkdir()
    (home / ".aws/credentials").write_text("[production]\naws_access_key_id = REAL\naws_secret_access_key = REAL\n")
    (home / ".aws/config").write_text("[profile production]\nendpoint_url = http://127.0.0.1:1\n")
    made = Platform(copy_project(tmp_path_factory.mktemp("clone") / "project"), home)
    prod = made.project / "stacks/prod.py"
    prod.write_text(prod.read_text().replace('name="prod",', f'name="prod",\n    state_bucket="{STATE_BUCKET}",'))
    with made.until_the_end:
        yield made
    server, _ = server_process.find(made.folder)
    if server is not None:
        server_process.stop(made.folder, server)


def others_at_the_same_time(platform: Platform) -> None:
    """While dev is deployed, another deploy of it and make local-down are refused, and change nothing."""
    lock = platform.folder / "dev/cdktf.out/stacks/dev/operation.lock"
    give_up = time.monotonic() + 120
    while not lock.is_file() or not lock.read_text():
        assert time.monotonic() < give_up
        time.sleep(0.1)
    others = [platform.start("deploy", "dev"), platform.start("undeploy")]
    said = [process.communicate(timeout=120)[0] for process in others]
    assert [process.returncode for process in others] == [1, 1]
    holder = f"process {lock.read_text().strip()} of this machine is at it"
    assert f"dev: {holder}" in said[0]
    assert said[1].startswith(f"local AWS: dev: {holder}")


def test_the_three_environments_deploy_at_the_same_time(platform: Platform) -> None:
    """With roles that SageMaker cannot take at once, as in AWS."""
    server = server_process.start(platform.folder)
    failures.put(server, Failures(settling_seconds=10))
    deploys = {name: platform.start("deploy", name) for name in NAMES}
    others_at_the_same_time(platform)
    platform.finish(deploys)
    failures.put(server, Failures())
    platform.keep_providers()
    for name in NAMES:
        assert f"bucket_name = {platform.bucket(name)}" in platform.printed[name]
        assert "endpoint_name_linear_learner = linear-learner" in platform.printed[name]


def test_the_override_changes_the_providers_version_and_nothing_else(platform: Platform) -> None:
    overrides = list(platform.folder.glob("*/cdktf.out/stacks/*/*_override.tf.json"))
    assert {path.parent.name for path in overrides} == {*NAMES, "prod-state-bucket"}
    for override in overrides:
        assert json.loads(override.read_text()) == {
            "terraform": {"required_providers": {"aws": {"source": "aws", "version": ">= 5.100.0"}}}
        }


@pytest.mark.parametrize("name", NAMES)
def test_the_bucket_has_its_prefixes_and_protection(platform: Platform, name: str) -> None:
    s3, bucket = platform.client(name, "s3"), platform.bucket(name)
    keys = {item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert keys >= {"training-data/", "training-output/", "models/", "notebooks/"}
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": platform.key(name)["Arn"],
    }
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=bucket)["Policy"]
    [rule] = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 90
    assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7


@pytest.mark.parametrize(("name", "days"), [("dev", 30), ("staging", 90), ("prod", 365)])
def test_the_three_log_groups_have_their_retention(platform: Platform, name: str, days: int) -> None:
    groups = platform.client(name, "logs").describe_log_groups()["logGroups"]
    expected = {
        "/aws/sagemaker/NotebookInstances",
        "/aws/sagemaker/TrainingJobs",
        "/aws/sagemaker/Endpoints/linear-learner",
    } | (set() if name == "dev" else {f"/aws/vpc/ml-platform-{name}"})
    assert {group["logGroupName"] for group in groups} == expected
    assert {(group["retentionInDays"], group["kmsKeyId"]) for group in groups} == {(days, platform.key(name)["Arn"])}


@pytest.mark.parametrize("name", NAMES)
def test_the_key_rotates(platform: Platform, name: str) -> None:
    status = platform.client(name, "kms").get_key_rotation_status(KeyId=platform.key(name)["KeyId"])
    assert status["KeyRotationEnabled"] is True


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_the_network_has_no_way_out(platform: Platform, name: str) -> None:
    ec2 = platform.client(name, "ec2")
    [vpc] = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
    own = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    [table] = ec2.describe_route_tables(Filters=own)["RouteTables"]
    targets = {route.get("GatewayId", "") for route in table["Routes"]}
    assert {target.split("-")[0] for target in targets} <= {"local", "vpce", ""}
    groups = ec2.describe_security_groups(Filters=own)["SecurityGroups"]
    rules = [rule for group in groups for rule in group["IpPermissions"] + group["IpPermissionsEgress"]]
    assert rules
    assert not [rule for rule in rules if "0.0.0.0/0" in str(rule)]
    training = [group for group in groups if group["GroupName"] == f"ml-platform-{name}-training"]
    among_members = [rule for group in training for rule in group["IpPermissions"] + group["IpPermissionsEgress"]]
    assert [pair["GroupId"] for rule in among_members for pair in rule["UserIdGroupPairs"]] == [
        training[0]["GroupId"]
    ] * 2
    assert {(rule["FromPort"], rule["ToPort"]) for rule in rules if rule not in among_members} == {(443, 443)}
    [flow_log] = ec2.describe_flow_logs()["FlowLogs"]
    assert (flow_log["ResourceId"], flow_log["TrafficType"]) == (vpc["VpcId"], "ALL")


@pytest.mark.parametrize(
    ("name", "roles"),
    [
        ("dev", {"sagemaker-notebook", "sagemaker-training", "sagemaker-pipeline", "sagemaker-hosting"}),
        ("staging", {"sagemaker-training", "sagemaker-pipeline", "sagemaker-hosting", "vpc-flow-log"}),
        ("prod", {"sagemaker-training", "sagemaker-pipeline", "sagemaker-hosting", "vpc-flow-log"}),
    ],
)
def test_the_roles_have_the_policies_that_the_simulator_was_asked_about(
    platform: Platform, name: str, roles: set[str]
) -> None:
    iam, prefix = platform.client(name, "iam"), f"ml-platform-{name}-"
    made = {role["RoleName"] for role in iam.list_roles()["Roles"]} - {credentials.ROLE}
    assert {role.removeprefix(prefix) for role in made} == roles
    expected = policies(name)
    for role in roles:
        assert iam.list_attached_role_policies(RoleName=prefix + role)["AttachedPolicies"] == []
        arrived = iam.get_role_policy(RoleName=prefix + role, PolicyName="platform")["PolicyDocument"]
        address = {"vpc-flow-log": "flow_log_role"}.get(role, role.removeprefix("sagemaker-") + "_role")
        assert statements(arrived, name) == statements(expected[f"{address}_policy_document"], name)


def statements(policy: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Lists sorted, one-element lists for strings, ids that AWS makes up taken out: what Terraform writes otherwise."""
    text = json.dumps(policy).replace(credentials.ACCOUNT_IDS[name], "111111111111")
    text = re.sub(r"(subnet|sg)-[0-9a-f]+", r"\1-0", re.sub(r"key/[0-9a-f-]+", "key/0", text))

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return sorted(set(value)) if isinstance(value, list) else [value]

    return [plain(statement) for statement in json.loads(text)["Statement"]]


def test_devs_endpoint_is_provisioned(platform: Platform) -> None:
    endpoint = platform.endpoint("dev")
    assert endpoint["EndpointStatus"] == "InService"
    [variant] = endpoint["ProductionVariants"]
    assert (variant["VariantName"], variant["CurrentInstanceCount"]) == ("production", 1)
    assert "ShadowProductionVariants" not in endpoint
    assert platform.models_served("dev") == {"production": "all-columns"}


def test_stagings_endpoint_has_a_shadow_beside_its_production_variant(platform: Platform) -> None:
    endpoint = platform.endpoint("staging")
    assert endpoint["EndpointStatus"] == "InService"
    assert [variant["VariantName"] for variant in endpoint["ProductionVariants"]] == ["production"]
    assert [variant["VariantName"] for variant in endpoint["ShadowProductionVariants"]] == ["shadow"]
    assert platform.models_served("staging") == {"production": "means", "shadow": "all-columns"}


def test_prods_endpoint_is_serverless(platform: Platform) -> None:
    endpoint = platform.endpoint("prod")
    assert endpoint["EndpointStatus"] == "InService"
    [variant] = endpoint["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 20}
    assert platform.models_served("prod") == {"production": "means"}


@pytest.mark.parametrize("name", ["dev", "staging"])
def test_updates_are_guarded_by_the_alarms_from_the_first_deploy_on(platform: Platform, name: str) -> None:
    config = platform.endpoint(name)["LastDeploymentConfig"]
    assert config["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"] == "ALL_AT_ONCE"
    configuration = platform.endpoint(name)["EndpointConfigName"]
    assert {alarm["AlarmName"] for alarm in config["AutoRollbackConfiguration"]["Alarms"]} == {
        f"ml-platform-{name}-{configuration}-{alarm}" for alarm in ("5xx-errors", "model-latency")
    }


@pytest.mark.parametrize(("name", "alarms"), [("dev", 2), ("staging", 4), ("prod", 2)])
def test_every_environment_is_watched(platform: Platform, name: str, alarms: int) -> None:
    cloudwatch, sns = platform.client(name, "cloudwatch"), platform.client(name, "sns")
    [topic] = sns.list_topics()["Topics"]
    assert (
        sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]["KmsMasterKeyId"]
        == (platform.key(name)["Arn"])
    )
    found = [alarm for alarm in cloudwatch.describe_alarms()["MetricAlarms"] if alarm["AlarmActions"]]
    assert len(found) == alarms
    assert {action for alarm in found for action in alarm["AlarmActions"]} == {topic["TopicArn"]}
    body = json.loads(cloudwatch.get_dashboard(DashboardName=f"ml-platform-{name}")["DashboardBody"])
    [shown] = [item["properties"]["alarms"] for item in body["widgets"] if item["type"] == "alarm"]
    assert sorted(shown) == sorted(alarm["AlarmArn"] for alarm in found)


@pytest.mark.parametrize("name", NAMES)
def test_the_model_refers_to_the_committed_artifact_in_the_environments_own_bucket(
    platform: Platform, name: str
) -> None:
    sagemaker, s3 = platform.client(name, "sagemaker"), platform.client(name, "s3")
    models = [model["ModelName"] for model in sagemaker.list_models()["Models"]]
    assert models
    for model in models:
        described = sagemaker.describe_model(ModelName=model)
        bucket, key = described["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").split("/", 1)
        assert (bucket, key.split("/")[0]) == (platform.bucket(name), "models")
        catalogue_name = model.removeprefix(f"ml-platform-{name}-")[:-9]
        committed = (platform.project / f"models/{catalogue_name}.tar.gz").read_bytes()
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == committed
        assert described["PrimaryContainer"]["Image"] == (
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
        )


def test_the_notebook_is_locked_down_and_its_script_knows_the_bucket(platform: Platform) -> None:
    sagemaker = platform.client("dev", "sagemaker")
    notebook = sagemaker.describe_notebook_instance(NotebookInstanceName="ml-platform-dev")
    assert notebook["RootAccess"] == "Disabled"
    assert notebook["InstanceMetadataServiceConfiguration"] == {"MinimumInstanceMetadataServiceVersion": "2"}
    on_create, on_start = decoded_scripts(platform).values()
    assert on_create == on_start
    scripts, _ = read_lifecycle_scripts(platform.project / "lifecycle_scripts")
    before, after = scripts.notebook.decode().split(SETTINGS)
    assert on_start.startswith(before)
    assert on_start.endswith(after)
    told = json.loads(on_start.removeprefix(before).removesuffix(after))
    assert (told["bucket"], told["region"], told["notebook"]) == (
        platform.bucket("dev"),
        "us-east-1",
        "ml-platform-dev",
    )
    key = platform.client("dev", "kms").describe_key(KeyId="alias/ml-platform-dev")["KeyMetadata"]["Arn"]
    assert told["placeholders"] == {
        **dict.fromkeys(("<DATA_BUCKET>", "<LabBucketName>", "ml-pipeline-bucket"), platform.bucket("dev")),
        "<TRAINING_ROLE_ARN>": f"arn:aws:iam::{credentials.ACCOUNT_IDS['dev']}:role/ml-platform-dev-sagemaker-training",
        "<TRAINING_JOB_PREFIX>": "ml-platform-dev-",
        "<LINEAR_LEARNER_IMAGE>": "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1",
        "<KMS_KEY_ARN>": key,
        "<SUBNET_IDS>": "",
        "<SECURITY_GROUP_IDS>": "",
        "<ENDPOINT_NAME>": "linear-learner",
        "<ENVIRONMENT>": "dev",
    }


def decoded_scripts(platform: Platform) -> dict[str, str]:
    lifecycle = platform.client("dev", "sagemaker").describe_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="ml-platform-dev"
    )
    return {
        hook: base64.b64decode(lifecycle[field][0]["Content"]).decode()
        for hook, field in (("on_create", "OnCreate"), ("on_start", "OnStart"))
    }


@needs_a_root
def test_the_deployed_script_brings_the_notebooks_with_the_real_aws_command_line(
    platform: Platform, tmp_path: Path
) -> None:
    variables = platform.lab("dev").variables
    keys = {name: variables[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
    sandbox = Sandbox(tmp_path, endpoint=variables["AWS_ENDPOINT_URL"], credentials=keys)
    sandbox.make()
    sandbox.play_systemd()

    finished = sandbox.start(decoded_scripts(platform)["on_start"])

    assert finished.returncode == 0, finished.stderr
    assert sandbox.notebooks() == {"Lab1-train-a-linear-learner.ipynb", "PythonCheatSheet.ipynb"}
    for name in sandbox.notebooks():
        text = (sandbox.folder / name).read_text()
        assert platform.bucket("dev") in text
        assert not re.search("<[A-Z_]+>", text)


def test_the_state_of_prod_is_in_its_bucket_and_those_of_the_others_in_the_local_folder(platform: Platform) -> None:
    keys = platform.client("prod", "s3").list_objects_v2(Bucket=STATE_BUCKET)["Contents"]
    assert [item["Key"] for item in keys] == ["ml-platform/prod/terraform.tfstate"]
    assert platform.client("prod", "s3").get_bucket_versioning(Bucket=STATE_BUCKET)["Status"] == "Enabled"
    states = sorted(path.relative_to(platform.project) for path in platform.project.rglob("*.tfstate"))
    states = [path for path in states if ".terraform" not in path.parts]
    assert states == [
        Path(".local/dev/terraform.dev.tfstate"),
        Path(".local/prod/terraform.prod-state-bucket.tfstate"),
        Path(".local/staging/terraform.staging.tfstate"),
    ]


@pytest.fixture(scope="module")
def deployed_again(platform: Platform) -> dict[str, str]:
    """What dev and prod print, the state of prod's state bucket lost."""
    (platform.folder / "prod/terraform.prod-state-bucket.tfstate").unlink()
    platform.deploy("dev", "prod")
    return dict(platform.printed)


def test_a_second_deploy_changes_nothing(deployed_again: dict[str, str]) -> None:
    """That staging has nothing to change either, its plan says after all the moves."""
    assert "dev: nothing to change" in deployed_again["dev"]


def test_the_state_bucket_is_found_again_when_its_own_state_is_lost(deployed_again: dict[str, str]) -> None:
    printed = deployed_again["prod"]
    assert f"prod: the state's bucket is {STATE_BUCKET}. Apply complete! Resources: 1 imported" in printed
    assert "prod: nothing to change" in printed


def test_the_commands_that_it_prints_work(platform: Platform) -> None:
    commands = re.findall(r"^  (\. .*)$", platform.printed["dev"], re.MULTILINE)
    assert len(commands) == 5
    answers = [
        subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=platform.project,
            env=platform.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        for command in commands
    ]
    assert not any(answer.returncode for answer in answers), [answer.stdout + answer.stderr for answer in answers]
    served = platform.endpoint("dev")["EndpointConfigName"]
    said = [line for line in answers[0].stdout.splitlines() if line.startswith("dev: ")]
    assert said == [*PREDICTIONS, f"dev: endpoint linear-learner serves {served}"]
    assert "dev: registered as version 1: " in answers[1].stdout
    assert json.loads(answers[2].stdout)["EndpointStatus"] == "InService"
    assert "notebooks/PythonCheatSheet.ipynb" in answers[3].stdout
    assert "No changes." in answers[4].stdout


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_a_model_is_trained_in_the_environments_network_and_registered(platform: Platform, name: str) -> None:
    finished = platform.shell(name, f"make train ENV={name}")
    assert finished.returncode == 0, finished.stdout
    assert f"{name}: registered as version 1: " in finished.stdout
    sagemaker = platform.client(name, "sagemaker")
    [summary] = sagemaker.list_training_jobs()["TrainingJobSummaries"]
    job = sagemaker.describe_training_job(TrainingJobName=summary["TrainingJobName"])
    ec2 = platform.client(name, "ec2")
    own = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["false"]}])["Subnets"]
    assert sorted(job["VpcConfig"]["Subnets"]) == sorted(subnet["SubnetId"] for subnet in own)
    groups = ec2.describe_security_groups(GroupIds=job["VpcConfig"]["SecurityGroupIds"])["SecurityGroups"]
    assert f"ml-platform-{name}-training" in {group["GroupName"] for group in groups}
    assert job["EnableNetworkIsolation"] is True


def test_plain_cdktf_needs_no_options_in_a_shell_that_has_sourced_the_exports(platform: Platform) -> None:
    """`cdktf diff` is among the commands that are printed; `cdktf destroy` comes at the end."""
    shown = platform.shell("dev", "cdktf output dev")
    assert (shown.returncode, f"bucket_name = {platform.bucket('dev')}" in shown.stdout) == (0, True), shown.stdout
    deployed = platform.shell("dev", "cdktf deploy dev --auto-approve")
    assert deployed.returncode == 0, deployed.stdout
    assert "Resources: 0 added, 0 changed, 0 destroyed." in deployed.stdout


def test_another_environment_is_none_of_such_a_shells(platform: Platform) -> None:
    for command in ("cdktf deploy dev --auto-approve", "make deploy ENV=dev", "make local ENV=dev"):
        refused = platform.shell("staging", command)
        assert refused.returncode != 0
        assert "dev" in refused.stdout
        assert "Terraform" not in refused.stdout


def test_the_page_of_the_first_model_is_what_happens(platform: Platform) -> None:
    """Its files are written and its commands typed, one after the other."""
    said, expected = "", []
    for example in examples((platform.project / "docs/your-first-model.md").read_text(), "models/houses"):
        if example.language == "sh":
            finished = subprocess.run(
                ["/bin/sh", "-ec", example.text],
                cwd=platform.project,
                env=platform.variables | {"CI": "true"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            said += finished.stdout
            assert finished.returncode == 0, said
        elif example.file is None:
            expected += example.text.splitlines()
        else:
            file = platform.project / example.file
            file.parent.mkdir(exist_ok=True)
            file.write_text(example.text)
    assert len(expected) == 2
    assert not [line for line in expected if line.removesuffix("...") not in said], said
    assert "model.joblib was pickled by scikit-learn" in said
    [variant] = platform.lab("dev").variants()
    assert variant["ModelName"].startswith("ml-platform-dev-houses-")


def test_another_release_moves_the_endpoint_to_a_new_configuration_and_the_old_one_goes(platform: Platform) -> None:
    before = {name: platform.endpoint(name) for name in ("dev", "staging")}
    platform.release(dev={"production": "means"}, staging={"production": "all-columns"}, prod={})

    platform.deploy(*NAMES)

    assert platform.models_served("dev") == {"production": "means"}
    assert platform.models_served("staging") == {"production": "all-columns"}
    for name in ("dev", "staging"):
        after = platform.endpoint(name)
        assert after["EndpointStatus"] == "InService"
        assert after["EndpointConfigName"] != before[name]["EndpointConfigName"]
        assert after["CreationTime"] == before[name]["CreationTime"], "the endpoint was replaced, not updated"
        sagemaker = platform.client(name, "sagemaker")
        configurations = [item["EndpointConfigName"] for item in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
        assert configurations == [after["EndpointConfigName"]]
        assert len(sagemaker.list_models()["Models"]) == 1


def test_an_environment_without_a_release_has_everything_but_the_endpoint(platform: Platform) -> None:
    everything = platform.everything("prod")
    assert {item for item in everything if item.startswith("sagemaker")} == {
        "sagemaker PipelineSummaries: ml-platform-prod-breast-cancer",
        "sagemaker ModelPackageGroupSummaryList: ml-platform-prod-breast-cancer",
    }
    assert {
        f"s3 Buckets: {platform.bucket('prod')}",
        "cloudwatch DashboardEntries: ml-platform-prod",
        "logs logGroups: /aws/sagemaker/Endpoints/linear-learner",
        "iam Roles: ml-platform-prod-sagemaker-training",
        "kms Aliases: alias/ml-platform-prod",
    } <= set(everything)


def test_switching_back_collides_with_nothing(platform: Platform) -> None:
    platform.release(
        dev={"production": "all-columns"},
        staging={"production": "means", "shadow": "all-columns"},
        prod={"production": "means"},
    )
    platform.deploy(*NAMES)
    assert platform.models_served("dev") == {"production": "all-columns"}
    assert platform.models_served("staging") == {"production": "means", "shadow": "all-columns"}
    assert platform.models_served("prod") == {"production": "means"}


def together(of: Callable[[str], Any]) -> dict[str, Any]:
    """Of the three environments at the same time: most of a plan is waiting."""
    with ThreadPoolExecutor(len(NAMES)) as pool:
        return dict(zip(NAMES, pool.map(of, NAMES), strict=True))


def test_after_the_moves_there_is_nothing_to_change(platform: Platform) -> None:
    def planned(name: str) -> subprocess.CompletedProcess[str]:
        stack = f".local/{name}/cdktf.out/stacks/{name}"
        return platform.shell(name, f"terraform -chdir={stack} plan -detailed-exitcode -no-color")

    for finished in together(planned).values():
        assert finished.returncode == 0, finished.stdout


def test_checkov_finds_nothing_in_the_plans_but_what_is_accepted(platform: Platform, tmp_path: Path) -> None:
    """Everything planned anew, as in an empty account: the state is put aside."""

    def findings(name: str) -> list[str]:
        stack = tmp_path / name
        shutil.copytree(platform.folder / name / f"cdktf.out/stacks/{name}", stack, symlinks=True)
        fresh = {"terraform": {"backend": {"local": {"path": "fresh.tfstate"}}}}
        (stack / "fresh_override.tf.json").write_text(json.dumps(fresh))
        for command in ("init -reconfigure -input=false", "plan -input=false -out=tfplan", "show -json tfplan"):
            finished = platform.shell(name, f"terraform -chdir={stack} {command} -no-color")
            assert finished.returncode == 0, finished.stdout
        plan = tmp_path / f"{name}.json"
        plan.write_text(finished.stdout)
        scanned = gate.scan(SynthesizedStack(folder=stack, variables={}), plan)
        assert scanned.findings, "nothing that is accepted either"
        return [*gate.refused([scanned], gate.skips())]

    assert together(findings) == {name: [] for name in NAMES}


def test_no_secret_is_in_states_json_and_logs(platform: Platform, tmp_path: Path) -> None:
    files = [path for path in platform.folder.rglob("*") if path.suffix in (".tfstate", ".json", ".log")]
    files = [path for path in files if path.is_file() and ".terraform" not in path.parts]
    for index, path in enumerate(files):
        shutil.copy(path, tmp_path / f"{index}-{path.name}")
    assert len(files) > 10
    assert gate.secrets(tmp_path) == []


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_a_destroy_of_what_is_protected_says_what_protects_it_and_how_to_lift_it(platform: Platform, name: str) -> None:
    before = platform.everything(name)
    command = f"APPROVE=1 .venv/bin/python -m operations.deploy {name} --verb destroy"
    finished = platform.shell(name, command)
    assert finished.returncode == 1
    _, said = finished.stdout.splitlines()  # after which AWS it speaks to
    assert "aws_s3_bucket.data_bucket" in said
    assert "aws_kms_key.encryption_key" in said
    assert f"set protected=False and bucket=BucketSettings(force_destroy=True) in stacks/{name}.py" in said
    assert platform.everything(name) == before


def test_terraform_itself_refuses_to_destroy_what_is_protected(platform: Platform) -> None:
    before = platform.everything("staging")
    stack = ".local/staging/cdktf.out/stacks/staging"
    finished = platform.shell("staging", f"terraform -chdir={stack} destroy -auto-approve -no-color")
    assert finished.returncode != 0
    assert "aws_s3_bucket.data_bucket" in finished.stdout
    assert "prevent_destroy" in finished.stdout
    assert platform.everything("staging") == before


def test_what_the_state_forgot_is_recovered_and_taken_over_by_the_next_make_deploy(platform: Platform) -> None:
    stack = Path(".local/dev/cdktf.out/stacks/dev")
    forgotten = "aws_iam_role.training_role aws_kms_key.encryption_key aws_sagemaker_endpoint.linear_learner"
    assert platform.shell("dev", f"terraform -chdir={stack} state rm {forgotten}").returncode == 0
    before = platform.everything("dev")

    recovered = platform.shell("dev", ".venv/bin/python -m operations.recover dev")
    assert recovered.returncode == 0, recovered.stdout
    assert f"dev: the next deploy takes these 3 over: import blocks in {stack}/recovered.tf.json" in recovered.stdout
    assert platform.everything("dev") == before

    deployed = platform.shell("dev", "APPROVE=1 .venv/bin/python -m operations.deploy dev")
    assert deployed.returncode == 0, deployed.stdout
    assert "Resources: 3 imported, 0 added, " in deployed.stdout
    assert platform.everything("dev") == before
    assert not (platform.project / stack / "recovered.tf.json").exists()


def test_an_overwritten_model_is_recovered_from_its_version(platform: Platform) -> None:
    s3, bucket = platform.client("staging", "s3"), platform.bucket("staging")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="models/")["Contents"]]
    key = next(key for key in keys if key.endswith("model.tar.gz"))
    original = s3.get_object(Bucket=bucket, Key=key)
    bytes_before = original["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=b"a mistake")
    s3.delete_object(Bucket=bucket, Key=key)

    s3.copy_object(
        Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": key, "VersionId": original["VersionId"]}
    )

    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == bytes_before


def test_what_changed_behind_terraforms_back_is_put_back_by_one_deploy(platform: Platform) -> None:
    s3, logs, sagemaker = (platform.client("dev", service) for service in ("s3", "logs", "sagemaker"))
    bucket, configuration = platform.bucket("dev"), platform.endpoint("dev")["EndpointConfigName"]
    logs.delete_log_group(logGroupName="/aws/sagemaker/TrainingJobs")
    logs.put_retention_policy(logGroupName="/aws/sagemaker/NotebookInstances", retentionInDays=1)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_public_access_block(Bucket=bucket)
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=configuration)["ProductionVariants"]
    sagemaker.create_endpoint_config(EndpointConfigName="by-hand", ProductionVariants=variants)
    sagemaker.update_endpoint(EndpointName="linear-learner", EndpointConfigName="by-hand")
    in_staging = platform.client("staging", "sagemaker")
    in_staging.delete_endpoint(EndpointName="linear-learner")
    in_staging.delete_pipeline(
        PipelineName="ml-platform-staging-breast-cancer", ClientRequestToken="a-token-of-thirty-two-characters"
    )
    [version] = in_staging.list_model_packages(ModelPackageGroupName="ml-platform-staging-breast-cancer")[
        "ModelPackageSummaryList"
    ]
    in_staging.delete_model_package(ModelPackageName=version["ModelPackageArn"])
    in_staging.delete_model_package_group(ModelPackageGroupName="ml-platform-staging-breast-cancer")

    platform.deploy("dev", "staging")

    assert platform.endpoint("dev")["EndpointConfigName"] == configuration
    assert platform.endpoint("staging")["EndpointStatus"] == "InService"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    groups = {group["logGroupName"]: group["retentionInDays"] for group in logs.describe_log_groups()["logGroups"]}
    assert groups["/aws/sagemaker/TrainingJobs"] == groups["/aws/sagemaker/NotebookInstances"] == 30
    sagemaker.delete_endpoint_config(EndpointConfigName="by-hand")
    finished = platform.shell("staging", "make train ENV=staging")
    assert "staging: registered as version " in finished.stdout, finished.stdout


def test_what_sagemaker_wrote_is_there_before_the_destroy(platform: Platform) -> None:
    """For the last tests: a stream in every group, and an object that no deploy made."""
    for name in NAMES:
        logs = platform.client(name, "logs")
        for group in logs.describe_log_groups()["logGroups"]:
            logs.create_log_stream(logGroupName=group["logGroupName"], logStreamName="written-by-sagemaker")
        platform.client(name, "s3").put_object(Bucket=platform.bucket(name), Key="training-output/x", Body=b"x")


def test_a_deploy_with_another_accounts_credentials_stops_before_the_first_change(platform: Platform) -> None:
    before = {name: platform.everything(name) for name in ("dev", "staging")}
    led_astray = "LOCAL_AWS_ENVIRONMENT=dev CDKTF_OUTPUT=.local/dev/cdktf.out"

    finished = subprocess.run(
        ["/bin/sh", "-c", f". ./.local/staging.env && {led_astray} cdktf deploy dev --auto-approve"],
        cwd=platform.project,
        # The operator's way to say which account dev is; the credentials are staging's, and so the provider's.
        env=platform.variables | {"ML_PLATFORM_DEV_ACCOUNT_ID": credentials.ACCOUNT_IDS["dev"], "CI": "true", **OWN},
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode != 0
    assert f"AWS account ID not allowed: {credentials.ACCOUNT_IDS['staging']}" in finished.stdout + finished.stderr
    assert {name: platform.everything(name) for name in ("dev", "staging")} == before


def test_nothing_was_written_outside_the_local_folder(platform: Platform) -> None:
    top = {path.name for path in ROOT.iterdir()}
    written = {path.name for path in platform.project.iterdir()} - top
    assert written <= {"__pycache__"}


def test_the_server_was_never_asked_for_what_it_lacks(platform: Platform) -> None:
    log = (platform.folder / "server.log").read_text()
    assert "NotImplementedError" not in log
    assert "Traceback" not in log


def test_every_call_was_held_against_its_model_and_none_was_refused(platform: Platform) -> None:
    server, _ = server_process.find(platform.folder)
    assert server is not None
    told = server.ask("/strict")
    assert told["not_held"] == {}
    assert told["refused"] == []
    services = {operation.partition(".")[0] for operation in told["held"]}
    assert services == SERVICES


def test_undeploy_leaves_nothing_and_stops_the_server_whatever_the_settings_say(platform: Platform) -> None:
    assert all(platform.everything(name) for name in NAMES)
    destroyed = platform.shell("dev", "cdktf destroy dev --auto-approve")
    assert destroyed.returncode == 0, destroyed.stdout
    assert platform.everything("dev") == []
    server, _ = server_process.find(platform.folder)
    assert server is not None
    staging = platform.project / "stacks/staging.py"
    sound = staging.read_text()
    staging.write_text("SETTINGS = (")

    process = platform.start("undeploy")
    printed = process.communicate(timeout=300)[0]

    staging.write_text(sound)
    assert process.returncode == 0, printed
    assert printed.splitlines()[-1] == "local AWS: nothing is left in any account; stopped"
    assert not server.answers()
    assert not list(platform.folder.glob("**/*.tfstate"))


def test_undeploy_counts_what_terraform_does_not_know(platform: Platform) -> None:
    """The proof is AWS's own answer: an object made by hand is found, and the exit code says so."""
    server_process.start(platform.folder)
    platform.client("staging", "logs").create_log_group(logGroupName="/made/by/hand")

    process = platform.start("undeploy")
    printed = process.communicate(timeout=300)[0]

    assert process.returncode == 1
    assert "local AWS: staging: logs logGroups: /made/by/hand" in printed
