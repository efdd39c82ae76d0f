"""Where WebSockets come in: each is served by a task of its own, and closed when that ends.

    handshake ─► serve(socket) ─► close 1000, or 1011 when it failed
        └─ not listening any more: 503

Whoever does not take a goodbye is cut off.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from socket import SO_RCVBUF, SOL_SOCKET, create_server

from picows import WSUpgradeRequest, WSUpgradeResponse, WSUpgradeResponseWithListener, ws_create_server

from realstack.chat.websocket import CLOSE_WITHIN_S, HANDSHAKE_WITHIN_S, WebSocket

_RECEIVED_BYTES = 1 << 17
_OK, _GOING_AWAY, _INTERNAL_ERROR = 1000, 1001, 1011

log = logging.getLogger(__name__)


class WebSocketServer:
    """The sockets of one port. Takes no message of over `most_bytes`."""

    def __init__(self, serve: Callable[[WebSocket], Awaitable[None]], most_bytes: int) -> None:
        self._serve = serve
        self._most_bytes = most_bytes
        self._listener: asyncio.Server
        self._hurrying: asyncio.Task[None]
        self._refusing = False
        self._serving: dict[WebSocket, asyncio.Task[None]] = {}

    async def listen(self, port: int = 0) -> None:
        """Take sockets from now on, at a free port unless told which."""
        here = create_server(("127.0.0.1", port))
        # picows reads at once what has been received, however slowly it is honoured: this bounds how much that can be.
        here.setsockopt(SOL_SOCKET, SO_RCVBUF, _RECEIVED_BYTES)
        self.port: int = here.getsockname()[1]
        self._listener = await ws_create_server(
            self._admit,
            sock=here,
            max_frame_size=self._most_bytes,
            websocket_handshake_timeout=HANDSHAKE_WITHIN_S,
            use_aiofastnet=False,
        )
        self._hurrying = asyncio.create_task(self._hurry())

    @property
    def sockets(self) -> list[WebSocket]:
        """Those that are served."""
        return list(self._serving)

    def stop_listening(self) -> None:
        """Take no more."""
        self._refusing = True
        self._listener.close()

    async def wait_closed(self) -> None:
        """Wait until nobody is served any more."""
        while self._serving:
            await asyncio.wait(self._serving.values())

    async def close(self) -> None:
        """Take no more, send away who is there, and wait until nobody is."""
        self.stop_listening()
        await asyncio.gather(*(socket.close(_GOING_AWAY) for socket in self.sockets))
        await self.wait_closed()
        self._hurrying.cancel()

    async def _hurry(self) -> None:
        while True:
            await asyncio.sleep(CLOSE_WITHIN_S)
            for socket in self._serving:
                socket.hurry()

    def _admit(self, request: WSUpgradeRequest) -> WebSocket | WSUpgradeResponseWithListener:
        if self._refusing:
            refusal = WSUpgradeResponse.create_error_response(HTTPStatus.SERVICE_UNAVAILABLE)
            return WSUpgradeResponseWithListener(refusal, None)
        # Firefox says `keep-alive, Upgrade`; picows knows the second alone.
        if "upgrade" in request.headers.get("Connection", "").lower().replace(" ", "").split(","):
            request.headers["Connection"] = "Upgrade"
        return WebSocket(self._most_bytes, self._begin)

    def _begin(self, socket: WebSocket) -> None:
        task = self._serving[socket] = asyncio.create_task(self._run(socket))
        task.add_done_callback(lambda _: self._serving.pop(socket))

    async def _run(self, socket: WebSocket) -> None:
        code = _OK
        try:
            await self._serve(socket)
        except Exception:
            log.exception("a connection could not be served")
            code = _INTERNAL_ERROR
        await socket.close(code)


@asynccontextmanager
async def serving(
    serve: Callable[[WebSocket], Awaitable[None]], most_bytes: int, port: int = 0
) -> AsyncIterator[WebSocketServer]:
    """A server that listens until the block ends."""
    server = WebSocketServer(serve, most_bytes)
    await server.listen(port)
    try:
        yield server
    finally:
        await server.close()
