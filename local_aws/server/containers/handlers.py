"""Answers one request as AWS's scikit-learn container does, with the handlers of a model's artifact.

    python handlers.py <handlers> <model folder> <content type> <accept>    request on standard input

Prints the answer's content type, a newline, the answer. What a handler raises goes to standard error.
https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html#sagemaker-scikit-learn-model-server
"""

import runpy
import sys


def main() -> None:
    program, folder, content_type, accept = sys.argv[1:]
    handlers = runpy.run_path(program)
    try:
        model = handlers["model_fn"](folder)
        request = handlers["input_fn"](sys.stdin.buffer.read(), content_type)
        body, answered_as = handlers["output_fn"](handlers["predict_fn"](request, model), accept)
    except Exception as error:
        sys.exit(str(error))
    answer = body.encode() if isinstance(body, str) else body
    sys.stdout.buffer.write(answered_as.encode() + b"\n" + answer)


if __name__ == "__main__":
    main()
