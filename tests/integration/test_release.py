"""From a training in dev to production in prod and back, the way that `make demo` goes: its very commands, each in a
shell that has sourced an environment's exports.

The way is gone once, and AWS is asked after each command what serves. The tests look at what was seen then; those of
what goes wrong go on from where it ended.
"""

import hashlib
import io
import itertools
import json
import math
import os
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from local_aws import credentials
from local_aws.demo import ENVIRONMENTS, Command, Demo
from local_aws.server import process as server_process
from local_aws.server.process import LocalAwsError, Server
from settings.names import PRODUCTION, SHADOW
from stacks.environments import ROOT
from tests.support.kept_providers import kept_providers
from tests.support.synthesis import environment

ENDPOINT = "linear-learner"
MEANS, ALL_COLUMNS = "breast-cancer-means", "breast-cancer-all-columns"  # what the project ships
FIRST, SECOND = "breast-cancer-dev-1", "breast-cancer-dev-2"  # what dev trains
CHANGES = re.compile("make (release|promote|rollback|deploy) ")
DEPLOYS = re.compile(r"make (?:(?:deploy|local) ENV=(\w+)$|.*(?:ENV|TO)=(\w+) .*DEPLOY=1$)")
ROWS = (ROOT / "models/sample-rows.csv").read_text()
# What each deploy, or several at the same time, changed: production, and the shadow where there is one.
WAY: Sequence[Mapping[str, Sequence[str]]] = [
    {"dev": [ALL_COLUMNS], "staging": [MEANS, ALL_COLUMNS], "prod": [MEANS]},
    {"dev": [FIRST]},
    {"staging": [MEANS, FIRST]},
    {"staging": [FIRST]},
    {"prod": [FIRST], "dev": [SECOND]},
    {"staging": [FIRST, SECOND]},
    {"staging": [SECOND]},
    {"prod": [SECOND]},
    {"prod": [FIRST]},  # rolled back
]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """After commands that ran at the same time."""

    commands: Sequence[Command]
    printed: str
    seconds: float
    new: Mapping[str, set[str]]  # endpoint configurations, by environment
    served: Mapping[str, Mapping[str, str]]  # SHA-256 of the artifact, by environment and variant
    answers: Mapping[str, Sequence[Mapping[str, Any]]]  # to ROWS, by environment
    copies: Mapping[str, Mapping[str, datetime]]  # when each artifact of a training was copied, by environment and key
    differing: set[str] | None  # the environments of which Terraform would get something else than it got last

    @property
    def deployed(self) -> list[str]:
        found = [DEPLOYS.match(command.text) for command in self.commands]
        return [match[1] or match[2] for match in found if match]


@dataclass(eq=False)
class Way:
    demo: Demo
    folder: Path
    seen: list[Seen] = field(default_factory=list)
    configurations: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in ENVIRONMENTS})

    @property
    def local(self) -> Path:
        return self.demo.project / ".local"

    @property
    def server(self) -> Server:
        server, _ = server_process.find(self.local)
        assert server is not None
        return server

    @property
    def deploys(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.deployed]

    @property
    def printed(self) -> str:
        return "".join(seen.printed for seen in self.seen)

    def of(self, text: str) -> Seen:
        """What was seen after that command, the first time."""
        return next(seen for seen in self.seen if text in [command.text for command in seen.commands])

    @cache  # noqa: B019 - as long as the module's fixture
    def client(self, name: str, service: str) -> Any:
        session = credentials.session(credentials.account_variables(self.server, environment(name).settings))
        return session.client(service, endpoint_url=self.server.url)

    def go(self, keep_providers: Callable[[], None]) -> None:
        """Raises LocalAwsError with what was printed, where a command of the demo fails."""
        for step in self.demo.steps:
            for commands in self.demo.parts(step):
                began, log = time.monotonic(), self.folder / f"{len(self.seen)}.log"
                try:
                    with printed_to(log):
                        self.demo.run(commands)
                except LocalAwsError as error:
                    raise LocalAwsError(f"{log.read_text()}\n{error}") from error
                self.see(commands, log.read_text(), time.monotonic() - began)
                if len(self.seen) == 1:  # the environments are there
                    keep_providers()

    def see(self, commands: Sequence[Command], printed: str, seconds: float) -> None:
        before = self.configurations
        self.configurations = {name: self.configurations_of(name) for name in ENVIRONMENTS}
        self.seen.append(
            Seen(
                commands=commands,
                printed=printed,
                seconds=seconds,
                new={name: self.configurations[name] - before[name] for name in ENVIRONMENTS},
                served={name: self.served(name) for name in ENVIRONMENTS},
                answers={name: self.invoked(name) for name in ENVIRONMENTS},
                copies={name: self.copies(name) for name in ENVIRONMENTS},
                differing=self.differing() if any(CHANGES.match(command.text) for command in commands) else None,
            )
        )

    def configurations_of(self, name: str) -> set[str]:
        listed = self.client(name, "sagemaker").list_endpoint_configs()["EndpointConfigs"]
        return {item["EndpointConfigName"] for item in listed}

    def served(self, name: str) -> dict[str, str]:
        sagemaker = self.client(name, "sagemaker")
        endpoint = sagemaker.describe_endpoint(EndpointName=ENDPOINT)
        assert endpoint["EndpointStatus"] == "InService"
        described = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        found = {}
        for variant in described["ProductionVariants"] + described.get("ShadowProductionVariants", []):
            model = sagemaker.describe_model(ModelName=variant["ModelName"])
            found[variant["VariantName"]] = hashlib.sha256(
                self.artifact(name, model["PrimaryContainer"]["ModelDataUrl"])
            ).hexdigest()
        return found

    def artifact(self, name: str, url: str) -> bytes:
        bucket, _, key = url.removeprefix("s3://").partition("/")
        found: bytes = self.client(name, "s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return found

    def invoked(self, name: str) -> Sequence[Mapping[str, Any]]:
        answer = self.client(name, "sagemaker-runtime").invoke_endpoint(
            EndpointName=ENDPOINT, Body=ROWS.encode(), ContentType="text/csv", Accept="application/json"
        )
        found: Sequence[Mapping[str, Any]] = json.load(answer["Body"])["predictions"]
        return found

    def copies(self, name: str) -> Mapping[str, datetime]:
        bucket = environment(name).settings.names.bucket(credentials.ACCOUNT_IDS[name])
        listed = self.client(name, "s3").list_objects_v2(Bucket=bucket, Prefix="models/breast-cancer-dev-")
        return {item["Key"]: item["LastModified"] for item in listed.get("Contents", [])}

    def differing(self) -> set[str]:
        """All of them synthesized as the project is now, beside what was deployed last."""
        output = self.folder / "cdktf.out"
        finished = self.shell("dev", f"LOCAL_AWS_ENVIRONMENT= CDKTF_OUTDIR={output} exec .venv/bin/python main.py")
        assert finished.returncode == 0, finished.stdout
        places = {name: Path("stacks") / name / "cdk.tf.json" for name in ENVIRONMENTS}
        return {
            name
            for name, place in places.items()
            if (output / place).read_bytes() != (self.local / name / "cdktf.out" / place).read_bytes()
        }

    def registered(self, version: int) -> dict[str, Any]:
        sagemaker = self.client("dev", "sagemaker")
        listed = sagemaker.list_model_packages(ModelPackageGroupName="ml-platform-dev-breast-cancer")
        [arn] = [
            item["ModelPackageArn"]
            for item in listed["ModelPackageSummaryList"]
            if item["ModelPackageVersion"] == version
        ]
        described: dict[str, Any] = sagemaker.describe_model_package(ModelPackageName=arn)
        return described

    def url(self, version: int) -> str:
        [container] = self.registered(version)["InferenceSpecification"]["Containers"]
        return str(container["ModelDataUrl"])

    @cache  # noqa: B019 - as long as the module's fixture
    def bytes_of(self, model: str) -> bytes:
        """Of the artifact, as it was shipped or as the training left it."""
        if model in (MEANS, ALL_COLUMNS):
            return (ROOT / f"models/{model}.tar.gz").read_bytes()
        bucket = environment("dev").settings.names.bucket(credentials.ACCOUNT_IDS["dev"])
        return self.artifact("dev", f"s3://{bucket}/{self.releases()['models'][model]['artifact']}")

    def digest(self, model: str) -> str:
        return hashlib.sha256(self.bytes_of(model)).hexdigest()

    def shell(self, name: str, text: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A command in the project's folder, in a shell that has sourced the environment's exports."""
        return subprocess.run(
            ["/bin/sh", "-c", Command(environment=name, text=text).shown],
            cwd=self.demo.project,
            env=os.environ | {"APPROVE": "1"} | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def releases(self) -> Any:
        return json.loads((self.demo.project / "releases.json").read_text())


@contextmanager
def printed_to(path: Path) -> Iterator[None]:
    """What this process and those that it starts print."""
    sys.stdout.flush()
    kept = [os.dup(1), os.dup(2)]
    try:
        with path.open("w") as file, redirect_stdout(file):
            for number in (1, 2):
                os.dup2(file.fileno(), number)
            yield
    finally:
        for number, descriptor in enumerate(kept, start=1):
            os.dup2(descriptor, number)
            os.close(descriptor)


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    folder = tmp_path_factory.mktemp("release")
    made = Way(Demo(folder / "demo"), folder)
    try:
        with made.demo.alone(), ExitStack() as until_the_end, pytest.MonkeyPatch.context() as patch:

            def keep_providers() -> None:
                kept = kept_providers(made.local, ENVIRONMENTS, folder / "bin")
                patch.setenv("PATH", until_the_end.enter_context(kept))

            patch.setenv("COLUMNS", "160")  # one of pytest's workers has a narrow terminal's among its variables
            made.demo.begin_afresh()
            made.go(keep_providers)
            yield made
    finally:
        server, _ = server_process.find(made.local)
        if server is not None:
            server_process.stop(made.local, server)


def expected(number: int) -> Mapping[str, Sequence[str]]:
    """What each environment serves after that deploy."""
    return {name: models for step in WAY[: number + 1] for name, models in step.items()}


def test_after_each_deploy_the_released_artifact_serves_in_the_environment_and_nothing_else_has_changed(
    way: Way,
) -> None:
    for number, seen in enumerate(way.deploys):
        assert seen.served == {
            name: dict(zip((PRODUCTION, SHADOW), map(way.digest, models), strict=False))
            for name, models in expected(number).items()
        }, seen.commands


def test_a_deploy_makes_one_endpoint_configuration_in_its_environment_and_none_elsewhere(way: Way) -> None:
    assert [sorted(seen.deployed) for seen in way.deploys] == [sorted(changed) for changed in WAY]
    for seen in way.seen:
        assert {name: len(new) for name, new in seen.new.items()} == {
            name: int(name in seen.deployed) for name in ENVIRONMENTS
        }, seen.commands
    assert {name: len(names) for name, names in way.configurations.items()} == dict.fromkeys(ENVIRONMENTS, 1)


def test_a_change_of_releases_json_changes_what_terraform_gets_of_that_environment_alone(way: Way) -> None:
    for seen in way.seen:
        assert not (seen.differing or set()) & {*seen.deployed}, seen.commands
    assert way.of("make release ENV=dev").differing == {"dev"}
    assert way.of("make promote FROM=dev TO=staging").differing == {"staging"}
    assert way.of("make rollback ENV=prod").differing == {"prod"}
    assert way.deploys[-1].differing == set()


def test_terraform_finds_nothing_to_change_in_any_environment(way: Way) -> None:
    """With what was deployed last, which the test above holds against what the project says."""

    def planned(name: str) -> subprocess.CompletedProcess[str]:
        stack = way.local / name / "cdktf.out/stacks" / name
        return way.shell(name, f"exec terraform -chdir={stack} plan -input=false -detailed-exitcode -no-color")

    with ThreadPoolExecutor() as pool:
        for finished in pool.map(planned, ENVIRONMENTS):
            assert finished.returncode == 0, finished.stdout


def test_an_endpoint_answers_what_the_numbers_in_the_released_artifact_make_of_the_rows(way: Way) -> None:
    for number, seen in enumerate(way.deploys):
        for name, (production, *_) in expected(number).items():
            assert seen.answers[name] == predictions(way.bytes_of(production)), (seen.commands, name)
    assert predictions(way.bytes_of(FIRST)) != predictions(way.bytes_of(SECOND))


def predictions(packed: bytes) -> Sequence[Mapping[str, Any]]:
    """What a linear model says of ROWS, from its numbers alone."""
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile("model.json")
        assert member is not None
        model = json.load(member)
    found = []
    for line in ROWS.splitlines():
        row = [float(cell) for cell in line.split(",")]
        terms = (term["coefficient"] * (row[term["column"]] - term["mean"]) / term["scale"] for term in model["terms"])
        benign = 1 / (1 + math.exp(-model["intercept"] - sum(terms)))
        found.append({"class": model["classes"][benign >= 0.5], "probability": round(max(benign, 1 - benign), 6)})
    return found


def test_the_second_model_is_the_better_one_and_both_stand_in_the_catalogue_with_where_they_come_from(
    way: Way,
) -> None:
    models = way.releases()["models"]
    assert [*models] == sorted([MEANS, ALL_COLUMNS, FIRST, SECOND])
    metrics = [models[name]["trained"]["metric"] for name in (FIRST, SECOND)]
    assert metrics == [{"name": "validation:accuracy", "value": value} for value in (0.979021, 0.986014)]
    for version, name in enumerate((FIRST, SECOND), start=1):
        entry = models[name]
        assert entry["sha256"] == way.digest(name)
        assert way.url(version).endswith(f"/{entry['artifact']}")
        assert entry["trained"]["environment"] == "dev"
        assert entry["trained"]["size"] == len(way.bytes_of(name))
        assert entry["trained"]["model_package"].endswith(f":model-package/ml-platform-dev-breast-cancer/{version}")


def test_each_environment_has_a_copy_of_its_own_with_its_own_key(way: Way) -> None:
    for name, copies in way.seen[-1].copies.items():
        assert {key.split("/")[2] for key in copies} == {f"{way.digest(model)}.tar.gz" for model in (FIRST, SECOND)}
        bucket = environment(name).settings.names.bucket(credentials.ACCOUNT_IDS[name])
        alias = environment(name).settings.names.key_alias
        own = way.client(name, "kms").describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
        for key in copies:
            assert way.client(name, "s3").head_object(Bucket=bucket, Key=key)["SSEKMSKeyId"] == own


def test_an_artifact_is_copied_once_and_stays_whatever_is_promoted_and_rolled_back(way: Way) -> None:
    for before, after in itertools.pairwise(way.seen):
        for name in ENVIRONMENTS:
            assert before.copies[name].items() <= after.copies[name].items(), after.commands


def test_what_was_not_long_enough_in_the_shadow_is_refused_and_forced_with_the_reason_kept(way: Way) -> None:
    refused = [seen for seen in way.seen if any(command.is_refused for command in seen.commands)]
    assert len(refused) == 1
    assert re.search(r"staging: linear-learner: served for \d+ minutes?: must be at least 60", refused[0].printed)
    assert refused[0].differing == set()
    forced = way.releases()["environments"]["staging"][ENDPOINT]["forced"]
    assert forced["reason"] == "the demo does not wait"
    assert [re.sub(r"\d+ minutes?:", "0 minutes:", line) for line in forced["refused"]] == [
        "staging: linear-learner: served for 0 minutes: must be at least 60, soak_minutes of its settings"
    ]


def test_the_rollback_keeps_the_model_it_went_back_from_as_the_previous_one(way: Way) -> None:
    prod = way.releases()["environments"]["prod"][ENDPOINT]
    assert prod == {"production": FIRST, "previous": SECOND, "rolled_back": True}


def test_the_last_screen_says_which_version_of_which_training_serves_where(way: Way) -> None:
    lines = way.of("make status").printed.splitlines()
    rows = {name: next(line for line in lines if line.startswith(f"{name} ")) for name in ENVIRONMENTS}
    for name, model in (("dev", SECOND), ("staging", SECOND), ("prod", FIRST)):
        assert model in rows[name]
        assert "InService" in rows[name]


def test_a_second_rollback_changes_nothing(way: Way) -> None:
    """The bad model never comes back by it."""
    finished = kept(way, "prod", "make rollback ENV=prod")
    assert finished.returncode == 0, finished.stdout
    assert f"rolled back already, from {SECOND} to {FIRST}: nothing was changed" in finished.stdout


def kept(way: Way, name: str, text: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command that leaves releases.json as it is."""
    path = way.demo.project / "releases.json"
    before = path.read_bytes()
    finished = way.shell(name, text, **variables)
    assert path.read_bytes() == before, finished.stdout
    assert "Traceback" not in finished.stdout
    return finished


def test_what_prod_was_rolled_back_from_does_not_come_again(way: Way) -> None:
    finished = kept(way, "staging", "make promote FROM=staging TO=prod")
    assert finished.returncode != 0
    assert f"prod: linear-learner: was rolled back from {SECOND}" in finished.stdout


@pytest.mark.parametrize(
    ("text", "profile"),
    [
        ("make release ENV=dev", "DEV"),
        ("make promote FROM=staging TO=prod", "STAGING"),
        ("make promote FROM=staging TO=prod", "DEV"),  # where the model's approval is asked for
    ],
)
def test_credentials_of_another_account_are_refused_with_the_variable_to_set(way: Way, text: str, profile: str) -> None:
    variable = f"ML_PLATFORM_{profile}_PROFILE"
    finished = kept(way, "prod", f"{variable}=prod {text}")
    assert finished.returncode != 0
    assert "these credentials lead to account 333333333333, and its account_id is" in finished.stdout
    assert variable in finished.stdout


def test_an_artifact_that_was_changed_since_it_was_approved_is_not_released_and_neither_is_one_that_is_gone(
    way: Way,
) -> None:
    bucket, _, key = way.url(1).removeprefix("s3://").partition("/")
    s3, right = way.client("dev", "s3"), way.bytes_of(FIRST)
    s3.put_object(Bucket=bucket, Key=key, Body=right[:-1] + b"?")
    changed = kept(way, "dev", "make release ENV=dev MODEL=1")
    s3.delete_object(Bucket=bucket, Key=key)
    gone = kept(way, "dev", "make release ENV=dev MODEL=1")
    s3.put_object(Bucket=bucket, Key=key, Body=right)
    assert (changed.returncode, gone.returncode) == (2, 2)
    assert "breast-cancer/1: its artifact was changed since it was approved: " in changed.stdout
    assert "breast-cancer/1: its artifact is gone, and nothing can serve it: " in gone.stdout


def test_a_version_that_was_deleted_is_not_promoted_and_is_served_as_before(way: Way) -> None:
    arn = way.registered(2)["ModelPackageArn"]
    way.client("dev", "sagemaker").delete_model_package(ModelPackageName=arn)
    finished = kept(way, "dev", "make promote FROM=staging TO=prod")
    assert finished.returncode != 0
    assert f"dev: {arn} was deleted" in finished.stdout
    assert way.served("staging") == {PRODUCTION: way.digest(SECOND)}


def test_a_copy_whose_source_is_not_there_ends_before_it_begins_and_converges_once_it_is(way: Way) -> None:
    """As staging is deployed before dev has what it is to copy; and with a bucket that cannot be read."""
    path, name = way.demo.project / "releases.json", "breast-cancer-dev-9"
    releases = way.releases()
    packed = way.bytes_of(SECOND)
    key = "training-output/ml-platform-dev-breast-cancer-9/output/model.tar.gz"
    releases["models"][name] = releases["models"][SECOND] | {"artifact": key}
    releases["environments"]["staging"][ENDPOINT] = {"production": name}
    path.write_text(json.dumps(releases))
    configurations = way.configurations_of("staging")
    asked = way.shell("staging", "make deploy ENV=staging")
    assert asked.returncode != 0
    assert "nothing was begun" in asked.stdout, asked.stdout
    assert f"{key} cannot be read: make deploy ENV=dev first" in asked.stdout, asked.stdout
    begun = way.shell("staging", "make deploy ENV=staging", PREFLIGHT="0")
    assert begun.returncode != 0
    advice = "a model's artifact cannot be copied: deploy the environment that trained it first"
    assert advice in begun.stdout, begun.stdout
    assert way.configurations_of("staging") == configurations
    assert way.served("staging") == {PRODUCTION: way.digest(SECOND)}
    bucket = environment("dev").settings.names.bucket(credentials.ACCOUNT_IDS["dev"])
    way.client("dev", "s3").put_object(Bucket=bucket, Key=key, Body=packed)
    again = way.shell("staging", "make deploy ENV=staging", PREFLIGHT="0")
    assert again.returncode == 0, again.stdout
    assert len(way.configurations_of("staging") - configurations) == 1
    assert way.served("staging") == {PRODUCTION: way.digest(SECOND)}
