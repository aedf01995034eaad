"""The notebook's lifecycle scripts, read from lifecycle_scripts/ and checked against SageMaker's limit."""

from pathlib import Path

from stacks.limits import BUCKET_NAME_MAX_LENGTH

# What Terraform replaces by the data bucket's name.
BUCKET_PLACEHOLDER = "@DATA_BUCKET@"
# 16,384 characters after base64: 12,288 bytes before.
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_NotebookInstanceLifecycleHook.html
MAX_BYTES = 12288


def read_lifecycle_script(path: Path) -> tuple[bytes, list[str]]:
    """The script, and the faults found."""
    name = f"{path.parent.name}/{path.name}"
    if not path.is_file():
        return b"", [f"{name}: missing: must be a shell script"]
    script = path.read_bytes()
    placeholder = BUCKET_PLACEHOLDER.encode()
    size = len(script) + script.count(placeholder) * (BUCKET_NAME_MAX_LENGTH - len(placeholder))
    if size > MAX_BYTES:
        return b"", [f"{name}: {size} bytes with the longest bucket name in place: must be at most {MAX_BYTES}"]
    if not script.startswith(b"#!"):
        return b"", [f"{name}: {script[:20]!r}: must begin with #! and an interpreter"]
    return script, []
