"""One device's WebSocket on a gateway, written at once, with a bound on what waits for a slow device.

Nobody waits for it either: who lets the buffer fill up is disconnected, and resumes from the store.
"""

from __future__ import annotations

import asyncio

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import WebSocketException

from realstack.chat.frames import Frame, encode
from sim.addresses import user_of

BUFFER_BYTES = 8 << 20
_POLL_S = 0.005


class Connection:
    """A registered session at an address.

    `push` never blocks; False means that the device cannot be reached here any more.
    """

    def __init__(self, socket: ServerConnection, address: int, epoch: int, device: int = 0) -> None:
        self.user = user_of(address)
        self.address = address
        self.device = device
        self.epoch = epoch
        self._socket = socket
        self._open = True

    @property
    def is_open(self) -> bool:
        """Whether anything can still be said here."""
        return self._open

    def send(self, frame: Frame) -> bool:
        """Write a frame."""
        return self.push(encode(frame))

    def push(self, data: bytes) -> bool:
        """Write encoded bytes; a task of its own for that would cost more than the write."""
        if not self._open:
            return False
        if self._waiting_bytes > BUFFER_BYTES:
            self._open = False
            self._socket.transport.abort()
            return False
        try:
            self._socket.protocol.send_binary(data)
            self._socket.send_data()
        except WebSocketException:
            self._open = False
        return self._open

    @property
    def _waiting_bytes(self) -> int:
        return self._socket.transport.get_write_buffer_size()

    @property
    def is_behind(self) -> bool:
        """Whether so much waits for the device that another page should wait, too."""
        return self._waiting_bytes > BUFFER_BYTES // 4

    async def flushed(self) -> None:
        """Wait until there is room for another page, so that a long resume does not fill the buffer."""
        while self._open and self.is_behind:
            await asyncio.sleep(_POLL_S)

    def end(self) -> None:
        """Say goodbye; what was written before still arrives."""
        self._open = False
        self._socket.transport.close()

    def close(self) -> None:
        """Write nothing more."""
        self._open = False
