"""The stand-in for AWS's linear-learner, behind AWS's interface: jobs, and an endpoint of what they made."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.server import process as server_process
from local_aws.server.process import Server
from tests.local_aws.server.test_training import BUCKET, GROUP, ROLE, Lab, channel

IMAGE = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
ALGORITHM = {"TrainingImage": IMAGE, "TrainingInputMode": "File"}
RANDOM = random.Random(0)  # noqa: S311 - not cryptography
FEATURES = [[RANDOM.gauss(0, 1), RANDOM.gauss(5, 3)] for _ in range(300)]
# Of a label that a line tells apart, of three that two lines do, and of a plane.
LABELS: dict[str, list[Any]] = {
    "binary_classifier": [int(first + second > 5) for first, second in FEATURES],
    "multiclass_classifier": [(second > 3) + (second > 7) for _, second in FEATURES],
    "regressor": [3 * first - second + 2 for first, second in FEATURES],
}
HYPERPARAMETERS = {"epochs": "40", "mini_batch_size": "50"}


def table(predictor_type: str, start: int, end: int) -> str:
    pairs = zip(LABELS[predictor_type][start:end], FEATURES[start:end], strict=True)
    return "".join(f"{label},{first},{second}\n" for label, (first, second) in pairs)


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[Lab]:
    started: Server = server_process.start(folder)
    made = Lab(started)
    made.s3.create_bucket(Bucket=BUCKET)
    made.logs.create_log_group(logGroupName=GROUP)
    for predictor_type in LABELS:
        for name, start, end in (("train", 0, 200), ("validation", 200, 250), ("test", 250, 300)):
            made.put({f"{predictor_type}/{name}/{name}.csv": table(predictor_type, start, end)})
    yield made
    server_process.stop(folder, started)
    assert "Traceback" not in (folder / "server.log").read_text()


def train(lab: Lab, data: str, channels: tuple[str, ...], **hyperparameters: str) -> dict[str, Any]:
    return lab.train(
        AlgorithmSpecification=ALGORITHM,
        HyperParameters={"predictor_type": data, **HYPERPARAMETERS, **hyperparameters},
        InputDataConfig=[channel(name, f"{data}/{name}/") for name in channels],
    )


def metrics(found: dict[str, Any]) -> dict[str, float]:
    return {metric["MetricName"]: metric["Value"] for metric in found["FinalMetricDataList"]}


def serve(lab: Lab, found: dict[str, Any]) -> str:
    name: str = found["TrainingJobName"]
    container = {"Image": IMAGE, "ModelDataUrl": found["ModelArtifacts"]["S3ModelArtifacts"]}
    lab.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    variant = {"VariantName": "a", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    lab.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    lab.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return name


def invoke(lab: Lab, endpoint: str, body: str, content_type: str = "text/csv", **changes: str) -> str:
    answer = lab.runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType=content_type, **changes)
    text: str = answer["Body"].read().decode()
    return text


def test_a_binary_classifier_is_trained_judged_and_answers_as_its_metric_says(lab: Lab) -> None:
    found = train(lab, "binary_classifier", ("train", "validation", "test"))
    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    judged = metrics(found)
    assert judged["validation:binary_classification_accuracy"] > 0.9
    assert judged["test:roc_auc_score"] > 0.95
    assert {"validation:objective_loss", "validation:objective_loss:final", "validation:binary_f_beta"} <= judged.keys()
    assert judged["train:progress"] == 100
    lines = lab.log(found["TrainingJobName"])
    assert lines[0] == "local AWS: a stand-in for linear-learner:1: another linear model behind the same interface"
    assert any(
        "#quality_metric: host=algo-1, epoch=39, validation binary_classification_cross_entropy_objective <loss>="
        in line
        for line in lines
    )
    endpoint = serve(lab, found)
    rows = "".join(f"{first},{second}\n" for first, second in FEATURES[200:250])
    predictions = json.loads(invoke(lab, endpoint, rows))["predictions"]
    right = [
        prediction["predicted_label"] == label
        for prediction, label in zip(predictions, LABELS["binary_classifier"][200:], strict=False)
    ]
    assert sum(right) / 50 == pytest.approx(judged["validation:binary_classification_accuracy"])
    assert all((prediction["score"] >= 0.5) == prediction["predicted_label"] for prediction in predictions)


def test_a_request_may_have_each_of_the_documented_forms(lab: Lab) -> None:
    endpoint = serve(lab, train(lab, "binary_classifier", ("train",)))
    [expected] = json.loads(invoke(lab, endpoint, "0.5,1"))["predictions"]
    for instance in ({"features": [0.5, 1]}, {"data": {"features": {"values": [0.5, 1]}}}):
        body = json.dumps({"instances": [instance, instance]})
        assert json.loads(invoke(lab, endpoint, body, "application/json"))["predictions"] == [expected, expected]
    lines = '{"features": [0.5, 1]}\n{"features": [0.5, 1]}\n'
    answer = invoke(lab, endpoint, lines, "application/jsonlines", Accept="application/jsonlines")
    assert [json.loads(line) for line in answer.splitlines()] == [expected, expected]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("a,b", "text/csv", 400),
        ("1", "text/csv", 400),
        ("\n", "text/csv", 400),
        ("{", "application/json", 400),
        ('{"instances": [1]}', "application/json", 400),
        ("1,2", "text/plain", 415),
    ],
)
def test_rejects_rows_that_cannot_be_read_as_the_clients_error(
    lab: Lab, served: str, body: str, content_type: str, status: int
) -> None:
    with pytest.raises(ClientError) as caught:
        invoke(lab, served, body, content_type)
    response: Any = caught.value.response
    assert response["OriginalStatusCode"] == status


@pytest.fixture(scope="module")
def served(lab: Lab) -> str:
    return serve(lab, train(lab, "binary_classifier", ("train",)))


def test_several_classes_and_numbers_are_learnt_too(lab: Lab) -> None:
    classes = train(lab, "multiclass_classifier", ("train", "validation"), num_classes="3", accuracy_top_k="2")
    assert metrics(classes)["validation:multiclass_accuracy"] > 0.8
    assert metrics(classes)["validation:multiclass_top_k_accuracy"] > 0.95
    [answer] = json.loads(invoke(lab, serve(lab, classes), "0,9"))["predictions"]
    assert (answer["predicted_label"], len(answer["score"])) == (2, 3)
    numbers = train(lab, "regressor", ("train", "validation"))
    assert metrics(numbers)["validation:mse"] < 0.1
    [answer] = json.loads(invoke(lab, serve(lab, numbers), "1,2"))["predictions"]
    assert answer["score"] == pytest.approx(3, abs=0.5)


def test_its_metrics_are_defined_by_the_algorithm(lab: Lab) -> None:
    found = train(lab, "binary_classifier", ("train",))
    names = [definition["Name"] for definition in found["AlgorithmSpecification"]["MetricDefinitions"]]
    assert {"validation:binary_classification_accuracy", "test:dcg", "train:progress"} <= {*names}
    # Without data to validate with, what is learnt from is what is judged.
    assert metrics(found)["train:binary_classification_accuracy"] > 0.9


def test_each_epoch_is_in_the_log_as_awss_image_writes_it(lab: Lab) -> None:
    """Of a public log of a job on AWS: for each channel the value of each model in JSON, then the first model's; at
    the end of the epoch a whole number of per cents."""
    found = train(lab, "binary_classifier", ("train", "validation"), epochs="3", num_models="1")
    lines = [line for line in lab.log(found["TrainingJobName"]) if line.startswith(("#metrics ", "["))]
    objective = "binary_classification_cross_entropy_objective"
    for epoch, per_cent in enumerate((33, 66, 100)):
        of_epoch, lines = lines[:5], lines[5:]
        for name, metrics, told in zip(("train", "validation"), of_epoch[::2], of_epoch[1::2], strict=False):
            described = json.loads(metrics.removeprefix("#metrics "))
            assert described["Dimensions"] == {
                "Algorithm": "Linear Learner", "Host": "algo-1", "Operation": "training", "epoch": epoch, "model": 0
            }  # fmt: skip
            [(metric, value)] = described["Metrics"].items()
            assert (metric, value["count"]) == (f"{name}_{objective}", 1)
            quality = f"#quality_metric: host=algo-1, epoch={epoch}, {name} {objective} <loss>={value['sum']}"
            assert told.partition("] ")[2] == quality
        assert of_epoch[4].endswith(f"#progress_metric: host=algo-1, completed {per_cent} % of epochs")


def test_hyperparameters_that_it_does_not_heed_are_named(lab: Lab) -> None:
    found = train(lab, "binary_classifier", ("train",), optimizer="sgd", num_models="auto")
    assert "local AWS: hyperparameters that it does not heed: num_models, optimizer" in lab.log(
        found["TrainingJobName"]
    )
    one = train(lab, "binary_classifier", ("train",), num_models="1")  # what it does
    assert not [line for line in lab.log(one["TrainingJobName"]) if "does not heed" in line]


@pytest.mark.parametrize(
    ("data", "hyperparameters", "reason"),
    [
        ("binary_classifier", {"depth": "3"}, "Additional hyperparameters are not allowed (depth unexpected)"),
        ("binary_classifier", {"predictor_type": "tree"}, "predictor_type 'tree': must be one of binary_classifier"),
        ("binary_classifier", {"loss": "hinge_loss"}, "loss 'hinge_loss': the local AWS plays logistic"),
        ("binary_classifier", {"epochs": "many"}, "epochs 'many': must be a number of at least 1"),
        ("binary_classifier", {"feature_dim": "3"}, "feature_dim 3: the channel train has 2 features"),
        ("binary_classifier", {"mini_batch_size": "201"}, "No training data processed. Either the training channel"),
        ("multiclass_classifier", {}, "num_classes None: must be a number of at least 3"),
        ("regressor", {"predictor_type": "binary_classifier"}, "the channel train: labels must be whole numbers"),
    ],
)
def test_rejects_what_the_algorithm_would(lab: Lab, data: str, hyperparameters: dict[str, str], reason: str) -> None:
    found = train(lab, data, ("train",), **hyperparameters)
    assert found["FailureReason"].startswith(f"ClientError: {reason}")
    assert found["FailureReason"].endswith(", exit code: 2")


def test_rejects_data_that_is_no_csv(lab: Lab) -> None:
    lab.put({"no-csv/train/a.csv": "label,first\n1,2\n"})
    found = lab.train(
        AlgorithmSpecification=ALGORITHM,
        HyperParameters={"predictor_type": "binary_classifier"},
        InputDataConfig=[channel("train", "no-csv/train/")],
    )
    assert found["FailureReason"].startswith("ClientError: Unable to read data channel 'train'. Requested content-type")
