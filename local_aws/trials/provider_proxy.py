"""Stands before a kept AWS provider, and tells Terraform of its schema only what this project uses: 45 resources of
some 1,500. Otherwise each run of Terraform reads all of it, which is most of the processor's time of a plan.

`python -m local_aws.trials.provider_proxy <provider's socket> <own socket>` prints a line once it listens. Requests and
answers go through as the bytes that they are:
https://github.com/hashicorp/terraform/blob/v1.11.4/docs/plugin-protocol/tfplugin5.8.proto
"""

import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import grpc

from stacks.environments import ROOT

SCHEMA = "/tfplugin5.Provider/GetSchema"
# Of its answer, by number: maps from a type's name.
RESOURCE_SCHEMAS, DATA_SOURCE_SCHEMAS = 2, 3
# Terraform asks for these too, and goes on where nobody serves them: they are for what a provider prints.
PLUGIN = "/plugin."
MAX_RUNNING = 64
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
BYTES_IN_LENGTH = 2  # https://protobuf.dev/programming-guides/encoding/#structure


def used_types() -> set[str]:
    """What constructs/ has of the bindings, whose modules are called like Terraform's types."""
    found = (
        name
        for path in (ROOT / "constructs").rglob("*.py")
        for name in re.findall(r"cdktf_cdktf_provider_aws\.(\w+)", path.read_text())
    )
    return {f"aws_{name.removeprefix('data_aws_')}" for name in found}


def fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Of a message that has no others than such with a length: number, content, and the whole of each as it stands."""
    at = 0
    while at < len(message):
        start = at
        tag, at = _number(message, at)
        assert tag & 7 == BYTES_IN_LENGTH, tag
        length, at = _number(message, at)
        yield tag >> 3, message[at : at + length], message[start : at + length]
        at += length


def _number(message: bytes, at: int) -> tuple[int, int]:
    """https://protobuf.dev/programming-guides/encoding/#varints"""
    value = shift = 0
    while True:
        value |= (message[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if message[at - 1] < 0x80:
            return value, at


def without_others(schema: bytes, types: set[str]) -> bytes:
    def used(number: int, content: bytes) -> bool:
        if number not in (RESOURCE_SCHEMAS, DATA_SOURCE_SCHEMAS):
            return True
        [(_, name, _), *_] = fields(content)
        return name.decode() in types

    return b"".join(whole for number, content, whole in fields(schema) if used(number, content))


class Proxy(grpc.GenericRpcHandler):  # type: ignore[misc]
    def __init__(self, provider: grpc.Channel) -> None:
        self._provider = provider

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method = handler_call_details.method
        if method.startswith(PLUGIN):
            return None
        ask = self._provider.unary_unary(method)

        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            if method == SCHEMA:
                return self._schema
            try:
                answered: bytes = ask(request)
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())
            return answered

        return grpc.unary_unary_rpc_method_handler(answer)

    @cached_property
    def _schema(self) -> bytes:
        return without_others(self._provider.unary_unary(SCHEMA)(b""), used_types())


def main(provider: str, own: str) -> None:
    server = grpc.server(ThreadPoolExecutor(MAX_RUNNING), options=UNLIMITED)
    server.add_generic_rpc_handlers([Proxy(grpc.insecure_channel(f"unix:{provider}", options=UNLIMITED))])
    server.add_insecure_port(f"unix:{own}")
    server.start()
    print("listens", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
