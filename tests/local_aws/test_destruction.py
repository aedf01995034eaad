"""What still runs in an account that is to be destroyed; tests/integration destroys what Terraform made."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local_aws import credentials, destruction, running_executions
from local_aws.deployed import note
from local_aws.server import process as server_process
from local_aws.server.process import Server
from tests.support.synthesis import environment
from tests.support.training_lab import BUCKET, Lab


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = server_process.start(tmp_path)
    note(tmp_path, credentials.deployed(environment("dev").settings))
    yield started
    server_process.stop(tmp_path, started)


def test_what_still_runs_is_stopped_so_that_its_pipeline_can_go(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = Lab(server)
    arn, script = lab.waiting()
    left = [*destruction.destroyed(tmp_path, server)]
    assert f"local AWS: dev: stopped, as it still ran: {arn}\n" in capsys.readouterr().out
    assert lab.status(arn) == "Stopped"
    assert not psutil.pid_exists(script)
    assert "dev: sagemaker PipelineSummaries: lab" in left  # no Terraform made it
    lab.sagemaker.delete_pipeline(PipelineName="lab")
    assert [*destruction.destroyed(tmp_path, server)]
    assert "stopped" not in capsys.readouterr().out


def test_nothing_is_destroyed_where_an_execution_does_not_end(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_executions, "STOP_TIMEOUT_SECONDS", 0)
    lab = Lab(server)
    arn, _ = lab.waiting()
    [said] = [line for line in destruction.destroyed(tmp_path, server) if line.startswith("dev: ")]
    assert said == f"dev: still running 0 s after they were stopped: {arn}"
    assert lab.s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] > 0
