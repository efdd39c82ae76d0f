"""One end of a WebSocket. Reading waits for the next message, writing never waits, and a goodbye takes a bounded time.

    network ─► picows: frames ─► joined to messages ─┬─► waiting ─► recv()    too many wait: nothing more is read
                                                     └─► each(take): handed over at once

Servers (`websocket_server`) and clients (`connect`) hold the same class.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Callable

from picows import WSCloseCode, WSError, WSFrame, WSListener, WSMsgType, WSProtocolError, WSTransport, ws_connect

CLOSE_WITHIN_S = 2.0
HANDSHAKE_WITHIN_S = 10.0
_MOST_WAITING = 16
_REASON_BYTES = 123  # what fits into a close frame
_OK = 1000


class SocketClosedError(Exception):
    """The connection has ended, or never began."""


class WebSocket(WSListener):
    """Text and binary are the same here: bytes. A message of over `most_bytes` ends the connection."""

    def __init__(self, most_bytes: int = sys.maxsize, on_open: Callable[[WebSocket], None] | None = None) -> None:
        self._most_bytes = most_bytes
        self._on_open = on_open
        self._transport: WSTransport | None = None
        self._silent = False
        self._ended = asyncio.Event()
        self._deadline: asyncio.TimerHandle | None = None
        self._parts: bytearray | None = None
        self._waiting: deque[bytes] = deque()
        self._paused = False
        self._reader: asyncio.Future[None] | None = None
        self._take: Callable[[bytes], None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether anything can still be said."""
        transport = self._transport
        return not self._silent and transport is not None and not transport.is_close_frame_sent

    @property
    def unsent_bytes(self) -> int:
        """What was written and the network has not taken."""
        transport = self._transport
        return 0 if transport is None else transport.underlying_transport.get_write_buffer_size()

    async def recv(self) -> bytes:
        """The next message. Raises SocketClosedError behind the last."""
        while not self._waiting:
            if self._ended.is_set():
                raise SocketClosedError("the connection has ended")
            self._go_on_reading()
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        return self._waiting.popleft()

    async def each(self, take: Callable[[bytes], None]) -> None:
        """Hand every message to `take` until the connection has ended. Raises what `take` raises.

        It is called where the message is read: waking a task for each costs more than the reading.
        """
        self._reader = asyncio.get_running_loop().create_future()
        while self._waiting:
            take(self._waiting.popleft())
        self._go_on_reading()
        self._take = take
        try:
            if not self._ended.is_set():
                await self._reader
        finally:
            self._take = None

    def send(self, message: bytes) -> bool:
        """Write a message; False when nothing can be said any more."""
        transport = self._transport
        if self._silent or transport is None or transport.is_close_frame_sent:
            return False
        transport.send(WSMsgType.BINARY, message)
        return True

    async def close(self, code: int = _OK, reason: str = "") -> None:
        """Say goodbye and wait for the end, which comes in any case."""
        transport = self._transport
        if transport is None or self._ended.is_set():
            return
        if not self._silent:
            transport.send_close(WSCloseCode(code), reason.encode()[:_REASON_BYTES].decode(errors="ignore"))
        self._end_in_time()
        self._go_on_reading()  # the peer's goodbye stands behind everything else that it has sent
        await self._ended.wait()

    def end(self) -> None:
        """Say nothing more, not even goodbye; what was written before still arrives."""
        self._silent = True
        if self._transport is not None:
            self._transport.disconnect()

    def abort(self) -> None:
        """End it at once."""
        self._silent = True
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def hurry(self) -> None:
        """Bound an end that nobody waits for: that of picows itself, for who breaks the protocol, and that of `end`."""
        if self._transport is not None and not self.is_open:
            self._end_in_time()

    def _end_in_time(self) -> None:
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().call_later(CLOSE_WITHIN_S, self.abort)

    def _go_on_reading(self) -> None:
        if self._paused and self._transport is not None and not self._transport.underlying_transport.is_closing():
            self._paused = False
            self._transport.underlying_transport.resume_reading()

    # What picows calls.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport
        if self._silent:
            self.abort()
        elif self._on_open is not None:
            self._on_open(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame has come, not a ping: those are answered."""
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "a reserved bit is set")
        kind = frame.msg_type
        if kind is WSMsgType.CLOSE:
            self._answer_goodbye(transport)
        elif kind is not WSMsgType.PONG:
            if frame.fin and self._parts is None and kind is not WSMsgType.CONTINUATION:
                self._message(transport, frame.get_payload_as_bytes())
            else:
                self._fragment(transport, frame, kind)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The connection has ended; what waits can still be read."""
        self._silent = True
        self._ended.set()
        self._wake_reader()
        if self._deadline is not None:
            self._deadline.cancel()

    def pause_writing(self) -> None:
        """Whoever writes looks at `unsent_bytes`."""

    def resume_writing(self) -> None:
        """Nobody waits for it."""

    def _answer_goodbye(self, transport: WSTransport) -> None:
        if not transport.is_close_frame_sent:
            transport.send_close(WSCloseCode.OK)
        self._end_in_time()
        if not transport.is_client_side:  # it is the server that hangs up
            transport.disconnect()

    def _fragment(self, transport: WSTransport, frame: WSFrame, kind: WSMsgType) -> None:
        if (kind is WSMsgType.CONTINUATION) is (self._parts is None):
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "fragments of messages are mixed up")
        parts = self._parts = (self._parts or bytearray()) + frame.get_payload_as_bytes()
        if len(parts) > self._most_bytes:
            raise WSProtocolError(WSCloseCode.MESSAGE_TOO_BIG, f"a message of over {self._most_bytes} bytes")
        if frame.fin:
            self._parts = None
            self._message(transport, bytes(parts))

    def _message(self, transport: WSTransport, message: bytes) -> None:
        if self._take is not None:
            try:
                self._take(message)
            except Exception as error:
                self._take = None
                self._wake_reader(error)
        elif not transport.is_close_frame_sent:  # nobody reads what comes after our goodbye
            self._waiting.append(message)
            self._wake_reader()
            if len(self._waiting) >= _MOST_WAITING and not self._paused:
                self._paused = True
                transport.underlying_transport.pause_reading()

    def _wake_reader(self, error: Exception | None = None) -> None:
        if self._reader is None or self._reader.done():
            return
        if error is None:
            self._reader.set_result(None)
        else:
            self._reader.set_exception(error)


async def connect(url: str) -> WebSocket:
    """A client's socket. Raises OSError, SocketClosedError."""
    socket = WebSocket()
    try:
        await ws_connect(
            lambda: socket,
            url,
            max_frame_size=sys.maxsize,
            websocket_handshake_timeout=HANDSHAKE_WITHIN_S,
            use_aiofastnet=False,
        )
    except WSError as error:
        raise SocketClosedError(f"{url} shook no hands: {error}") from error
    except asyncio.CancelledError:
        socket.abort()  # the library finishes the handshake all the same
        raise
    if not socket.is_open:
        raise SocketClosedError(f"{url} hung up")
    return socket
