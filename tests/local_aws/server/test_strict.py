"""What AWS documents as refused is refused by the local AWS, in the service's own words."""

import functools
import http.client
import json
from typing import Any

import botocore.session
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local_aws import credentials
from local_aws.server import process as server_process
from local_aws.server import strict

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@functools.cache
def client(server: server_process.Server, service: str, config: Config | None = None) -> Any:
    """One that sends what botocore itself would refuse."""
    return credentials.root_session(server).client(
        service,
        endpoint_url=server.url,
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}).merge(config or Config()),
    )


def dashboard(*widgets: dict[str, Any]) -> str:
    return json.dumps({"widgets": [{"type": "metric", "properties": item} for item in widgets]})


def policy(characters: int) -> str:
    """A valid one with so many characters that IAM counts; spaces are not."""
    empty = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get", "Resource": "arn:aws:s3:::"}]}
    )
    counted = len(empty.replace(" ", ""))
    return empty.replace("s3:::", f"s3:::{'a' * (characters - counted)}")


SCHEDULE: dict[str, Any] = {
    "Name": "a",
    "ScheduleExpression": "rate(1 day)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": "arn:aws:sagemaker:eu-west-1:1:pipeline/a", "RoleArn": "arn:aws:iam::123456789012:role/a"},
}


def training(image: str = "1.dkr.ecr.us-east-1.amazonaws.com/own:1", **changes: Any) -> dict[str, Any]:
    """A training job that would be begun."""
    metrics = changes.pop("MetricDefinitions", [])
    values = {
        "TrainingJobName": "a",
        "RoleArn": "arn:aws:iam::123456789012:role/a",
        "AlgorithmSpecification": {
            "TrainingImage": image,
            "TrainingInputMode": "File",
            "MetricDefinitions": metrics,
        },
        "OutputDataConfig": {"S3OutputPath": "s3://acme/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3_600},
    }
    return values | changes


def spot(runtime: int, wait: int) -> dict[str, Any]:
    return {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": runtime, "MaxWaitTimeInSeconds": wait},
    }


LINEAR_LEARNER = "1.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
REFUSED: dict[str, tuple[str, str, dict[str, Any], str, str]] = {
    # service, operation, request, error code, what is said
    "an apostrophe in a security group's description": (
        "ec2",
        "create_security_group",
        {"GroupName": "a", "Description": "the VPC's", "VpcId": "vpc-1"},
        "InvalidParameterValue",
        'Description: "the VPC\'s": must match',
    ),
    "an apostrophe in the description of a security group's rule": (
        "ec2",
        "authorize_security_group_egress",
        {
            "GroupId": "sg-1",
            "IpPermissions": [{"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "it's"}]}],
        },
        "InvalidParameterValue",
        "IpPermissions[0].IpRanges[0].Description",
    ),
    "an underscore in a model's name": (
        "sagemaker",
        "create_model",
        {"ModelName": "a_b", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/a"},
        "ValidationException",
        "ModelName: 'a_b': must match",
    ),
    "an endpoint without a configuration": (
        "sagemaker",
        "create_endpoint",
        {"EndpointName": "a"},
        "ValidationException",
        "EndpointConfigName is required",
    ),
    "eleven alarms that roll an update back": (
        "sagemaker",
        "update_endpoint",
        {
            "EndpointName": "a",
            "EndpointConfigName": "b",
            "DeploymentConfig": {
                "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": f"alarm-{number}"} for number in range(11)]}
            },
        },
        "ValidationException",
        "DeploymentConfig.AutoRollbackConfiguration.Alarms: 11 items: must be at most 10",
    ),
    "a serverless memory size below AWS's smallest": (
        "sagemaker",
        "create_endpoint_config",
        {
            "EndpointConfigName": "a",
            "ProductionVariants": [
                {"VariantName": "a", "ModelName": "a", "ServerlessConfig": {"MemorySizeInMB": 512, "MaxConcurrency": 1}}
            ],
        },
        "ValidationException",
        "ProductionVariants[0].ServerlessConfig.MemorySizeInMB: 512: must be at least 1024",
    ),
    "tags of a version in a model package group": (
        "sagemaker",
        "create_model_package",
        {"ModelPackageGroupName": "a", "ClientToken": "a", "Tags": [{"Key": "Owner", "Value": "b"}]},
        "ValidationException",
        "Tags: a version has its group's",
    ),
    "a cron expression of five fields": (
        "scheduler",
        "create_schedule",
        SCHEDULE | {"ScheduleExpression": "cron(0 6 * * ?)"},
        "ValidationException",
        "must have 6 fields",
    ),
    "a cron expression of a day of the month and of the week": (
        "scheduler",
        "create_schedule",
        SCHEDULE | {"ScheduleExpression": "cron(0 6 1 * 1 *)"},
        "ValidationException",
        "and ? as day of the month or of the week",
    ),
    "a rate of nothing": (
        "scheduler",
        "update_schedule",
        SCHEDULE | {"ScheduleExpression": "rate(0 days)"},
        "ValidationException",
        "'rate(0 days)': must be rate(...), cron(...) or at(...)",
    ),
    "a time zone that does not exist": (
        "scheduler",
        "create_schedule",
        SCHEDULE | {"ScheduleExpressionTimezone": "Europe/Atlantis"},
        "ValidationException",
        "'Europe/Atlantis': must be a name of the IANA time zone database",
    ),
    "a flexible schedule without its window": (
        "scheduler",
        "create_schedule",
        SCHEDULE | {"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}},
        "ValidationException",
        "MaximumWindowInMinutes must be given where Mode is FLEXIBLE",
    ),
    "an instance type that does not exist": (
        "sagemaker",
        "create_notebook_instance",
        {"NotebookInstanceName": "a", "InstanceType": "ml.x9.huge", "RoleArn": "arn:aws:iam::123456789012:role/a"},
        "ValidationException",
        "InstanceType: 'ml.x9.huge': must be one of",
    ),
    "a space in a log group's name": (
        "logs",
        "create_log_group",
        {"logGroupName": "/a b"},
        "InvalidParameterException",
        "logGroupName: '/a b': must match",
    ),
    "a number where a text belongs": (
        "logs",
        "create_log_group",
        {"logGroupName": "/a", "tags": {"a": 1}},
        "SerializationException",
        "tags.a: 1: must be of type string",
    ),
    "a versioning status that S3 does not have": (
        "s3",
        "put_bucket_versioning",
        {"Bucket": "abc", "VersioningConfiguration": {"Status": "On"}},
        "InvalidArgument",
        "VersioningConfiguration.Status: 'On': must be one of Enabled, Suspended",
    ),
    "an encryption that S3 does not have, in a header": (
        "s3",
        "put_object",
        {"Bucket": "abc", "Key": "a", "Body": b"a", "ServerSideEncryption": "rot13"},
        "InvalidArgument",
        "ServerSideEncryption: 'rot13'",
    ),
    "a space in a role's name": (
        "iam",
        "create_role",
        {"RoleName": "a b", "AssumeRolePolicyDocument": TRUST},
        "ValidationError",
        "RoleName: 'a b': must match",
    ),
    "a comparison that CloudWatch does not have": (
        "cloudwatch",
        "put_metric_alarm",
        {"AlarmName": "a", "ComparisonOperator": "Above", "EvaluationPeriods": 1},
        "ValidationException",
        "ComparisonOperator: 'Above': must be one of",
    ),
    "a topic without a name": ("sns", "create_topic", {}, "InvalidParameter", "Name is required"),
    "a scaled service that does not exist": (
        "application-autoscaling",
        "register_scalable_target",
        {"ServiceNamespace": "sage", "ResourceId": "a", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"},
        "ValidationException",
        "ServiceNamespace: 'sage': must be one of",
    ),
    "an endpoint's name in the path": (
        "sagemaker-runtime",
        "invoke_endpoint",
        {"EndpointName": "a_b", "Body": b"1"},
        "ValidationException",
        "EndpointName: 'a_b': must match",
    ),
    "a managed policy of more than 6,144 characters": (
        "iam",
        "create_policy",
        {"PolicyName": "a", "PolicyDocument": policy(6_145)},
        "ValidationError",
        "PolicyDocument: 6,145 characters: must be at most 6,144",
    ),
    "a key's policy of more than 32 KiB": (
        "kms",
        "create_key",
        {"Policy": policy(32_768)},
        "ValidationException",
        "must be at most 32,768",
    ),
    "a bucket's policy of more than 20 KB": (
        "s3",
        "put_bucket_policy",
        {"Bucket": "abc", "Policy": policy(20_480)},
        "InvalidArgument",
        "must be at most 20,480",
    ),
    "a truth value that is a text": (
        "sagemaker",
        "create_model",
        {
            "ModelName": "a",
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/a",
            "EnableNetworkIsolation": "yes",
        },
        "SerializationException",
        "EnableNetworkIsolation: 'yes': must be of type boolean",
    ),
    "a whole number that is none": (
        "logs",
        "describe_log_groups",
        {"limit": 1.5},
        "SerializationException",
        "limit: 1.5: must be of type integer",
    ),
    "a dashboard that is no JSON": (
        "cloudwatch",
        "put_dashboard",
        {"DashboardName": "a", "DashboardBody": "nope"},
        "ValidationException",
        "cannot be read",
    ),
    "a serverless variant with instances": (
        "sagemaker",
        "create_endpoint_config",
        {
            "EndpointConfigName": "a",
            "ProductionVariants": [
                {
                    "VariantName": "a",
                    "ModelName": "a",
                    "InstanceType": "ml.m5.large",
                    "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
                }
            ],
        },
        "ValidationException",
        "must name instances or ServerlessConfig, not both",
    ),
    "more datapoints than are evaluated": (
        "cloudwatch",
        "put_metric_alarm",
        {
            "AlarmName": "a",
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 2,
        },
        "ValidationException",
        "DatapointsToAlarm: 2: must be at most EvaluationPeriods, 1",
    ),
    "a training of 29 days": (
        "sagemaker",
        "create_training_job",
        training(StoppingCondition={"MaxRuntimeInSeconds": 28 * 86_400 + 1}),
        "ValidationException",
        "MaxRuntimeInSeconds: 2419201: must be at most 2419200, 28 days",
    ),
    "a spot training that waits less than it may run": (
        "sagemaker",
        "create_training_job",
        training(**spot(3_600, 3_599)),
        "ValidationException",
        "MaxWaitTimeInSeconds: 3599: must be at least MaxRuntimeInSeconds, 3600",
    ),
    "a spot training that does not say how long it waits": (
        "sagemaker",
        "create_training_job",
        training(EnableManagedSpotTraining=True),
        "ValidationException",
        "MaxWaitTimeInSeconds and EnableManagedSpotTraining: must both be there, or neither",
    ),
    "a spot training of an own algorithm that waits for more than an hour": (
        "sagemaker",
        "create_training_job",
        training(LINEAR_LEARNER, **spot(3_600, 3_601)),
        "ValidationException",
        "MaxWaitTimeInSeconds: 3601: must be at most 3600",
    ),
    "metrics of an algorithm that has its own": (
        "sagemaker",
        "create_training_job",
        training(LINEAR_LEARNER, MetricDefinitions=[{"Name": "a", "Regex": "a"}]),
        "ValidationException",
        "You can't override the metric definitions for Amazon SageMaker algorithms.",
    ),
    "a metric's regular expression that is none": (
        "sagemaker",
        "create_training_job",
        training(MetricDefinitions=[{"Name": "a", "Regex": "("}]),
        "ValidationException",
        "MetricDefinitions: '(': must be a regular expression",
    ),
    "two channels of one name": (
        "sagemaker",
        "create_training_job",
        training(
            InputDataConfig=[
                {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://a/"}}}
            ]
            * 2
        ),
        "ValidationException",
        "InputDataConfig: train, train: channels must differ in their names",
    ),
    "a training of nothing": (
        "sagemaker",
        "create_training_job",
        training(AlgorithmSpecification={"TrainingInputMode": "File"}),
        "ValidationException",
        "AlgorithmSpecification: must have TrainingImage or AlgorithmName, and not both",
    ),
    "a retention of 31 days": (
        "logs",
        "put_retention_policy",
        {"logGroupName": "/a", "retentionInDays": 31},
        "InvalidParameterException",
        "retentionInDays: 31: must be one of 1, 3",
    ),
    "a dashboard of 501 widgets": (
        "cloudwatch",
        "put_dashboard",
        {"DashboardName": "a", "DashboardBody": dashboard(*[{}] * 501)},
        "ValidationException",
        "501 widgets: must be at most 500",
    ),
    "a widget of 101 alarms": (
        "cloudwatch",
        "put_dashboard",
        {"DashboardName": "a", "DashboardBody": dashboard({"alarms": ["a"] * 101})},
        "ValidationException",
        "widget 0: 101 alarms: must be at most 100",
    ),
    "a query of 51 log groups": (
        "cloudwatch",
        "put_dashboard",
        {"DashboardName": "a", "DashboardBody": dashboard({"query": "SOURCE 'a' | " * 51})},
        "ValidationException",
        "widget 0: 51 log groups: must be at most 50",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_aws_documents_as_refused_is_refused_in_the_services_own_words(
    server: server_process.Server, what: str
) -> None:
    service, operation, request, code, said = REFUSED[what]
    with pytest.raises(ClientError) as raised:
        getattr(client(server, service), operation)(**request)
    answer = raised.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (400, code)
    assert said in answer["Error"]["Message"]


@pytest.mark.parametrize(
    "changes",
    [
        {"StoppingCondition": {"MaxRuntimeInSeconds": 28 * 86_400}},
        spot(3_600, 3_600),
        {"image": LINEAR_LEARNER, **spot(3_600, 3_600)},
        {"image": LINEAR_LEARNER, **spot(3_600, 3_601), "CheckpointConfig": {"S3Uri": "s3://acme/checkpoints/"}},
        {"MetricDefinitions": [{"Name": "a", "Regex": "a=(.*)"}]},
    ],
)
def test_a_training_up_to_its_limits_is_taken(server: server_process.Server, changes: dict[str, Any]) -> None:
    name = f"taken-{hash(json.dumps(changes)) % 10**9}"
    client(server, "sagemaker").create_training_job(**training(**changes, TrainingJobName=name))


def test_the_inline_policies_of_a_role_are_counted_together(server: server_process.Server) -> None:
    iam = client(server, "iam")
    iam.create_role(RoleName="counted", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="counted", PolicyName="a", PolicyDocument=policy(10_000))
    with pytest.raises(ClientError, match=r"inline policies of counted: 10,\d+ characters: must be at most 10,240"):
        iam.put_role_policy(RoleName="counted", PolicyName="b", PolicyDocument=policy(241))
    iam.put_role_policy(RoleName="counted", PolicyName="a", PolicyDocument=policy(10_240))


def test_a_role_has_ten_managed_policies_at_most(server: server_process.Server) -> None:
    iam = client(server, "iam")
    iam.create_role(RoleName="attached", AssumeRolePolicyDocument=TRUST)
    arns = [
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=policy(200))["Policy"]["Arn"] for number in range(11)
    ]
    for arn in arns[:10]:
        iam.attach_role_policy(RoleName="attached", PolicyArn=arn)
    with pytest.raises(ClientError, match="the role attached: 11 managed policies: must be at most 10"):
        iam.attach_role_policy(RoleName="attached", PolicyArn=arns[10])


def test_a_presigned_url_is_held_too(server: server_process.Server) -> None:
    signed = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    url = client(server, "s3", signed).generate_presigned_url(
        "put_object", Params={"Bucket": "abc", "Key": "a", "ACL": "nonsense"}
    )
    connection = http.client.HTTPConnection(server_process.HOST, server.port)
    connection.request("PUT", url.removeprefix(server.url), b"a", {"x-amz-acl": "nonsense"})
    answer = connection.getresponse()
    assert (answer.status, b"nonsense" in answer.read()) == (400, True)
    connection.close()


@pytest.mark.parametrize("source", ["abc%2Ftraining%2Fa%3D1", "/abc/training/a%3D1"])
def test_the_source_of_a_copy_is_read_as_s3_reads_it_its_slashes_encoded_or_not(
    server: server_process.Server, source: str
) -> None:
    s3 = client(server, "s3")
    s3.create_bucket(Bucket="abc")
    s3.put_object(Bucket="abc", Key="training/a=1", Body=b"a")
    headers = {"x-amz-copy-source": source}
    assert send(server, "s3", "PUT /abc/copy", headers, b"")[0] == 200
    assert s3.get_object(Bucket="abc", Key="copy")["Body"].read() == b"a"
    refused = send(server, "s3", "PUT /abc/copy", {"x-amz-copy-source": "abc"}, b"")
    assert (refused[0], "CopySource: 'abc': must match" in refused[1]) == (400, True)


def send(server: server_process.Server, service: str, target: str, headers: dict[str, str], body: bytes) -> Any:
    """Status, and what was answered."""
    method, _, path = target.partition(" ")
    request = AWSRequest(method, f"{server.url}{path}", headers, body)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials(server.access_key, server.secret_key), service, "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(server_process.HOST, server.port)
    connection.request(method, path, body, dict(request.headers))
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


JSON = {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}


@pytest.mark.parametrize("body", [b"{nope", b"", b"null", b'["a"]', b'{"NameContains": "\xff"}', b"\xff\xfe{\0}\0"])
def test_a_body_that_is_no_object_is_malformed(server: server_process.Server, body: bytes) -> None:
    status, answer = send(server, "sagemaker", "POST /", JSON, body)
    assert (status, json.loads(answer)["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize(
    ("service", "target", "headers", "code"),
    [
        ("sts", "POST /", {"Content-Type": "application/x-www-form-urlencoded"}, "MalformedInput"),
        ("ec2", "POST /", {"Content-Type": "application/x-www-form-urlencoded"}, "InvalidParameter"),
        ("s3", "PUT /acme?policy", {}, "MalformedXML"),
        ("s3", "PUT /acme?versioning", {}, "MalformedXML"),
    ],
)
def test_a_body_that_is_no_text_is_malformed_in_the_services_own_words(
    server: server_process.Server, service: str, target: str, headers: dict[str, str], code: str
) -> None:
    body = b"Action=GetCallerIdentity&Action=DescribeVpcs&Version=2011-06-15&a=\xff"
    status, answer = send(
        server, service, target, headers, body.replace(b"Action=GetCallerIdentity&", b"", service == "ec2")
    )
    assert (status, f"<Code>{code}</Code>" in answer) == (400, True), answer


def test_a_request_that_is_refused_changes_nothing(server: server_process.Server) -> None:
    logs = client(server, "logs")
    with pytest.raises(ClientError):
        logs.create_log_group(logGroupName="/half/made", kmsKeyId="x" * 257)
    assert logs.describe_log_groups(logGroupNamePrefix="/half/")["logGroups"] == []


def test_the_server_tells_what_it_saw_and_what_it_refused(server: server_process.Server) -> None:
    with pytest.raises(ClientError):
        client(server, "sns").create_topic()
    client(server, "s3").list_buckets()
    told = server.ask(strict.PATH)
    assert told["held"]["sns.CreateTopic"] >= 1
    assert told["held"]["s3.ListBuckets"] >= 1
    assert "sns.CreateTopic: Name is required" in told["refused"]


@pytest.mark.parametrize(
    "service", ["application-autoscaling", "cloudwatch", "ec2", "iam", "kms", "logs", "s3", "sagemaker", "sns", "sts"]
)
def test_every_pattern_that_aws_publishes_for_a_service_of_ours_is_understood(service: str) -> None:
    model = botocore.session.get_session().get_service_model(service)
    for name in model.shape_names:
        if published := model.shape_for(name).metadata.get("pattern"):
            strict.pattern(published)
