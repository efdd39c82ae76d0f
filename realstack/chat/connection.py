"""One device's WebSocket on a gateway: an outbox with a bound, and the writer that empties it.

Nobody waits for a slow device: who lets the outbox fill up is disconnected, and resumes from the store.
"""

from __future__ import annotations

import asyncio
from collections import deque

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from realstack.chat.frames import Frame, encode

OUTBOX_FRAMES = 2_000


class Connection:
    """A registered session. `push` never blocks; False means that the device cannot be reached here any more."""

    def __init__(self, socket: ServerConnection, user: int, epoch: int) -> None:
        self.user = user
        self.epoch = epoch
        self._socket = socket
        self._outbox: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._open = True
        self._writer = asyncio.create_task(self._write())

    def send(self, frame: Frame) -> bool:
        """Queue a frame."""
        return self.push(encode(frame))

    def push(self, data: bytes) -> bool:
        """Queue encoded bytes."""
        if not self._open:
            return False
        if len(self._outbox) >= OUTBOX_FRAMES:
            self._open = False
            self._socket.transport.abort()
            return False
        self._outbox.append(data)
        self._wake.set()
        return True

    async def flushed(self) -> None:
        """Wait until the outbox is shorter than one page, so that a long resume does not fill it."""
        while self._open and len(self._outbox) > OUTBOX_FRAMES // 4:
            await asyncio.sleep(0.005)

    async def _write(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._outbox:
                    await self._socket.send(self._outbox.popleft())
        except ConnectionClosed:
            self._open = False

    async def close(self) -> None:
        """Stop writing."""
        self._open = False
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)
