"""What AWS's scikit-learn image does with the script of an artifact: loads its model, and answers by its handlers, or
by handlers of the image's own where it has only `model_fn`.

As in the image, what a handler raises is a 500 without a word of it: what the image's own raise too, be it for a
content type that they do not take or for a single row of CSV, which they make one-dimensional.
https://github.com/aws/sagemaker-scikit-learn-container/blob/v1.2-1-1/src/sagemaker_sklearn_container/serving.py
https://github.com/aws/sagemaker-containers/blob/v2.8.6.post2/src/sagemaker_containers/_transformer.py
https://github.com/aws/sagemaker-containers/blob/v2.8.6.post2/src/sagemaker_containers/_encoders.py
https://github.com/aws/sagemaker-containers/issues/273
"""

import bz2
import csv
import gzip
import importlib.util
import io
import json
import lzma
import re
import sys
import traceback
import zlib
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flask import Response

CSV, JSON, NPY = "text/csv", "application/json", "application/x-npy"
REPOSITORY = "sagemaker-scikit-learn"
# Where the container has what is here in a folder that changes with each request.
MODEL_FOLDER = "/opt/ml/model"
OWN = ("input_fn", "predict_fn", "output_fn")
SHOWN_COUNT = 5
MESSAGE_LENGTH = 1000
# Every estimator notes who pickled it: https://scikit-learn.org/stable/model_persistence.html
PICKLED_BY = re.compile(rb"_sklearn_version.{2,12}?(\d+(?:\.\d+)+)[^\d.]", re.DOTALL)
CHUNK_BYTES = 1024**2
OPENERS: Mapping[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
    b"]\0\0": lzma.open,
}

Transform = Callable[[bytes | str, str, str], Any]


class RefusedError(Exception):
    """One line that says what is wrong with the artifact."""


class UnsupportedFormatError(Exception):
    """In the image's words."""

    def __init__(self, content_type: str) -> None:
        super().__init__(f"Content type {content_type} is not supported by this framework.")


def load(script: Path, code: Path, folder: Path, image: str) -> Transform:
    """Loads the model; what then takes body, content type and accept, and returns what Flask makes an answer of.

    Raises RefusedError where the container would not start.
    """
    pickled = _pickled(folder) if image.startswith(f"{REPOSITORY}:") else {}
    differences = list(_unlike_the_image(pickled, image))
    for line in differences:
        print(line, file=sys.stderr)
    shown = script.relative_to(folder)
    doing = f"importing {shown}"
    try:
        module = _imported(script, code)
        if not hasattr(module, "model_fn"):
            said = f"{shown} has no function model_fn(model_dir), which loads the model from {MODEL_FOLDER}"
            raise RefusedError(f"{said}; the artifact holds {contents(folder)}")
        transform, own = getattr(module, "transform_fn", None), [name for name in OWN if hasattr(module, name)]
        if transform is not None and own:
            raise RefusedError(f"{shown} has transform_fn and {', '.join(own)}: must have the one or the others")
        doing = f"model_fn of {shown}"
        model = module.model_fn(str(folder))
    except RefusedError:
        raise
    except Exception as error:
        traceback.print_exc()
        what = f"{type(error).__name__}: {error}".replace(str(folder), MODEL_FOLDER)
        told = [f"{doing}: {' '.join(what.split())[:MESSAGE_LENGTH]}", *[*differences, *_unlike_here(pickled)][:1]]
        raise RefusedError(
            f"the model cannot be loaded: {'; '.join(told)}; the artifact holds {contents(folder)}"
        ) from error
    if transform is not None:
        return lambda body, content_type, accept: transform(model, body, content_type, accept)
    input_fn = getattr(module, "input_fn", default_input_fn)
    predict_fn = getattr(module, "predict_fn", default_predict_fn)
    output_fn = getattr(module, "output_fn", default_output_fn)
    return lambda body, content_type, accept: output_fn(predict_fn(input_fn(body, content_type), model), accept)


def _imported(script: Path, code: Path) -> Any:  # noqa: ANN401
    """As a module of its own name, which pickles may refer to, beside the others of its folder."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(code))
    spec = importlib.util.spec_from_file_location(script.stem, script)
    if spec is None or spec.loader is None:
        raise RefusedError(f"{script.name} is no Python module: its name must end with .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[script.stem] = module
    spec.loader.exec_module(module)
    return module


def contents(folder: Path) -> str:
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    shown = [name if name.isprintable() else repr(name) for name in names[:SHOWN_COUNT]]
    more = [f"{len(names) - SHOWN_COUNT} more files"] if len(names) > SHOWN_COUNT else []
    return ", ".join([*shown, *more]) or "no file"


def default_input_fn(body: Any, content_type: str) -> Any:  # noqa: ANN401 - as a handler gets and gives it
    import numpy as np  # noqa: PLC0415 - only the handlers that need it wait for it

    if content_type == CSV:
        rows = list(csv.reader(io.StringIO(body), strict=True))
        return np.array(rows).squeeze().astype(np.float64).astype(np.float32)
    if content_type == JSON:
        return np.array(json.loads(body)).astype(np.float32)
    if content_type == NPY:
        return np.load(io.BytesIO(body), allow_pickle=False)
    raise UnsupportedFormatError(content_type)


def default_predict_fn(rows: Any, model: Any) -> Any:  # noqa: ANN401
    return model.predict(rows)


def default_output_fn(prediction: Any, accept: str) -> Response:  # noqa: ANN401
    import numpy as np  # noqa: PLC0415

    if accept == JSON:
        encoded: str | bytes = json.dumps(prediction, default=lambda value: value.tolist())
    elif accept == CSV:
        rows = np.array(prediction)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows.reshape(-1, 1) if rows.ndim == 1 else rows)
        encoded = text.getvalue()
    elif accept == NPY:
        array = io.BytesIO()
        np.save(array, prediction)
        encoded = array.getvalue()
    else:
        raise UnsupportedFormatError(accept)
    return Response(encoded, mimetype=accept)


def _pickled(folder: Path) -> Mapping[str, str]:
    """Who pickled it, by file."""
    found = {str(path.relative_to(folder)): pickled_by(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: pickled for name, pickled in found.items() if pickled is not None}


def _unlike_the_image(pickled: Mapping[str, str], image: str) -> Iterator[str]:
    """A line for each file that another scikit-learn pickled than the image has, by its tag."""
    has = _release(image.partition(":")[2])
    for name, by in pickled.items():
        if has not in ("", _release(by)):
            yield (
                f"{name} was pickled by scikit-learn {by}, and {image} has {has}: AWS may not load it, or predict "
                f"otherwise: train with {has}"
            )


def _unlike_here(pickled: Mapping[str, str]) -> Iterator[str]:
    here = version("scikit-learn")
    for name, by in pickled.items():
        if _release(by) != _release(here):
            yield f"{name} was pickled by scikit-learn {by}, and the local AWS has {here}: AWS may load it all the same"


def _release(version_or_tag: str) -> str:
    """Major and minor: the tag of an image says no more."""
    found = re.match(r"\d+\.\d+", version_or_tag)
    return "" if found is None else found[0]


def pickled_by(path: Path) -> str | None:
    """The version of scikit-learn that a pickle says, compressed by joblib or not. Nothing in it is run."""
    try:
        before = b""
        for chunk in _chunks(path):
            found = PICKLED_BY.search(before + chunk)
            if found is not None:
                return found[1].decode()
            before = (before + chunk)[-64:]
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):  # whoever loads it is told
        pass
    return None


def _chunks(path: Path) -> Iterator[bytes]:
    """What joblib wrote, whatever compressed: https://joblib.readthedocs.io/en/stable/generated/joblib.dump.html"""
    with path.open("rb") as file:
        magic = file.read(6)
        file.seek(0)
        if magic[:1] == b"x":
            zipped = zlib.decompressobj()
            while packed := zipped.unconsumed_tail or file.read(CHUNK_BYTES):
                yield zipped.decompress(packed, CHUNK_BYTES)
            return
    opener = next((opener for begins, opener in OPENERS.items() if magic.startswith(begins)), open)
    with opener(path, "rb") as unpacked:
        while chunk := unpacked.read(CHUNK_BYTES):
            yield chunk
