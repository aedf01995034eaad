"""Trains the two models that the first deploy brings and packs them: `make artifacts`.

breast_cancer/train.py makes both, run here as a training job runs it. They take the same 30 columns, so that one can
shadow the other; the first looks at the ten means only.
"""

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from stacks.terminal import printed

FOLDER = Path(__file__).resolve().parent
SOURCE = FOLDER / "breast_cancer"
# By the name of the artifact, the hyperparameters that it is trained with.
ARTIFACTS = {
    "breast-cancer-means": {"columns": "means"},
    "breast-cancer-all-columns": {"columns": "all"},
}
SAMPLE_COUNT = 5


def trained(hyperparameters: dict[str, str], folder: Path) -> str:
    """What the script says while it writes a model of its data into the folder. Ends where it fails, as it does.

    https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md
    """
    variables = {
        "SM_CHANNEL_TRAIN": f"{SOURCE}/data/train",
        "SM_CHANNEL_VALIDATION": f"{SOURCE}/data/validation",
        "SM_MODEL_DIR": f"{folder}",
    }
    command = [sys.executable, f"{SOURCE}/train.py"]
    command += [text for name, value in hyperparameters.items() for text in (f"--{name}", value)]
    finished = subprocess.run(command, env=os.environ | variables, stdout=subprocess.PIPE, text=True, check=False)
    if finished.returncode:  # the reason is on standard error
        raise SystemExit(1)
    return finished.stdout


def pack(folder: Path) -> bytes:
    """model.tar.gz as SageMaker packs it of a training: the same bytes for the same files, on any machine.

    https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html#deploy-a-scikit-learn-model
    """
    packed = io.BytesIO()
    files = sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: (len(path.parts), path))
    # Stored, not deflated: what deflate makes of the same bytes differs between zlib's implementations.
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=0, filename="", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for path in files:
            content = path.read_bytes()
            member = tarfile.TarInfo(path.relative_to(folder).as_posix())
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def sample_rows() -> str:
    """The first rows held out, as text/csv without their labels: what `make invoke` sends."""
    lines = (SOURCE / "data/validation/validation.csv").read_text().splitlines()[:SAMPLE_COUNT]
    return "".join(",".join(f"{float(cell):g}" for cell in line.split(",")[1:]) + "\n" for line in lines)


def artifact(hyperparameters: dict[str, str]) -> bytes:
    """The packed model of a training with these; prints what the script says."""
    with tempfile.TemporaryDirectory() as folder:
        print(trained(hyperparameters, Path(folder)), end="")
        return pack(Path(folder))


def main() -> None:
    (FOLDER / "sample-rows.csv").write_text(sample_rows())
    for name, hyperparameters in ARTIFACTS.items():
        path = FOLDER / f"{name}.tar.gz"
        path.write_bytes(artifact(hyperparameters))
        print(f"{path.relative_to(FOLDER.parent)} sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    with printed("artifacts"):
        main()
