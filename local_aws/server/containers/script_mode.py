"""Script mode: the variables and arguments that AWS's framework images give a training script.

The images have them from the toolkit that they share; tests/local_aws/server/test_script_mode.py runs it on the same
job. Here /opt/ml is a folder of the job's own, whose path stands wherever the images have /opt/ml.
https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md
https://github.com/aws/sagemaker-training-toolkit/blob/master/src/sagemaker_training/environment.py
https://github.com/aws/sagemaker-training-toolkit/blob/master/src/sagemaker_training/mapping.py
"""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = "/opt/ml"
HOST = "algo-1"
GROUP = "homogeneousCluster"
# What the container is told of itself, and the script not.
RESERVED_PREFIX = "sagemaker_"
RESERVED = ("default_user_module_name", "_tuning_objective_metric")
# Of these, the toolkit knows the names; the others are the framework's parameters.
TOOLKITS_OWN = (
    "sagemaker_program",
    "sagemaker_submit_directory",
    "sagemaker_enable_cloudwatch_metrics",
    "sagemaker_region",
    "sagemaker_container_log_level",
    "sagemaker_job_name",
    "sagemaker_s3_output",
)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What the images find below /opt/ml.

    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
    """

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "input/config"

    @property
    def data(self) -> Path:
        return self.root / "input/data"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def output(self) -> Path:
        return self.root / "output"

    @property
    def code(self) -> Path:
        return self.root / "code"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    def told(self, text: str) -> str:
        """With the paths that the images have."""
        return text.replace(str(self.root), ROOT)

    def make(
        self, *, hyperparameters: Mapping[str, str], inputs: Mapping[str, Any], resources: Mapping[str, Any]
    ) -> None:
        folders = (self.config, self.model, self.output / "data", self.code, self.checkpoints)
        for folder in (*folders, *(self.data / channel for channel in inputs)):
            folder.mkdir(parents=True)
        for name, content in (
            ("hyperparameters", hyperparameters),
            ("inputdataconfig", inputs),
            ("resourceconfig", resources),
        ):
            (self.config / f"{name}.json").write_text(json.dumps(content))

    def read(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.config / f"{name}.json").read_text())
        return found


def resources(instance_type: str) -> dict[str, Any]:
    """Of one instance: input/config/resourceconfig.json."""
    group = {"instance_group_name": GROUP, "instance_type": instance_type, "hosts": [HOST]}
    return {
        "current_group_name": GROUP,
        "current_host": HOST,
        "current_instance_type": instance_type,
        "hosts": [HOST],
        "instance_groups": [group],
        "network_interface_name": "eth0",
    }


def decoded(hyperparameters: Mapping[str, str]) -> dict[str, Any]:
    """Each value as the JSON that it is, or as the text that it is."""
    return {name: _decoded(value) for name, value in hyperparameters.items()}


def own(hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Those that the script gets."""
    return {name: value for name, value in hyperparameters.items() if not _is_reserved(name)}


def arguments(hyperparameters: Mapping[str, Any]) -> list[str]:
    """Of the script's own, decoded."""
    return [
        word
        for name, value in sorted(hyperparameters.items())
        for word in (f"--{name}" if len(name) > 1 else f"-{name}" if name else "", _argument(value))
    ]


def program(hyperparameters: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """The script's name within the code, by the variable or the hyperparameter; nothing where there is none."""
    return str(environment.get("SAGEMAKER_PROGRAM") or hyperparameters.get("sagemaker_program") or "")


def variables(
    layout: Layout, *, environment: Mapping[str, str], framework_module: str | None, job_name: str
) -> dict[str, str]:
    """Those that begin with SM_, from what lies in the layout and the container's own variables."""
    given = decoded(layout.read("hyperparameters"))
    inputs, machine = layout.read("inputdataconfig"), layout.read("resourceconfig")
    mine, entry_point = own(given), program(given, environment)
    folders = {channel: str(layout.data / channel) for channel in inputs}
    groups = {group["instance_group_name"]: group for group in machine["instance_groups"]}
    told = {
        "channel_input_dirs": folders,
        "current_host": machine["current_host"],
        "current_instance_group": machine["current_group_name"],
        "current_instance_group_hosts": groups[machine["current_group_name"]]["hosts"],
        "current_instance_type": machine["current_instance_type"],
        "distribution_instance_groups": [],
        "framework_module": framework_module,
        "hosts": machine["hosts"],
        "hyperparameters": mine,
        "input_config_dir": str(layout.config),
        "input_data_config": inputs,
        "input_dir": str(layout.root / "input"),
        "instance_groups": [*groups],
        "instance_groups_dict": groups,
        "is_hetero": len(groups) > 1,
        "log_level": given.get("sagemaker_container_log_level", logging.INFO),
        "model_dir": str(layout.model),
        "module_dir": str(given.get("sagemaker_submit_directory", layout.code)),
        "module_name": entry_point.removesuffix(".py"),
        "network_interface_name": machine["network_interface_name"],
        "num_cpus": os.cpu_count(),
        "num_gpus": 0,
        "num_neurons": 0,
        "output_data_dir": str(layout.output / "data"),
        "output_dir": str(layout.output),
        "output_intermediate_dir": str(layout.output / "intermediate"),
        "resource_config": machine,
    }
    frameworks = {
        name: value for name, value in given.items() if _is_reserved(name) and name not in (*RESERVED, *TOOLKITS_OWN)
    }
    whole = told | {
        "additional_framework_parameters": frameworks,
        "distribution_hosts": [],
        "is_master": True,
        "is_modelparallel_enabled": None,
        "is_smddpmprun_installed": False,
        "is_smddprun_installed": False,
        "job_name": job_name,
        "master_hostname": machine["hosts"][0],
        "topology": [],
        "user_entry_point": entry_point,
    }
    shown = {name: value for name, value in told.items() if name not in ("channel_input_dirs", "hyperparameters")} | {
        "channels": sorted(folders),
        "framework_params": frameworks,
        "hps": mine,
        "training_env": whole,
        "user_args": arguments(mine),
        "user_entry_point": entry_point,
        **{f"channel_{name}": folder for name, folder in folders.items()},
        **{f"hp_{name}": value for name, value in mine.items()},
    }
    return {f"SM_{name.upper()}": _variable(value) for name, value in shown.items()}


def command(python: str, entry_point: str, words: Sequence[str]) -> list[str]:
    """A name that ends with .py is a script, any other a command of the code's folder."""
    if entry_point.endswith(".py"):
        return [python, entry_point, *words]
    return ["/bin/sh", "-c", 'command="$1"; shift; exec "./$command" "$@"', "sh", entry_point, *words]


def _decoded(value: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(value)
    except ValueError:
        return value


def _is_reserved(name: str) -> bool:
    return name.startswith(RESERVED_PREFIX) or name in RESERVED


def _argument(value: Any) -> str:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return ",".join(f"{name}={item}" for name, item in sorted(value.items()))
    return "" if value is None else str(value)


def _variable(value: Any) -> str:  # noqa: ANN401 - any JSON
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
