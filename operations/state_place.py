"""Where a stack's Terraform state is kept: a file, or an object in S3."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from operations.terraform_state import TerraformState, parsed
from settings.environment import EnvironmentSettings
from stacks.synthesized_stack import OperationError, SynthesizedStack

MISSING = ("NoSuchKey", "NoSuchBucket", "404")


@dataclass(frozen=True)
class InFile:
    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def cure(self) -> str:
        return f"move it away, or put back {self.path.name}.backup, which Terraform keeps beside it"

    def text(self) -> str:
        """Empty where there is none."""
        try:
            return self.path.read_text(errors="replace")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise OperationError(
                f"{self.path}: {error.strerror}: must be a file with Terraform's state, or not be there"
            ) from error

    def put(self, text: str) -> None:
        """Whole or not at all."""
        partial = self.path.with_name(f"{self.path.name}.partial")
        partial.write_text(text)
        partial.replace(self.path)

    def put_away(self) -> str:
        """A state that is kept elsewhere now is not taken for one. Returns where it is."""
        moved = self.path.with_name(f"{self.path.name}.moved")
        self.path.replace(moved)
        return f"the file is called {moved.name} now"


@dataclass(frozen=True)
class InBucket:
    bucket: str
    key: str
    region: str = field(compare=False)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    cure = "put back an earlier version of that object"

    def text(self) -> str:
        try:
            return str(self._object(self.key).decode(errors="replace"))
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING:
                return ""
            raise

    def lock_text(self) -> bytes | None:
        """What a holder of the lock wrote down. None where nobody holds it."""
        try:
            return self._object(f"{self.key}.tflock")
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING:
                return None
            raise

    def put(self, text: str) -> None:
        """As Terraform does with `encrypt`. Raises OperationError where there is no such bucket."""
        try:
            self._s3.put_object(
                Bucket=self.bucket,
                Key=self.key,
                Body=text.encode(),
                ContentType="application/json",
                ServerSideEncryption="AES256",
            )
        except self._s3.exceptions.NoSuchBucket:
            raise OperationError(f"{self}: there is no such bucket: make state-bucket makes it") from None

    def put_away(self) -> str:
        return f"what was there stays in {self}"

    @property
    def _s3(self) -> Any:  # noqa: ANN401 - boto3 has no types
        return boto3.client("s3", region_name=self.region)

    def _object(self, key: str) -> bytes:
        read: bytes = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return read


Place = InFile | InBucket


def of_settings(settings: EnvironmentSettings, output: Path) -> Place:
    """As stacks/ml_platform_stack.py has it, where nothing may have been synthesized."""
    if settings.state_bucket is None:
        return InFile(output.parent / f"terraform.{settings.name}.tfstate")
    return InBucket(settings.state_bucket, settings.names.state_key, settings.region)


def wanted(stack: SynthesizedStack) -> Place:
    """As the settings say."""
    [(kind, backend)] = stack.json["terraform"]["backend"].items()
    return _place(kind, backend, stack.folder)


def initialized(folder: Path) -> Place | None:
    """As Terraform was told when it was last initialized in the folder. None where nothing says so."""
    try:
        backend = json.loads((folder / ".terraform/terraform.tfstate").read_text())["backend"]
        return _place(backend["type"], backend["config"], folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _place(kind: str, backend: Mapping[str, Any], folder: Path) -> Place:
    if kind == "s3":
        return InBucket(backend["bucket"], backend["key"], backend.get("region") or "us-east-1")
    return InFile(Path(os.path.normpath(folder / backend["path"])))


def read_state(place: Place) -> TerraformState:
    """Empty where there is none. Raises OperationError where it is no state, with what to do."""
    return parsed(place.text(), where=str(place), cure=place.cure)
