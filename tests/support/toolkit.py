"""The toolkit that AWS's framework images run training scripts by, in a folder of its own."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.project import CHECKOUT

# It is none of the project's dependencies: what it needs beside the project's own packages stands here, and is
# installed without the rest, of which it is 300 MB.
PACKAGES = (
    "sagemaker-training==5.1.4",
    "inotify_simple==1.2.1",
    "retrying==1.4.2",
    "paramiko==5.1.0",
    "bcrypt==5.0.0",
    "pynacl==1.6.2",
    "invoke==3.0.3",
)


def installed() -> Path:
    """Its folder, where the next run finds it. Raises subprocess.CalledProcessError."""
    cache = CHECKOUT / ".local/toolkit"
    name = f"{PACKAGES[0].replace('==', '-')}-python{sys.version_info.major}.{sys.version_info.minor}"
    folder = cache / name
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, ignore_cleanup_errors=True) as beside:
            target = Path(beside, name)
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "--no-deps", "--target", target, *PACKAGES], check=True)
            if not folder.is_dir():  # another run was quicker
                os.replace(target, folder)  # noqa: PTH105 - whole, or not at all
    return folder


def train(folder: Path, base: Path, *, framework: str, job_name: str, region: str, home: Path) -> None:
    """What a container does at its start, with `base` for /opt/ml. Raises subprocess.CalledProcessError."""
    module, function = framework.split(":")
    # As AWS's scikit-learn image has it, and no more of that image:
    # https://github.com/aws/sagemaker-scikit-learn-container/blob/master/src/sagemaker_sklearn_container/training.py
    within = home / "image" / Path(*module.split("."))
    within.parent.mkdir(parents=True)
    within.with_suffix(".py").write_text(
        "from sagemaker_training import entry_point, environment, runner\n"
        f"def {function}():\n"
        "    asked = environment.Environment()\n"
        "    entry_point.run(uri=asked.module_dir, user_entry_point=asked.user_entry_point,\n"
        "                    args=asked.to_cmd_args(), env_vars=asked.to_env_vars(),\n"
        "                    runner_type=runner.ProcessRunnerType)\n"
    )
    subprocess.run(
        [sys.executable, "-c", "from sagemaker_training.cli.train import main; main()"],
        env={
            "PATH": os.defpath,
            "HOME": str(home),
            "PYTHONPATH": f"{folder}{os.pathsep}{home / 'image'}",
            "SAGEMAKER_BASE_DIR": str(base),
            # Without it the toolkit looks for its host's name for a quarter of an hour.
            "SM_STUDIO_LOCAL_MODE": "True",
            "SAGEMAKER_TRAINING_MODULE": framework,
            "TRAINING_JOB_NAME": job_name,
            "AWS_REGION": region,
        },
        check=True,
        timeout=120,
        capture_output=True,
    )
