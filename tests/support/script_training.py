"""Trainings by a script, as the project's own is but for what a test says."""

from typing import Any

from settings.training import BREAST_CANCER, ScriptTraining


def script_training(**changes: Any) -> ScriptTraining:
    """On the project's own data, whatever it is called."""
    return ScriptTraining(**vars(BREAST_CANCER) | {"data_prefix": "breast-cancer"} | changes)
