"""The way into a gateway: a socket's frames, read one by one, and the hello that has to be the first.

socket ─► not too many? ─► not too large? ─► readable? ─► frame, or the error to answer with
                                                └─ hello ─► token checked, once a connection
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, WebSocketException

from realstack.chat.frames import MAX_FRAME_BYTES, Error, Frame, Hello, ToGateway, decode_to_gateway, encode
from realstack.chat.policy import FrameBucket, PolicyError
from realstack.chat.tokens import Tokens

_HELLO_WITHIN_S = 10.0
_BREACH = 1008
_REASON_BYTES = 123  # what fits into a close frame


class Door:
    """The reading side of one socket."""

    def __init__(self, socket: ServerConnection, tokens: Tokens) -> None:
        self._socket = socket
        self._tokens = tokens
        self._bucket = FrameBucket()

    async def hello(self) -> Hello:
        """Who is there, proven. Raises TimeoutError, ConnectionClosed, PolicyError."""
        async with asyncio.timeout(_HELLO_WITHIN_S):
            while not isinstance(frame := await self.frame(), Hello):
                self._say(frame if isinstance(frame, Error) else Error("no-hello", "the first frame must be hello"))
        self._tokens.check(frame.token, frame.user)
        return frame

    async def frame(self) -> ToGateway | Error:
        """The next frame, or the answer to what is none. Raises ConnectionClosed, PolicyError."""
        data = await self._socket.recv(decode=False)
        self._bucket.take()
        return _read(data)

    async def shut(self, breach: PolicyError) -> None:
        """Say what was wrong, and close."""
        self._say(Error(breach.code, str(breach)))
        ignoring = asyncio.create_task(self._ignore())
        await self._socket.close(_BREACH, str(breach)[:_REASON_BYTES])
        await ignoring

    async def _ignore(self) -> None:
        # The device's goodbye stands behind everything else that it has sent.
        with suppress(ConnectionClosed):
            while True:
                await self._socket.recv(decode=False)

    def _say(self, frame: Frame) -> None:
        # Without waiting: whoever does not listen must not hold the door open.
        try:
            self._socket.protocol.send_binary(encode(frame))
            self._socket.send_data()
        except WebSocketException:
            pass  # gone meanwhile, which the next read tells


def _read(data: bytes) -> ToGateway | Error:
    if len(data) > MAX_FRAME_BYTES:
        return Error("too-large", f"a frame has at most {MAX_FRAME_BYTES} bytes, this has {len(data)}")
    try:
        return decode_to_gateway(data)
    except msgspec.DecodeError as error:
        return Error("bad-frame", str(error))
