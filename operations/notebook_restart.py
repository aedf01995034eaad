"""Stops the notebook instance and starts it, so that a changed script runs: `make notebook-restart ENV=dev`.

One that is stopped, or failed, is only started; while SageMaker is at it, it is waited for. What runs in its kernels
ends; files below /home/ec2-user/SageMaker stay, and nothing else does.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StartNotebookInstance.html
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from operations import command_line
from operations.notebook_instance import FAILED, IN_SERVICE, STATUS, STOPPED, NotebookInstance, notebook_of
from settings.names import NOTEBOOK_INSTANCES
from stacks.synthesized_stack import OperationError

SETTLED = (IN_SERVICE, STOPPED, FAILED)
LOOK_SECONDS = 5
# SageMaker does not always take the first call, as Terraform's provider knows of starts:
# https://github.com/hashicorp/terraform-provider-aws/blob/v6.25.0/internal/service/sagemaker/notebook_instance.go
AGAIN_SECONDS = 60
CALLS = 2
# As long as Terraform's provider waits for an instance to get into service, and more than for one to stop:
# https://github.com/hashicorp/terraform-provider-aws/blob/v6.25.0/internal/service/sagemaker/wait.go
LIMIT_SECONDS = 60 * 60
# Ours.
TELL_SECONDS = 60


@dataclass
class Restart:
    """`say` gets a line for each step. What an interrupt, or an error, leaves is in `leaves`."""

    notebook: NotebookInstance
    say: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    leaves: str = "nothing was begun"

    def __post_init__(self) -> None:
        self._began = self.clock()

    def run(self) -> None:
        """Raises OperationError where it does not get into service."""
        name, sagemaker = self.notebook.name, self.notebook.sagemaker
        command, status = self._command, self._status()
        if status not in SETTLED:
            self._step(f"is {status}: waiting")
            status = self._settled()
        if status == IN_SERVICE:
            self._step("is InService: stopping it; its kernels end, its files stay")
            self.leaves = f"it is stopped, or will be, and stays so: {command} starts it"
            status = self._moved(sagemaker.stop_notebook_instance, status)
            if status == IN_SERVICE:
                raise OperationError(f"notebook {name} is still InService: SageMaker does not stop it: {command} again")
        self._step(f"is {status}{self._why(status)}: starting it")
        self.leaves = f"it is started, or will be: {command} goes on from there"
        status = self._moved(sagemaker.start_notebook_instance, status)
        if status != IN_SERVICE:
            log = f"the log group {NOTEBOOK_INSTANCES}, streams {name}/LifecycleConfigOnStart and {name}/jupyter.log"
            raise OperationError(
                f"notebook {name} is {status}{self._why(status)}: its volume keeps the files; where its script failed, "
                f"{log} say more: put it right, make deploy ENV={self.notebook.environment}, then {command}"
            )
        self._step(f"is InService: make notebook ENV={self.notebook.environment} opens it")

    @property
    def _command(self) -> str:
        return f"make notebook-restart ENV={self.notebook.environment}"

    def _step(self, text: str) -> None:
        self.say(f"{self.clock() - self._began:4.0f} s  notebook {self.notebook.name} {text}")

    def _status(self) -> str:
        return str(self.notebook.described()[STATUS])

    def _why(self, status: str) -> str:
        return f" ({self.notebook.why_failed()})" if status == FAILED else ""

    def _settled(self) -> str:
        """Raises OperationError where SageMaker is at it for longer than it ever should."""
        began = told = self.clock()
        while (status := self._status()) not in SETTLED:
            if self.clock() - began >= LIMIT_SECONDS:
                raise OperationError(
                    f"notebook {self.notebook.name} is still {status} after {LIMIT_SECONDS // 60} minutes, which only "
                    f"AWS can end: {self.leaves}. Look later: {self._command} waits again; where it stays so, AWS "
                    "Support"
                )
            if self.clock() - told >= TELL_SECONDS:
                self._step(f"is still {status}")
                told = self.clock()
            self.sleep(LOOK_SECONDS)
        return status

    def _moved(self, call: Callable[..., object], before: str) -> str:
        """The status that the call leads to; the one before, where it leads to none."""
        for _ in range(CALLS):
            try:
                call(NotebookInstanceName=self.notebook.name)
            except ClientError:
                if self._status() == before:
                    raise
                # Another one was faster: the instance itself when it is idle, or a deploy.
            called = self.clock()
            while self.clock() - called < AGAIN_SECONDS:
                if self._status() != before:
                    return self._settled()
                self.sleep(LOOK_SECONDS)
        return before


def main() -> None:
    arguments = command_line.parser(__doc__).parse_args()
    name = arguments.environment
    with command_line.errors_as_lines(name):
        restart = Restart(notebook_of(name), lambda line: print(f"{name}: {line}", flush=True))
        try:
            restart.run()
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(f"{str(error) or 'interrupted'}: {restart.leaves}") from None
        except (BotoCoreError, ClientError) as error:
            raise OperationError(f"{error}: {restart.leaves}") from error


if __name__ == "__main__":
    main()
