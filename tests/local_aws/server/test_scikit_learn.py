"""An artifact that has only `model_fn` is answered for as AWS's scikit-learn image does; one that cannot be loaded says
what it must hold.
"""

import io
import json
import os
import pickle
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.linear_model import LinearRegression

from local_aws.server.containers import container, handlers
from local_aws.server.containers.container import Answer
from local_aws.server.containers.scikit_learn import RefusedError, default_input_fn, default_output_fn, load, pickled_by
from tests.support.archives import artifact

# Twice the first column and once the second.
MODEL = LinearRegression().fit([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0.0, 2.0, 1.0, 3.0])
ONLY_MODEL_FN = """
import joblib, os
def model_fn(model_dir): return joblib.load(os.path.join(model_dir, "model.joblib"))
"""
HERE = ".".join(sklearn.__version__.split(".")[:2])
OLD, SAME = "sagemaker-scikit-learn:1.2-1-cpu-py3", f"sagemaker-scikit-learn:{HERE}-1-cpu-py3"
VARIABLES = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}


def dumped(model: object = MODEL, compress: Any = 0) -> bytes:
    target = io.BytesIO()
    joblib.dump(model, target, compress=compress)
    return target.getvalue()


def npy(rows: Any) -> bytes:
    target = io.BytesIO()
    np.save(target, rows)
    return target.getvalue()


Ask = Callable[..., tuple[Answer, str]]


@pytest.fixture
def ask(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Ask:
    """What is answered, and what is logged; in this process. Underscores in the names of members are dots."""

    def asked(
        body: bytes = b"1,2\n3,4\n",
        content_type: str = "text/csv",
        accept: str = "",
        *,
        script: str = ONLY_MODEL_FN,
        image: str = SAME,
        variables: Mapping[str, str] = VARIABLES,
        **members: bytes,
    ) -> tuple[Answer, str]:
        for name, content in {"code/inference.py": script.encode(), **named(members)}.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(content)
        monkeypatch.setattr(sys, "path", [*sys.path])
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        for name in ("inference", "beside"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setattr(os, "environ", {**os.environ})
        handlers.give(variables)
        found, code = handlers.script(tmp_path, variables)
        client = handlers.container(load(found, code, tmp_path, image)).test_client()
        given = client.post("/invocations", data=body, headers={"Content-Type": content_type, "Accept": accept})
        answer = Answer(status=given.status_code, content_type=given.content_type or "", body=given.data)
        return answer, capsys.readouterr().err + caplog.text

    return asked


def named(members: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name.replace("__", "/").replace("_", "."): content for name, content in members.items()}


def refused(ask: Ask, **asked: Any) -> str:
    with pytest.raises(RefusedError) as raised:
        ask(**asked)
    [line] = str(raised.value).splitlines()
    return line


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"1,2\n3,4\n", "text/csv"),
        (b"[[1, 2], [3, 4]]", "application/json"),
        (npy([[1.0, 2.0], [3.0, 4.0]]), "application/x-npy"),
    ],
)
def test_rows_of_each_type_that_the_image_takes_are_predicted_by_a_script_with_model_fn_alone(
    ask: Ask, body: bytes, content_type: str
) -> None:
    answer, printed = ask(body, content_type, model_joblib=dumped())
    assert (answer.status, answer.content_type, printed) == (200, "application/json", "")
    assert json.loads(answer.body) == pytest.approx([4.0, 10.0])


def test_predictions_are_answered_in_each_type_that_the_image_answers_in() -> None:
    said = {accept: default_output_fn(np.array([4, 10]), accept) for accept in ("application/json", "text/csv")}
    assert {accept: answer.get_data() for accept, answer in said.items()} == {
        "application/json": b"[4, 10]",
        "text/csv": b"4\n10\n",
    }
    array = default_output_fn(np.array([4.5]), "application/x-npy")
    assert np.load(io.BytesIO(array.get_data())).tolist() == [4.5]
    assert array.mimetype == "application/x-npy"
    assert default_output_fn(np.array([[1, 2], [3, 4]]), "text/csv").get_data() == b"1,2\n3,4\n"
    assert default_output_fn([{"class": "a"}], "application/json").get_data() == b'[{"class": "a"}]'


def test_what_the_default_accept_is_the_models_variables_say(ask: Ask) -> None:
    variables = {**VARIABLES, "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}
    for accept in ("", "*/*"):
        answer, _ = ask(accept=accept, variables=variables, model_joblib=dumped())
        assert answer.content_type == "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    ("asked", "logged"),
    [
        ({"content_type": "text/csv; charset=utf-8"}, "Content type text/csv; charset=utf-8 is not supported by this"),
        ({"content_type": "image/png"}, "Content type image/png is not supported by this framework."),
        ({"accept": "image/png"}, "Content type image/png is not supported by this framework."),
        ({"body": b"1,2\n"}, "Expected 2D array, got 1D array instead"),
        ({"body": b"a,b\nc,d\n"}, "could not convert string to float"),
        ({"body": b"1,2,3\n4,5,6\n"}, "X has 3 features, but LinearRegression is expecting 2"),
    ],
)
def test_rejects_what_the_images_handlers_do_not_take_as_the_image_does(ask: Ask, asked: Any, logged: str) -> None:
    """With a 500, whoever is to blame, and the reason in the log alone."""
    answer, printed = ask(**asked, model_joblib=dumped())
    assert answer.status == 500
    assert b"Internal Server Error" in answer.body
    assert logged in printed
    assert logged not in answer.body.decode()


def test_the_process_of_the_handlers_answers_and_refuses_alike() -> None:
    def asked(members: Mapping[str, bytes]) -> Answer:
        return container.ask(
            artifact(members),
            image=OLD,
            environment={**VARIABLES, "NUL": "\0"},
            content_type="application/x-npy",
            accept="application/x-npy",
            body=npy([[1.0, 2.0]]),
            memory_mb=1024,
            log=printed.append,
        )

    printed: list[str] = []
    script = {"code/inference.py": ONLY_MODEL_FN.encode()}
    answer = asked({**script, "model.joblib": dumped()})
    assert np.load(io.BytesIO(answer.body)).tolist() == pytest.approx([4.0])
    assert "was pickled by scikit-learn" in printed[0]
    with pytest.raises(RefusedError, match="No such file or directory: '/opt/ml/model/model"):
        asked(script)
    assert "FileNotFoundError" in printed[1]


def test_an_array_of_pickles_is_not_unpickled() -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        default_input_fn(npy(np.array([{}], dtype=object)), "application/x-npy")


@pytest.mark.parametrize(
    ("script", "answered"),
    [
        ("def model_fn(d): return 2\ndef predict_fn(rows, model): return rows * model", b"[[2.0, 4.0], [6.0, 8.0]]"),
        (
            "def model_fn(d): return 2\ndef transform_fn(model, body, kind, accept): return f'{model} {kind}'",
            b"2 text/csv",
        ),
        ("import beside\ndef model_fn(d): return beside\ndef predict_fn(rows, model): return model.WORD", b'"found"'),
        (
            "import os\ndef model_fn(d): return os.environ\n"
            "def predict_fn(rows, model): return [model['WORD'], model['HOME'] == '/nowhere']",
            b'["given", false]',
        ),
        (
            "import pickle\nclass Own: pass\ndef model_fn(d): return pickle.load(open(d + '/own.pickle', 'rb'))\n"
            "def predict_fn(rows, model): return type(model).__module__",
            b'"inference"',
        ),
    ],
)
def test_a_script_may_have_any_of_the_handlers_and_what_they_need_beside_it(
    ask: Ask, script: str, answered: bytes
) -> None:
    answer, _ = ask(
        script=script,
        variables={**VARIABLES, "WORD": "given", "HOME": "/nowhere"},
        code__beside_py=b"WORD = 'found'",
        own_pickle=b"cinference\nOwn\n)\x81.",
    )
    assert answer.body == answered


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"script": "def predict_fn(): ..."}, "code/inference.py has no function model_fn(model_dir)"),
        ({}, "No such file or directory: '/opt/ml/model/model.joblib'; the artifact holds code/inference.py"),
        (
            {"script": "import nothing_like_it"},
            "importing code/inference.py: ModuleNotFoundError: No module named",
        ),
        ({"script": "def model_fn("}, "importing code/inference.py: SyntaxError"),
        ({"model_joblib": b"not a pickle"}, "the model cannot be loaded: model_fn of code/inference.py: "),
        ({"script": "def model_fn(d): raise ValueError('x' * 100_000)"}, "ValueError: xxxx"),
        (
            {"script": "def model_fn(d): ...\ndef transform_fn(): ...\ndef input_fn(): ..."},
            "code/inference.py has transform_fn and input_fn: must have the one or the others",
        ),
        (
            {"variables": {"SAGEMAKER_PROGRAM": "serve.py"}},
            "needs the handlers code/serve.py in the artifact, with a function model_fn, beside the model's files; the "
            "artifact holds code/inference.py",
        ),
        (
            {"variables": {**VARIABLES, "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/src"}},
            "needs the handlers src/inference.py in the artifact",
        ),
        (
            {"variables": {**VARIABLES, "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/code"}},
            "SAGEMAKER_SUBMIT_DIRECTORY '/opt/ml/code' leads outside of the artifact",
        ),
    ],
)
def test_rejects_an_artifact_that_cannot_be_loaded_and_says_what_it_must_hold(ask: Ask, asked: Any, said: str) -> None:
    assert said in refused(ask, **asked)


def test_a_program_may_be_named_as_a_module(ask: Ask) -> None:
    assert ask(variables={"SAGEMAKER_PROGRAM": "inference"}, model_joblib=dumped())[0].status == 200


PICKLES = {
    **{f"protocol {protocol}": pickle.dumps(MODEL, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)},
    **{f"joblib, {kind}": dumped(compress=(kind, 3)) for kind in ("zlib", "gzip", "bz2", "xz", "lzma")},
    "joblib": dumped(),
    "far behind": pickle.dumps([b"\0" * 3_000_000, MODEL]),
}


@pytest.mark.parametrize("name", PICKLES)
def test_the_version_that_pickled_a_model_is_found_however_it_was_written(name: str, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(PICKLES[name])
    assert pickled_by(tmp_path / "model") == sklearn.__version__


@pytest.mark.parametrize("content", [b"", b"x", b"\x1f\x8b", b"BZh", pickle.dumps([1]), PICKLES["joblib, zlib"][:-9]])
def test_what_says_no_version_has_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(content)
    assert pickled_by(tmp_path / "model") in (None, sklearn.__version__)


def test_a_model_that_another_version_pickled_than_the_images_answers_and_the_log_says_so(ask: Ask) -> None:
    answer, printed = ask(image=OLD, model_joblib=dumped())
    assert answer.status == 200
    assert printed.startswith(
        f"model.joblib was pickled by scikit-learn {sklearn.__version__}, and {OLD} has 1.2: AWS may not load it, or "
        "predict otherwise: train with 1.2"
    )


@pytest.mark.parametrize("image", [SAME, "linear-learner:1", "sagemaker-scikit-learn:latest", ""])
def test_of_the_images_own_version_or_an_unknown_one_nothing_is_said(ask: Ask, image: str) -> None:
    assert ask(image=image, model_joblib=dumped())[1] == ""


@pytest.mark.parametrize(
    ("pickled", "image", "said"),
    [
        (
            sklearn.__version__,
            OLD,
            "model.joblib was pickled by scikit-learn {}, and " + OLD + " has 1.2: AWS may not load",
        ),
        ("1.2.1", OLD, "model.joblib was pickled by scikit-learn 1.2.1, and the local AWS has {}: AWS may load it"),
        (sklearn.__version__, SAME, ""),
    ],
)
def test_where_a_model_cannot_be_loaded_the_refusal_says_which_versions_differ(
    ask: Ask, pickled: str, image: str, said: str
) -> None:
    model = dumped().replace(sklearn.__version__.encode(), pickled.encode())
    line = refused(ask, script="def model_fn(d): raise ValueError('incompatible')", image=image, model_joblib=model)
    assert "ValueError: incompatible; " in line
    assert said.format(sklearn.__version__) in line
    assert bool(said) == ("was pickled by" in line)
