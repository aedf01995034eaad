"""What can go wrong, each made to go wrong, and what must hold afterwards. Each returns its figures."""

import json
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from local_aws.server import failures
from local_aws.trials.lab import MAX_DEPLOYS, Finished, Lab, lab
from stacks.environments import ROOT

# As it was synthesized before there were keys, networks and three roles.
FIRST_RELEASE = Path(__file__).with_name("first_release.json")
# Of a recover that takes some ten seconds.
KILLED_AFTER_SECONDS = (2, 4, 6, 8)
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
    """A deploy killed after so many creations: the next one makes all as if nothing had happened.

    Returns how many resources it took over.
    """
    with lab(folder, name, state_bucket=state_bucket) as made:
        made.kill_after(after)
        said = "".join(finished.printed for finished in made.deployed())
        made.nothing_to_change()
        assert made.everything() == expected
        made.destroyed()
    return said.count(" exists and is not in the state: ")


def make_local_killed(folder: Path, *, name: str, after: int, expected: list[str]) -> float:
    """`make local` killed after so many creations: the next one makes all as if nothing had happened, `make local-down`
    leaves nothing. Returns the seconds of the next one.
    """
    with lab(folder, name) as made:
        made.kill_when_held(partial(made.start_local, "deploy", name), after)
        again = made.finished(made.start_local("deploy", name))
        assert again.code == 0, again.printed
        assert made.everything() == expected
        down = made.finished(made.start_local("undeploy"))
        assert down.code == 0, down.printed
    return again.seconds


def failing(folder: Path, *, seed: int, **shares: float) -> tuple[int, int, float]:
    """AWS fails now and then: deploys converge, each of which types what the one before it offered.

    Returns how many deploys it took, how many failures there were, and the seconds of all.
    """
    with lab(folder) as made:
        began, injected, tried = time.monotonic(), 0, 0
        while True:
            made.fail(seed=seed + tried, **shares)
            run = made.start_deploy()
            code, printed = run.wait(timeout=900)
            injected += sum(failures.counts(made.server)[kind] for kind in ("errors", "throttles", "lost_replies"))
            made.fail()
            tried += 1
            if code == 0:
                break
            assert tried < MAX_DEPLOYS, printed
            made.type_commands(Finished(code, printed, 0))
        seconds = time.monotonic() - began
        made.recover()  # what was made twice for want of a reply
        made.nothing_to_change()
        assert injected or shares.keys() == {"delay_seconds"}, "no failure was drawn"
        made.destroyed()
    return tried, injected, seconds


def state_lost(folder: Path, *, name: str) -> int:
    """The state is lost, and plain Terraform makes anew what it can before it is told that the rest exists already.

    One recover, after some that are killed, and one deploy later what was there is there still, and nothing else.
    Returns how many things were made anew and left again.
    """
    with lab(folder, name) as made:
        made.applied()
        [bucket] = [item["Name"] for item in made.client("s3").list_buckets()["Buckets"]]
        made.client("s3").put_object(Bucket=bucket, Key="training-data/mine.csv", Body=b"1,2,3")
        before = made.inventory()
        made.state.unlink()
        assert made.apply().code != 0, "everything exists"
        anew = len(set(made.inventory()) - set(before))
        assert anew, "nothing was made anew"
        for seconds in KILLED_AFTER_SECONDS:
            run = made.start_operation("recover")
            time.sleep(seconds)
            run.kill()
        made.recover()
        made.deployed()
        made.nothing_to_change()
        assert made.inventory() == before
        assert made.client("s3").get_object(Bucket=bucket, Key="training-data/mine.csv")["Body"].read() == b"1,2,3"
        made.destroyed()
    return anew


def changed_behind_its_back(folder: Path, *, at_once: bool) -> float:
    """What somebody deleted or changed is as it was after one deploy each, or one for all. Returns the slowest."""
    slowest = 0.0
    changes = [*BEHIND_ITS_BACK]
    with lab(folder) as made:
        made.applied()
        before = made.everything()
        for together in [changes] if at_once else [[change] for change in changes]:
            for change in together:
                change(made)
            [finished] = made.deployed()
            slowest = max(slowest, finished.seconds)
            made.nothing_to_change()
            assert made.everything() == before, together
        made.destroyed()
    return slowest


def _delete_bucket(made: Lab) -> None:
    [bucket] = made.session.resource("s3", endpoint_url=made.server.url).buckets.all()
    bucket.object_versions.delete()
    bucket.delete()


def _delete_role(made: Lab) -> None:
    name = made.settings.names.hosting_role
    for policy in made.client("iam").list_role_policies(RoleName=name)["PolicyNames"]:
        made.client("iam").delete_role_policy(RoleName=name, PolicyName=policy)
    made.client("iam").delete_role(RoleName=name)


def _delete_model(made: Lab) -> None:
    [model] = made.client("sagemaker").list_models()["Models"]
    made.client("sagemaker").delete_model(ModelName=model["ModelName"])


def _delete_configuration(made: Lab) -> None:
    made.client("sagemaker").delete_endpoint_config(EndpointConfigName=made.endpoint()["EndpointConfigName"])


def _open_key(made: Lab) -> None:
    [key] = [item["KeyId"] for item in made.client("kms").list_keys()["Keys"]]
    everything = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    made.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)


BEHIND_ITS_BACK: Sequence[Callable[[Lab], None]] = (
    _delete_bucket,
    _delete_role,
    _delete_model,
    _delete_configuration,
    _open_key,
)


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
        made.deployed()
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
            told = made.operation("deploy")
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
