"""What verify and invoke say; that they work on what is deployed: tests/integration."""

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from operations.invoke import LINE_MAX_CHARACTERS, LINES_MAX_COUNT, SAMPLE, chosen, count, invoke, not_deployed
from operations.verify import deployed_endpoints, verify
from stacks.environments import ROOT
from stacks.synthesized_stack import OperationError, SynthesizedStack
from tests.support.synthesis import environment


class Stack(SynthesizedStack):
    """With outputs of its own in the place of Terraform's."""

    def outputs(self) -> dict[str, dict[str, Any]]:
        return {name: {"value": value} for name, value in self.variables.items()}


def stack(**outputs: str) -> Stack:
    return Stack(folder=Path(), variables=outputs)


TWO = stack(
    bucket_name="acme",
    endpoint_name_a="a",
    endpoint_configuration_name_a="a-1",
    endpoint_name_configuration_b="configuration-b",
    endpoint_configuration_name_configuration_b="b-1",
)


class SageMaker:
    def __init__(self, **served: str) -> None:
        self.served = served

    def describe_endpoint(self, *, EndpointName: str) -> Mapping[str, str]:  # noqa: N803 - boto3's
        return {"EndpointStatus": "InService", "EndpointConfigName": self.served[EndpointName.replace("-", "_")]}


def test_every_endpoint_that_terraform_made_is_verified() -> None:
    assert list(deployed_endpoints(TWO)) == [("a", "a-1"), ("configuration-b", "b-1")]
    assert list(verify(TWO, SageMaker(a="a-1", configuration_b="b-1"))) == [
        "endpoint a serves a-1",
        "endpoint configuration-b serves b-1",
    ]


def test_one_that_was_rolled_back_does_not_hide_the_others() -> None:
    said = verify(TWO, SageMaker(a="a-0", configuration_b="b-1"))
    assert next(said) == "endpoint configuration-b serves b-1"
    with pytest.raises(OperationError, match="endpoint a: the update was rolled back: it serves a-0, not a-1"):
        next(said)


def test_where_nothing_is_deployed_it_says_so() -> None:
    with pytest.raises(OperationError, match="no endpoint is deployed"):
        list(deployed_endpoints(stack(bucket_name="acme")))


class Runtime:
    """Answers with a body, or raises."""

    def __init__(self, answer: bytes | Exception, content_type: str = "application/json") -> None:
        self.answer, self.content_type, self.asked = answer, content_type, dict[str, Any]()

    def invoke_endpoint(self, **asked: Any) -> dict[str, Any]:
        self.asked = asked
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"Body": io.BytesIO(self.answer), "ContentType": self.content_type}


def test_rows_are_sent_as_they_are_and_predictions_printed_a_line_each() -> None:
    runtime = Runtime(json.dumps({"predictions": [{"class": "x", "probability": 0.5}] * 2}).encode())
    assert list(invoke(runtime, ["a"], b"1,2\n3,4\n")) == [
        "endpoint a, row 1: class x, probability 0.5",
        "endpoint a, row 2: class x, probability 0.5",
    ]
    assert runtime.asked == {"EndpointName": "a", "Body": b"1,2\n3,4\n", "ContentType": "text/csv"}
    list(invoke(runtime, ["a"], b"\x93NUMPY", "application/x-npy"))
    assert (runtime.asked["Body"], runtime.asked["ContentType"]) == (b"\x93NUMPY", "application/x-npy")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"[4.5, 10]", [", row 1: 4.5", ", row 2: 10"]),
        (b"[[1, 2], null]", [", row 1: [1, 2]", ", row 2: null"]),
        (b'{"predictions": [4.5]}', [", row 1: 4.5"]),
        (b'{"predictions": null}', [': {"predictions": null}']),
        (b'{"score": 1}', [': {"score": 1}']),
        (b"4.5\n10\n", [", row 1: 4.5", ", row 2: 10"]),
        (b"benign,0.99\r\nmalignant,0.5", [", row 1: benign,0.99", ", row 2: malignant,0.5"]),
        (b"<html>", [", row 1: <html>"]),
        (b"3", [": 3"]),
        (b"[" * 100_000, [f", row 1: {'[' * 2000}"]),
        (b"", [": an empty answer"]),
        (b"[]", [": an empty answer"]),
        (b"\x93NUMPY\xff", [r": 7 bytes of application/x-npy: b'\x93NUMPY\xff'"]),
        ("\x1b[31mred\u202e".encode(), [r", row 1: \x1b[31mred\u202e"]),
        (b'["a\\nb"]', [r", row 1: a\nb"]),
        (b"NaN", [": NaN"]),
    ],
)
def test_whatever_is_answered_is_printed_a_line_a_row_escaped_and_bounded(answer: bytes, said: list[str]) -> None:
    for expected, line in zip(said, invoke(Runtime(answer, "application/x-npy"), ["a"], b"1\n"), strict=True):
        full = f"endpoint a{expected}"
        assert line == (full if len(full) <= LINE_MAX_CHARACTERS else f"{full[:LINE_MAX_CHARACTERS]}...")


def test_of_an_answer_of_very_many_rows_the_last_are_counted() -> None:
    lines = list(invoke(Runtime(b"7\n" * (LINES_MAX_COUNT + 234)), ["a"], b"1\n"))
    assert lines[-2:] == [f"endpoint a, row {LINES_MAX_COUNT}: 7", "endpoint a: 234 more rows"]


MESSAGE = 'Received client error (400) from primary with message "row 1 has 2 values: must have 30".'
ERROR = ClientError({"Error": {"Code": "ModelError", "Message": MESSAGE}}, "InvokeEndpoint")
GONE = ClientError({"Error": {"Code": "ValidationError", "Message": "Endpoint a not found."}}, "InvokeEndpoint")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ERROR, "endpoint a: .*row 1 has 2 values: must have 30"),
        (GONE, "endpoint a: .*Endpoint a not found"),
        (ReadTimeoutError(endpoint_url="x"), "endpoint a: Read timeout"),
        (ValueError("x\ny"), r"endpoint a: ValueError: x\\ny"),
        (RecursionError(), "endpoint a: RecursionError: "),
        (b'{"predictions": []}', "endpoint a: 0 predictions for 1 rows"),
    ],
)
def test_a_failure_of_any_kind_is_a_line_and_hides_no_other_endpoint(answer: bytes | Exception, said: str) -> None:
    class Runtimes:
        def invoke_endpoint(self, *, EndpointName: str, **asked: Any) -> dict[str, Any]:  # noqa: N803 - boto3's
            good = json.dumps({"predictions": [{"class": EndpointName}]}).encode()
            return Runtime(good if EndpointName in ("b", "d") else answer).invoke_endpoint(**asked)

    told = invoke(Runtimes(), ["a", "b", "c", "d"], b"1,2\n\n")
    assert [next(told), next(told)] == ["endpoint b, row 1: class b", "endpoint d, row 1: class d"]
    with pytest.raises(OperationError, match=rf"\A{said}.*\nendpoint c: .*\Z"):
        next(told)


def test_one_endpoint_may_be_wanted_and_rejects_one_that_there_is_not() -> None:
    dev = environment("dev")
    others = {**not_deployed(replace(dev, releases={}), []), "new": "not deployed yet"}
    assert chosen("", ["a", "b"], others) == ["a", "b"]
    assert chosen("b", ["a", "b"], others) == ["b"]
    for wanted, said in (
        ("c", "ENDPOINT: 'c': must be one of a, b"),
        ("linear-learner", "'linear-learner': without a release in releases.json: not made; must be one of a, b"),
        ("new", "'new': not deployed yet; must be one of a, b"),
    ):
        with pytest.raises(OperationError, match=said):
            chosen(wanted, ["a", "b"], others)
    with pytest.raises(OperationError, match="no endpoint is deployed"):
        chosen("", [], others)


def test_an_endpoint_without_a_release_or_not_deployed_yet_is_told_as_such() -> None:
    dev = environment("dev")
    assert not_deployed(dev, ["linear-learner"]) == {}
    assert not_deployed(dev, []) == {"linear-learner": "not deployed yet: make deploy"}
    assert not_deployed(replace(dev, releases={}), []) == {
        "linear-learner": "without a release in releases.json: not made"
    }


@pytest.mark.parametrize(
    ("rows", "counted"),
    [
        (b"1,2\n3,4\n", 2),
        (b"1,2\n\n3,4\n\n\n", 2),
        (b"1,2\r\n\r\n3,4", 2),
        (b'1,"2\n2"\n3,4', 2),
        (b"\n\n", 0),
        (b"", 0),
        ("\N{LINE SEPARATOR}1,2\x0c\n".encode(), 1),
        (b"\xff,1\n", 1),
    ],
)
def test_rows_are_counted_as_a_csv_reader_counts_them(rows: bytes, counted: int) -> None:
    assert count(rows) == counted


def test_rejects_a_file_without_a_row(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("\n\n")
    finished = subprocess.run(
        [sys.executable, "-m", "operations.invoke", "dev", "--rows", str(tmp_path / "empty.csv")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = f"dev: ROWS: {tmp_path / 'empty.csv'}: must hold at least one row\n"
    assert (finished.returncode, finished.stderr) == (1, said)


def test_rejects_rows_that_are_not_there(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "operations.invoke", "dev", "--rows", str(tmp_path / "missing.csv")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    [line] = finished.stderr.splitlines()
    assert line.startswith("dev: ROWS: ")
    assert line.endswith("missing.csv: No such file or directory: must be a file of text/csv")


def test_the_sample_has_rows_of_thirty_measurements() -> None:
    rows = [line.split(",") for line in SAMPLE.read_text().splitlines()]
    assert [len(row) for row in rows] == [30] * 5


@pytest.mark.parametrize("module", ["deploy", "deployer_policy", "preflight", "recover", "verify"])
def test_a_command_needs_no_node_before_it_synthesizes(module: str) -> None:
    """jsii would look for one on PATH; the project's own is found by who calls synth."""
    code = f"import operations.{module}, sys; sys.exit('jsii' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
