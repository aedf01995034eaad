"""moto's gaps, filled: asked over HTTP as Terraform asks, the answers held against botocore's own service model."""

import io
import json
import re
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws import credentials
from local_aws.server import failures
from local_aws.server import process as server_process
from local_aws.server.failures import Failures
from local_aws.server.process import Server
from tests.support import answers
from tests.support.synthesis import environment

ROLE = "arn:aws:iam::111111111111:role/lab"
CONTAINER = {"Image": "1.dkr.ecr.us-east-1.amazonaws.com/a:1", "ModelDataUrl": "s3://acme/model.tar.gz"}
MODELS = ("first", "second", "one", "two", "shadow", "taken")


@pytest.fixture(scope="module")
def server(folder: Path) -> Any:
    started = server_process.start(folder)
    yield started
    server_process.stop(folder, started)
    # A call that moto lacks is a 500, which Terraform would retry for minutes.
    assert "NotImplementedError" not in (folder / "server.log").read_text()


@pytest.fixture
def sagemaker(server: Server) -> Any:
    """A client that holds every answer against the service model."""
    variables = credentials.account_variables(server, environment("dev").settings)
    client = answers.hold(credentials.session(variables).client("sagemaker", endpoint_url=server.url))
    for name in MODELS:
        make_model(client, name)
    yield client
    for endpoint in client.list_endpoints()["Endpoints"]:
        client.delete_endpoint(EndpointName=endpoint["EndpointName"])
    for configuration in client.list_endpoint_configs()["EndpointConfigs"]:
        client.delete_endpoint_config(EndpointConfigName=configuration["EndpointConfigName"])
    for model in client.list_models()["Models"]:
        client.delete_model(ModelName=model["ModelName"])


def provisioned(model: str, **changes: Any) -> dict[str, Any]:
    values = {"VariantName": model, "ModelName": model, "InstanceType": "ml.c6i.large", "InitialInstanceCount": 1}
    return values | {"InitialVariantWeight": 1.0} | changes


def make_model(sagemaker: Any, name: str, **changes: Any) -> None:
    sagemaker.create_model(ModelName=name, PrimaryContainer=CONTAINER, ExecutionRoleArn=ROLE, **changes)


def test_a_model_is_described_as_it_was_made(sagemaker: Any) -> None:
    make_model(sagemaker, "isolated", EnableNetworkIsolation=True)
    described = sagemaker.describe_model(ModelName="isolated")
    assert described["EnableNetworkIsolation"] is True
    assert described["PrimaryContainer"] == CONTAINER
    assert "VpcConfig" not in described


def test_a_configuration_keeps_its_shadow_and_has_no_data_capture_of_its_own(sagemaker: Any) -> None:
    sagemaker.create_endpoint_config(
        EndpointConfigName="shadowed",
        ProductionVariants=[provisioned("first")],
        ShadowProductionVariants=[provisioned("second", InitialVariantWeight=0.5)],
    )
    described = sagemaker.describe_endpoint_config(EndpointConfigName="shadowed")
    assert described["ShadowProductionVariants"] == [provisioned("second", InitialVariantWeight=0.5)]
    assert "DataCaptureConfig" not in described


def test_an_instance_type_newer_than_2020_is_accepted(sagemaker: Any) -> None:
    sagemaker.create_endpoint_config(
        EndpointConfigName="new-type", ProductionVariants=[provisioned("first", InstanceType="ml.m7i.large")]
    )
    described = sagemaker.describe_endpoint_config(EndpointConfigName="new-type")
    assert described["ProductionVariants"][0]["InstanceType"] == "ml.m7i.large"


def test_an_endpoint_moves_to_another_configuration_in_place(sagemaker: Any) -> None:
    for name, weight in (("one", 1.0), ("two", 0.0)):
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[provisioned(name, InitialVariantWeight=weight)],
            ShadowProductionVariants=[provisioned("shadow")],
        )
    sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="one")
    before = sagemaker.describe_endpoint(EndpointName="live")

    sagemaker.update_endpoint(EndpointName="live", EndpointConfigName="two")

    after = sagemaker.describe_endpoint(EndpointName="live")
    assert (after["EndpointConfigName"], after["EndpointStatus"]) == ("two", "InService")
    assert after["CreationTime"] == before["CreationTime"]
    assert [(v["VariantName"], v["CurrentWeight"]) for v in after["ProductionVariants"]] == [("two", 0.0)]
    assert [v["VariantName"] for v in after["ShadowProductionVariants"]] == ["shadow"]


def test_a_serverless_endpoint_describes_its_concurrency(sagemaker: Any) -> None:
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 20}
    variant = {"VariantName": "production", "ModelName": "first", "ServerlessConfig": serverless}
    sagemaker.create_endpoint_config(EndpointConfigName="serverless", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="serverless", EndpointConfigName="serverless")
    [described] = sagemaker.describe_endpoint(EndpointName="serverless")["ProductionVariants"]
    assert described["CurrentServerlessConfig"] == serverless
    assert "CurrentInstanceCount" not in described


def test_rejects_an_update_to_a_configuration_that_does_not_exist(sagemaker: Any) -> None:
    sagemaker.create_endpoint_config(EndpointConfigName="one", ProductionVariants=[provisioned("one")])
    sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="one")
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        sagemaker.update_endpoint(EndpointName="live", EndpointConfigName="missing")
    assert sagemaker.describe_endpoint(EndpointName="live")["EndpointConfigName"] == "one"


def test_rejects_an_update_of_an_endpoint_that_does_not_exist(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="Could not find endpoint"):
        sagemaker.update_endpoint(EndpointName="missing", EndpointConfigName="one")


def make_endpoint(sagemaker: Any, name: str, *variants: dict[str, Any], **changes: Any) -> None:
    """An endpoint and its configuration, both of that name."""
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[*variants])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, **changes)


SERVERLESS = {
    "VariantName": "one",
    "ModelName": "one",
    "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 2},
}


def test_rejects_an_update_from_instances_to_serverless_and_back(sagemaker: Any) -> None:
    make_endpoint(sagemaker, "instances", provisioned("one"))
    make_endpoint(sagemaker, "serverless", SERVERLESS)
    with pytest.raises(ClientError, match="is instance-based and cannot be updated to be serverless"):
        sagemaker.update_endpoint(EndpointName="instances", EndpointConfigName="serverless")
    with pytest.raises(ClientError, match="is serverless and cannot be updated to be instance-based"):
        sagemaker.update_endpoint(EndpointName="serverless", EndpointConfigName="instances")


def test_a_registered_variant_keeps_its_instances_until_it_is_deregistered(server: Server, sagemaker: Any) -> None:
    session = credentials.session(credentials.account_variables(server, environment("dev").settings))
    autoscaling = session.client("application-autoscaling", endpoint_url=server.url)
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/scaled/variant/one",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    make_endpoint(sagemaker, "scaled", provisioned("one"))
    autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    changes = {
        "other-model": provisioned("one", ModelName="two"),
        "other-type": provisioned("one", InstanceType="ml.m5.large"),
        "removed": provisioned("two"),
    }
    for name, variant in changes.items():
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    for name in ("other-type", "removed"):
        with pytest.raises(ClientError, match="The variant one is registered for autoscaling"):
            sagemaker.update_endpoint(EndpointName="scaled", EndpointConfigName=name)
    sagemaker.update_endpoint(EndpointName="scaled", EndpointConfigName="other-model")
    autoscaling.deregister_scalable_target(**target)
    sagemaker.update_endpoint(EndpointName="scaled", EndpointConfigName="other-type")


def test_provisioned_concurrency_scales_and_a_scalable_target_has_tags(server: Server) -> None:
    session = credentials.session(credentials.account_variables(server, environment("dev").settings))
    autoscaling = session.client("application-autoscaling", endpoint_url=server.url)
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/serverless/variant/one",
        "ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency",
    }
    arn = autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2, Tags={"Owner": "a"})[
        "ScalableTargetARN"
    ]
    autoscaling.tag_resource(ResourceARN=arn, Tags={"Project": "b"})
    assert autoscaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Owner": "a", "Project": "b"}
    autoscaling.untag_resource(ResourceARN=arn, TagKeys=["Owner"])
    assert autoscaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Project": "b"}
    autoscaling.deregister_scalable_target(**target)
    with pytest.raises(ClientError, match="is not found"):
        autoscaling.list_tags_for_resource(ResourceARN=arn)


def test_an_endpoint_describes_how_it_is_updated_and_how_many_instances_it_has_by_now(sagemaker: Any) -> None:
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    deployment = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
    make_endpoint(sagemaker, "guarded", provisioned("one"), DeploymentConfig=deployment)
    assert sagemaker.describe_endpoint(EndpointName="guarded")["LastDeploymentConfig"] == deployment
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="guarded", DesiredWeightsAndCapacities=[{"VariantName": "one", "DesiredInstanceCount": 3}]
    )
    [variant] = sagemaker.describe_endpoint(EndpointName="guarded")["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (3, 1.0)


def test_an_update_is_rolled_back_on_command_and_not_otherwise(server: Server, sagemaker: Any) -> None:
    make_endpoint(sagemaker, "live", provisioned("one"))
    sagemaker.create_endpoint_config(EndpointConfigName="next", ProductionVariants=[provisioned("two")])
    failures.put(server, Failures(rollbacks=1.0))
    try:
        sagemaker.update_endpoint(EndpointName="live", EndpointConfigName="next")
        assert failures.counts(server)["rollbacks"] == 1
    finally:
        failures.put(server, Failures())
    described = sagemaker.describe_endpoint(EndpointName="live")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "live")
    assert "went into ALARM" in described["FailureReason"]

    sagemaker.update_endpoint(EndpointName="live", EndpointConfigName="next")
    described = sagemaker.describe_endpoint(EndpointName="live")
    assert described["EndpointConfigName"] == "next"
    assert "FailureReason" not in described


HANDLERS = """
from flask import Response
def model_fn(folder): return open(folder + "/model.txt").read()
def input_fn(body, content_type): return body, content_type
def predict_fn(request, model):
    print("not a part of the answer")
    if request[0] == "broken": raise ValueError("the model is broken")
    if request[0] == "gone": raise SystemExit(7)
    return f"{model} {request[0]!r} {request[1]}"
def output_fn(answer, accept):
    if "bad" in answer: return Response("row 1: bad", status=400)
    return answer, accept
"""


@pytest.fixture
def invoked(server: Server, sagemaker: Any) -> Any:
    """A client of the runtime; the endpoint `answers` serves an artifact with handlers, `without` one that has none."""
    session = credentials.session(credentials.account_variables(server, environment("dev").settings))
    s3 = session.client("s3", endpoint_url=server.url)
    s3.create_bucket(Bucket="acme-artifacts")
    for name, members in (
        ("answers", {"model.txt": "a model", "code/serve.py": HANDLERS}),
        ("without", {"model.txt": "a model"}),
    ):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for member, text in members.items():
                found = tarfile.TarInfo(member)
                found.size = len(text)
                archive.addfile(found, io.BytesIO(text.encode()))
        s3.put_object(Bucket="acme-artifacts", Key=f"{name}.tar.gz", Body=packed.getvalue())
        artifact = f"s3://acme-artifacts/{name}.tar.gz"
        container = CONTAINER | {"ModelDataUrl": artifact, "Environment": {"SAGEMAKER_PROGRAM": "serve.py"}}
        sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        make_endpoint(sagemaker, name, provisioned(name))
    return session.client("sagemaker-runtime", endpoint_url=server.url)


def test_an_endpoint_answers_with_the_handlers_of_the_artifact_that_it_serves(invoked: Any) -> None:
    answer = invoked.invoke_endpoint(EndpointName="answers", Body=b"1,2", ContentType="text/csv", Accept="text/plain")
    assert answer["Body"].read() == b"a model '1,2' text/csv"
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("text/plain; charset=utf-8", "answers")
    again = invoked.invoke_endpoint(EndpointName="answers", Body=b"3", ContentType="image/png", Accept="text/plain")
    assert again["Body"].read() == b"a model b'3' image/png"


@pytest.mark.parametrize(
    "content_type", ["application/x-npy", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a"]
)
def test_bytes_that_are_no_text_reach_the_handlers_as_they_are(invoked: Any, content_type: str) -> None:
    for sent in (b"\x93NUMPY\xff\x00\r\n", b"key=a&file=b%ff"):
        answer = invoked.invoke_endpoint(
            EndpointName="answers", Body=sent, ContentType=content_type, Accept="text/plain"
        )
        assert answer["Body"].read().decode() == f"a model {sent!r} {content_type}"


@pytest.mark.parametrize(
    ("body", "status", "side", "message"),
    [
        (b"bad", 400, "client", "row 1: bad"),
        (b"broken", 500, "server", "500 Internal Server Error"),
        (b"gone", 500, "server", "the handlers' process ended with 7"),
    ],
)
def test_what_the_container_answers_otherwise_than_2xx_is_a_model_error(
    invoked: Any, body: bytes, status: int, side: str, message: str
) -> None:
    with pytest.raises(ClientError, match=rf"ModelError.*Received {side} error \({status}\) from primary") as raised:
        invoked.invoke_endpoint(EndpointName="answers", Body=body, ContentType="text/csv")
    answer = raised.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["OriginalStatusCode"]) == (424, status)
    assert message in answer["OriginalMessage"]


def test_what_a_handler_raises_is_in_the_servers_log_and_not_in_the_answer(invoked: Any, folder: Path) -> None:
    with pytest.raises(ClientError) as raised:
        invoked.invoke_endpoint(EndpointName="answers", Body=b"broken", ContentType="text/csv")
    assert "the model is broken" not in str(raised.value.response)
    assert "ValueError: the model is broken" in (folder / "server.log").read_text()


def test_what_a_container_prints_is_in_the_endpoints_log_group_which_a_failure_names(
    server: Server, invoked: Any
) -> None:
    variables = credentials.account_variables(server, environment("dev").settings)
    logs = credentials.session(variables).client("logs", endpoint_url=server.url)
    group = "/aws/sagemaker/Endpoints/answers"
    logs.create_log_group(logGroupName=group)
    with pytest.raises(ClientError, match=rf"logEventViewer:group={group} in account \d{{12}} for more information"):
        invoked.invoke_endpoint(EndpointName="answers", Body=b"broken", ContentType="text/csv")
    said = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert said[0] == "not a part of the answer"
    assert "ValueError: the model is broken" in said


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [("missing", "Endpoint missing of account 111111111111 not found"), ("without", "the local AWS runs no image")],
)
def test_an_endpoint_that_cannot_answer_says_why(invoked: Any, endpoint: str, said: str) -> None:
    with pytest.raises(ClientError, match=f"ValidationError.*{said}"):
        invoked.invoke_endpoint(EndpointName=endpoint, Body=b"1", ContentType="text/csv")


def test_rejects_a_second_model_configuration_or_endpoint_of_a_name(sagemaker: Any) -> None:
    configuration = {"EndpointConfigName": "taken", "ProductionVariants": [provisioned("taken")]}
    sagemaker.create_endpoint_config(**configuration)
    sagemaker.create_endpoint(EndpointName="taken", EndpointConfigName="taken")
    with pytest.raises(ClientError, match='Cannot create already existing model "arn:aws:sagemaker:us-east-1:1111'):
        make_model(sagemaker, "taken")
    with pytest.raises(ClientError, match='Cannot create already existing endpoint configuration "arn:'):
        sagemaker.create_endpoint_config(**configuration)
    with pytest.raises(ClientError, match='Cannot create already existing endpoint "arn:'):
        sagemaker.create_endpoint(EndpointName="taken", EndpointConfigName="taken")


def test_a_notebook_keeps_its_metadata_service_version_and_is_updated_when_stopped(sagemaker: Any) -> None:
    for name in ("one", "two"):
        sagemaker.create_notebook_instance_lifecycle_config(NotebookInstanceLifecycleConfigName=name)
    sagemaker.create_notebook_instance(
        NotebookInstanceName="lab",
        InstanceType="ml.t3.medium",
        RoleArn=ROLE,
        LifecycleConfigName="one",
        InstanceMetadataServiceConfiguration={"MinimumInstanceMetadataServiceVersion": "2"},
    )
    change = {"NotebookInstanceName": "lab", "InstanceType": "ml.m7i.large", "LifecycleConfigName": "two"}
    with pytest.raises(ClientError, match="Unable to update"):
        sagemaker.update_notebook_instance(**change)
    sagemaker.stop_notebook_instance(NotebookInstanceName="lab")
    sagemaker.update_notebook_instance(**change)

    described = sagemaker.describe_notebook_instance(NotebookInstanceName="lab")
    assert described["InstanceMetadataServiceConfiguration"] == {"MinimumInstanceMetadataServiceVersion": "2"}
    assert described["InstanceType"] == "ml.m7i.large"
    assert described["NotebookInstanceLifecycleConfigName"] == "two"

    sagemaker.update_notebook_instance(NotebookInstanceName="lab", DisassociateLifecycleConfig=True)
    assert "NotebookInstanceLifecycleConfigName" not in sagemaker.describe_notebook_instance(NotebookInstanceName="lab")
    sagemaker.delete_notebook_instance(NotebookInstanceName="lab")
    for name in ("one", "two"):
        sagemaker.delete_notebook_instance_lifecycle_config(NotebookInstanceLifecycleConfigName=name)


def test_a_notebook_loses_its_repositories_and_no_part_of_its_volume(sagemaker: Any) -> None:
    name = {"NotebookInstanceName": "git"}
    sagemaker.create_notebook_instance(
        **name,
        InstanceType="ml.t3.medium",
        RoleArn=ROLE,
        VolumeSizeInGB=10,
        DefaultCodeRepository="one",
        AdditionalCodeRepositories=["two"],
    )
    sagemaker.stop_notebook_instance(**name)
    with pytest.raises(ClientError, match="is 10: it cannot be decreased"):
        sagemaker.update_notebook_instance(**name, VolumeSizeInGB=9, DisassociateDefaultCodeRepository=True)
    assert sagemaker.describe_notebook_instance(**name)["DefaultCodeRepository"] == "one"
    sagemaker.update_notebook_instance(
        **name,
        VolumeSizeInGB=11,
        DisassociateDefaultCodeRepository=True,
        DisassociateAdditionalCodeRepositories=True,
    )
    described = sagemaker.describe_notebook_instance(**name)
    assert described["VolumeSizeInGB"] == 11
    assert not described.keys() & {"DefaultCodeRepository", "AdditionalCodeRepositories"}
    sagemaker.delete_notebook_instance(**name)


def test_a_notebook_is_started_stopped_and_opened_only_from_where_it_can_be(sagemaker: Any) -> None:
    name = {"NotebookInstanceName": "run"}
    sagemaker.create_notebook_instance(**name, InstanceType="ml.t3.medium", RoleArn=ROLE)
    url = sagemaker.create_presigned_notebook_instance_url(**name)["AuthorizedUrl"]
    assert re.fullmatch(r"https://run\.notebook\.us-east-1\.sagemaker\.aws\?authToken=[\w-]+", url)
    with pytest.raises(ClientError, match=r"Status \(InService\) not in \(\[Stopped, Failed\]\)"):
        sagemaker.start_notebook_instance(**name)
    sagemaker.stop_notebook_instance(**name)
    with pytest.raises(ClientError, match=r"Status \(Stopped\) not in \(\[InService\]\)"):
        sagemaker.stop_notebook_instance(**name)
    with pytest.raises(ClientError, match=r"Status \(Stopped\) not in \(\[InService\]\)"):
        sagemaker.create_presigned_notebook_instance_url(**name)
    with pytest.raises(ClientError, match="RecordNotFound"):
        sagemaker.create_presigned_notebook_instance_url(NotebookInstanceName="none")
    sagemaker.delete_notebook_instance(**name)


def test_a_lifecycle_configuration_has_tags_is_listed_and_is_updated(sagemaker: Any) -> None:
    name, tags = {"NotebookInstanceLifecycleConfigName": "scripts"}, [{"Key": "Environment", "Value": "dev"}]
    arn = sagemaker.create_notebook_instance_lifecycle_config(**name, OnCreate=[{"Content": "b25l"}], Tags=tags)[
        "NotebookInstanceLifecycleConfigArn"
    ]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
    [listed] = sagemaker.list_notebook_instance_lifecycle_configs()["NotebookInstanceLifecycleConfigs"]
    assert listed["NotebookInstanceLifecycleConfigArn"] == arn

    sagemaker.update_notebook_instance_lifecycle_config(**name, OnStart=[{"Content": "dHdv"}])

    described = sagemaker.describe_notebook_instance_lifecycle_config(**name)
    assert (described["OnCreate"], described["OnStart"]) == ([{"Content": "b25l"}], [{"Content": "dHdv"}])
    sagemaker.delete_notebook_instance_lifecycle_config(**name)


def test_a_policy_that_denies_plain_http_lets_objects_through(server: Server) -> None:
    session = credentials.session(credentials.account_variables(server, environment("dev").settings))
    s3 = session.client("s3", endpoint_url=server.url)
    s3.create_bucket(Bucket="acme-tls-only")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::acme-tls-only/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="acme-tls-only", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    s3.put_object(Bucket="acme-tls-only", Key="a", Body=b"b")
    assert s3.get_object(Bucket="acme-tls-only", Key="a")["Body"].read() == b"b"


def test_a_policy_that_denies_without_a_condition_denies(server: Server) -> None:
    session = credentials.session(credentials.account_variables(server, environment("dev").settings))
    s3 = session.client("s3", endpoint_url=server.url)
    s3.create_bucket(Bucket="acme-closed")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::acme-closed/*"}
    s3.put_bucket_policy(Bucket="acme-closed", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    with pytest.raises(ClientError, match=r"403|AccessDenied"):
        s3.put_object(Bucket="acme-closed", Key="a", Body=b"b")


def test_awss_managed_policies_exist(server: Server) -> None:
    session = credentials.session(credentials.account_variables(server, environment("dev").settings))
    iam = session.client("iam", endpoint_url=server.url)
    policy = iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess")
    assert policy["Policy"]["PolicyName"] == "AmazonSageMakerFullAccess"


def test_a_log_group_gets_and_loses_a_key(server: Server) -> None:
    session = credentials.session(credentials.account_variables(server, environment("dev").settings))
    logs = session.client("logs", endpoint_url=server.url)
    logs.create_log_group(logGroupName="/gets/a/key")
    logs.associate_kms_key(logGroupName="/gets/a/key", kmsKeyId="arn:aws:kms:us-east-1:111111111111:key/1")
    [group] = logs.describe_log_groups(logGroupNamePrefix="/gets/a/key")["logGroups"]
    assert group["kmsKeyId"] == "arn:aws:kms:us-east-1:111111111111:key/1"
    logs.disassociate_kms_key(logGroupName="/gets/a/key")
    [group] = logs.describe_log_groups(logGroupNamePrefix="/gets/a/key")["logGroups"]
    assert "kmsKeyId" not in group
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.disassociate_kms_key(logGroupName="/is/not/there")


def alarm_on(cloudwatch: Any, name: str, **dimensions: str) -> dict[str, Any]:
    """An update's deployment that this alarm rolls back: five 5XX answers in a minute."""
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    return {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name}]},
    }


@pytest.mark.parametrize(
    ("judged", "failing", "served"),
    [
        ({}, "one", "live"),  # the old fleet fails, the alarm sees both: the repair is rolled back
        ({"EndpointConfigName": "next"}, "one", "next"),
        ({"EndpointConfigName": "next"}, "two", "live"),
        ({"EndpointConfigName": "next"}, "", "next"),
    ],
)
def test_an_update_is_rolled_back_by_an_alarm_on_what_the_alarm_sees(
    server: Server, sagemaker: Any, judged: dict[str, str], failing: str, served: str
) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html"""
    session = credentials.session(credentials.account_variables(server, environment("dev").settings))
    cloudwatch, endpoint = session.client("cloudwatch", endpoint_url=server.url), f"judged-{len(judged)}{failing}"
    make_endpoint(sagemaker, endpoint, provisioned("one", VariantName="all"))
    live, following = endpoint, f"{endpoint}-next"
    sagemaker.create_endpoint_config(
        EndpointConfigName=following, ProductionVariants=[provisioned("two", VariantName="all")]
    )
    dimensions = {"EndpointName": endpoint, "VariantName": "all"}
    dimensions |= dict.fromkeys(judged, following)
    deployment = alarm_on(cloudwatch, f"errors-{endpoint}", **dimensions)
    failures.put(server, Failures(failing_model=failing))
    try:
        sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=following, DeploymentConfig=deployment)
    finally:
        failures.put(server, Failures())
    described = sagemaker.describe_endpoint(EndpointName=endpoint)
    assert described["EndpointConfigName"] == {"live": live, "next": following}[served]
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[f"errors-{endpoint}"])["MetricAlarms"]
    assert alarm["StateValue"] == ("ALARM" if served == "live" else "OK")
    assert ("FailureReason" in described) is (served == "live")


def test_an_endpoint_takes_its_time_and_is_left_alone_until_then(server: Server, sagemaker: Any) -> None:
    failures.put(server, Failures(endpoint_seconds=1))
    try:
        make_endpoint(sagemaker, "slow", provisioned("one"))
        assert sagemaker.describe_endpoint(EndpointName="slow")["EndpointStatus"] == "Creating"
        with pytest.raises(ClientError, match="Cannot update in-progress"):
            sagemaker.update_endpoint(EndpointName="slow", EndpointConfigName="slow")
        with pytest.raises(ClientError, match="Cannot delete in-progress"):
            sagemaker.delete_endpoint(EndpointName="slow")
        time.sleep(1)
        assert sagemaker.describe_endpoint(EndpointName="slow")["EndpointStatus"] == "InService"
    finally:
        failures.put(server, Failures())


def test_a_failed_endpoint_can_only_be_deleted(server: Server, sagemaker: Any) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html"""
    failures.put(server, Failures(failed_endpoints=1))
    try:
        make_endpoint(sagemaker, "failed", provisioned("one"))
    finally:
        failures.put(server, Failures())
    assert sagemaker.describe_endpoint(EndpointName="failed")["EndpointStatus"] == "Failed"
    sagemaker.create_endpoint_config(EndpointConfigName="next", ProductionVariants=[provisioned("two")])
    with pytest.raises(ClientError, match="can only be deleted"):
        sagemaker.update_endpoint(EndpointName="failed", EndpointConfigName="next")
    sagemaker.delete_endpoint(EndpointName="failed")


def test_the_configuration_that_is_in_use_is_no_update(sagemaker: Any) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html"""
    make_endpoint(sagemaker, "same", provisioned("one"))
    with pytest.raises(ClientError, match="currently in use endpoint configuration"):
        sagemaker.update_endpoint(EndpointName="same", EndpointConfigName="same")


def test_sagemakers_interfaces_keep_subnet_and_group_until_they_are_freed_for_which_it_needs_the_role(
    server: Server, sagemaker: Any
) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html"""
    session = credentials.session(credentials.account_variables(server, environment("dev").settings))
    ec2, iam = (session.client(service, endpoint_url=server.url) for service in ("ec2", "iam"))
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="lab", Description="lab", VpcId=vpc)["GroupId"]
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName="frees", AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    def interfaces() -> int:
        asked = ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group]}])
        return len(asked["NetworkInterfaces"])

    sagemaker.create_model(
        ModelName="placed",
        PrimaryContainer=CONTAINER,
        ExecutionRoleArn=role,
        VpcConfig={"Subnets": [subnet], "SecurityGroupIds": [group]},
    )
    make_endpoint(sagemaker, "placed", provisioned("placed", InitialInstanceCount=2))
    assert interfaces() == 2
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_subnet(SubnetId=subnet)
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    sagemaker.delete_endpoint(EndpointName="placed")
    assert interfaces() == 2, "the role has no policy: SageMaker may free nothing"

    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "ec2:DeleteNetworkInterface", "Resource": "*"}],
        }
    )
    iam.put_role_policy(RoleName="frees", PolicyName="platform", PolicyDocument=document)
    sagemaker.create_endpoint(EndpointName="placed", EndpointConfigName="placed")
    failures.put(server, Failures(lingering_seconds=1))
    try:
        sagemaker.delete_endpoint(EndpointName="placed")
    finally:
        failures.put(server, Failures())
    assert interfaces() == 4
    time.sleep(1.5)
    assert interfaces() == 0
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_security_group(GroupId=group)


def test_a_group_that_anothers_rule_names_stays(server: Server) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html"""
    session = credentials.session(credentials.account_variables(server, environment("dev").settings))
    ec2 = session.client("ec2", endpoint_url=server.url)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    named, other = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("named", "other")
    )
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": named}]}
    ec2.authorize_security_group_egress(GroupId=other, IpPermissions=[rule])
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_security_group(GroupId=named)
    ec2.revoke_security_group_egress(GroupId=other, IpPermissions=[rule])
    ec2.delete_security_group(GroupId=named)


def test_a_role_that_was_just_made_cannot_be_taken_yet(server: Server, sagemaker: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency"""
    session = credentials.session(credentials.account_variables(server, environment("dev").settings))
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam = session.client("iam", endpoint_url=server.url)
    role = iam.create_role(RoleName="new", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    failures.put(server, Failures(settling_seconds=1))
    try:
        with pytest.raises(ClientError, match="Could not assume role"):
            sagemaker.create_model(ModelName="early", PrimaryContainer=CONTAINER, ExecutionRoleArn=role)
        time.sleep(1)
        sagemaker.create_model(ModelName="early", PrimaryContainer=CONTAINER, ExecutionRoleArn=role)
    finally:
        failures.put(server, Failures())


def test_a_key_of_s3_may_have_line_ends(server: Server) -> None:
    s3 = credentials.root_session(server).client("s3", endpoint_url=server.url)
    s3.create_bucket(Bucket="line-ends")
    key = "a folder/a\nb\n.ipynb"
    s3.put_object(Bucket="line-ends", Key=key, Body=b"1")
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="line-ends")["Contents"]] == [key]
    assert s3.head_object(Bucket="line-ends", Key=key)["ContentLength"] == 1
    assert s3.get_object(Bucket="line-ends", Key=key)["Body"].read() == b"1"
    s3.delete_object(Bucket="line-ends", Key=key)
    assert "Contents" not in s3.list_objects_v2(Bucket="line-ends")
