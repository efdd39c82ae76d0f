"""Our end of a WebSocket against another library's: on asyncio's event loop and on the one that the processes use."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvloop
from websockets.asyncio import client as peer_client
from websockets.asyncio import server as peer_server
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from realstack.chat.websocket import SocketClosedError, WebSocket, connect
from realstack.chat.websocket_server import WebSocketServer, serving

MOST_BYTES = 1_000
NOT_MASKED = b"\x82\x00"
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: %b\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
Scene = Callable[[], Awaitable[None]]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def act(request: pytest.FixtureRequest) -> Callable[[Scene], None]:
    """Run a scene on a loop of its own."""

    def run(scene: Scene) -> None:
        request.param(asyncio.wait_for(scene(), 20))

    return run


@asynccontextmanager
async def host() -> AsyncIterator[tuple[WebSocketServer, asyncio.Queue[WebSocket]]]:
    """A server that leaves its sockets to the test."""
    came: asyncio.Queue[WebSocket] = asyncio.Queue()

    async def serve(socket: WebSocket) -> None:
        came.put_nowait(socket)
        await socket._ended.wait()

    async with serving(serve, MOST_BYTES) as server:
        yield server, came


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[WebSocket, ClientConnection]]:
    """Our server's socket, and the other library's client."""
    async with host() as (server, came), guest(server) as client:
        yield await came.get(), client


def guest(server: WebSocketServer) -> peer_client.connect:
    url = f"ws://127.0.0.1:{server.port}"
    return peer_client.connect(url, compression=None, ping_interval=None, close_timeout=0.5)


async def received(socket: WebSocket, count: int) -> list[bytes]:
    return [await socket.recv() for _ in range(count)]


def test_messages_come_in_order_whatever_their_kind_and_a_ping_is_answered(act: Callable[[Scene], None]) -> None:
    async def scene() -> None:
        async with pair() as (socket, client):
            for message in ("text", b"binary", b"", "é"):
                await client.send(message)
            assert await received(socket, 4) == [b"text", b"binary", b"", "é".encode()]
            await (await client.ping(b"there?"))
            assert socket.send(b"answer")
            assert await client.recv() == b"answer"

    act(scene)


def test_fragments_are_joined_and_control_frames_come_in_between(act: Callable[[Scene], None]) -> None:
    async def scene() -> None:
        async with pair() as (socket, client):

            async def parts() -> AsyncIterator[bytes]:
                yield b"one "
                await client.ping()
                yield b""
                yield b"message"

            await client.send(parts())
            await client.send(b"another")
            assert await received(socket, 2) == [b"one message", b"another"]

    act(scene)


@pytest.mark.parametrize("message", [b"x" * (MOST_BYTES + 1), [b"x" * (MOST_BYTES // 2 + 1)] * 2], ids=["one", "parts"])
def test_a_message_that_is_too_long_is_refused_whole_or_in_parts(
    act: Callable[[Scene], None], message: bytes | list[bytes]
) -> None:
    async def scene() -> None:
        async with pair() as (socket, client):
            await client.send(b"x" * MOST_BYTES)
            assert await socket.recv() == b"x" * MOST_BYTES
            with suppress(ConnectionClosed):
                await client.send(message)
            await client.wait_closed()
            assert client.close_code == 1009
            with pytest.raises(SocketClosedError):
                await socket.recv()

    act(scene)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"\xc2\x80\0\0\0\0", id="reserved bit"),
        pytest.param(b"\x83\x80\0\0\0\0", id="unknown opcode"),
        pytest.param(NOT_MASKED, id="not masked"),
        pytest.param(b"\x09\x80\0\0\0\0", id="ping in fragments"),
        pytest.param(b"\x80\x80\0\0\0\0", id="end without a beginning"),
        pytest.param(b"\x02\x80\0\0\0\0\x82\x80\0\0\0\0", id="message inside another"),
    ],
)
def test_who_breaks_the_protocol_is_closed(act: Callable[[Scene], None], wire: bytes) -> None:
    async def scene() -> None:
        async with pair() as (socket, client):
            client.transport.write(wire)
            await client.wait_closed()
            assert client.close_code == 1002
            with pytest.raises(SocketClosedError):
                await socket.recv()
            assert not socket.send(b"too late")

    act(scene)


def test_who_sends_faster_than_is_read_has_to_wait_and_nothing_is_lost(act: Callable[[Scene], None]) -> None:
    count = 20_000

    async def scene() -> None:
        async with pair() as (socket, client):

            async def say_all() -> None:
                for number in range(count):
                    await client.send(number.to_bytes(4, "big") * 200)

            saying = asyncio.create_task(say_all())
            while not socket._paused:
                await asyncio.sleep(0.001)
            waiting = len(socket._waiting)
            await asyncio.sleep(0.2)
            assert len(socket._waiting) == waiting
            assert not saying.done()
            most_waiting = 0
            for number in range(count):
                most_waiting = max(most_waiting, len(socket._waiting))
                assert (await socket.recv())[:4] == number.to_bytes(4, "big")
            assert most_waiting < count / 20
            await saying

    act(scene)


def test_what_was_said_before_a_goodbye_is_still_read(act: Callable[[Scene], None]) -> None:
    async def scene() -> None:
        async with pair() as (socket, client):
            for _ in range(100):
                await client.send(b"x")
            reading = asyncio.create_task(received(socket, 100))
            await client.close(4_000, "enough")
            assert client.close_code == 1000
            assert await reading == [b"x"] * 100
            with pytest.raises(SocketClosedError):
                await socket.recv()

    act(scene)


def test_a_goodbye_carries_code_and_reason_and_is_understood_behind_all_that_the_peer_has_said(
    act: Callable[[Scene], None],
) -> None:
    async def scene() -> None:
        async with pair() as (socket, client):
            for _ in range(200):
                await client.send(b"x" * MOST_BYTES)
            while not socket._paused:
                await asyncio.sleep(0.001)
            await socket.close(1008, "é" * 100)
            await client.wait_closed()
            assert (client.close_code, client.close_reason) == (1008, "é" * 61)
            assert not socket.send(b"too late")
            await socket.close()

    act(scene)


def test_who_does_not_answer_a_goodbye_is_cut_off(
    act: Callable[[Scene], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        async with pair() as (socket, client):
            client.transport.pause_reading()
            while socket.unsent_bytes == 0:
                socket.send(b"x" * 65_536)
            await socket.close()
            client.transport.abort()

    monkeypatch.setattr("realstack.chat.websocket.CLOSE_WITHIN_S", 0.05)
    act(scene)


def test_who_breaks_the_protocol_and_listens_to_nothing_is_cut_off(
    act: Callable[[Scene], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        async with pair() as (socket, client):
            client.transport.pause_reading()
            while socket.unsent_bytes == 0:
                socket.send(b"x" * 65_536)
            client.transport.write(NOT_MASKED)
            with pytest.raises(SocketClosedError):
                await socket.recv()
            client.transport.abort()

    for module in ("websocket", "websocket_server"):
        monkeypatch.setattr(f"realstack.chat.{module}.CLOSE_WITHIN_S", 0.05)
    act(scene)


@pytest.mark.parametrize("how", ["end", "abort"])
def test_after_an_end_without_a_goodbye_nothing_is_said(act: Callable[[Scene], None], how: str) -> None:
    async def scene() -> None:
        async with pair() as (socket, client):
            assert socket.send(b"last")
            getattr(socket, how)()
            assert not socket.send(b"too late")
            with suppress(ConnectionClosed):
                assert await client.recv() == b"last"
            await client.wait_closed()
            assert client.close_code == 1006
            with pytest.raises(SocketClosedError):
                await socket.recv()

    act(scene)


def test_a_socket_that_cannot_be_served_is_closed_and_the_next_is_served(
    act: Callable[[Scene], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def serve(socket: WebSocket) -> None:
        if await socket.recv() == b"fail":
            raise ZeroDivisionError

    async def scene() -> None:
        async with serving(serve, MOST_BYTES) as server:
            for said, code in (("fail", 1011), ("return", 1000)):
                async with guest(server) as client:
                    await client.send(said)
                    await client.wait_closed()
                    assert client.close_code == code
            await server.wait_closed()
            assert server.sockets == []

    with caplog.at_level(logging.ERROR):
        act(scene)
    assert "could not be served" in caplog.text


def test_the_end_of_a_server_sends_its_sockets_away(act: Callable[[Scene], None]) -> None:
    async def scene() -> None:
        async with host() as (server, came):
            client = await guest(server)
            await came.get()
        assert client.close_code == 1001

    act(scene)


@pytest.mark.parametrize(
    ("connection", "listens", "status"),
    [
        (b"Upgrade", True, 101),
        (b"keep-alive, Upgrade", True, 101),
        (b"keep-alive", True, 400),
        (b"Upgrade", False, 503),
    ],
)
def test_a_handshake_is_as_browsers_do_it_and_refused_once_nobody_listens(
    act: Callable[[Scene], None], connection: bytes, listens: bool, status: int
) -> None:
    async def scene() -> None:
        async with host() as (server, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            await asyncio.sleep(0.05)
            if not listens:
                server.stop_listening()
            writer.write(HANDSHAKE % connection)
            assert (await reader.readline()).startswith(b"HTTP/1.1 %d " % status)
            writer.transport.abort()

    act(scene)


# The client's end.


@asynccontextmanager
async def peer(handle: Callable[[peer_server.ServerConnection], Awaitable[None]], **options: Any) -> AsyncIterator[str]:
    """The other library's server; gives its URL."""
    async with peer_server.serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None, **options) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


def test_each_message_is_handed_over_until_the_end(act: Callable[[Scene], None]) -> None:
    async def handle(peer: peer_server.ServerConnection) -> None:
        for number in range(200):
            await peer.send(str(number))
        assert await peer.recv() == b"199"

    async def scene() -> None:
        heard: list[bytes] = []
        async with peer(handle) as url:
            socket = await connect(url)
            assert await socket.recv() == b"0"
            await asyncio.sleep(0.05)  # so that some wait

            def take(message: bytes) -> None:
                heard.append(message)
                if message == b"199":
                    socket.send(message)

            await socket.each(take)
        assert heard == [b"%d" % number for number in range(1, 200)]
        await socket.each(heard.append)
        assert len(heard) == 199

    act(scene)


@pytest.mark.parametrize("count", [1, 3])
def test_who_fails_at_a_message_hears_of_it_and_gets_no_other(act: Callable[[Scene], None], count: int) -> None:
    async def handle(peer: peer_server.ServerConnection) -> None:
        await peer.recv()
        for _ in range(count):
            await peer.send("x")
        await peer.wait_closed()
        assert peer.close_code == 1000

    async def scene() -> None:
        heard: list[bytes] = []

        def take(message: bytes) -> None:
            heard.append(message)
            raise ValueError(message)

        async with peer(handle) as url:
            socket = await connect(url)
            socket.send(b"go")
            with pytest.raises(ValueError, match="x"):
                await socket.each(take)
            await socket.close()
        assert heard == [b"x"]

    act(scene)


def test_a_polite_client_hears_what_is_under_way(act: Callable[[Scene], None]) -> None:
    async def handle(peer: peer_server.ServerConnection) -> None:
        for _ in range(100):
            await peer.send(b"x" * 1_000)
        await peer.wait_closed()
        assert peer.close_code == 1000

    async def scene() -> None:
        heard: list[bytes] = []
        async with peer(handle) as url:
            socket = await connect(url)
            while not socket._paused:
                await asyncio.sleep(0.001)
            assert len(socket._waiting) < 100
            await asyncio.gather(socket.each(heard.append), socket.close())
        assert len(heard) == 100

    act(scene)


async def hangs_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
    writer.close()


@pytest.mark.parametrize("answer", [hangs_up, refuses])
def test_without_a_handshake_there_is_no_socket(
    act: Callable[[Scene], None], answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
) -> None:
    async def scene() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(SocketClosedError, match=f"ws://127.0.0.1:{port}"):
                await connect(f"ws://127.0.0.1:{port}")
        with pytest.raises(OSError, match="Connect"):
            await connect(f"ws://127.0.0.1:{port}")

    act(scene)


def test_who_gives_up_during_the_handshake_leaves_no_connection(act: Callable[[Scene], None]) -> None:
    async def scene() -> None:
        async def give_up(*_: object) -> None:
            connecting.cancel()
            with suppress(asyncio.CancelledError):
                await connecting

        async def handle(peer: peer_server.ServerConnection) -> None:
            await peer.wait_closed()
            assert peer.close_code == 1006
            ended.set()

        ended = asyncio.Event()
        async with peer(handle, process_request=give_up) as url:
            connecting = asyncio.create_task(connect(url))
            await ended.wait()

    act(scene)
