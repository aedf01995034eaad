"""An environment on a local AWS, asked and deployed with Terraform itself, so that it can be killed or made to fail."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import boto3
import psutil

from lazy_bindings.variables import package_cache
from local_aws import credentials, profiles, provider
from local_aws.inventory import delete_kept_log_groups, inventory
from local_aws.server import failures
from local_aws.server import process as server_process
from local_aws.server.failures import Failures
from local_aws.trials.kept_provider import OWN, kept_provider
from settings.environment import EnvironmentSettings
from settings.names import DIGEST_LENGTH, GENERATED_DIGITS
from stacks.environments import ROOT, read_environments
from stacks.synthesized_stack import BIN, SynthesizedStack

STATE_BUCKET = "acme-terraform-state"
# Ids, generated names, and the digest at the end of a model's name.
GENERATED = rf"-\d{{{GENERATED_DIGITS}}}|vpc-[0-9a-f]+|[0-9a-f]{{8}}-[0-9a-f-]{{27}}|-[0-9a-f]{{{DIGEST_LENGTH}}}$"
HELD_TIMEOUT_SECONDS = 180
MAX_DEPLOYS = 6
# The provider waits 55 s for this one, whatever happens to it; one deploy of dev elsewhere has it.
LEFT_OUT = {"aws_s3_bucket_lifecycle_configuration": {"data_bucket_lifecycle": {"count": 0}}}


@dataclass
class Finished:
    code: int
    printed: str
    seconds: float


@dataclass
class Run:
    """A command that runs. What it prints goes to a file: a pipe that nobody reads would stop it."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait(self, timeout: float) -> tuple[int, str]:
        """Exit code and what was printed; killed after the timeout."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL, f"{self.log.read_text()}\n(killed after {timeout} s)"
        return self.process.returncode, self.log.read_text()

    def kill(self) -> None:
        """With all that it started, whatever process group that is in; a local AWS, which outlives it, left out."""
        for item in [self.process, *psutil.Process(self.process.pid).children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):  # a zombie too, which has no command line any more
                if not (isinstance(item, psutil.Process) and "local_aws.server.main" in item.cmdline()):
                    item.kill()
        self.process.wait()


@dataclass
class Lab:
    """An environment whose state is in a file or, with `state_bucket`, in S3."""

    folder: Path
    server: server_process.Server
    name: str
    state_bucket: bool = False
    project: Path = ROOT
    variables: dict[str, str] = field(default_factory=dict)
    runs: int = 0

    @cached_property
    def settings(self) -> EnvironmentSettings:
        return next(settings for settings in self.every if settings.name == self.name)

    @cached_property
    def every(self) -> list[EnvironmentSettings]:
        return [item.settings for item in read_environments({})]

    @property
    def output(self) -> Path:
        return self.folder / "cdktf.out"

    @property
    def stack(self) -> Path:
        return self.output / "stacks" / self.name

    @property
    def state(self) -> Path:
        """Where it is in a file."""
        return self.folder / f"terraform.{self.name}.tfstate"

    @property
    def session(self) -> boto3.Session:
        return credentials.session(self.variables)

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.server.url)

    def endpoint(self, name: str = "linear-learner") -> dict[str, Any]:
        described: dict[str, Any] = self.client("sagemaker").describe_endpoint(EndpointName=name)
        return described

    def configuration(self) -> dict[str, Any]:
        """The endpoint configuration that serves."""
        wanted = self.endpoint()["EndpointConfigName"]
        described: dict[str, Any] = self.client("sagemaker").describe_endpoint_config(EndpointConfigName=wanted)
        return described

    def variants(self) -> list[dict[str, Any]]:
        """Of the configuration that serves, the shadow last."""
        configuration = self.configuration()
        found: list[dict[str, Any]] = configuration["ProductionVariants"]
        return [*found, *configuration.get("ShadowProductionVariants", [])]

    def models_served(self) -> dict[str, str]:
        """Variant to model, as the catalogue has it, without what the names of all have in common."""
        return {item["VariantName"]: self.catalogue_name(item["ModelName"]) for item in self.variants()}

    def catalogue_name(self, model_name: str) -> str:
        prefix = self.settings.names.model_prefix("breast-cancer")
        return model_name.removeprefix(prefix)[: -DIGEST_LENGTH - 1]

    def release(self, **models: str) -> int:
        """Writes what the endpoint is to serve into releases.json; how many of its lines differ."""
        path = self.project / "releases.json"
        before = path.read_text()
        releases = json.loads(before)
        named = {variant: f"breast-cancer-{model}" for variant, model in models.items()}
        releases["environments"][self.name] = {"linear-learner": named}
        path.write_text(json.dumps(releases, indent=2) + "\n")
        old, new = (Counter(line.rstrip(",") for line in text.splitlines()) for text in (before, path.read_text()))
        return max((old - new).total(), (new - old).total())

    def fail(self, **values: Any) -> None:
        failures.put(self.server, Failures(**values))

    def prepare(self, until_the_end: ExitStack) -> None:
        changes, _ = provider.cli_configuration(self.folder, os.environ)
        cache = {"JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(package_cache(os.environ))}
        own = credentials.account_variables(self.server, self.settings)
        own |= profiles.write(self.folder, self.server, self.every)
        # The rollback guard's python3, as an activated virtual environment has it.
        path = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        self.variables = dict(os.environ) | own | changes | cache | path | {"APPROVE": "1"}
        if self.state_bucket:
            self.variables[f"ML_PLATFORM_{self.name}_STATE_BUCKET".upper()] = STATE_BUCKET
            self.client("s3").create_bucket(Bucket=STATE_BUCKET)
        self.synthesize()
        self.terraform("init", "-input=false")
        self.variables |= until_the_end.enter_context(kept_provider(self.stack, self.variables))

    def synthesize(self) -> None:
        subprocess.run(
            [sys.executable, "main.py"],
            cwd=self.project,
            env=self.variables | {"CDKTF_OUTDIR": str(self.output)},
            check=True,
        )
        self.override(provider.version_override() | {"resource": LEFT_OUT})

    def override(self, content: dict[str, Any]) -> None:
        (self.stack / "local_override.tf.json").write_text(json.dumps(content))

    def start(self, *arguments: str) -> Run:
        """Terraform, in the stack's folder."""
        return self._start(["terraform", *arguments, "-no-color"], self.stack)

    def start_operation(self, module: str, *arguments: str, **variables: str) -> Run:
        """`python -m operations.<module>`, as make runs it."""
        command = [sys.executable, "-m", f"operations.{module}", self.name, *arguments, "--output", str(self.output)]
        return self._start(command, self.project, **variables)

    def start_deploy(self, **variables: str) -> Run:
        """`make deploy`, without its question and its preflight, which asks for more than the local AWS gives."""
        return self.start_operation("deploy", PREFLIGHT="0", **variables)

    def start_local(self, verb: str, *arguments: str) -> Run:
        """`make local` or `make local-down` with this lab's server; the stack's folder is another one then."""
        command = [sys.executable, "-m", f"local_aws.{verb}", *arguments, "--folder", str(self.folder)]
        return self._start(command, self.project, **OWN)

    def _start(self, command: list[str], folder: Path, **variables: str) -> Run:
        """In a process group of its own: an interrupt of the whole trial does not reach it by itself."""
        self.runs += 1
        log = self.folder / f"run-{self.runs}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=self.variables | variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Run(process, log)

    def terraform(self, *arguments: str, timeout: float = 900) -> Finished:
        return self.finished(self.start(*arguments), timeout)

    def finished(self, run: Run, timeout: float = 900) -> Finished:
        began = time.monotonic()
        code, printed = run.wait(timeout)
        return Finished(code, printed, time.monotonic() - began)

    def apply(self, timeout: float = 900) -> Finished:
        return self.terraform("apply", "-auto-approve", "-input=false", timeout=timeout)

    def applied(self) -> Finished:
        finished = self.apply()
        assert finished.code == 0, finished.printed
        return finished

    def nothing_to_change(self) -> None:
        finished = self.terraform("plan", "-input=false", "-detailed-exitcode")
        assert finished.code == 0, finished.printed

    def kept(self, types: set[str]) -> int:
        """Applies, and returns how many resources of the types the plan left where they were: none may be replaced."""
        finished = self.terraform("plan", "-input=false", "-out=tfplan")
        assert finished.code == 0, finished.printed
        changes = json.loads(self.terraform("show", "-json", "tfplan").printed)["resource_changes"]
        existing = [item for item in changes if item["type"] in types and item["change"]["actions"] != ["create"]]
        deleted = [item["address"] for item in existing if "delete" in item["change"]["actions"]]
        # An artifact's object lies under its model's name, and is no data of a user.
        assert not [address for address in deleted if ".artifact_" not in address], deleted
        applied = self.terraform("apply", "-input=false", "tfplan")
        assert applied.code == 0, applied.printed
        return len(existing)

    def kill_after(self, creations: int) -> None:
        """A deploy that is killed with all its processes when that many things were created, the last reply unread."""
        self.kill_when_held(partial(self.start_deploy, **OWN), creations)

    def kill_when_held(self, start: Callable[[], Run], creations: int) -> None:
        self.fail(hold_after=creations)
        run = start()
        self.wait_until_held(run)
        time.sleep(0.3)  # what was sent before is answered
        run.kill()
        self.fail()

    def wait_until_held(self, run: Run) -> None:
        give_up = time.monotonic() + HELD_TIMEOUT_SECONDS
        while failures.counts(self.server)["held"] == 0:
            assert run.process.poll() is None, run.log.read_text()
            assert time.monotonic() < give_up, failures.counts(self.server)
            time.sleep(0.05)

    def operation(self, module: str, *arguments: str) -> Finished:
        return self.finished(self.start_operation(module, *arguments))

    def recover(self) -> Finished:
        """`make recover`, and every command that it offers, typed as offered."""
        finished = self.operation("recover")
        assert finished.code == 0, finished.printed
        self.type_commands(finished)
        return finished

    def deployed(self) -> list[Finished]:
        """`make deploy` until it goes well, every command that it offers typed as offered before the next one."""
        tried: list[Finished] = []
        while not tried or tried[-1].code != 0:
            assert len(tried) < MAX_DEPLOYS, tried[-1].printed
            tried.append(self.finished(self.start_deploy()))
            self.type_commands(tried[-1])
        return tried

    def type_commands(self, finished: Finished) -> None:
        for command in re.findall(r"^  (terraform .*|aws .*|mv .*)$", finished.printed, re.MULTILINE):
            subprocess.run(["/bin/sh", "-c", command], cwd=self.project, env=self.variables, check=True)

    def inventory(self) -> list[str]:
        """What AWS says exists."""
        return sorted(inventory(self.session, self.server.url))

    def everything(self) -> list[str]:
        """The same, generated parts left out, the state's bucket too."""
        found = self.inventory()
        plain = [re.sub(GENERATED, "-*", item) for item in found]
        return sorted(item for item in plain if STATE_BUCKET not in item)

    def destroyed(self, *options: str) -> Finished:
        (self.stack / "recovered.tf.json").unlink(missing_ok=True)
        self.override(provider.version_override() | {"resource": LEFT_OUT | self.lifted()})
        finished = self.terraform("destroy", "-auto-approve", "-input=false", *options)
        assert finished.code == 0, finished.printed
        stack = SynthesizedStack(folder=self.stack, variables={})
        if stack.protected:
            delete_kept_log_groups(self.session, self.server.url, stack.tags)
        left = self.everything()
        assert left == [], left
        return finished

    def lifted(self) -> dict[str, Any]:
        lifted: Any = provider.lifted_protection(self.stack).get("resource", {})
        if "aws_s3_bucket" in lifted:
            buckets = self.session.resource("s3", endpoint_url=self.server.url).buckets.all()
            [bucket] = [bucket for bucket in buckets if bucket.name != STATE_BUCKET]
            bucket.object_versions.delete()
        found: dict[str, Any] = lifted
        return found


@contextmanager
def lab(folder: Path, name: str = "dev", *, state_bucket: bool = False, project: Path = ROOT) -> Iterator[Lab]:
    """A fresh local AWS with nothing in it but, perhaps, the bucket for the state. `project` is what is synthesized."""
    made = Lab(
        folder=folder, server=server_process.start(folder), name=name, state_bucket=state_bucket, project=project
    )
    try:
        with ExitStack() as until_the_end:
            made.prepare(until_the_end)
            yield made
    finally:
        if made.server.answers():  # make local-down has stopped it
            made.fail()
            server_process.stop(folder, made.server)
