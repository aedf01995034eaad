"""What is known of an environment that was deployed on the local AWS, whatever its settings say by now."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

from pydantic import ConfigDict, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import from_json

from settings.files import UnreadableError, opened

FILE_NAME = "deployed.json"
# The AWS profiles of all environments: local_aws/profiles.py. No environment's name has a dot.
AWS_CONFIG, AWS_CREDENTIALS = "aws.config", "aws.credentials"


@dataclass(frozen=True, kw_only=True, config=ConfigDict(strict=True, extra="forbid"))
class Deployed:
    """An environment, and where its account is found."""

    name: str
    account_id: str
    region: str
    state_bucket: str | None


def note(folder: Path, deployed: Deployed) -> None:
    """Before the deploy begins. Raises OSError."""
    path = folder / deployed.name / FILE_NAME
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(deployed)))
    partial.replace(path)


def names(folder: Path) -> set[str]:
    """Of the environments of which there is anything in the folder."""
    return {path.parent.name for kind in (FILE_NAME, "cdktf.out") for path in folder.glob(f"*/{kind}")}


def noted(folder: Path) -> list[Deployed]:
    """Every environment whose note can be read."""
    found = []
    for path in sorted(folder.glob(f"*/{FILE_NAME}")):
        try:
            with opened(path) as file:
                found.append(Deployed(**from_json(file.read())))
        except (UnreadableError, ValueError, TypeError, ValidationError):
            continue  # its account is looked into as today's settings have it
    return found


def forget(folder: Path) -> None:
    """Removes the states and exports of what was deployed: they speak of a server that is no more."""
    for file in ("server.json", AWS_CONFIG, AWS_CREDENTIALS):
        (folder / file).unlink(missing_ok=True)
    for name in names(folder):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / f"{name}.env").unlink(missing_ok=True)
