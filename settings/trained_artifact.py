"""Where a training has left a model's artifact."""

from dataclasses import dataclass

from settings.names import Names

# What is below it in an environment's data bucket, those that receive its models may read.
TRAINING_OUTPUT = "training-output/"


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
