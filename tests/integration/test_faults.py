"""A short set of the failure tests; `make faults` runs them all. They run side by side: most of each is waiting."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local_aws.trials import scenarios
from local_aws.trials.lab import MAX_DEPLOYS

# What exists of dev when all is well; its digits are a digest of what the model is made of.
DEV = [
    "cloudwatch DashboardEntries: ml-platform-dev",
    "cloudwatch MetricAlarms: ml-platform-dev-linear-learner-*-5xx-errors",
    "cloudwatch MetricAlarms: ml-platform-dev-linear-learner-*-model-latency",
    "cloudwatch MetricAlarms: ml-platform-dev-linear-learner-5xx-errors",
    "cloudwatch MetricAlarms: ml-platform-dev-linear-learner-model-latency",
    "iam Roles: ml-platform-dev-sagemaker-hosting",
    "iam Roles: ml-platform-dev-sagemaker-notebook",
    "iam Roles: ml-platform-dev-sagemaker-pipeline",
    "iam Roles: ml-platform-dev-sagemaker-training",
    "kms Aliases: alias/ml-platform-dev",
    "kms Keys: -* (The data of ml-platform-dev)",
    "logs logGroups: /aws/sagemaker/Endpoints/linear-learner",
    "logs logGroups: /aws/sagemaker/NotebookInstances",
    "logs logGroups: /aws/sagemaker/TrainingJobs",
    "s3 Buckets: ml-platform-dev-sagemaker-111111111111-us-east-1",
    "sagemaker EndpointConfigs: linear-learner-*",
    "sagemaker Endpoints: linear-learner",
    "sagemaker ModelPackageGroupSummaryList: ml-platform-dev-breast-cancer",
    "sagemaker Models: ml-platform-dev-breast-cancer-all-columns-*",
    "sagemaker NotebookInstanceLifecycleConfigs: ml-platform-dev",
    "sagemaker NotebookInstances: ml-platform-dev",
    "sagemaker PipelineSummaries: ml-platform-dev-breast-cancer",
    "sns Topics: arn:aws:sns:us-east-1:111111111111:ml-platform-dev-alarms",
]
# Calls that make something once; the dashboard and the alarms are put, as often as one likes.
CREATIONS = 18
SCENARIOS: dict[str, Callable[[Path], Any]] = {
    "killed in the middle, state in S3": lambda folder: scenarios.killed(
        folder, name="dev", after=9, expected=DEV, state_bucket=True
    ),
    "make local killed at its last creation": lambda folder: scenarios.make_local_killed(
        folder, name="dev", after=CREATIONS, expected=DEV
    ),
    "state lost": lambda folder: scenarios.state_lost(folder, name="dev"),
    "behind its back": lambda folder: scenarios.changed_behind_its_back(folder, at_once=True),
    "replies lost": lambda folder: scenarios.failing(folder, seed=100, lost_replies=0.1),
    "upgrade": scenarios.upgrade,
    "nothing answers": scenarios.nothing_answers,
    "two deploys": lambda folder: scenarios.two_deploys(folder, rounds=1),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Future[Any]]:
    pool = ThreadPoolExecutor(3)
    return {label: pool.submit(scenario, tmp_path_factory.mktemp("lab")) for label, scenario in SCENARIOS.items()}


def test_after_a_deploy_that_was_killed_in_the_middle_the_next_one_takes_over(running: dict[str, Future[Any]]) -> None:
    """The topic, which may be one of the nine, is made again and not taken over."""
    assert running["killed in the middle, state in S3"].result() >= 8


def test_after_a_make_local_that_was_killed_the_next_one_converges(running: dict[str, Future[Any]]) -> None:
    assert running["make local killed at its last creation"].result() < 300


def test_after_a_lost_state_nothing_is_lost_doubled_or_left_behind(running: dict[str, Future[Any]]) -> None:
    """Plain Terraform had made a second key."""
    assert running["state lost"].result() == 1


def test_what_was_deleted_behind_its_back_is_there_after_one_deploy(running: dict[str, Future[Any]]) -> None:
    assert running["behind its back"].result() < 120


def test_deploys_converge_where_replies_are_lost(running: dict[str, Future[Any]]) -> None:
    deploys, injected, _ = running["replies lost"].result()
    assert 1 <= deploys <= MAX_DEPLOYS
    assert injected > 5


def test_where_nothing_answers_a_deploy_ends_with_a_line_and_soon(running: dict[str, Future[Any]]) -> None:
    said, seconds = running["nothing answers"].result()
    assert said.startswith("dev: AWS does not answer, nothing was changed: ")
    assert len(said.splitlines()) == 1
    assert seconds < 60


def test_a_second_deploy_at_the_same_time_is_refused(running: dict[str, Future[Any]]) -> None:
    assert running["two deploys"].result() < 30


def test_an_upgrade_from_the_first_release_keeps_what_holds_data_and_serves(running: dict[str, Future[Any]]) -> None:
    assert running["upgrade"].result() > 10
