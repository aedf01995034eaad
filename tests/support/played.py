"""AWS clients whose answers a test gives: a function for each operation, held against botocore's own models.

Of a parameter that AWS's model does not have, and of an answer that it could not give, botocore's validation says so.
"""

from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.model import OperationModel
from botocore.validate import ParamValidator

ACCOUNT = "111111111111"
Answers = Mapping[str, Callable[..., dict[str, Any]]]


def refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    """What an answer raises to have AWS refuse."""
    found = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(found, "Operation")


def raised(error: Exception) -> Any:
    """As the answer of a function that is one expression."""
    raise error


class Played:
    """The clients, and what they were asked: botocore's operations, `sagemaker.DescribePipeline`, with parameters."""

    def __init__(self, **answers: Answers) -> None:
        self.answers = answers
        self._session = boto3.Session("key", "none", region_name="us-east-1")
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def client(self, service: str, **_: object) -> Any:
        made = self._session.client(service)
        made.meta.events.register("before-parameter-build", self._remember(service))
        made.meta.events.register("before-call", self._answer(service))
        return made

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.asked]

    def _remember(self, service: str) -> Callable[..., None]:
        def remember(params: dict[str, Any], model: OperationModel, **_: object) -> None:
            self.asked.append((f"{service}.{model.name}", dict(params)))

        return remember

    def _answer(self, service: str) -> Callable[..., tuple[AWSResponse, dict[str, Any]]]:
        def answer(model: OperationModel, **_: object) -> tuple[AWSResponse, dict[str, Any]]:
            try:
                body = self.answers[service][model.name](**self.asked[-1][1])
            except ClientError as error:
                raise ClientError(error.response, model.name) from None
            if model.output_shape is not None:  # some answer nothing
                report = ParamValidator().validate(body, model.output_shape)
                assert not report.has_errors(), f"{model.name}: {report.generate_report()}"
            return AWSResponse("https://aws", 200, {}, None), body

        return answer
