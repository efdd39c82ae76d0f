"""Replays a trace in an open loop: what is due is done, whether the system keeps up or not. A process of its own.

    python -m realstack.driver.replay PLAN.json

    load (the trace) ─► faults undone ─► drain ─► final read (every other device resumes once) ─► drain ─► quiesce

The final read is Jepsen's: whoever was away when the load ended comes back, so that no message hides behind an absence.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from realstack.chat.handover import awaited_bytes, tell
from realstack.chat.process import run_process, settle_memory
from realstack.chat.settings import Settings
from realstack.chat.tokens import Tokens
from realstack.driver.device import Device
from realstack.driver.events import Events, text_of
from realstack.driver.heartbeats import HeartbeatLoss, Loss
from realstack.driver.packing import Attachment, Packing, Plain
from realstack.lag import Lag
from sim.trace import Action, Trace, device_name

if TYPE_CHECKING:
    from realstack.driver.media_link import HttpMediaLink

_LEAD_S = 1.0
_PROGRESS_EVERY_S = 0.25
_RESEND_AFTER_S = 5.0
_FINAL_READS_AT_ONCE = 24
_QUIET_S = 1.0
_LATE_AT_ONCE = 32

Phase = Literal["load", "drain", "final-read", "done"]


class Plan(msgspec.Struct, frozen=True):
    """What the driver is told; it writes `events` and keeps `progress` fresh.

    `attachments` go with messages, by UUID, to the media service at `media`.
    With faults, `healed` is the file that says that all of them are undone; before, nothing is quiet.
    """

    trace: str
    gateways: list[str]
    gap_hold_s: float
    backend: Settings
    drain_limit_s: float
    events: str
    progress: str
    final_read: bool = True
    healed: str = ""
    heartbeats_lost: list[Loss] = []
    media: str = ""
    attachments: dict[str, Attachment] = {}


class Progress(msgspec.Struct, frozen=True):
    """How far the driver is. `origin_ns` is the monotonic time of the trace's start."""

    phase: Phase
    origin_ns: int
    sent: int = 0
    acked: int = 0
    delivered: int = 0
    sockets: int = 0
    quiet: bool = False


class _Due(NamedTuple):
    """An action with the text of its message, made before the clock runs."""

    action: Action
    text: str


class Replay:
    """One run of a trace."""

    def __init__(self, plan: Plan, trace: Trace, tokens: Tokens) -> None:
        self._plan = plan
        self._events = Events()
        loss = HeartbeatLoss(plan.heartbeats_lost, trace.seed, self._now_s)
        self._media = _media_link(plan.media, tokens.sign)
        users = sorted({user for user, _ in trace.devices})
        packing = _packing(plan.backend.choices.encryption, users, trace)
        self._devices = {
            (user, device): Device(
                user,
                plan.gateways,
                self._events,
                plan.gap_hold_s,
                tokens.sign,
                loss.hits,
                media=self._media,
                packing=packing.get(user, Plain()),
                device=device,
                members=trace.members,
            )
            for user, device in trace.devices
        }
        self._actions = trace.actions
        self._phase: Phase = "load"
        self._origin_ns = 0

    def _now_s(self) -> float:
        return (time.monotonic_ns() - self._origin_ns) / 1e9

    async def run(self, stop: asyncio.Event) -> None:
        """From the first connect to the quiet end; `stop` ends it early and keeps what was seen."""
        async with self._media or nullcontext():
            await self._run(stop)

    async def _run(self, stop: asyncio.Event) -> None:
        actions = list(self._prepared())
        settle_memory()
        # The notebook grows by 100,000 events that all live to the end: to look through them costs 20 ms and more.
        gc.disable()
        self._origin_ns = time.monotonic_ns() + round(_LEAD_S * 1e9)
        reporting = asyncio.create_task(self._report())
        working = asyncio.create_task(self._phases(actions))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (reporting, working, stopping):
            task.cancel()
        outcome = (await asyncio.gather(working, reporting, stopping, return_exceptions=True))[0]
        quiet = outcome is True
        self._note_unknown_sends()
        if quiet:
            self._events.add("quiesce")
        self._events.save(Path(self._plan.events))
        self._phase = "done"
        self._tell(quiet=quiet)
        if isinstance(outcome, Exception):
            raise outcome

    async def _phases(self, actions: list[_Due]) -> bool:
        await self._load(actions)
        self._phase = "drain"
        await self._healed()
        quiet = await self._drain()
        if not self._plan.final_read:
            return quiet
        self._phase = "final-read"
        everybody = await self._final_read()
        return await self._drain() and quiet and everybody

    def _prepared(self) -> Iterator[_Due]:
        frame = self._actions
        for action in Action.all_of(frame):
            yield _Due(action, text_of(action.uuid, action.size_bytes) if action.uuid else "")

    async def _load(self, actions: list[_Due]) -> None:
        swept_ns = self._origin_ns
        late_in_a_row = 0
        for action, text in actions:
            due_ns = self._origin_ns + action.t_ns
            late_in_a_row = late_in_a_row + 1 if time.monotonic_ns() > due_ns else 0
            # What is late is done at once, but the sockets get their turn now and then.
            if late_in_a_row % _LATE_AT_ONCE == 0:
                await asyncio.sleep(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))
            # A timer may end a moment early, and nothing is done early.
            while time.monotonic_ns() < due_ns:
                await asyncio.sleep(0)
            self._act(self._devices[action.user, action.device], action, text, due_ns)
            if due_ns - swept_ns > 1_000_000_000:
                swept_ns = due_ns
                self._resend()

    def _act(self, device: Device, action: Action, text: str, due_ns: int) -> None:
        match action.action:
            case "connect":
                device.go_online()
            case "disconnect" | "crash":
                device.go_offline(crash=action.action == "crash")
            case "heartbeat":
                device.heartbeat()
            case "send":
                attachment = self._plan.attachments.get(action.uuid)
                device.send(action.conv, action.uuid, action.cseq, text, due_ns, attachment)
            case "open":
                device.open(action.conv)
            case "read":
                device.read(action.conv)

    def _resend(self) -> None:
        for device in self._devices.values():
            if device.unacked:
                device.resend_older_than(_RESEND_AFTER_S)

    async def _healed(self) -> None:
        while self._plan.healed and not Path(self._plan.healed).exists():
            await asyncio.sleep(_PROGRESS_EVERY_S)
            self._resend()

    async def _drain(self) -> bool:
        """Wait until the log is worked on, every sender has its answer and nothing comes; False at the limit."""
        backend = self._plan.backend
        lag = Lag(backend, [backend.messages_topic, backend.receipts_topic])
        await lag.start()
        try:
            deadline_s = time.monotonic() + self._plan.drain_limit_s
            while time.monotonic() < deadline_s:
                before = len(self._events.rows)
                await asyncio.sleep(_QUIET_S)
                self._resend()
                devices = self._devices.values()
                waiting = any(device.fetching or (device.unacked and device.wanted) for device in devices)
                if len(self._events.rows) == before and not waiting and await lag.records() == 0:
                    return True
            return False
        finally:
            await lag.stop()

    async def _final_read(self) -> bool:
        """Bring back every device that is away; False when one of them could not read what it missed."""
        limit = asyncio.Semaphore(_FINAL_READS_AT_ONCE)

        async def read(device: Device) -> bool:
            async with limit:
                device.go_online()
                try:
                    return await asyncio.wait_for(device.resumed.wait(), self._plan.drain_limit_s)
                except TimeoutError:
                    return False

        if self._plan.healed:
            # The next heartbeat finds out whether a registration was lost, and it is due after the end.
            for device in self._devices.values():
                device.heartbeat()
        away = [device for device in self._devices.values() if not device.resumed.is_set()]
        return all(await asyncio.gather(*(read(device) for device in away)))

    def _note_unknown_sends(self) -> None:
        for device in self._devices.values():
            for conv, uuid in device.unacked_uuids:
                name, user = device_name(device.user, device.device), f"u{device.user}"
                self._events.add("send.info", device=name, user=user, conv=f"c{conv}", uuid=uuid, cause="no answer")

    async def _report(self) -> None:
        while True:
            self._tell()
            await asyncio.sleep(_PROGRESS_EVERY_S)

    def _tell(self, *, quiet: bool = False) -> None:
        counts = self._events.counts
        sockets = counts["conn.open"] - counts["conn.close"]
        state = Progress(
            self._phase, self._origin_ns, counts["send.invoke"], counts["send.ok"], counts["deliver"], sockets, quiet
        )
        tell(Path(self._plan.progress), state)


def _packing(encryption: str, users: list[int], trace: Trace) -> Mapping[int, Packing]:
    if encryption == "none":
        return {}
    # Only here, as below.
    from realstack.driver.sealing import Sealed, keyrings

    return {user: Sealed(keyring) for user, keyring in keyrings(users, trace.members).items()}


def _media_link(url: str, sign: Callable[[int], str]) -> HttpMediaLink | None:
    if not url:
        return None
    # Only here: whoever sends no media needs no HTTP client, whose import takes a while.
    from realstack.driver.media_link import HttpMediaLink

    return HttpMediaLink(url, sign)


def go_first() -> None:
    """Ask for real-time priority, which root and CAP_SYS_NICE get; without it the others' niceness has to do."""
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


if __name__ == "__main__":
    own_plan = msgspec.json.decode(awaited_bytes(Path(sys.argv[1])), type=Plan)
    go_first()
    run_process("driver", Replay(own_plan, Trace.load(Path(own_plan.trace)), Tokens.from_environment()).run)
