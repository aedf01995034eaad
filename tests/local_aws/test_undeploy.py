"""`make local-down`, whatever became of the settings; tests/integration destroys what Terraform made."""

import subprocess
import sys
from pathlib import Path

import pytest

from local_aws import credentials
from local_aws.deployed import Deployed, note
from local_aws.server import process as server_process

DEV = Deployed(name="dev", account_id="111111111111", region="eu-west-1", state_bucket=None)
LEFT = "local AWS: dev: logs logGroups: /made/by/hand"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('NAMES = ("staging", "prod")', LEFT),
        (
            "NAMES = (",
            "local AWS: nothing could be destroyed: SyntaxError: '(' was never closed (environments.py, line ",
        ),
    ],
)
def test_what_was_deployed_is_looked_for_and_the_server_is_stopped_whatever_the_settings_say(
    project: Path, content: str, said: str
) -> None:
    """A group in the account that was noted, which no state knows, stands for what cannot be destroyed."""
    folder, names = project / ".local", project / "stacks/environments.py"
    server = server_process.start(folder)
    note(folder, DEV)
    session = credentials.session(credentials.variables_of(server, DEV))
    session.client("logs", endpoint_url=server.url).create_log_group(logGroupName="/made/by/hand")
    names.write_text(f"{names.read_text()}\n{content}\n")
    (project / "stacks/staging.py").write_text("SETTINGS = (")

    finished = subprocess.run(
        [sys.executable, "-m", "local_aws.undeploy"], cwd=project, capture_output=True, text=True, check=False
    )

    assert finished.returncode == 1
    assert said in finished.stderr
    assert finished.stderr.splitlines()[-1] == "local AWS: stopped, but the destroy did not leave it empty"
    assert "Traceback" not in finished.stderr
    assert not server.answers()
    assert not (folder / "dev").exists()
