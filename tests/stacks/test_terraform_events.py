"""What a person is told while Terraform works, by Terraform's own words and clock."""

from typing import Any

import pytest

from stacks.terraform_events import MAX_LINES, Progress, diagnostic

KIND = "aws_s3_bucket_lifecycle_configuration"
LIFECYCLE = f"{KIND}.data"


def event(seconds: float, kind: str, address: str, action: str = "create") -> dict[str, Any]:
    clock = f"2026-11-24T10:{int(seconds) // 60:02}:{seconds % 60:09.6f}Z"
    return {"@timestamp": clock, "type": kind, "hook": {"resource": {"addr": address}, "action": action}}


def told(total: int, *events: dict[str, Any]) -> list[str]:
    progress = Progress(total=total)
    return [line for item in events for line in progress.lines(item)]


def test_it_tells_what_is_done_and_how_much_there_is() -> None:
    assert told(
        2,
        event(0, "apply_start", "aws_iam_role.a"),
        event(1, "apply_start", "aws_iam_role.b", "delete"),
        event(2, "apply_complete", "aws_iam_role.b", "delete"),
        event(65, "apply_complete", "aws_iam_role.a"),
    ) == ["   2 s  1 of 2 removed: aws_iam_role.b", "  65 s  2 of 2 made: aws_iam_role.a"]


@pytest.mark.parametrize("total", [41, 400, 2500])
def test_it_needs_few_lines_for_many_resources(total: int) -> None:
    events = [event(0, kind, f"t.n{number}") for number in range(total) for kind in ("apply_start", "apply_complete")]
    lines = told(total, *events)
    assert 10 <= len(lines) <= MAX_LINES
    assert f"{total} of {total} made: " in lines[-1]


def test_it_says_what_is_waited_for_and_once_why() -> None:
    waiting = [event(seconds, "apply_progress", LIFECYCLE) for seconds in range(10, 180, 10)]
    lines = told(3, event(0, "apply_start", LIFECYCLE), *waiting)
    assert lines == [
        f"  20 s  3 left; at work: {LIFECYCLE} (20 s)",
        f"        {KIND}: the provider waits 55 s, until S3 gives the same answer ten times",
        f"  80 s  3 left; at work: {LIFECYCLE} (80 s)",
        f" 140 s  3 left; at work: {LIFECYCLE} (140 s)",
    ]


def test_it_says_at_once_what_failed_and_counts_it_as_not_done() -> None:
    failed = [event(0, "apply_start", "t.a"), event(3, "apply_errored", "t.a"), event(30, "apply_progress", "t.b")]
    assert told(2, *failed) == ["   3 s  t.a: failed; why is told at the end"]


def test_what_terraform_reads_is_not_counted() -> None:
    assert told(1, event(0, "apply_start", "data.t.a", "read"), event(1, "apply_complete", "data.t.a", "read")) == []


def test_an_error_is_told_whole_with_its_place() -> None:
    said: dict[str, Any] = {
        "severity": "error",
        "summary": "creating S3 Bucket (acme)",
        "detail": "operation error S3: CreateBucket,\nhttps response error StatusCode: 409",
        "address": "aws_s3_bucket.data",
        "range": {"filename": "cdk.tf.json", "start": {"line": 12}},
        "snippet": {
            "context": "resource.aws_s3_bucket.data",
            "code": "      }",
            "start_line": 12,
            "values": [{"traversal": "var.a", "statement": 'is "b"'}],
        },
    }
    assert diagnostic({"diagnostic": said}) == (
        "Error: creating S3 Bucket (acme)\n\n  with aws_s3_bucket.data,\n"
        '  on cdk.tf.json line 12, in resource.aws_s3_bucket.data\n    12: }\n      var.a is "b"\n\n'
        "operation error S3: CreateBucket,\nhttps response error StatusCode: 409"
    )
    assert diagnostic({"diagnostic": {"severity": "warning", "summary": "s", "detail": ""}}) == "Warning: s"
