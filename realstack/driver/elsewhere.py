"""Drives a trace against somebody else's chat server through its adapter, in an open loop, and tells the History.

    load (the trace) ─► settle ─► final read (who is away comes back and resumes) ─► settle ─► quiesce

What a device shows is what comes, once each, in the order in which it comes: whether that is right is for the checks.
Heartbeats, opened conversations and receipts are left out: not every chat has them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from realstack.driver.adapter import Adapter, Incoming, RefusedError, Session
from realstack.driver.events import Events, text_hash, text_of
from sim.history import History
from sim.scenario import Scenario
from sim.settings import config_event
from sim.trace import Trace

_ANSWER_WITHIN_S = 10.0
_LOOK_EVERY_S = 0.05


def drive_elsewhere(
    adapter: Adapter, scenario: Scenario, trace: Trace, *, settle_s: float = 0.5, speed: float = 1.0
) -> History:
    """The history of the trace on that server. `speed` shortens the times between actions; latencies stay real.

    The end is quiet once nothing has come for `settle_s`. What an adapter raises while connecting is not caught: a
    server that cannot be reached is no finding about it.
    """
    return asyncio.run(_Drive(adapter, trace, settle_s, speed).run(config_event(scenario, trace)))


class _Drive:
    def __init__(self, adapter: Adapter, trace: Trace, settle_s: float, speed: float) -> None:
        self._trace, self._settle_s, self._speed = trace, settle_s, speed
        self._events = Events()
        users = sorted({int(user) for user in trace.frame["user"]})
        self._devices = {user: _Device(f"u{user}", adapter, self._events) for user in users}

    async def run(self, config: dict[str, Any]) -> History:
        origin_ns = time.monotonic_ns()
        for row in self._trace.actions.to_dict("records"):
            due_ns = origin_ns + round(row["t_ns"] / self._speed)
            await asyncio.sleep(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))
            self._act(self._devices[row["user"]], row, due_ns)
        quiet = await self._settle()
        for device in self._devices.values():
            device.go_online()
        quiet = await self._settle() and quiet
        if quiet:
            self._events.add("quiesce")
        for device in self._devices.values():
            await device.end()
        counted = [{**event, **_from(origin_ns, event)} for event in self._events.rows]
        return History.of([{**config, "t_ns": min((e["t_ns"] for e in counted), default=0)}, *counted])

    def _act(self, device: _Device, row: dict[Any, Any], due_ns: int) -> None:
        match row["action"]:
            case "connect":
                device.go_online()
            case "disconnect" | "crash":
                device.go_offline(row["action"])
            case "send":
                text = text_of(row["uuid"], row["size_bytes"])
                device.send(f"c{row['conv']}", row["uuid"], row["cseq"], text, due_ns)

    async def _settle(self) -> bool:
        """Wait until nothing has happened for `settle_s` and every send has its answer; False when that takes long."""
        seen, still_since_s, deadline_s = -1, time.monotonic(), time.monotonic() + 4 * _ANSWER_WITHIN_S
        while time.monotonic() < deadline_s:
            if seen != len(self._events.rows) or any(device.busy for device in self._devices.values()):
                seen, still_since_s = len(self._events.rows), time.monotonic()
            if time.monotonic() - still_since_s > self._settle_s:
                return True
            await asyncio.sleep(_LOOK_EVERY_S)
        return False


class _Device:
    """One user's device: its sessions one after the other, what it has shown, and what it waits for."""

    def __init__(self, name: str, adapter: Adapter, events: Events) -> None:
        self._name, self._adapter, self._events = name, adapter, events
        self._who: dict[str, Any] = {"device": name, "user": name}
        self._session: Session | None = None
        self._number = 0
        self._wanted = False
        self._turn = asyncio.Lock()
        self._shown: set[str] = set()
        self._cursors: dict[str, int] = {}
        self._unsent: list[tuple[str, str, str]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether it waits for the server."""
        return bool(self._tasks)

    def go_online(self) -> None:
        if not self._wanted:
            self._wanted = True
            self._soon(self._open())

    def go_offline(self, cause: str) -> None:
        if self._wanted:
            self._wanted = False
            self._soon(self._close(cause))

    def send(self, conv: str, uuid: str, cseq: int, text: str, intended_ns: int) -> None:
        about: dict[str, Any] = {
            "conv": conv,
            "uuid": uuid,
            "cseq": cseq,
            "hash": text_hash(text),
            "size_bytes": len(text),
        }
        self._events.add("send.invoke", **self._who, **about, intended_ns=intended_ns)
        if self._session is None:
            self._unsent.append((conv, uuid, text))
        else:
            self._soon(self._send(self._session, conv, uuid, text))

    async def end(self) -> None:
        self.go_offline("disconnect")
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self) -> None:
        async with self._turn:
            self._number += 1
            of_session: dict[str, Any] = {**self._who, "session": f"{self._name}.{self._number}"}
            session = await self._adapter.connect(self._name, lambda message: self._take(message, of_session))
            self._events.add("conn.open", **of_session)
            await session.resume(dict(self._cursors))
            # From here on sends go out at once, so what waits must go first.
            self._session, waiting, self._unsent = session, self._unsent, []
            for conv, uuid, text in waiting:
                self._soon(self._send(session, conv, uuid, text))

    async def _close(self, cause: str) -> None:
        async with self._turn:
            session, self._session = self._session, None
            if session is not None:
                await session.close()
                self._events.add("conn.close", **self._who, session=f"{self._name}.{self._number}", cause=cause)

    async def _send(self, session: Session, conv: str, uuid: str, text: str) -> None:
        about: dict[str, Any] = {**self._who, "conv": conv, "uuid": uuid}
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                await session.send(conv, uuid, text)
        except RefusedError as error:
            self._events.add("send.fail", **about, cause=str(error))
        except Exception as error:
            self._events.add("send.info", **about, cause=f"{type(error).__name__}: {error}")
        else:
            self._events.add("send.ok", **about)

    def _take(self, message: Incoming, of_session: dict[str, Any]) -> None:
        about: dict[str, Any] = {"conv": message.conv, "uuid": message.uuid, "seq": message.seq, "via": message.via}
        self._events.add("wire.deliver", **of_session, **about)
        if message.uuid not in self._shown:
            self._shown.add(message.uuid)
            self._events.add("deliver", **of_session, **about, hash=text_hash(message.text))
        if message.seq is not None:
            self._cursors[message.conv] = max(message.seq, self._cursors.get(message.conv, 0))


def _from(origin_ns: int, event: dict[str, Any]) -> dict[str, int]:
    """The event's times, counted from the start of the trace."""
    return {name: value - origin_ns for name, value in event.items() if name.endswith("_ns")}
