"""Makes the S3 bucket for an environment's Terraform state: `make state-bucket ENV=prod`. Again: changes nothing."""

import os
from collections.abc import Mapping
from pathlib import Path

from lazy_bindings.install import install
from operations import command_line
from operations.caller import speaks_to
from operations.recover import Recovery
from settings.environment import EnvironmentSettings
from stacks.environments import read_environment
from stacks.synthesized_stack import OperationError, SynthesizedStack, alone


def make(settings: EnvironmentSettings, output: Path, variables: Mapping[str, str]) -> str:
    """What Terraform says in the end. Raises OperationError."""
    if settings.state_bucket is None:
        raise OperationError(
            f"state_bucket: None: must be given, in stacks/{settings.name}.py or as "
            f"ML_PLATFORM_{settings.name.upper()}_STATE_BUCKET, to say what the bucket is called"
        )
    speaks_to(settings.name, settings.region)
    stack_id = f"{settings.name}-state-bucket"
    _synthesize(settings, settings.state_bucket, stack_id, output)
    stack = SynthesizedStack(folder=output / "stacks" / stack_id, variables=variables)
    stack.init()
    Recovery(stack)
    said = stack.run("apply", "-input=false", "-no-color", "-auto-approve")
    stack.imports.unlink(missing_ok=True)
    return next(line for line in said.splitlines() if line.startswith("Apply complete!"))


def _synthesize(settings: EnvironmentSettings, name: str, stack_id: str, output: Path) -> None:
    install()
    from cdktf import App  # noqa: PLC0415 - after install()

    from stacks.state_bucket_stack import StateBucketStack  # noqa: PLC0415

    app = App(outdir=str(output))
    StateBucketStack(app, stack_id, name=name, settings=settings)
    app.synth()


def main() -> None:
    arguments = command_line.parser(__doc__).parse_args()
    name: str = arguments.environment
    with command_line.errors_as_lines(name), alone(name, arguments.output):
        settings = read_environment(name, os.environ).settings
        said = make(settings, arguments.output, os.environ)
        print(f"{name}: the state's bucket is {settings.state_bucket}. {said}")


if __name__ == "__main__":
    main()
