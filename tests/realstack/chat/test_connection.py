"""What waits for a device: in order, never blocking, and bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from realstack.chat.connection import BUFFER_BYTES, Connection
from realstack.chat.frames import Resumed, decode_to_device


def on_a_gateway(scene: Callable[[Connection, ClientConnection], Awaitable[None]]) -> None:
    """Run a scene with both ends of one WebSocket."""

    async def main() -> None:
        connected: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()

        async def handle(socket: ServerConnection) -> None:
            connection = Connection(socket, address=1, epoch=1)
            connected.set_result(connection)
            await socket.wait_closed()
            connection.close()

        async with serve(handle, "127.0.0.1", 0, compression=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            async with connect(f"ws://127.0.0.1:{port}", ping_interval=None, compression=None) as client:
                await scene(await connected, client)

    asyncio.run(asyncio.wait_for(main(), 20))


async def read(client: ClientConnection, count: int) -> list[str | bytes]:
    return [await client.recv() for _ in range(count)]


def test_frames_arrive_in_the_order_in_which_they_were_pushed() -> None:
    async def scene(connection: Connection, client: ClientConnection) -> None:
        assert all(connection.send(Resumed(n)) for n in range(500))
        assert [decode_to_device(await client.recv()) for _ in range(500)] == [Resumed(n) for n in range(500)]

    on_a_gateway(scene)


def test_who_lets_the_buffer_fill_up_is_disconnected() -> None:
    async def scene(connection: Connection, client: ClientConnection) -> None:
        # Nobody gets a turn in between: the device does not read.
        page = b"x" * (BUFFER_BYTES // 16)
        pushed = 0
        while connection.push(page):
            pushed += 1
        assert pushed >= 8
        with pytest.raises(ConnectionClosed):
            await read(client, pushed + 1)
        assert not connection.push(b"x")

    on_a_gateway(scene)


def test_a_device_that_has_gone_cannot_be_reached() -> None:
    async def scene(connection: Connection, client: ClientConnection) -> None:
        await client.close()
        while connection.push(b"x"):
            await asyncio.sleep(0.001)

    on_a_gateway(scene)


def test_flushed_waits_until_there_is_room_again() -> None:
    async def scene(connection: Connection, client: ClientConnection) -> None:
        page = b"x" * (BUFFER_BYTES // 16)
        pages = 0
        while not connection.is_behind:
            connection.push(page)
            pages += 1
        reading = asyncio.create_task(read(client, pages))
        await connection.flushed()
        assert all(connection.push(b"y" * len(page)) for _ in range(4))
        assert await reading == [page] * pages

    on_a_gateway(scene)
