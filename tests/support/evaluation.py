"""What Terraform itself makes of an expression, by an apply of a folder with nothing but an output."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

REFERENCE = re.compile(r"\b(?:data\.)?aws_\w+\.\w+\.\w+\b")


def evaluated(expression: str, folder: Path, references: Mapping[str, str] | None = None) -> str:
    """With a text of ours in the place of each reference."""
    known = references or {}
    literal = REFERENCE.sub(lambda found: json.dumps(known[found[0]]), expression)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf.json").write_text(json.dumps({"output": {"made": {"value": literal}}}))
    for arguments in (["apply", "-auto-approve"], ["output", "-json"]):
        command = [str(shutil.which("terraform")), *arguments, "-no-color"]
        finished = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stdout + finished.stderr
    made: str = json.loads(finished.stdout)["made"]["value"]
    return made
