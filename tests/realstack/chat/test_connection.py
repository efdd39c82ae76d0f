"""A device's outbox: in order, never blocking, and bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from realstack.chat.connection import OUTBOX_FRAMES, Connection
from realstack.chat.frames import Resumed, decode_to_device


def on_a_gateway(scene: Callable[[Connection, ClientConnection], Awaitable[None]]) -> None:
    """Run a scene with both ends of one WebSocket."""

    async def main() -> None:
        connected: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()

        async def handle(socket: ServerConnection) -> None:
            connection = Connection(socket, user=1, epoch=1)
            connected.set_result(connection)
            await socket.wait_closed()
            await connection.close()

        async with serve(handle, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            async with connect(f"ws://127.0.0.1:{port}", ping_interval=None) as client:
                await scene(await connected, client)

    asyncio.run(asyncio.wait_for(main(), 20))


def test_frames_arrive_in_the_order_in_which_they_were_pushed() -> None:
    async def scene(connection: Connection, client: ClientConnection) -> None:
        assert all(connection.send(Resumed(n)) for n in range(500))
        assert [decode_to_device(await client.recv()) for _ in range(500)] == [Resumed(n) for n in range(500)]

    on_a_gateway(scene)


def test_who_lets_the_outbox_fill_up_is_disconnected() -> None:
    async def scene(connection: Connection, client: ClientConnection) -> None:
        # The writer gets no turn in between: the outbox is as full as if the device did not read.
        assert [connection.push(b"x") for _ in range(OUTBOX_FRAMES + 2)] == [True] * OUTBOX_FRAMES + [False, False]
        await client.wait_closed()
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
        for _ in range(OUTBOX_FRAMES):
            connection.push(b"x")
        await connection.flushed()
        assert all(connection.push(b"y") for _ in range(OUTBOX_FRAMES // 2))
        for _ in range(OUTBOX_FRAMES):
            assert await client.recv() == b"x"

    on_a_gateway(scene)
