"""A TCP proxy in front of each server, in a process of its own, whose weather can be changed while it runs.

It draws nothing: what it does is what the schedule says, and only that can be drawn (`sim.fault_draw`).

    python -m realstack.faults.proxy PLAN.json READY.json

    backend ──► listen ── passage ──► server            one route a server
    injector ─► control: one `Change` a line, answered by a line with what it hit

It listens on loopback only and ends with SIGTERM. A client of a server that is gone is turned away at once.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import msgspec

from realstack.chat.handover import tell
from realstack.chat.process import run_process
from realstack.endpoints import endpoints
from realstack.faults.passage import Passage
from realstack.faults.weather import Change, Weather

_HOST = "127.0.0.1"


class Route(msgspec.Struct, frozen=True):
    """Where the proxy listens for a server (0: any free port), and the address of that server."""

    listen: int
    upstream: str


class Plan(msgspec.Struct, frozen=True):
    """Routes by server."""

    routes: dict[str, Route]


class Ready(msgspec.Struct, frozen=True):
    """What the proxy tells once it listens: the ports of its routes and of its control."""

    ports: dict[str, int]
    control: int


class Proxy:
    """All routes of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._routes = plan.routes
        self.weather = {server: Weather() for server in plan.routes}
        self._passages: dict[str, set[Passage]] = {server: set() for server in plan.routes}

    async def serve(self, stack: AsyncExitStack) -> Ready:
        """Listen, until the stack ends. `OSError` if a port was taken."""
        ports = {}
        for server, route in self._routes.items():
            listening = await asyncio.start_server(self._passage(server, route), _HOST, route.listen)
            stack.callback(listening.close)
            ports[server] = listening.sockets[0].getsockname()[1]
        control = await asyncio.start_server(self._obey, _HOST, 0)
        stack.callback(control.close)
        return Ready(ports, control.sockets[0].getsockname()[1])

    def change(self, change: Change) -> int:
        """Begin or end a fault; what it hit so far."""
        weather = self.weather[change.server]
        hit = weather.change(change)
        if change.kind == "cut" and change.on:
            for passage in list(self._passages[change.server]):
                passage.cut_after(change.after_bytes)
        return hit

    def open_connections(self, server: str) -> int:
        """How many clients are connected to a server through here."""
        return len(self._passages[server])

    def _passage(
        self, server: str, route: Route
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                upstream = await asyncio.open_connection(*endpoints(route.upstream)[0])
            except OSError:
                writer.transport.abort()
                return
            passage = Passage(server, self.weather[server], (reader, writer), upstream)
            self._passages[server].add(passage)
            try:
                await passage.run()
            finally:
                self._passages[server].discard(passage)

        return pass_on

    async def _obey(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            async for line in reader:
                hit = self.change(msgspec.json.decode(line, type=Change))
                writer.write(b"%d\n" % hit)
                await writer.drain()
        writer.close()


async def run(plan: Plan, ready: Path, stop: asyncio.Event) -> None:
    """A proxy until `stop` is set."""
    async with AsyncExitStack() as stack:
        tell(ready, await Proxy(plan).serve(stack))
        await stop.wait()


if __name__ == "__main__":
    own_plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan)
    run_process("proxy", lambda stop: run(own_plan, Path(sys.argv[2]), stop))
