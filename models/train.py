"""Trains the two models that the project ships and packs them: `make models`.

Logistic regressions on scikit-learn's copy of the Wisconsin diagnostic breast cancer data (569 rows, 30 measurements
of cell nuclei; CC BY 4.0): https://archive.ics.uci.edu/dataset/17/breast+cancer+wisconsin+diagnostic
Both take the same 30 columns, so that one can shadow the other; the first looks at the ten means only.
"""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from stacks.terminal import printed

FOLDER = Path(__file__).resolve().parent
# The data set's columns 0-9 are means, 10-19 standard errors, 20-29 worst values.
MODELS = {"breast-cancer-means": range(10), "breast-cancer-all-columns": range(30)}
HELD_OUT_SHARE = 0.25
SEED = 20261123
SAMPLE_COUNT = 5


def split() -> tuple[Any, Any, Any, Any]:
    """Rows to train on, rows held out, and the classes of each; the same rows every time."""
    rows, classes = load_breast_cancer(return_X_y=True)
    return tuple(train_test_split(rows, classes, test_size=HELD_OUT_SHARE, random_state=SEED, stratify=classes))


def train(columns: range) -> dict[str, Any]:
    """The model as plain numbers, rounded so that the last digits of one machine's arithmetic do not show."""
    rows, _, classes, _ = split()
    fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(rows[:, columns], classes)
    scaler, regression = fitted[0], fitted[1]
    terms = zip(columns, regression.coef_[0], scaler.mean_, scaler.scale_, strict=True)
    return {
        "classes": list(map(str, load_breast_cancer().target_names)),
        "columns": int(rows.shape[1]),
        "intercept": round(float(regression.intercept_[0]), 4),
        "terms": [
            {
                "column": column,
                "coefficient": round(float(c), 4),
                "mean": round(float(m), 4),
                "scale": round(float(s), 4),
            }
            for column, c, m, s in terms
        ],
    }


def pack(model: dict[str, Any]) -> bytes:
    """model.tar.gz as AWS's scikit-learn container expects it: the same bytes for the same model, on any machine.

    https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html#deploy-a-scikit-learn-model
    """
    files = {
        "model.json": json.dumps(model, indent=1).encode() + b"\n",
        "code/inference.py": (FOLDER / "code" / "inference.py").read_bytes(),
    }
    packed = io.BytesIO()
    # Stored, not deflated: what deflate makes of the same bytes differs between zlib's implementations.
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=0, filename="", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def sample_rows() -> str:
    """The first rows held out, as text/csv: what `make invoke` sends."""
    _, rows, _, _ = split()
    return "".join(",".join(f"{value:g}" for value in row) + "\n" for row in rows[:SAMPLE_COUNT])


def main() -> None:
    (FOLDER / "sample-rows.csv").write_text(sample_rows())
    for name, columns in MODELS.items():
        path = FOLDER / f"{name}.tar.gz"
        path.write_bytes(pack(train(columns)))
        print(f"{path.relative_to(FOLDER.parent)} sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    with printed("models"):
        main()
