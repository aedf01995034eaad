"""A notebook instance's disk in a folder: lifecycle scripts run there for real, with stand-ins for root's commands."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

BIN = Path(sys.executable).parent

# Serves `aws s3 cp --recursive`, `aws s3 cp` of one object and `aws s3 ls` from the folder $SANDBOX/s3.
AWS = r"""#!/bin/bash
echo "aws $*" >>"$SANDBOX/calls"
[ -d "$SANDBOX/s3" ] || { echo "fatal error: Unable to locate credentials" >&2; exit 1; }
[ "$1" = s3 ] || exit 2
[ "$AWS_DEFAULT_REGION" = eu-west-1 ] || exit 6
case $2 in
  ls)
    [ "$3" = "s3://acme-sagemaker-data/notebooks/" ] || exit 3
    echo "2026-11-23 10:00:00          0 "
    for file in "$SANDBOX"/s3/*; do echo "2026-11-23 10:00:00       1234 $(basename "$file")"; done ;;
  cp)
    source=$3 target=$4
    case "$*" in
      *--recursive*)
        [ "$source" = "s3://acme-sagemaker-data/notebooks/" ] || exit 3
        [[ "$*" = *"--exclude * --include Lab1*.ipynb --include PythonCheatSheet*.ipynb"* ]] || exit 4
        for file in "$SANDBOX"/s3/Lab1*.ipynb "$SANDBOX"/s3/PythonCheatSheet*.ipynb; do
          [ ! -e "$file" ] || cp "$file" "$target"
        done ;;
      *) cp "$SANDBOX/s3/${source#s3://acme-sagemaker-data/notebooks/}" "$target" ;;
    esac ;;
esac
"""
SUDO = r"""#!/bin/bash
echo "sudo $*" >>"$SANDBOX/calls"
[ "$1 $2 $3" = "--set-home --user ec2-user" ] || exit 5
shift 3
exec "$@"
"""
CHOWN = r"""#!/bin/bash
echo "chown $*" >>"$SANDBOX/calls"
"""


@dataclass
class Sandbox:
    """A notebook instance's disk: the script's absolute paths lead below `root`."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home/ec2-user/SageMaker"

    def calls(self) -> list[str]:
        return (self.root / "calls").read_text().splitlines()

    def put_into_bucket(self, name: str, source: str = 'bucket = "<DATA_BUCKET>"') -> None:
        cells = [new_markdown_cell("in `<DATA_BUCKET>`"), new_code_cell(source, execution_count=3)]
        cells[1].outputs = [new_output("stream", text="an old answer")]
        nbformat.write(new_notebook(cells=cells), self.root / "s3" / name)

    def make(self, environment: str = "JupyterSystemEnv") -> None:
        jupyter = self.root / f"home/ec2-user/anaconda3/envs/{environment}/bin/jupyter"
        for folder in (self.home, jupyter.parent, self.root / "bin", self.root / "s3", self.root / "tmp"):
            folder.mkdir(parents=True)
        for name, content in {"aws": AWS, "sudo": SUDO, "chown": CHOWN}.items():
            self.command(name, content)
        jupyter.symlink_to(BIN / "jupyter")

    def command(self, name: str, content: str) -> None:
        path = self.root / "bin" / name
        path.write_text(content)
        path.chmod(0o755)

    def run_script(self, hook: str, script: str) -> subprocess.CompletedProcess[str]:
        path = self.root / f"{hook}.sh"
        path.write_text(script.replace("/home/ec2-user", f"{self.root}/home/ec2-user"))
        return subprocess.run(
            ["/bin/bash", path],
            env={
                "PATH": f"{self.root}/bin:/usr/bin:/bin",
                "SANDBOX": str(self.root),
                "HOME": str(self.root),
                "TMPDIR": str(self.root / "tmp"),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def notebook(self, name: str) -> Any:
        return json.loads((self.home / name).read_text())
