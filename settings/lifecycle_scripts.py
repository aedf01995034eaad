"""The notebook's lifecycle scripts, read from lifecycle_scripts/ and checked against SageMaker's limit."""

from pathlib import Path

from settings.aws_tables import REGIONS
from settings.limits import ACCOUNT_ID_LENGTH, BUCKET_NAME_MAX_LENGTH, ROLE_NAME_MAX_LENGTH
from settings.problems import Problem

# What Terraform replaces by the data bucket's name, by the ARN of the training role, and by the region.
BUCKET, TRAINING_ROLE, REGION = "@DATA_BUCKET@", "@TRAINING_ROLE_ARN@", "@REGION@"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
ROLE_ARN_MAX_LENGTH = len("arn:aws-us-gov:iam:::role/") + ACCOUNT_ID_LENGTH + ROLE_NAME_MAX_LENGTH
LONGEST_VALUES = {
    BUCKET: BUCKET_NAME_MAX_LENGTH,
    TRAINING_ROLE: ROLE_ARN_MAX_LENGTH,
    REGION: max(map(len, REGIONS)),
}
# 16,384 characters after base64: 12,288 bytes before.
HOOK = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_NotebookInstanceLifecycleHook.html"
MAX_BYTES = 12288


def read_lifecycle_script(path: Path) -> tuple[bytes, list[Problem]]:
    """The script, and what is wrong with it."""
    name = f"{path.parent.name}/{path.name}"
    if not path.is_file():
        return b"", [Problem(where=name, allowed="missing: must be a shell script")]
    script = path.read_bytes()
    size = len(script) + sum(
        script.count(placeholder.encode()) * (longest - len(placeholder))
        for placeholder, longest in LONGEST_VALUES.items()
    )
    if size > MAX_BYTES:
        allowed = f"{size} bytes with the longest names in place: must be at most {MAX_BYTES}"
        return b"", [Problem(where=name, allowed=allowed, page=HOOK)]
    if not script.startswith(b"#!"):
        return b"", [Problem(where=name, value=script[:20], allowed="must begin with #! and an interpreter")]
    return script, []
