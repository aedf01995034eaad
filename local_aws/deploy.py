"""Deploys one environment on the local AWS, for real: `python -m local_aws.deploy dev`, which `make local` runs."""

import fcntl
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local_aws import credentials, environment_stack, profiles, provider, sourced
from local_aws.command_line import errors_as_lines
from local_aws.deployed import forget, note
from local_aws.server import process as server_process
from local_aws.server.process import LocalAwsError
from settings.environment import EnvironmentSettings
from settings.suggestions import one_of
from stacks.environments import ROOT, Environment, read_environments
from stacks.sourced_shell import OUTPUT_VARIABLE, refuse_another
from stacks.synthesized_stack import BIN
from stacks.terminal import Parser
from stacks.terraform_process import waited_for

MAX_PORT = 65535


def deploy(folder: Path, environment: Environment, port: int, *, every: Sequence[EnvironmentSettings]) -> int:
    """Everything it writes is in `folder`; its shell reaches `every` environment. The exit code of `make deploy`.

    Raises LocalAwsError.
    """
    name = environment.settings.name
    provider.check_version(os.environ)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two environments may be deployed at once, on one server
        changes, said = provider.cli_configuration(folder, os.environ)
        if said:
            print(f"local AWS: {said}")
        provider.fetch_provider(folder, os.environ | changes)
        server = running_server(folder, port)
        reaching = profiles.write(folder, server, every)
    deployed = credentials.deployed(environment.settings)
    note(folder, deployed)
    exports = credentials.variables_of(server, deployed) | changes | reaching
    if environment.settings.state_bucket is not None:
        _make_state_bucket(folder, environment.settings, os.environ | exports)
    # For make, and for cdktf, which reads its options there: `terraform providers lock` ignores mirrors.
    shell = {
        "ENV": name,
        OUTPUT_VARIABLE: str(environment_stack.output_folder(folder, name)),
        "CDKTF_SKIP_PROVIDER_LOCK": "true",
    }
    sourced.write(folder / f"{name}.env", exports | shell, path_entry=BIN)
    print(f"local AWS: {server.url}, account {deployed.account_id}", flush=True)
    return environment_stack.deploy(folder, name, os.environ | exports)


def running_server(folder: Path, port: int) -> server_process.Server:
    server, gone = server_process.find(folder)
    if server is None:
        if gone:
            with environment_stack.nothing_runs(folder):
                print(f"local AWS: {gone}: starting afresh")
                forget(folder)
        return server_process.start(folder, port)
    if port not in (0, server.port):
        raise LocalAwsError(f"already on port {server.port}: `make local-down` first to move it to {port}")
    return server


def _make_state_bucket(folder: Path, settings: EnvironmentSettings, variables: Mapping[str, str]) -> None:
    """As `make state-bucket` does in a real account, before the first deploy. Raises LocalAwsError."""
    output = environment_stack.output_folder(folder, settings.name)
    environment_stack.override(output / "stacks" / f"{settings.name}-state-bucket", provider.version_override())
    command = [sys.executable, "-m", "stacks.run", "operations.state_bucket", settings.name, "--output", str(output)]
    if waited_for(command, folder=ROOT, variables=variables) != 0:
        raise LocalAwsError(f"the bucket for the state of {settings.name} could not be made: see above")


def next_steps(folder: Path, environment: Environment) -> list[str]:
    """Commands that show what was deployed."""
    name, endpoint = environment.settings.name, next(iter(environment.settings.names.endpoints.values())).name
    exports = f". {_relative(folder / f'{name}.env')}"
    return [
        f"{exports} && make invoke verify ENV={name}",
        *(f"{exports} && make train ENV={name} TRAINING={item.name}" for item in environment.settings.trainings[:1]),
        f"{exports} && aws sagemaker describe-endpoint --endpoint-name {endpoint}",
        f"{exports} && aws s3 ls --recursive s3://$(aws s3api list-buckets --query 'Buckets[0].Name' --output text)/",
        f"{exports} && cdktf diff {name}",
    ]


def _relative(path: Path) -> str:
    return os.path.join(".", os.path.relpath(path))  # noqa: PTH118 - `. dev.env` without ./ searches PATH


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("environment", help=", ".join(credentials.ACCOUNT_IDS))
    parser.add_argument("--port", default="0", help="port of 127.0.0.1 for the local AWS; left out: a free one")
    parser.add_argument("--folder", type=Path, default=ROOT / ".local", help="where the local mode writes")
    arguments = parser.parse_args()
    refuse_another(arguments.environment, os.environ)
    credentials.forget_users_configuration()
    with errors_as_lines("the next make local takes over what was made"):
        environments = {environment.settings.name: environment for environment in read_environments(os.environ)}
        if arguments.environment not in environments:
            raise LocalAwsError(
                f"environment {arguments.environment!r}: {one_of(arguments.environment, [*environments])}"
            )
        if not arguments.port.isdecimal() or int(arguments.port) > MAX_PORT:
            raise LocalAwsError(f"port {arguments.port!r}: must be a number from 0, any free one, to {MAX_PORT}")
        environment = environments[arguments.environment]
        every = [item.settings for item in environments.values()]
        if deploy(arguments.folder.resolve(), environment, int(arguments.port), every=every) != 0:
            exports = _relative(arguments.folder / f"{arguments.environment}.env")
            raise LocalAwsError(
                f"a command that is offered above is for a shell that has sourced its exports: . {exports}"
            )
        print("\nTry next:")
        for command in next_steps(arguments.folder, environment):
            print(f"  {command}")


if __name__ == "__main__":
    main()
