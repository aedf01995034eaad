"""What Terraform hears of a kept provider: its schema cut down, and all else as it was said."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from local_aws.trials.provider_proxy import SCHEMA, Proxy, fields, used_types, without_others
from stacks.environments import ROOT


def field(number: int, content: bytes) -> bytes:
    """As protobuf writes it: https://protobuf.dev/programming-guides/encoding/"""
    length, more = len(content), b""
    while length > 0x7F:
        more, length = more + bytes([length & 0x7F | 0x80]), length >> 7
    return bytes([number << 3 | 2]) + more + bytes([length]) + content


def schema_of(number: int, name: str) -> bytes:
    return field(number, field(1, name.encode()) + field(2, b"\xff" * 300))


WHOLE = [
    field(1, b"the provider's own"),
    *(schema_of(2, name) for name in ("aws_s3_bucket", "aws_zzz")),
    *(schema_of(3, name) for name in ("aws_yyy", "aws_partition")),
    field(7, b"a function"),
]


class Provider(grpc.GenericRpcHandler):  # type: ignore[misc]
    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            if handler_call_details.method == SCHEMA:
                return b"".join(WHOLE)
            if request == b"refused":
                context.abort(grpc.StatusCode.UNAVAILABLE, "a reason")
            return request[::-1]

        return grpc.unary_unary_rpc_method_handler(answer)


@contextmanager
def served(handler: grpc.GenericRpcHandler, place: Path) -> Iterator[grpc.Channel]:
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers([handler])
    server.add_insecure_port(f"unix:{place}")
    server.start()
    try:
        with grpc.insecure_channel(f"unix:{place}") as channel:
            yield channel
    finally:
        server.stop(None).wait()


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[grpc.Channel]:
    with served(Provider(), tmp_path / "a") as provider, served(Proxy(provider), tmp_path / "b") as channel:
        yield channel


def test_requests_and_answers_go_through_as_they_are(proxy: grpc.Channel) -> None:
    assert proxy.unary_unary("/tfplugin5.Provider/ReadResource")(b"\x00\xff1") == b"1\xff\x00"


def test_a_refusal_goes_through_with_its_reason(proxy: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        proxy.unary_unary("/tfplugin5.Provider/PlanResourceChange")(b"refused")
    assert (raised.value.code(), raised.value.details()) == (grpc.StatusCode.UNAVAILABLE, "a reason")


def test_what_a_provider_prints_is_served_by_nobody(proxy: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        proxy.unary_unary("/plugin.GRPCStdio/StreamStdio")(b"")
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_the_schema_has_what_the_project_uses_and_what_is_no_types(proxy: grpc.Channel) -> None:
    assert proxy.unary_unary(SCHEMA)(b"") == b"".join([WHOLE[0], WHOLE[1], WHOLE[4], WHOLE[5]])


def test_a_schema_whose_types_are_all_used_stays_as_it_is() -> None:
    whole = b"".join(WHOLE)
    assert without_others(whole, {"aws_s3_bucket", "aws_zzz", "aws_yyy", "aws_partition"}) == whole
    assert [number for number, _, _ in fields(without_others(whole, set()))] == [1, 7]


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_every_type_of_an_environment_is_used(name: str) -> None:
    stack = json.loads((ROOT / f"tests/snapshots/{name}.json").read_text())
    found = {*stack["resource"], *stack["data"]}
    assert {item for item in found if item.startswith("aws_")} <= used_types()
