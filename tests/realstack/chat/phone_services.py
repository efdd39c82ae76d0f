"""APNs and FCM of a few lines: HTTP/2 on loopback, everything that arrives is noted, answers are as a test wishes."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from hypercorn.asyncio import serve
from hypercorn.config import Config

from realstack.servers.ports import answers, free_ports


class Arrived(NamedTuple):
    """One request."""

    path: str
    http_version: str
    headers: dict[str, str]
    body: dict[str, Any]


class PhoneServices:
    """Answers what is first in `answers`, status and headers, then 200."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.arrived: list[Arrived] = []
        self.answers: deque[tuple[int, dict[str, str]]] = deque()

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            return
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.arrived.append(Arrived(scope["path"], scope["http_version"], headers, json.loads(body)))
        status, more = self.answers.popleft() if self.answers else (200, {})
        start = [(name.encode(), value.encode()) for name, value in more.items()]
        await send({"type": "http.response.start", "status": status, "headers": start})
        await send({"type": "http.response.body", "body": b"{}"})


@asynccontextmanager
async def phone_services() -> AsyncIterator[PhoneServices]:
    """Both services at one address."""
    port = free_ports(1)[0]
    services, end = PhoneServices(f"http://127.0.0.1:{port}"), asyncio.Event()
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.errorlog = config.accesslog = None
    serving = asyncio.create_task(serve(services, config, shutdown_trigger=end.wait))  # type: ignore[arg-type]
    try:
        while not await asyncio.to_thread(answers, "127.0.0.1", port):
            await asyncio.sleep(0.01)
        yield services
    finally:
        end.set()
        await serving
