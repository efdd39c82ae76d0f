"""A tiny trace replayed against small gateways: what is due is done, and the end is quiet or said not to be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from realstack.chat import frames
from realstack.chat.frames import Frame, Message
from realstack.chat.tokens import Tokens, new_key
from realstack.driver.replay import Plan, Progress, Replay
from sim.history import History
from sim.trace import Action, Trace
from tests.realstack.chat.fakes import settings
from tests.realstack.driver.fake_gateway import FakeGateway, answer_all, fake_gateway

ANNA, BERT, CARL = 1, 2, 3
MS = 1_000_000


class NoLag:
    """Stands for the broker: nobody is behind."""

    def __init__(self, *_: object) -> None:
        pass

    async def start(self) -> None:
        pass

    async def records(self) -> int:
        return 0

    async def stop(self) -> None:
        pass


@pytest.fixture(autouse=True)
def _no_broker_and_no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realstack.driver.replay.Lag", NoLag)
    monkeypatch.setattr("realstack.driver.replay._LEAD_S", 0.05)
    monkeypatch.setattr("realstack.driver.replay.settle_memory", lambda: None)  # it is for a process of its own


class Chat:
    """The answers of a working system with one gateway: everything is stored, pushed and resumed."""

    def __init__(self, members: dict[int, list[int]]) -> None:
        self.members = members
        self.stored: dict[int, list[Message]] = {conv: [] for conv in members}

    def __call__(self, gateway: FakeGateway, user: int, frame: Frame) -> None:
        match frame:
            case frames.Send():
                self._take(gateway, user, frame)
            case frames.Resume():
                for conv, rows in self.stored.items():
                    if user in self.members[conv]:
                        self._catch_up(gateway, user, rows, frame.cursors.get(conv, 0))
                gateway.tell(user, frames.Resumed(0))
            case frames.Receipt():
                for item in frame.items:
                    if item.sender in gateway.sockets:
                        gateway.tell(
                            item.sender, frames.Seen(frame.conv, user, frame.state, {item.uuid: item.position})
                        )
            case _:
                answer_all(gateway, user, frame)

    def _take(self, gateway: FakeGateway, user: int, send: frames.Send) -> None:
        rows = self.stored[send.conv]
        position = len(rows) + 1
        row = Message(
            send.conv, send.uuid, user, send.cseq, position, position, position - 1, send.text, "push", None, *[1] * 6
        )
        rows.append(row)
        gateway.tell(user, frames.Sent(send.uuid, position))
        for member in self.members[send.conv]:
            if member != user and member in gateway.sockets:
                own = max((r.position for r in rows[:-1] if r.sender != member), default=0)
                gateway.tell(member, msgspec.structs.replace(row, prev=own))

    def _catch_up(self, gateway: FakeGateway, user: int, rows: list[Message], cursor: int) -> None:
        prev = cursor
        for row in rows:
            if row.position > cursor and row.sender != user:
                gateway.tell(user, msgspec.structs.replace(row, prev=prev, via="resume"))
                prev = row.position


def replay(
    actions: list[Action],
    folder: Path,
    answer: Callable[[FakeGateway, int, Frame], None],
    *,
    drain_limit_s: float = 10.0,
    stop_after_s: float | None = None,
    healed_after_s: float | None = None,
) -> tuple[History, Progress]:
    trace = Trace.of(actions, seed=1, duration_s=1.0)
    events, progress = folder / "events.parquet", folder / "progress.json"

    async def main() -> None:
        async with fake_gateway(answer) as gateway:
            plan = _plan(trace, [gateway.url], events, progress, drain_limit_s)
            if healed_after_s is not None:
                healed = folder / "healed"
                plan = msgspec.structs.replace(plan, healed=str(healed))
                asyncio.get_running_loop().call_later(healed_after_s, healed.touch)
            stop = asyncio.Event()
            if stop_after_s is not None:
                asyncio.get_running_loop().call_later(stop_after_s, stop.set)
            await asyncio.wait_for(Replay(plan, trace, Tokens(new_key())).run(stop), 60)

    asyncio.run(main())
    return History.load(events), msgspec.json.decode(progress.read_bytes(), type=Progress)


def _plan(trace: Trace, gateways: list[str], events: Path, progress: Path, drain_limit_s: float) -> Plan:
    told: dict[str, Any] = {
        "trace": "",
        "gateways": gateways,
        "gap_hold_s": 2.0,
        "backend": msgspec.to_builtins(settings()),
        "drain_limit_s": drain_limit_s,
        "events": str(events),
        "progress": str(progress),
    }
    return msgspec.convert(told, Plan)


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


JOINS = [Action(0, "join", user, 5) for user in (ANNA, BERT, CARL)]
EVENING = [
    *JOINS,
    Action(0, "connect", ANNA),
    Action(0, "connect", BERT),
    Action(150 * MS, "send", ANNA, 5, uuid(1), 1, 40),
    Action(200 * MS, "send", BERT, 5, uuid(2), 1, 10),
    Action(250 * MS, "heartbeat", ANNA),
    Action(260 * MS, "open", BERT, 5),
    Action(300 * MS, "read", BERT, 5),
    Action(350 * MS, "crash", BERT),
    Action(400 * MS, "send", ANNA, 5, uuid(3), 2, 20),
    Action(450 * MS, "disconnect", ANNA),
]


def test_a_trace_is_replayed_to_a_quiet_end_and_everybody_has_read_everything(tmp_path: Path) -> None:
    history, progress = replay(EVENING, tmp_path, Chat({5: [ANNA, BERT, CARL]}))
    assert history.quiesced_ns is not None
    assert (progress.phase, progress.quiet, progress.sent, progress.acked) == ("done", True, 3, 3)
    shown = history.of_kind("deliver")
    by_device = {who: rows["uuid"].tolist() for who, rows in shown.groupby("device", observed=True)}
    assert by_device == {"u1": [uuid(2)], "u2": [uuid(1), uuid(3)], "u3": [uuid(1), uuid(2), uuid(3)]}
    assert progress.delivered == len(shown) == 6
    # Carl never came online by himself: he reads it all in the final read, as Bert what he missed after his crash.
    assert shown[shown["device"] == "u3"]["via"].tolist() == ["resume"] * 3
    assert history.of_kind("conn.close")[["device", "cause"]].to_numpy().tolist() == [
        ["u2", "crash"],
        ["u1", "disconnect"],
    ]


def test_the_end_is_not_quiet_before_every_fault_is_undone_and_then_registrations_are_renewed(tmp_path: Path) -> None:
    *anna_stays, _goodbye = EVENING
    history, _ = replay(anna_stays, tmp_path, Chat({5: [ANNA, BERT, CARL]}), healed_after_s=4.0)
    beats = history.of_kind("heartbeat.sent")
    assert beats["device"].tolist() == ["u1", "u1"]
    in_the_trace_ns, at_the_end_ns = beats["t_ns"]
    assert history.quiesced_ns is not None
    # Undisturbed, all would be over long before.
    assert history.quiesced_ns > at_the_end_ns > in_the_trace_ns + 2_000 * MS


def test_what_is_due_is_done_at_its_time_and_noted_with_it(tmp_path: Path) -> None:
    history, progress = replay(EVENING, tmp_path, Chat({5: [ANNA, BERT, CARL]}))
    sends = history.of_kind("send.invoke")
    assert (sends["intended_ns"] - progress.origin_ns).tolist() == [150 * MS, 200 * MS, 400 * MS]
    assert (sends["t_ns"] >= sends["intended_ns"]).all()
    assert sends["size_bytes"].tolist() == [40, 10, 20]
    states = history.of_kind("receipt.seen")[["device", "reader", "state"]].to_numpy().tolist()
    assert ["u1", "u2", "delivered"] in states
    assert ["u1", "u2", "read"] in states
    for kind in ("heartbeat.sent", "heartbeat.stored", "presence.read"):
        assert len(history.of_kind(kind)) == 1


def test_a_message_without_an_answer_is_unknown_and_the_end_is_not_quiet(tmp_path: Path) -> None:
    def deaf(gateway: FakeGateway, user: int, frame: Frame) -> None:
        if not isinstance(frame, frames.Send):
            answer_all(gateway, user, frame)

    history, progress = replay(EVENING, tmp_path, deaf, drain_limit_s=1.5)
    assert history.quiesced_ns is None
    assert not progress.quiet
    assert history.of_kind("send.info")["uuid"].tolist() == [uuid(1), uuid(3), uuid(2)]


def test_a_device_that_cannot_read_what_it_missed_makes_the_end_unquiet(tmp_path: Path) -> None:
    def forgetful(gateway: FakeGateway, user: int, frame: Frame) -> None:
        if not (isinstance(frame, frames.Resume) and user == CARL):
            answer_all(gateway, user, frame)

    history, progress = replay(EVENING, tmp_path, forgetful, drain_limit_s=1.5)
    assert history.quiesced_ns is None
    assert not progress.quiet


def test_somebody_without_a_conversation_may_come_and_go(tmp_path: Path) -> None:
    stranger = [Action(0, "connect", 99), Action(100 * MS, "disconnect", 99)]
    history, progress = replay([*JOINS, *stranger], tmp_path, answer_all)
    assert progress.quiet
    assert "u99" in history.of_kind("conn.open")["device"].tolist()


def test_a_stop_keeps_what_was_seen_and_claims_no_quiet_end(tmp_path: Path) -> None:
    later = [*EVENING, Action(3_600_000 * MS, "connect", CARL)]
    history, progress = replay(later, tmp_path, Chat({5: [ANNA, BERT, CARL]}), stop_after_s=0.4)
    assert (progress.phase, progress.quiet) == ("done", False)
    assert history.quiesced_ns is None
    assert len(history.of_kind("send.invoke")) >= 1
