"""The proxy on real sockets: what passes, what waits, what breaks, and what is counted."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest

from realstack.endpoints import join
from realstack.faults.answers import ProduceResponses
from realstack.faults.proxy import Plan, Proxy, Route
from realstack.faults.weather import Change

HOST = "127.0.0.1"
PATIENCE_S = 0.15


class World:
    """A server that answers every line with itself, and a proxy before it."""

    def __init__(self, proxy: Proxy, port: int, control: int) -> None:
        self.proxy = proxy
        self.control = control
        self._port = port
        self._clients: list[Client] = []

    async def client(self, port: int | None = None) -> Client:
        self._clients.append(Client(*await asyncio.open_connection(HOST, port or self._port)))
        return self._clients[-1]

    def change(self, kind: str, *, on: bool = True, **more: Any) -> int:
        return self.proxy.change(Change("redis", kind, on, **more))

    async def close(self) -> None:
        for client in self._clients:
            client.writer.close()
        while self.proxy.open_connections("redis") or ECHOES:
            await asyncio.sleep(0.005)


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, text: bytes) -> bytes:
        """The echo, or as much of it as came before the connection broke."""
        self.writer.write(text + b"\n")
        try:
            return (await self.reader.readuntil(b"\n"))[:-1]
        except asyncio.IncompleteReadError as error:
            return error.partial
        except ConnectionError:
            return b""

    async def ask_for_a_while(self, text: bytes) -> bytes | None:
        try:
            return await asyncio.wait_for(self.ask(text), PATIENCE_S)
        except TimeoutError:
            return None


ECHOES: set[asyncio.StreamWriter] = set()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    ECHOES.add(writer)
    with suppress(ConnectionError):
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
    writer.close()
    ECHOES.discard(writer)


def in_a_world(scene: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            server = await asyncio.start_server(echo, HOST, 0)
            stack.callback(server.close)
            proxy = Proxy(Plan({"redis": Route(0, join(HOST, server.sockets[0].getsockname()[1]))}))
            ready = await proxy.serve(stack)
            world = World(proxy, ready.ports["redis"], ready.control)
            await scene(world)
            await world.close()

    asyncio.run(asyncio.wait_for(main(), 30))


def test_in_fair_weather_everything_passes() -> None:
    async def scene(world: World) -> None:
        client = await world.client()
        long = b"x" * 60_000
        assert [await client.ask(text) for text in (b"a", b"b", long)] == [b"a", b"b", long]

    in_a_world(scene)


def test_a_partition_stops_both_ways_closes_nothing_and_keeps_what_was_sent() -> None:
    async def scene(world: World) -> None:
        client = await world.client()
        assert await client.ask(b"before") == b"before"
        world.change("partition")
        assert await client.ask_for_a_while(b"during") is None
        newcomer = await world.client()
        assert await newcomer.ask_for_a_while(b"me too") is None
        assert world.change("partition", on=False) == 2
        assert await client.reader.readline() == b"during\n"
        assert await newcomer.reader.readline() == b"me too\n"

    in_a_world(scene)


def test_slow_answers_arrive_late_in_order_and_are_counted() -> None:
    async def scene(world: World) -> None:
        client = await world.client()
        world.change("slow", by_s=PATIENCE_S)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        assert await client.ask(b"1") == b"1"
        assert loop.time() - began_s >= PATIENCE_S
        client.writer.write(b"2\n3\n4\n")
        assert [await client.reader.readline() for _ in range(3)] == [b"2\n", b"3\n", b"4\n"]
        assert world.change("slow", on=False) >= 2
        assert await client.ask_for_a_while(b"5") == b"5"

    in_a_world(scene)


def test_a_cut_breaks_every_connection_after_exactly_so_many_bytes() -> None:
    async def scene(world: World) -> None:
        clients = [await world.client() for _ in range(3)]
        for client in clients:
            assert await client.ask(b"hello") == b"hello"
        world.change("cut", after_bytes=4)
        assert [await client.ask(b"0123456789") for client in clients] == [b"0123"] * 3
        assert await (await world.client()).ask(b"new") == b"new", "3 bytes and a line end are just within"
        assert world.change("cut", on=False) == 4
        assert await (await world.client()).ask(b"fair weather") == b"fair weather"

    in_a_world(scene)


def test_a_cut_at_once_needs_no_traffic() -> None:
    async def scene(world: World) -> None:
        client = await world.client()
        assert await client.ask(b"hello") == b"hello"
        world.change("cut")
        assert await client.ask(b"anybody?") == b""
        assert world.change("cut", on=False) == 1

    in_a_world(scene)


@pytest.mark.parametrize("nth", [1, 3])
def test_exactly_the_nth_answer_is_lost_after_its_request_was_served(nth: int) -> None:
    async def scene(world: World) -> None:
        client = await world.client()
        assert await client.ask(b"before it is armed") == b"before it is armed"
        world.change("lose-response", nth=nth)
        for number in range(1, nth):
            assert await client.ask(b"%d" % number) == b"%d" % number
        assert await client.ask(b"lost") == b""
        again = await world.client()
        assert [await again.ask(b"%d" % number) for number in range(5)] == [b"%d" % number for number in range(5)]
        assert world.change("lose-response", on=False) == 1

    in_a_world(scene)


def test_a_client_of_a_server_that_is_gone_is_turned_away() -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            gone = await asyncio.start_server(echo, HOST, 0)
            port = gone.sockets[0].getsockname()[1]
            gone.close()
            proxy = Proxy(Plan({"redis": Route(0, join(HOST, port))}))
            ready = await proxy.serve(stack)
            world = World(proxy, ready.ports["redis"], ready.control)
            assert await (await world.client()).ask(b"hello") == b""
            await world.close()

    asyncio.run(asyncio.wait_for(main(), 30))


def test_a_client_that_goes_takes_its_server_connection_with_it() -> None:
    async def scene(world: World) -> None:
        client = await world.client()
        assert await client.ask(b"hello") == b"hello"
        client.writer.close()
        while world.proxy.open_connections("redis"):
            await asyncio.sleep(0.005)

    in_a_world(scene)


def test_the_control_takes_a_change_a_line_and_answers_with_what_it_hit() -> None:
    async def scene(world: World) -> None:
        control = await world.client(world.control)
        client = await world.client()
        assert await client.ask(b"hello") == b"hello"
        assert await control.ask(b'{"server": "redis", "kind": "cut"}') == b"0"
        assert await client.ask(b"anybody?") == b""
        assert await control.ask(b'{"server": "redis", "kind": "cut", "on": false}') == b"1"

    in_a_world(scene)


def request(api_key: int, correlation_id: int, topic: bytes = b"") -> bytes:
    body = struct.pack(">hhi", api_key, 8, correlation_id) + b"client" + topic + b"r" * 300
    return struct.pack(">i", len(body)) + body


def response(correlation_id: int, size_bytes: int) -> bytes:
    return struct.pack(">ii", 4 + size_bytes, correlation_id) + b"r" * size_bytes


@pytest.mark.parametrize("chunk_bytes", [1, 7, 10_000])
def test_of_kafkas_responses_only_those_to_a_produce_of_messages_count(chunk_bytes: int) -> None:
    answers = ProduceResponses()
    messages, receipts = b"chat-messages", b"chat-receipts"
    asked = request(18, 1) + request(0, 2, messages) + request(1, 3) + request(0, 4, receipts) + request(0, 5, messages)
    answered = response(1, 300) + response(2, 20) + response(3, 5_000) + response(4, 20) + response(5, 0)
    for at in range(0, len(asked), chunk_bytes):
        answers.asked(asked[at : at + chunk_bytes])
    pieces = [p for at in range(0, len(answered), chunk_bytes) for p in answers.split(answered[at : at + chunk_bytes])]
    assert b"".join(piece.data for piece in pieces) == answered
    assert [piece.counts for piece in pieces] == [False, True, False, False, True]
