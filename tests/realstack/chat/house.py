"""A gateway behind a real WebSocket server, with stand-ins for everything behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server

from realstack.chat import frames
from realstack.chat.appender import LogBrokenError
from realstack.chat.frames import decode_to_device, encode
from realstack.chat.gateway import listen
from realstack.chat.message_service import Membership, MessageService
from realstack.chat.metrics import GatewayMetrics
from realstack.chat.sessions import Gateway
from realstack.chat.tokens import Tokens, new_key
from tests.realstack.chat.fakes import FakeProducer, MemoryRegistry, MemoryStore, settings

ANNA, BERT, EVE = 1, 2, 66


class PromptProducer(FakeProducer):
    """The log takes everything at once, unless it is broken: then it "refuses", or an append of it "fails"."""

    broken: Literal["", "refuses", "fails"] = ""

    async def send(self, topic: str, value: bytes, key: bytes | None = None) -> asyncio.Future[object]:
        if self.broken == "refuses":
            raise LogBrokenError("no log")
        appended = await super().send(topic, value, key)
        if self.broken:
            appended.set_exception(ConnectionError("no leader"))
        else:
            appended.set_result(None)
        return appended


class BrokenStore(MemoryStore):
    async def memberships(self, user: int) -> tuple[int, ...]:
        raise ConnectionError("no store")


class House:
    """gateway-1, with conversation 5 of Anna and Bert."""

    def __init__(self, store: MemoryStore | None = None, **design: Any) -> None:
        self.store = store or MemoryStore({5: (ANNA, BERT)})
        self.registry = MemoryRegistry()
        self.producer = producer = PromptProducer()
        self.metrics = metrics = GatewayMetrics()
        self.tokens = Tokens(new_key())
        members, made = Membership(self.store), settings(**design)
        service = MessageService(made, producer, producer, members, 1, on_append_s=metrics.append_s.observe)
        rest = service, members, self.registry, self.store, self.tokens, metrics
        self.gateway = Gateway("gateway-1", made, *rest)
        self.server: Server
        self.url = ""

    def hello(self, user: int = ANNA, epoch: int = 1) -> frames.Hello:
        return frames.Hello(user, epoch, self.tokens.sign(user))

    async def stranger(self) -> ClientConnection:
        """A socket that has not said hello."""
        return await connect(self.url, ping_interval=None, compression=None, max_size=None)

    async def visit(self, user: int = ANNA, epoch: int = 1) -> ClientConnection:
        """A welcome session."""
        socket = await self.stranger()
        await socket.send(encode(self.hello(user, epoch)))
        assert decode_to_device(await socket.recv()) == frames.Welcome("gateway-1")
        return socket


def in_a_house(
    scene: Callable[[House], Awaitable[None]], store: MemoryStore | None = None, limit_s: float = 60.0, **design: Any
) -> None:
    async def main() -> None:
        house = House(store, **design)
        async with listen(house.gateway) as server:
            house.server = server
            house.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            await scene(house)

    asyncio.run(asyncio.wait_for(main(), limit_s))


async def ask(socket: ClientConnection, data: bytes | str | frames.Frame) -> frames.ToDevice:
    await socket.send(encode(data) if isinstance(data, frames.Frame) else data)
    return decode_to_device(await socket.recv())
