"""Parts of the chat backend on real servers, for tests that look at one part alone."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from websockets.asyncio.client import ClientConnection, connect

from realstack.chat import frames
from realstack.chat.frames import decode_to_device, encode
from realstack.chat.settings import Choices, Settings
from realstack.chat.store import Store, create_tables, drop_tables
from realstack.chat.store import connect as connect_store
from realstack.chat.tokens import KEY_VARIABLE, Tokens
from realstack.servers import Servers
from realstack.stack import ChatStack
from sim.design import Design


def settings(servers: Servers, retention_s: int = 0, **design: object) -> Settings:
    choices = Choices.of(Design.model_validate(design))
    return Settings(
        **asdict(servers.addresses),
        namespace=f"chatscale-{secrets.token_hex(4)}",
        choices=choices,
        retention_s=retention_s,
    )


@contextmanager
def store_of(made: Settings) -> Iterator[Store]:
    cluster = connect_store(made)
    try:
        session = cluster.connect()
        create_tables(session, made)
        try:
            yield Store(session, made)
        finally:
            drop_tables(session, made.keyspace)
    finally:
        cluster.shutdown()


async def session_of(stack: ChatStack, user: int) -> ClientConnection:
    """A welcome session of a user."""
    token = Tokens(stack.secrets[KEY_VARIABLE]).sign(user)
    socket = await connect(stack.gateways[0], compression=None, max_size=None)
    await socket.send(encode(frames.Hello(user, 1, token)))
    assert isinstance(decode_to_device(await socket.recv()), frames.Welcome)
    return socket


async def ask(socket: ClientConnection, frame: frames.Frame) -> frames.ToDevice:
    """The next frame after this one was sent."""
    await socket.send(encode(frame))
    return decode_to_device(await socket.recv())
