"""Trains a model in an environment, and follows it to its end: `make train ENV=dev`.

The pipeline of the training, which the deploy made, is started, and shown while it runs: its steps, and the end of the
training's log. An interrupt leaves it running; EXECUTION, the id of one or its ARN, comes back to it, or tells how it
ended, and starts none. Refused before anything is started: a training that is unknown or not deployed, and one whose
data is not there.
"""

import itertools
import os
import re
import signal
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from operations import command_line
from operations.answers import answer
from operations.caller import TRIES, UNREACHABLE, Caller
from operations.opened import opened
from operations.pipeline_definition import Definition
from operations.training_log import TrainingLog
from operations.training_run import RUNNING, STOPPED, SUCCEEDED, Run, job_name, step_of
from operations.training_screen import Drawn, Lines, Screen
from operations.trainings import name_of, names_of, not_deployed, option, pages, refusals, said
from stacks.environments import Environment, read_environment
from stacks.sourced_shell import ENVIRONMENT_VARIABLE
from stacks.synthesized_stack import OperationError
from stacks.terminal import screen as terminal_screen
from stacks.terraform_process import STOPS

# Between two looks, each of some five calls. AWS publishes no rate of the pipelines' calls; those of the log are 25 a
# second for the whole account: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
PAUSE_SECONDS, LOCAL_PAUSE_SECONDS = 5.0, 0.5
# An interrupt is heard after the call that starts an execution: such a one must end.
CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": TRIES, "mode": "standard"})
# For which an AWS that does not answer is asked again.
PATIENCE_SECONDS = 600
LONGEST_PAUSE_SECONDS = 30.0
LOG_LINES_AT_THE_END = 20
EXECUTIONS_SHOWN = 5
DISPLAY_NAME_MAX_CHARACTERS = 82
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribePipelineExecution.html
EXECUTION = re.compile(
    r"[A-Za-z0-9-]+|arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:pipeline/[^/\s]+/execution/[^/\s]+"
)
TRANSIENT = re.compile("Throttl|TooManyRequests|RequestLimitExceeded|ServiceUnavailable|InternalFailure")
Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Of a training, as it is deployed."""

    training: str
    name: str
    arn: str
    definition: Definition


def deployed_pipeline(sagemaker: Any, environment: Environment, training: str, name: str) -> Pipeline:  # noqa: ANN401
    """Raises OperationError where there is none."""
    found = answer(sagemaker.describe_pipeline, PipelineName=name)
    if not found:
        raise OperationError(not_deployed(environment, training))
    definition = Definition(text=found["PipelineDefinition"])
    return Pipeline(training=training, name=name, arn=found["PipelineArn"], definition=definition)


def refuse_without_data(s3: Any, pipeline: Pipeline, environment: Environment) -> None:  # noqa: ANN401
    """Raises OperationError with each channel whose prefix holds nothing, and how to put something there."""
    settings = next(item for item in environment.settings.trainings if item.name == pipeline.training)
    empty = []
    for channel, prefix in pipeline.definition.channels.items():
        bucket, _, key = prefix.removeprefix("s3://").partition("/")
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", [])
        if not any(not item["Key"].endswith("/") for item in listed):  # folders, as the console makes them
            ours = channel == "code" or settings.sample_data is not None
            how = f"make deploy ENV={environment.settings.name}" if ours else f"aws s3 cp --recursive FOLDER {prefix}"
            empty.append(f"training {pipeline.training}: channel {channel}: {prefix} holds nothing: {how}")
    if empty:
        raise OperationError("\n".join([*empty, "nothing was started"]))


def reads(pipeline: Pipeline) -> Iterator[str]:
    """A line for each channel: nobody trains on other data than he thinks."""
    for channel, prefix in pipeline.definition.channels.items():
        yield f"training {pipeline.training}: reads {channel}: {prefix}"


def differences(pipeline: Pipeline, environment: Environment) -> Iterator[str]:
    """What would be trained with something else than lies here: a line each."""
    files = environment.training_files[pipeline.training]
    for what, tree in (("code", files.code), ("sample data", files.data)):
        if tree is not None and not pipeline.definition.reads(tree.digest):
            yield (
                f"training {pipeline.training}: its {what} here is not what is deployed, and what is deployed is "
                f"trained with: make deploy ENV={environment.settings.name} brings this"
            )


def executions(sagemaker: Any, pipeline_name: str) -> Sequence[Mapping[str, Any]]:  # noqa: ANN401
    """The latest, the newest first."""
    listed = answer(
        sagemaker.list_pipeline_executions, PipelineName=pipeline_name, SortBy="CreationTime", SortOrder="Descending"
    )
    found: Sequence[Mapping[str, Any]] = listed.get("PipelineExecutionSummaries", [])
    return found


def others(sagemaker: Any, pipeline: Pipeline, command: str) -> Iterator[str]:  # noqa: ANN401
    """A line for each that runs already. SageMaker runs several side by side, each in jobs of its own."""
    for item in executions(sagemaker, pipeline.name):
        if item["PipelineExecutionStatus"] in RUNNING:
            execution = item["PipelineExecutionArn"].rpartition("/")[2]
            since = f"{item['StartTime'].astimezone():%Y-%m-%d %H:%M %Z}"
            yield f"another one runs since {since}: {command} EXECUTION={execution} follows it. This one is started too"


def found_execution(sagemaker: Any, pipelines: Sequence[Pipeline], wanted: str) -> tuple[Pipeline, str]:  # noqa: ANN401
    """The pipeline of the execution, and its ARN. Raises OperationError where it is of none of these, or gone."""
    if not EXECUTION.fullmatch(wanted):
        raise OperationError(f"EXECUTION: {wanted!r}: must be the id of an execution, or its ARN")
    for pipeline in pipelines:
        arn = wanted if wanted.startswith("arn:") else f"{pipeline.arn}/execution/{wanted}"
        if arn.rpartition("/execution/")[0].lower() != pipeline.arn.lower():
            continue
        if answer(sagemaker.describe_pipeline_execution, PipelineExecutionArn=arn):
            return pipeline, arn
    names = ", ".join(pipeline.name for pipeline in pipelines)
    latest = [
        f"{item['PipelineExecutionArn'].rpartition('/')[2]} ({item['PipelineExecutionStatus']})"
        for pipeline in pipelines
        for item in executions(sagemaker, pipeline.name)[:EXECUTIONS_SHOWN]
    ]
    there = f"the latest are {', '.join(latest)}" if latest else "there is none yet"
    raise OperationError(f"EXECUTION: {wanted!r}: gone, or not one of {names}: {there}")


class Patience:
    """Asks AWS again where it is busy, or out of reach, for as long as PATIENCE_SECONDS; says so once."""

    def __init__(self, screen: Screen, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen, self._clock = screen, clock
        self._told = False

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """Raises what the question raises, where asking again is of no use, or has been of none."""
        began, pause = self._clock(), PAUSE_SECONDS
        while True:
            try:
                return question()
            except (*UNREACHABLE, ClientError, ResponseParserError) as error:
                if not passes(error) or self._clock() - began > PATIENCE_SECONDS:
                    raise
                if not self._told:
                    self._screen.say(
                        f"AWS does not answer, and is asked again for {PATIENCE_SECONDS // 60} min: {error}"
                    )
                    self._told = True
            self._screen.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def passes(error: Exception) -> bool:
    """Whether the same question may be answered later."""
    if not isinstance(error, ClientError):
        return True
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or TRANSIENT.search(error.response["Error"]["Code"]) is not None


@contextmanager
def held_signals() -> Iterator[None]:
    """Whoever stops this program within is heard afterwards: what was begun is known by then."""
    told: list[int] = []
    try:
        with handled(lambda number, _: told.append(number), STOPS):
            yield
    finally:
        for number in told[:1]:
            signal.raise_signal(number)


@contextmanager
def nothing_started() -> Iterator[None]:
    """Who interrupts what is within is told so."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(f"{str(error) or 'interrupted'}: nothing was started") from None


@contextmanager
def stops_interrupt() -> Iterator[None]:
    """A pipeline that is cancelled, and a terminal that is closed, interrupt as Ctrl-C does."""

    def interrupt(number: int, _: FrameType | None) -> None:
        raise KeyboardInterrupt(f"interrupted by {signal.Signals(number).name}")

    with handled(interrupt, [number for number in STOPS if number != signal.SIGINT]):
        yield


@contextmanager
def handled(handler: Callable[[int, FrameType | None], None], numbers: Sequence[signal.Signals]) -> Iterator[None]:
    """What is ignored, as nohup does, stays so."""
    before = {number: signal.getsignal(number) for number in numbers}
    for number, other in before.items():
        if other != signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, other in before.items():
            signal.signal(number, other)


def display_name(caller: Caller, now: datetime) -> str:
    """Who started it, and when, in the letters that SageMaker takes."""
    when = f"{now:%Y%m%d-%H%M%S}"
    who = re.sub("[^A-Za-z0-9]+", "-", caller.arn.rpartition("/")[2])[: DISPLAY_NAME_MAX_CHARACTERS - len(when) - 1]
    return "-".join(filter(None, [who.strip("-"), when]))


def start(
    sagemaker: Any,  # noqa: ANN401
    pipeline: Pipeline,
    caller: Caller,
    patience: Patience,
    started: list[str],
) -> None:
    """Its ARN is in `started` before an interrupt is heard. Asked again with the same token, SageMaker starts no second
    one.
    """
    token, name = uuid.uuid4().hex, display_name(caller, datetime.now(UTC))

    def asked() -> None:
        with held_signals():
            answered = sagemaker.start_pipeline_execution(
                PipelineName=pipeline.name,
                PipelineExecutionDisplayName=name,
                PipelineExecutionDescription=f"make train, by {caller.arn}",
                ClientRequestToken=token,
            )
            started.append(answered["PipelineExecutionArn"])

    try:
        patience.ask(asked)
    except KeyboardInterrupt as error:
        if started:
            raise
        where = f"--region {sagemaker.meta.region_name} --pipeline-name {pipeline.name}"
        raise KeyboardInterrupt(
            f"{str(error) or 'interrupted'}: AWS has not said whether it was started: "
            f"aws sagemaker list-pipeline-executions {where} tells"
        ) from None


def look(sagemaker: Any, arn: str, definition: Definition) -> Run:  # noqa: ANN401
    """Raises OperationError where the execution is gone, and ClientError where AWS does not answer."""
    # First the execution: what is read after it has ended is the end.
    execution = answer(sagemaker.describe_pipeline_execution, PipelineExecutionArn=arn)
    if not execution:
        raise OperationError(f"execution {arn.rpartition('/')[2]} is gone: its pipeline was deleted")
    listed = pages(
        sagemaker.list_pipeline_execution_steps,
        "PipelineExecutionSteps",
        PipelineExecutionArn=arn,
        SortOrder="Ascending",
    )
    steps = [step_of(item) for item in listed]
    job = job_name(steps)
    return Run(
        arn=arn,
        status=execution["PipelineExecutionStatus"],
        reason=execution.get("FailureReason", ""),
        definition=definition,
        begun=steps,
        job={} if job is None else answer(sagemaker.describe_training_job, TrainingJobName=job),
    )


def follow(
    looked: Callable[[], Run], log: TrainingLog, patience: Patience, screen: Screen, pause: float
) -> tuple[Run, Sequence[str]]:
    """How it ended, and the last lines of its log."""
    last: list[str] = []
    while True:
        run = patience.ask(looked)
        if run.ended and run.status != SUCCEEDED:
            screen.wait(pause)  # CloudWatch has the last lines, those with the reason, a little later
        lines = patience.ask(lambda: log.new_lines(run.job_name))  # noqa: B023 - asked at once
        while run.ended and (more := patience.ask(lambda: log.new_lines(run.job_name))):  # noqa: B023
            lines += more
        last = [*last, *lines][-LOG_LINES_AT_THE_END:]
        screen.show(run, lines)
        if run.ended:
            log.missing(run.job_name)
            return run, last
        screen.wait(pause)


def how_it_ended(run: Run, log: Sequence[str], approve: str) -> Iterator[str]:
    """What is told of one that went well. Raises OperationError with what is told of any other."""
    if run.status == SUCCEEDED:
        yield from run.metric
        if run.version:
            yield f"registered as version {run.version}: {run.package_arn}"
            yield f"next: {approve} VERSION={run.version}"
        else:
            yield f"execution {run.id} succeeded, and registered nothing"
        return
    if run.status == STOPPED:
        raise OperationError(f"execution {run.id} was stopped{f': {run.reason}' if run.reason else ''}")
    if run.is_below_threshold:
        raise OperationError("\n".join([*run.why_failed, "nothing was registered"]))
    shown = ["the last lines of its log:", *(f"  {line}" for line in log)] if log and run.log_says_why else []
    raise OperationError("\n".join([*shown, f"execution {run.id} {run.status}", *run.why_failed]))


def how_to_come_back(run_arn: str, region: str, command: str) -> str:
    return (
        f"execution {run_arn.rpartition('/')[2]} goes on\n"
        f"  to come back: {command} EXECUTION={run_arn.rpartition('/')[2]}\n"
        f"  to stop it:   aws sagemaker stop-pipeline-execution --region {region} --pipeline-execution-arn {run_arn}"
    )


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--training", default="", help="one of the settings' trainings; left out: the only one")
    parser.add_argument("--execution", default="", help="id or ARN of one to follow; left out: a new one is started")
    arguments = parser.parse_args()
    name, execution = arguments.environment, arguments.execution

    def say(line: str) -> None:
        print(f"{name}: {line}", flush=True)

    with command_line.errors_as_lines(name), stops_interrupt(), refusals():
        with nothing_started():
            environment = read_environment(name, os.environ)
            if execution:
                wanted = names_of(environment, arguments.training)
            else:
                wanted = dict([name_of(environment, arguments.training)])
            stack, caller = opened(name, arguments.output)
            session = boto3.Session(region_name=stack.region)
            sagemaker = session.client("sagemaker", config=CONFIG)
            pipelines = [deployed_pipeline(sagemaker, environment, *item) for item in wanted.items()]
            pipeline, arns = pipelines[0], list[str]()
            if execution:
                pipeline, arn = found_execution(sagemaker, pipelines, execution)
                arns.append(arn)
            command = f"make train ENV={name}{option(environment, pipeline.training)}"
            if not execution:
                refuse_without_data(session.client("s3"), pipeline, environment)
                told = (reads(pipeline), differences(pipeline, environment), others(sagemaker, pipeline, command))
                for line in itertools.chain(*told):
                    say(line)
        try:
            if not execution:
                start(sagemaker, pipeline, caller, Patience(Lines(say)), arns)
            verb = "is" if execution else "started as"
            say(f"training {pipeline.training}: {verb} execution {arns[0].rpartition('/')[2]}")
            run, log = followed(sagemaker, session.client("logs", config=CONFIG), arns[0], name, whole=not execution)
        except (KeyboardInterrupt, BotoCoreError, ClientError, ResponseParserError) as error:
            if not arns:
                raise
            back = how_to_come_back(arns[0], stack.region, command)
            if isinstance(error, KeyboardInterrupt):
                raise KeyboardInterrupt(f"{str(error) or 'interrupted'}: {back}") from None
            raise OperationError(f"{said(error)}\n{back}") from error
        approve = f"make approve ENV={name}{option(environment, pipeline.training)}"
        for line in how_it_ended(run, log, approve):
            say(line)


def followed(
    sagemaker: Any,  # noqa: ANN401
    logs: Any,  # noqa: ANN401
    arn: str,
    name: str,
    *,
    whole: bool,
) -> tuple[Run, Sequence[str]]:
    """As `follow`: on the terminal, or in lines."""
    terminal = terminal_screen()
    pause = LOCAL_PAUSE_SECONDS if ENVIRONMENT_VARIABLE in os.environ else PAUSE_SECONDS
    with (
        Lines(lambda line: print(f"{name}: {line}", flush=True))
        if terminal is None
        else Drawn(terminal, name) as screen
    ):
        patience = Patience(screen)
        described = patience.ask(lambda: sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn))
        definition = Definition(text=described["PipelineDefinition"])
        log = TrainingLog(logs, screen.say, whole=whole)
        return follow(lambda: look(sagemaker, arn, definition), log, patience, screen, pause)


if __name__ == "__main__":
    main()
