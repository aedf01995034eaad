"""The script that a model's container runs, and where its variables say that it is."""

import posixpath
from collections.abc import Iterator, Mapping

from settings.problems import Problem

# The script that the container runs, and its folder. AWS's scikit-learn image has no default for either, and all that
# SageMaker puts into a container is the artifact, unpacked into MODEL_FOLDER.
# https://github.com/aws/sagemaker-containers/blob/v2.8.6.post2/src/sagemaker_containers/_env.py#L329-L330
PROGRAM, SUBMIT_DIRECTORY = "SAGEMAKER_PROGRAM", "SAGEMAKER_SUBMIT_DIRECTORY"
MODEL_FOLDER = "/opt/ml/model"
CODE_FOLDER = f"{MODEL_FOLDER}/code"
SCIKIT_LEARN = "sagemaker-scikit-learn"
SCRIPT_PAGE = (
    "https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html"
    "#sagemaker-scikit-learn-model-server"
)


def script_path(variables: Mapping[str, str]) -> str:
    """Of the script in the artifact, where the variables name one soundly."""
    program = variables[PROGRAM]
    folder = posixpath.relpath(variables.get(SUBMIT_DIRECTORY, CODE_FOLDER), MODEL_FOLDER)
    return posixpath.normpath(posixpath.join(folder, program if program.endswith(".py") else f"{program}.py"))


def script_problems(image_repository: str, variables: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with the variables; the paths begin at the model."""
    if image_repository == SCIKIT_LEARN:
        for variable, example in ((PROGRAM, "inference.py"), (SUBMIT_DIRECTORY, CODE_FOLDER)):
            if variable not in variables:
                allowed = f"missing: must be given, as {example}: the image has no default"
                yield Problem(path=f"environment.{variable}", allowed=allowed, page=SCRIPT_PAGE)
    program = variables.get(PROGRAM, "inference.py")
    path = posixpath.normpath(program)
    if path.startswith("/") or path.split("/")[0] in (".", ".."):
        allowed = "must be a file within code/ of the artifact"
        yield Problem(path=f"environment.{PROGRAM}", value=program, allowed=allowed)
    folder = variables.get(SUBMIT_DIRECTORY, CODE_FOLDER)
    if posixpath.relpath(posixpath.join("/", folder), MODEL_FOLDER).split("/")[0] == "..":
        allowed = f"must be {CODE_FOLDER}, or another folder of the artifact, which is unpacked into {MODEL_FOLDER}"
        yield Problem(path=f"environment.{SUBMIT_DIRECTORY}", value=folder, allowed=allowed, page=SCRIPT_PAGE)
