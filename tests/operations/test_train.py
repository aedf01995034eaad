"""make train: what it refuses, what it shows, how it ends. That it trains: tests/integration."""

import contextlib
import io
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from rich.console import Console

from operations.caller import Caller
from operations.pipeline_definition import Definition
from operations.train import (
    DISPLAY_NAME_MAX_CHARACTERS,
    PATIENCE_SECONDS,
    Patience,
    deployed_pipeline,
    differences,
    display_name,
    follow,
    found_execution,
    how_it_ended,
    look,
    others,
    reads,
    refuse_without_data,
    start,
)
from operations.training_log import EARLIER_LINES, PAGES_MAX_COUNT, TrainingLog
from operations.training_run import Run, duration
from operations.training_screen import Drawn, Lines, drawn
from stacks.environments import ROOT
from stacks.synthesized_stack import OperationError
from tests.support.played import ACCOUNT, Played, raised, refusal
from tests.support.script_training import script_training
from tests.support.synthesis import environment, synthesized_platform
from tests.support.train_command import (
    CODE,
    DATA,
    DEFINITION,
    DEPLOYED,
    FAILED,
    GOOD,
    NO_COLUMN,
    TRAINING,
    bucket,
    logs,
    run,
    summaries,
)
from tests.support.training import (
    BEGAN,
    BELOW,
    BUCKET,
    EXECUTION,
    JOB,
    METRIC,
    NAME,
    PACKAGE,
    PIPELINE,
    REFUSED,
    REGISTERED,
    TRAINED,
    TRAINING_JOB,
    definition,
    execution,
    job,
    step,
)

CALLER = Caller(account_id=ACCOUNT, arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/team/jane.doe@example.com")


def lines_of(given: Run, log: Sequence[str] = ()) -> list[str]:
    return [*how_it_ended(given, log, "make approve ENV=dev")]


def failure_of(given: Run, log: Sequence[str] = ()) -> list[str]:
    with pytest.raises(OperationError) as failed:
        lines_of(given, log)
    return str(failed.value).splitlines()


# What is refused before anything is started.


def test_rejects_a_training_that_is_not_deployed() -> None:
    played = Played(sagemaker={"DescribePipeline": lambda **_: raised(refusal("ResourceNotFound"))})
    with pytest.raises(OperationError, match=r"^training breast-cancer: not deployed yet: make deploy ENV=dev$"):
        deployed_pipeline(played.client("sagemaker"), environment("dev"), "breast-cancer", NAME)


def test_data_that_is_there_is_not_refused() -> None:
    refuse_without_data(bucket(*DATA, CODE).client("s3"), DEPLOYED, environment("dev"))


@pytest.mark.parametrize(
    ("keys", "channel", "how"),
    [
        ([DATA[0], CODE], "validation", "make deploy ENV=dev"),
        ([*DATA], "code", "make deploy ENV=dev"),
        ([DATA[1], CODE, "training-data/breast-cancer/da7a/train/"], "train", "make deploy ENV=dev"),
    ],
)
def test_rejects_a_channel_without_data_and_says_where_it_belongs(keys: list[str], channel: str, how: str) -> None:
    with pytest.raises(OperationError) as refused:
        refuse_without_data(bucket(*keys).client("s3"), DEPLOYED, environment("dev"))
    said, last = str(refused.value).splitlines()
    assert said.startswith(f"training breast-cancer: channel {channel}: s3://{BUCKET}/training-")
    assert said.endswith(f"/ holds nothing: {how}")
    assert last == "nothing was started"


def test_data_of_ones_own_is_put_there_by_a_copy() -> None:
    own = environment("dev", trainings=[script_training(sample_data=None)])
    with pytest.raises(OperationError, match=r"channel train: .* holds nothing: aws s3 cp --recursive FOLDER"):
        refuse_without_data(bucket(CODE).client("s3"), DEPLOYED, own)


def test_what_lies_here_and_is_not_deployed_is_told() -> None:
    dev = environment("dev")
    files = dev.training_files["breast-cancer"]
    assert files.code is not None
    assert files.data is not None
    same = Definition(text=definition(code=files.code.digest, data=files.data.digest))
    assert [*differences(replace(DEPLOYED, definition=same), dev)] == []
    other_code = replace(DEPLOYED, definition=Definition(text=definition(data=files.data.digest)))
    [said] = differences(other_code, dev)
    assert said.startswith("training breast-cancer: its code here is not what is deployed")
    assert said.endswith("make deploy ENV=dev brings this")
    assert len([*differences(DEPLOYED, dev)]) == 2


def test_another_one_that_runs_is_told_and_stops_none() -> None:
    played = Played(sagemaker={"ListPipelineExecutions": lambda **_: summaries("Succeeded", "Executing", "Stopping")})
    told = [*others(played.client("sagemaker"), DEPLOYED, "make train ENV=dev")]
    assert [said.partition(" since ")[0] for said in told] == ["another one runs"] * 2
    assert "make train ENV=dev EXECUTION=bbbbbbbbbbbb follows it. This one is started too" in told[0]


@pytest.mark.parametrize("wanted", ["abcdefghijkl", EXECUTION])
def test_an_execution_is_found_by_its_id_and_by_its_arn(wanted: str) -> None:
    played = Played(sagemaker={"DescribePipelineExecution": lambda **_: execution("Executing")})
    assert found_execution(played.client("sagemaker"), [DEPLOYED], wanted) == (DEPLOYED, EXECUTION)


@pytest.mark.parametrize(
    "wanted",
    ["gone", f"{PIPELINE}-2/execution/abcdefghijkl", EXECUTION.replace(ACCOUNT, "222222222222")],
)
def test_rejects_an_execution_that_is_gone_or_anothers_with_the_latest_that_there_are(wanted: str) -> None:
    played = Played(
        sagemaker={
            "DescribePipelineExecution": lambda **_: raised(refusal("ResourceNotFound")),
            "ListPipelineExecutions": lambda **_: summaries("Executing", "Failed"),
        }
    )
    with pytest.raises(OperationError) as refused:
        found_execution(played.client("sagemaker"), [DEPLOYED], wanted)
    latest = "aaaaaaaaaaaa (Executing), bbbbbbbbbbbb (Failed)"
    assert str(refused.value) == f"EXECUTION: {wanted!r}: gone, or not one of {NAME}: the latest are {latest}"


@pytest.mark.parametrize("wanted", ["a b", "arn:aws:sagemaker:us-east-1:1:pipeline/x", "", "a/b"])
def test_rejects_what_is_no_execution(wanted: str) -> None:
    with pytest.raises(OperationError, match="must be the id of an execution, or its ARN"):
        found_execution(Played().client("sagemaker"), [DEPLOYED], wanted)


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_the_definition_is_read_as_it_is_deployed(name: str) -> None:
    of = environment(name)
    [pipeline] = synthesized_platform(of)["resource"]["aws_sagemaker_pipeline"].values()
    deployed = Definition(text=re.sub(r"\$\{[^}]*\}", "x", pipeline["pipeline_definition"]))
    assert [*deployed.expected_steps] == ["Train", "Judge", "Register"]
    assert [*deployed.channels] == ["train", "validation", "code"]
    judgement = deployed.judgement
    assert judgement is not None
    assert (judgement.metric, judgement.words, f"{judgement.threshold:g}") == (METRIC, "at least", "0.95")
    assert [*differences(replace(DEPLOYED, definition=deployed), of)] == []


def test_what_each_channel_reads_is_told() -> None:
    assert [*reads(DEPLOYED)] == [
        f"training breast-cancer: reads train: s3://{BUCKET}/training-data/breast-cancer/da7a/train/",
        f"training breast-cancer: reads validation: s3://{BUCKET}/training-data/breast-cancer/da7a/validation/",
        f"training breast-cancer: reads code: s3://{BUCKET}/training-code/breast-cancer/c0de/",
    ]


# The start.


@pytest.mark.parametrize("who", ["jane.doe@example.com", "x" * 200, "@@@", "日本", "-a-", "a--b"])
def test_a_display_name_is_one_that_sagemaker_takes(who: str) -> None:
    name = display_name(Caller(account_id=ACCOUNT, arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/team/{who}"), BEGAN)
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*", name)
    assert len(name) <= DISPLAY_NAME_MAX_CHARACTERS
    assert name.endswith("20261127-100000")


def test_one_whose_answer_is_lost_is_asked_for_with_the_same_token() -> None:
    left = [refusal("ServiceUnavailable", status=503)]

    def answered(**_: object) -> dict[str, Any]:
        if left:
            raise left.pop()
        return {"PipelineExecutionArn": EXECUTION}

    played = Played(sagemaker={"StartPipelineExecution": answered})
    started: list[str] = []
    start(played.client("sagemaker"), DEPLOYED, CALLER, Patience(Silent()), started)
    assert started == [EXECUTION]
    first, second = (parameters for _, parameters in played.asked)
    assert first == second
    assert first["PipelineExecutionDisplayName"].startswith("jane-doe-example-com-")


@pytest.fixture
def heard() -> Iterator[None]:
    """A shell has it ignored, in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_an_interrupt_while_it_is_started_is_heard_when_it_is_known() -> None:
    def answered(**_: object) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGINT)
        return {"PipelineExecutionArn": EXECUTION}

    started: list[str] = []
    sagemaker = Played(sagemaker={"StartPipelineExecution": answered}).client("sagemaker")
    with pytest.raises(KeyboardInterrupt):
        start(sagemaker, DEPLOYED, CALLER, Patience(Silent()), started)
    assert started == [EXECUTION]


@pytest.mark.usefixtures("heard")
def test_an_interrupt_while_aws_does_not_answer_says_that_nobody_knows_whether_it_was_started() -> None:
    def lost(**_: object) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGINT)
        raise refusal("ServiceUnavailable", status=503)

    sagemaker, started = Played(sagemaker={"StartPipelineExecution": lost}).client("sagemaker"), list[str]()
    with pytest.raises(KeyboardInterrupt) as stopped:
        start(sagemaker, DEPLOYED, CALLER, Patience(Silent()), started)
    assert started == []
    assert str(stopped.value) == (
        "interrupted: AWS has not said whether it was started: aws sagemaker list-pipeline-executions --region "
        f"us-east-1 --pipeline-name {NAME} tells"
    )


# While it runs.


class Silent(Lines):
    """Waits for nothing, and keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.waited = 0.0
        super().__init__(self.said.append)

    def wait(self, seconds: float) -> None:
        self.waited += seconds


def followed(looks: Iterable[Run], log: Played) -> tuple[Run, list[str], Silent]:
    screen, runs = Silent(), iter(looks)
    reader = TrainingLog(log.client("logs"), screen.say, whole=True)
    ended, last = follow(lambda: next(runs), reader, Patience(screen), screen, 1)
    return ended, [*last], screen


def test_without_a_terminal_there_is_a_line_for_each_change_and_the_log_in_between() -> None:
    looks = [
        run("Executing"),
        run("Executing", [step("Train", "Starting")]),
        run("Executing", [TRAINING], job("InProgress", "Downloading")),
        run("Executing", [TRAINING], job("InProgress", "Downloading")),
        run("Executing", [TRAINING], job("InProgress", "Training")),
        GOOD,
    ]
    ended, _, screen = followed(looks, logs(["epoch 1\n"], ["epoch 2"]))
    assert ended == GOOD
    assert screen.said == [
        "Train: Starting",
        "log: epoch 1",
        "log: epoch 2",
        "Train: Executing: Downloading",
        "Train: Executing: Training",
        "Train: Succeeded after 3 min 12 s",
        "Judge: Succeeded after 3 min 13 s: the threshold is reached",
        "Register: Succeeded after 3 min 15 s: version 3",
    ]


def test_after_a_failure_the_log_is_read_once_more_and_to_its_end() -> None:
    failed = run("Failed", [FAILED], job("Failed", "Failed"))
    many = [[f"line {number}"] for number in range(PAGES_MAX_COUNT + 5)]
    _, last, screen = followed([failed], logs(*many))
    assert screen.waited == 1
    assert last[-1] == f"line {PAGES_MAX_COUNT + 4}"


def test_the_log_of_several_instances_says_whose_a_line_is() -> None:
    both = logs(["a"], streams=[f"{JOB}/algo-1-1764237600", f"{JOB}/algo-2-1764237600"])
    reader = TrainingLog(both.client("logs"), print, whole=True)
    assert reader.new_lines(JOB) == ["algo-1: a", "algo-2: a"]


def test_a_line_of_the_log_moves_no_cursor_and_has_an_end() -> None:
    reader = TrainingLog(logs(["\x1b[2J50%\r100%\r\n", "x" * 5000, "[bold]\ta"]).client("logs"), print, whole=True)
    first, second, long, markup = reader.new_lines(JOB)
    assert (first, second, markup) == (r"\x1b[2J50%", "100%", "[bold]  a")
    assert len(long) < 1100


def test_one_that_is_come_back_to_begins_with_the_last_lines_of_its_log() -> None:
    played = logs(["the end"])
    assert TrainingLog(played.client("logs"), print, whole=False).new_lines(JOB) == ["the end"]
    asked = [parameters for operation, parameters in played.asked if operation == "logs.GetLogEvents"]
    assert asked[0]["startFromHead"] is False
    assert asked[0]["limit"] == EARLIER_LINES
    assert "limit" not in asked[1]
    assert asked[1]["nextToken"] == "f/1"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (
            {"DescribeLogStreams": lambda **_: raised(refusal("AccessDeniedException", "User: x is not authorized"))},
            "User",
        ),
        ({"DescribeLogStreams": lambda **_: raised(refusal("ResourceNotFoundException", "no such group"))}, "no such"),
        ({"DescribeLogStreams": lambda **_: {"logStreams": []}}, "no stream in /aws/sagemaker/TrainingJobs begins"),
    ],
)
def test_a_log_that_cannot_be_read_is_told_once_and_ends_nothing(answers: dict[str, Any], why: str) -> None:
    _, last, screen = followed([run("Executing", [TRAINING]), GOOD], Played(logs=answers))
    [said] = [said for said in screen.said if said.startswith("the training's log cannot be shown: ")]
    assert why in said
    assert last == []


@pytest.mark.parametrize(
    "error",
    [
        refusal("ThrottlingException"),
        refusal("InternalFailure", status=500),
        EndpointConnectionError(endpoint_url="https://aws"),
    ],
)
def test_an_aws_that_is_busy_or_out_of_reach_is_asked_again_and_told_once(error: Exception) -> None:
    answers = iter([error, error, "first", error, "second"])

    def asked() -> Any:
        found = next(answers)
        return raised(found) if isinstance(found, Exception) else found

    screen = Silent()
    patience = Patience(screen)
    assert [patience.ask(asked), patience.ask(asked)] == ["first", "second"]
    [said] = screen.said
    assert said.startswith("AWS does not answer, and is asked again for 10 min: ")


def test_patience_has_an_end() -> None:
    screen = Silent()
    patience = Patience(screen, lambda: screen.waited)
    with pytest.raises(ClientError, match="ThrottlingException"):
        patience.ask(lambda: raised(refusal("ThrottlingException")))
    assert PATIENCE_SECONDS < screen.waited < PATIENCE_SECONDS + 60


def test_what_is_refused_is_not_asked_again() -> None:
    screen = Silent()
    with pytest.raises(ClientError, match="AccessDenied"):
        Patience(screen).ask(lambda: raised(refusal("AccessDeniedException")))
    assert screen.waited == 0


def test_a_look_asks_for_every_page_of_the_steps_and_for_the_job() -> None:
    def steps(*, NextToken: str = "", **_: object) -> dict[str, Any]:  # noqa: N803 - boto3's
        return (
            {"PipelineExecutionSteps": REGISTERED[1:]}
            if NextToken
            else {"PipelineExecutionSteps": [TRAINED], "NextToken": "2"}
        )

    played = Played(
        sagemaker={
            "DescribePipelineExecution": lambda **_: execution("Succeeded"),
            "ListPipelineExecutionSteps": steps,
            "DescribeTrainingJob": lambda **_: job("Completed", "Completed", 0.9860140085220337),
        }
    )
    assert look(played.client("sagemaker"), EXECUTION, DEFINITION) == GOOD


def test_an_execution_whose_pipeline_was_deleted_is_gone() -> None:
    played = Played(sagemaker={"DescribePipelineExecution": lambda **_: raised(refusal("ResourceNotFound"))})
    with pytest.raises(OperationError, match=r"^execution abcdefghijkl is gone: its pipeline was deleted$"):
        look(played.client("sagemaker"), EXECUTION, DEFINITION)


# The table.


def shown(given: Run, tail: Sequence[str] = (), *, width: int = 80, height: int = 24) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, no_color=True)
    with console.capture() as captured:
        console.print(drawn(given, tail, height))
    return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in captured.get().splitlines()]


def names(lines: Sequence[str]) -> list[list[str]]:
    return [line.split()[:2] for line in lines[1:] if line]


def test_the_table_has_what_has_begun_and_what_is_expected() -> None:
    table = shown(run("Executing", [TRAINED, step("Judge", "Executing")], job("Completed", "Completed")))
    assert names(table) == [["Train", "Succeeded"], ["Judge", "Executing"], ["Register", "waiting"]]
    assert "3 min 12 s" in table[1]


def test_the_table_of_one_below_the_threshold_expects_no_registration() -> None:
    assert [first for first, *_ in names(shown(run("Executing", REFUSED)))] == ["Train", "Judge", "Fail"]
    assert names(shown(run("Failed", [FAILED]))) == [["Train", "Failed"]]


def test_the_log_below_the_table_is_text_and_as_long_as_there_is_room() -> None:
    tail = [f"line {number}" for number in range(9)] + ["[bold red]:smile: \x1b[2J" + "x" * 200]
    lines = shown(run("Executing", [TRAINING]), tail)
    assert lines[-1].startswith(r"[bold red]:smile: \x1b[2Jxxx")
    assert len(lines[-1]) == 80
    assert "line 0" in lines
    low = shown(run("Executing", [TRAINING]), tail, height=10)
    assert [line for line in low if line.startswith("line")] == ["line 8"]
    assert shown(run("Executing", [TRAINING]), tail, height=5)[-1].startswith("Register")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 s"), (59.9, "59 s"), (60, "1 min 0 s"), (3_599, "59 min 59 s"), (3_700, "1 h 1 min"), (90_000, "1 d 1 h")],
)
def test_a_duration_is_two_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


# How it ended.


def test_a_good_one_ends_with_the_metric_the_version_and_the_next_command() -> None:
    assert lines_of(GOOD) == [
        f"{METRIC} is 0.986014: at least 0.95 is what a model must have to be registered",
        f"registered as version 3: {PACKAGE}",
        "next: make approve ENV=dev VERSION=3",
    ]


def test_smaller_is_better_where_the_definition_says_so() -> None:
    judged = Definition(text=definition(condition="LessThanOrEqualTo"))
    assert ": at most 0.95 is" in lines_of(replace(GOOD, definition=judged))[0]


def test_one_below_the_threshold_ends_with_the_sentence_of_its_fail_step() -> None:
    below = run("Failed", REFUSED, job("Completed", "Completed", 0.91))
    assert failure_of(below, ["validation:accuracy=0.91"]) == [f"step Fail: {BELOW}", "nothing was registered"]


def test_a_failure_ends_with_the_last_lines_of_the_log_and_sagemakers_reasons() -> None:
    failed = run("Failed", [FAILED], job("Failed", "Failed", FailureReason="AlgorithmError: no column 'label'"))
    assert failure_of(failed, ["reading", "ValueError"]) == [
        "the last lines of its log:",
        "  reading",
        "  ValueError",
        "execution abcdefghijkl Failed",
        "step Train: ClientError: the job failed",
        "AlgorithmError: no column 'label'",
    ]


def test_where_another_step_failed_the_trainings_log_is_not_shown() -> None:
    refused = step("Register", "Failed", seconds=1, FailureReason="not authorized")
    failed = run("Failed", [*REGISTERED[:2], refused], job("Completed", "Completed", 0.99))
    assert failure_of(failed, ["a line"]) == ["execution abcdefghijkl Failed", "step Register: not authorized"]


def test_a_reason_is_told_once() -> None:
    reason = "AlgorithmError: no column 'label'"
    both = step("Train", "Failed", Metadata=TRAINING_JOB, FailureReason=f"ClientError: {reason}")
    said = failure_of(run("Failed", [both], job("Failed", "Failed", FailureReason=reason)))
    assert said == ["execution abcdefghijkl Failed", f"step Train: ClientError: {reason}"]


def test_a_metric_that_was_never_printed_is_named_with_what_a_line_of_the_log_must_match() -> None:
    judged = step("Judge", "Failed", seconds=1, FailureReason="cannot resolve FinalMetricDataList")
    *_, said, why = failure_of(run("Failed", [TRAINED, judged], job("Completed", "Completed")))
    assert said == "step Judge: cannot resolve FinalMetricDataList"
    nowhere = f"{METRIC} is nowhere in the training's log as a finite number"
    assert why == f"{nowhere}: it must have a line that matches {METRIC}=([0-9.]+)"


def test_a_failure_without_a_reason_says_so() -> None:
    assert failure_of(run("Failed"))[-1] == "SageMaker gives no reason"
    assert failure_of(run("Failed", reason="Role cannot be assumed"))[-1] == "Role cannot be assumed"
    assert failure_of(run("Failed", [step("Train", "Failed")]))[-1] == (
        "step Train failed, and SageMaker gives no reason"
    )


def test_one_that_was_stopped_elsewhere_says_so() -> None:
    assert failure_of(run("Stopped", [step("Train", "Stopped")])) == ["execution abcdefghijkl was stopped"]


# The command itself, as a person meets it.


def command(played: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.support.train_command", played, "dev", *arguments]


def variables() -> dict[str, str]:
    found = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    return found | {"TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "100", "LINES": "30"}


def finished(played: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(played, *arguments), cwd=ROOT, env=variables(), capture_output=True, text=True, check=False, timeout=60
    )


def test_without_a_terminal_everything_is_lines_that_begin_with_the_environment() -> None:
    ended = finished("good")
    assert ended.returncode == 0, ended.stderr
    said = ended.stdout.splitlines()
    assert all(line.startswith("dev: ") for line in said)
    started = said.index("dev: training breast-cancer: started as execution abcdefghijkl")
    read = [line.split(": ")[2] for line in said[:started] if " reads " in line]
    assert read == ["reads train", "reads validation", "reads code"]
    assert r"dev: log: \x1b[2Jepoch 1" in said
    assert said[-1] == "dev: next: make approve ENV=dev VERSION=3"


def test_a_failure_is_told_on_standard_error_and_ends_with_1() -> None:
    ended = finished("failing")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == NO_COLUMN
    assert r"  \x1b[2Jepoch 1" in ended.stderr.splitlines()


def test_an_interrupt_before_the_start_says_that_nothing_was_started() -> None:
    ended = finished("interrupted")
    assert ended.returncode == 128 + signal.SIGINT
    assert ended.stderr == "dev: interrupted: nothing was started\n"
    assert "started as" not in ended.stdout


def test_one_that_is_followed_is_not_started_again() -> None:
    ended = finished("good", "--execution", "abcdefghijkl")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("dev: training breast-cancer: is execution abcdefghijkl\n")
    assert "started" not in ended.stdout
    assert "reads" not in ended.stdout


@pytest.mark.parametrize("arguments", [["--training", "brest-cancer"], ["--training", "x", "--execution", "y"]])
def test_rejects_an_unknown_training_with_those_that_there_are(arguments: list[str]) -> None:
    ended = finished("good", *arguments)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"dev: TRAINING: {arguments[1]!r}: must be one of breast-cancer")


def stopped(number: signal.Signals, *, terminal: bool) -> tuple[int, str]:
    """A command that follows until it is stopped: all that it said."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    with subprocess.Popen(
        command("running"),
        cwd=ROOT,
        env=variables(),
        stdin=theirs if terminal else subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        said, told = b"", False
        with contextlib.suppress(OSError):  # Linux's way to say that nobody has the terminal any more
            while read := os.read(ours, 65_536):
                said += read
                if not told and b"epoch 1" in said:
                    time.sleep(0.3)
                    told = True
                    process.send_signal(number)
    os.close(ours)
    return process.returncode, said.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_stops_the_command_leaves_the_training_running_and_is_told_how_to_come_back(
    number: signal.Signals, terminal: bool
) -> None:
    code, said = stopped(number, terminal=terminal)
    assert code == 128 + signal.SIGINT
    *_, first, back, stop = said.strip().splitlines()
    assert re.search(r"dev: interrupted( by SIG\w+)?: execution abcdefghijkl goes on$", first)
    assert back == "  to come back: make train ENV=dev EXECUTION=abcdefghijkl"
    aws = f"aws sagemaker stop-pipeline-execution --region us-east-1 --pipeline-execution-arn {EXECUTION}"
    assert stop == f"  to stop it:   {aws}"
    assert "Traceback" not in said


def test_on_a_terminal_the_table_is_drawn_and_the_cursor_is_there_again() -> None:
    code, said = stopped(signal.SIGINT, terminal=True)
    assert code == 128 + signal.SIGINT
    assert "\x1b[?25l" in said
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l")
    assert r"\x1b[2Jepoch 1" in said
    assert "\x1b[2J" not in said
    assert "reading [bold]rows" in said
    assert re.search("Train.*Executing.*Training", said)


def test_a_terminal_without_a_cursor_gets_lines() -> None:
    person, terminal = pty.openpty()
    with subprocess.Popen(
        command("good"), cwd=ROOT, env=variables() | {"TERM": "dumb"}, stdin=terminal, stdout=terminal, stderr=terminal
    ) as process:
        os.close(terminal)
        said = b""
        with contextlib.suppress(OSError):
            while read := os.read(person, 65_536):
                said += read
    os.close(person)
    assert process.returncode == 0
    assert b"\x1b" not in said
    assert b"dev: Register: Succeeded" in said


def test_what_is_said_beside_the_table_is_neither_markup_nor_moves_the_cursor() -> None:
    written = io.StringIO()
    with Drawn(written, "dev") as screen:
        screen.say("[bold]x \x1b[2J")
        screen.show(GOOD, ["a line"])
    assert r"dev: [bold]x \x1b[2J" in written.getvalue()
    assert "\x1b[2J" not in written.getvalue()
