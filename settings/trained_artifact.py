"""Where a training has left a model's artifact."""

import re
from dataclasses import dataclass

from settings.names import Names

# What is below it in an environment's data bucket, those that receive its models may read.
TRAINING_OUTPUT = "training-output/"
# Of SageMaker's keys, made of a job's name and output/model.tar.gz; S3 allows more, not all of which an address, a
# policy and Terraform spell alike: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
KEY_MAX_LENGTH = 1024
_PART = "[A-Za-z0-9_-][A-Za-z0-9._=-]*"
_KEY = re.compile(rf"{TRAINING_OUTPUT}({_PART}/)*{_PART}")
TRAINED_KEYS = (
    f"must be a key below {TRAINING_OUTPUT}, the only ones that other environments may read: at most {KEY_MAX_LENGTH} "
    "letters, digits and any of _.=- in parts between slashes, none of which begins with . or ="
)


def is_trained_key(key: str) -> bool:
    return len(key) <= KEY_MAX_LENGTH and _KEY.fullmatch(key) is not None


@dataclass(frozen=True, kw_only=True)
class TrainedArtifact:
    """An object in the data bucket of the environment that trained it, whose names are `names`. `size` is in bytes.

    Without an `account_id` that environment is in the account of the one that serves the model.
    """

    names: Names
    account_id: str | None
    key: str
    sha256: str
    size: int
