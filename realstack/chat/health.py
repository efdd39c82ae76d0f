"""What a process says of itself, on a port of its own on this machine.

    GET /live      200 while its event loop turns, else 503: end it and start another
    GET /ready     200 while it takes work, else 503: starting, or draining
    GET /metrics   Prometheus' text format

It answers from a thread beside the event loop: one that lived in the loop could never say that the loop stands still.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Literal

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

_LOOP_ANSWERS_WITHIN_S = 2.0
_TEXT = "text/plain; charset=utf-8"


class Health:
    """Of the process whose loop makes it: `ready` from when it is set until it is told to stop; served at `port`."""

    def __init__(self, registry: CollectorRegistry, stop: asyncio.Event) -> None:
        self.ready = False
        self.port = 0
        self._stop = stop
        self._registry = registry
        self._loop = asyncio.get_running_loop()

    @property
    def state(self) -> Literal["starting", "ready", "draining"]:
        """Where the process is in its life."""
        if self._stop.is_set():
            return "draining"
        return "ready" if self.ready else "starting"

    def answer(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """Status, content type and body."""
        match path:
            case "/live":
                turns = self._turns()
                return _told("live" if turns else "the event loop stands still", turns)
            case "/ready":
                return _told(self.state, self.state == "ready")
            case "/metrics":
                return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self._registry)
        return HTTPStatus.NOT_FOUND, _TEXT, b"there are /live, /ready and /metrics\n"

    def _turns(self) -> bool:
        async def turn() -> None:
            """Nothing but a turn of the loop."""

        turned = asyncio.run_coroutine_threadsafe(turn(), self._loop)
        try:
            turned.result(_LOOP_ANSWERS_WITHIN_S)
        except concurrent.futures.TimeoutError:
            return False
        return True


def _told(what: str, well: bool) -> tuple[HTTPStatus, str, bytes]:
    return HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, f"{what}\n".encode()


@contextmanager
def serve_health(registry: CollectorRegistry, stop: asyncio.Event) -> Iterator[Health]:
    """Answer on a free port until the block ends."""
    health = Health(registry, stop)

    class Handler(BaseHTTPRequestHandler):
        timeout = 5.0

        def do_GET(self) -> None:
            status, kind, body = health.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, as the base class calls it
            """A scrape is no event."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    health.port = server.server_port
    thread = Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield health
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
