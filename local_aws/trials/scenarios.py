"""What can go wrong, each made to go wrong, and what must hold afterwards. Each returns its figures."""

import json
import shutil
import signal
import time
from pathlib import Path

from local_aws.server import failures
from local_aws.trials.lab import lab
from stacks.environments import ROOT

MAX_DEPLOYS = 6
# As it was synthesized before there were keys, networks and three roles.
FIRST_RELEASE = Path(__file__).with_name("first_release.json")
HOLDS_DATA_OR_SERVES = {
    "aws_cloudwatch_log_group",
    "aws_kms_key",
    "aws_s3_bucket",
    "aws_s3_object",
    "aws_sagemaker_endpoint",
}


def undisturbed(folder: Path, name: str = "dev") -> tuple[int, list[str], float]:
    """Creations, what exists afterwards, and the seconds of the apply. A new role takes some to settle, as in AWS."""
    with lab(folder, name) as made:
        made.fail(settling_seconds=10)
        seconds = made.applied().seconds
        creations, everything = failures.counts(made.server)["creations"], made.everything()
        made.nothing_to_change()
        made.destroyed()
    return creations, everything, seconds


def killed(folder: Path, *, name: str, after: int, expected: list[str], state_bucket: bool) -> int:
    """Killed after so many creations; one recover and one deploy later all is as if nothing had happened.

    Returns how many resources were taken over.
    """
    with lab(folder, name, state_bucket=state_bucket) as made:
        made.kill_after(after)
        taken_over = made.recover().printed.count(" exists and is not in the state: ")
        made.applied()
        made.nothing_to_change()
        assert made.everything() == expected
        made.destroyed()
    return taken_over


def failing(folder: Path, *, seed: int, **shares: float) -> tuple[int, int, float]:
    """AWS fails now and then: deploys, with a recover after one that failed, converge.

    Returns how many deploys it took, how many failures there were, and the seconds of all.
    """
    with lab(folder) as made:
        began, injected, deploys = time.monotonic(), 0, 0
        for deploys in range(1, MAX_DEPLOYS + 1):
            made.fail(seed=seed + deploys, **shares)
            finished = made.apply()
            injected += sum(failures.counts(made.server)[kind] for kind in ("errors", "throttles", "lost_replies"))
            made.fail()
            if finished.code == 0:
                break
            made.recover()
        seconds = time.monotonic() - began
        assert finished.code == 0, finished.printed
        made.recover()  # what was made twice for want of a reply
        made.nothing_to_change()
        assert injected or shares.keys() == {"delay_seconds"}, "no failure was drawn"
        made.destroyed()
    return deploys, injected, seconds


def nothing_answers(folder: Path) -> tuple[str, float]:
    """Every call fails: `make deploy` ends at once, nothing begun. Returns what it says, and the seconds."""
    with lab(folder) as made:
        made.fail(errors=1.0)
        finished = made.operation("deploy")
        assert finished.code == 1
        made.fail()
        assert made.everything() == []
    return finished.printed, finished.seconds


def everything_fails_midway(folder: Path) -> tuple[str, float]:
    """From some creation on, every call fails: Terraform ends by itself, and the next deploy converges.

    Returns its first error, and the seconds that it took.
    """
    with lab(folder) as made:
        made.fail(hold_after=3)
        run, began = made.start("apply", "-auto-approve", "-input=false"), time.monotonic()
        made.wait_until_held(run)
        made.fail(errors=1.0)
        code, printed = run.wait(timeout=1800)
        seconds = time.monotonic() - began
        assert code not in (0, -signal.SIGKILL), printed
        made.fail()
        made.recover()
        made.applied()
        made.nothing_to_change()
        made.destroyed()
    return next(line for line in printed.splitlines() if "Error: " in line).strip("│ "), seconds


def two_deploys(folder: Path, rounds: int) -> float:
    """While one deploy runs a second is refused, with holder and age; the first is done. Returns the slowest."""
    slowest = 0.0
    with lab(folder, state_bucket=True) as made:
        made.applied()
        for _ in range(rounds):
            made.client("logs").delete_log_group(logGroupName="/aws/sagemaker/TrainingJobs")
            made.fail(hold_after=0)
            first = made.start("apply", "-auto-approve", "-input=false")
            made.wait_until_held(first)
            began = time.monotonic()
            second = made.terraform("apply", "-auto-approve", "-input=false")
            slowest = max(slowest, time.monotonic() - began)
            assert "Error acquiring the state lock" in second.printed, second.printed
            told = made.operation("deploy", "--verb", "deploy")
            assert "its state is locked by " in told.printed, told.printed
            assert "force-unlock" not in told.printed, "it lives"
            made.fail()
            code, printed = first.wait(timeout=120)
            assert code == 0, printed
            made.nothing_to_change()
        made.destroyed()
    return slowest


def upgrade(folder: Path) -> int:
    """The first release's JSON deployed, then this one's, then this one's with other tags: nothing that holds data or
    serves is replaced, and an object that a person put into the bucket is still there. Returns how many were kept.

    With `update=None`, as the changelog says: the first release's endpoint has no alarms that roll its updates back.
    """
    with lab(folder) as made:
        now = without_guarded_updates(made.stack / "cdk.tf.json")
        (made.stack / "cdk.tf.json").write_text(FIRST_RELEASE.read_text())
        for of_type in json.loads(FIRST_RELEASE.read_text())["resource"].values():
            for source in (Path(item["source"]) for item in of_type.values() if "source" in item):
                (made.stack / source).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(next(ROOT.glob(f"*/{source.name}")), made.stack / source)
        made.applied()
        [bucket] = [item["Name"] for item in made.client("s3").list_buckets()["Buckets"]]
        made.client("s3").put_object(Bucket=bucket, Key="training-data/mine.csv", Body=b"1,2,3")
        endpoint = made.client("sagemaker").describe_endpoint(EndpointName="linear-learner")["CreationTime"]

        (made.stack / "cdk.tf.json").write_text(now)
        kept = [made.kept(HOLDS_DATA_OR_SERVES)]
        made.variables["ML_PLATFORM_DEV_OWNER"] = "another-team"
        made.synthesize()
        (made.stack / "cdk.tf.json").write_text(without_guarded_updates(made.stack / "cdk.tf.json"))
        kept.append(made.kept(HOLDS_DATA_OR_SERVES))

        assert made.client("s3").get_object(Bucket=bucket, Key="training-data/mine.csv")["Body"].read() == b"1,2,3"
        assert made.client("sagemaker").describe_endpoint(EndpointName="linear-learner")["CreationTime"] == endpoint
        made.nothing_to_change()
        made.destroyed()
    assert kept[1] > kept[0], "the key came with the first upgrade"
    return kept[1]


def without_guarded_updates(stack: Path) -> str:
    """What the setting `update=None` makes of a stack: tests/constructs/serving/test_endpoint.py."""
    synthesized = json.loads(stack.read_text())
    for endpoint in synthesized["resource"]["aws_sagemaker_endpoint"].values():
        del endpoint["deployment_config"]
    return json.dumps(synthesized)
