"""A gateway of a few lines: it welcomes, notes what devices say, and answers as a test wishes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from realstack.chat import frames
from realstack.chat.frames import Frame, Message, decode_to_gateway, encode

F = TypeVar("F", bound=Frame)
Answer = Callable[["FakeGateway", int, Frame], None]


def message(position: int, *, conv: int = 5, sender: int = 2, prev: int | None = None, text: str = "hello") -> Message:
    """Message `m<position>`; it follows the one before it unless told otherwise."""
    prev = position - 1 if prev is None else prev
    return Message(conv, f"m{position}", sender, position, 100 + position, position, prev, text, "push", None, *[1] * 6)


def answer_all(gateway: FakeGateway, user: int, frame: Frame) -> None:
    """What a gateway says when all is well and nothing was missed."""
    match frame:
        case frames.Resume():
            gateway.tell(user, frames.Resumed(0))
        case frames.Send():
            gateway.tell(user, frames.Sent(frame.uuid, 1))
        case frames.Heartbeat():
            gateway.tell(user, frames.HeartbeatOk(1))
        case frames.Open():
            gateway.tell(user, frames.Presence(frame.conv, [user], []))


def silent(gateway: FakeGateway, user: int, frame: Frame) -> None:
    """Says welcome and nothing more."""


class FakeGateway:
    """Its sessions by user, and everything heard, in order. It answers `turned_away` hellos with an error."""

    def __init__(self, server_name: str, answer: Answer) -> None:
        self.name = server_name
        self.answer = answer
        self.url = ""
        self.turned_away = 0
        self.heard: list[tuple[int, Frame]] = []
        self.sockets: dict[int, ServerConnection] = {}
        self.server: Server | None = None
        self._speaking: set[asyncio.Task[None]] = set()

    async def serve(self, socket: ServerConnection) -> None:
        hello = decode_to_gateway(await socket.recv())
        assert isinstance(hello, frames.Hello)
        self.heard.append((hello.user, hello))
        if self.turned_away:
            self.turned_away -= 1
            await socket.send(encode(frames.Error("unavailable", "full")))
            return
        self.sockets[hello.user] = socket
        await socket.send(encode(frames.Welcome(self.name)))
        try:
            async for data in socket:
                frame = decode_to_gateway(data)
                self.heard.append((hello.user, frame))
                self.answer(self, hello.user, frame)
        except ConnectionClosed:
            pass
        finally:
            if self.sockets.get(hello.user) is socket:
                del self.sockets[hello.user]

    def tell(self, user: int, *said: Frame | bytes) -> None:
        """Say something to a device."""
        socket = self.sockets[user]

        async def speak() -> None:
            for one in said:
                await socket.send(one if isinstance(one, bytes) else encode(one))

        task = asyncio.create_task(speak())
        self._speaking.add(task)
        task.add_done_callback(self._speaking.discard)

    def heard_of(self, kind: type[F]) -> list[F]:
        """Everything heard of one kind."""
        return [frame for _, frame in self.heard if isinstance(frame, kind)]

    def hang_up(self, user: int) -> None:
        """End a device's connection without a goodbye."""
        self.sockets[user].transport.abort()


@asynccontextmanager
async def fake_gateway(answer: Answer = answer_all, name: str = "gateway-1") -> AsyncIterator[FakeGateway]:
    """A gateway on loopback."""
    gateway = FakeGateway(name, answer)
    async with serve(gateway.serve, "127.0.0.1", 0, ping_interval=None, compression=None) as server:
        gateway.server = server
        gateway.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        yield gateway


async def until(met: Callable[[], object]) -> None:
    """Wait for something that must become true."""
    while not met():
        await asyncio.sleep(0.002)


def act(scene: Callable[[], Awaitable[None]]) -> None:
    """Run a scene on a loop of its own."""

    async def main() -> None:
        await asyncio.wait_for(scene(), 30)

    asyncio.run(main())
