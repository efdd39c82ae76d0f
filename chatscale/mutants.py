"""Seeded bugs, as they show in a history: each must be caught by its name, with no more besides than follows from it.

a clean history of the model ─► one mutant's tampering ─► checks ─► what is new: `caught`, and maybe `besides`
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from chatscale.scenes import Scenes
from chatscale.tape import Tape

_MS_NS = 1_000_000
_SECOND_NS = 1_000_000_000
_OUT_OF_ORDER = frozenset({"order_divergence", "reordered_sender", "causality"})


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug: what it does to a history, the check that must find it, and what else follows from it."""

    name: str
    caught: str
    tamper: Callable[[Tape, Scenes], object]
    besides: frozenset[str] = frozenset()


def _drop_last(tape: Tape, scenes: Scenes) -> None:
    tape.drop_arrival(scenes.last["uuid"], scenes.last["device"])


def _never_show(tape: Tape, scenes: Scenes) -> None:
    tape.drop("deliver", "receipt.send", uuid=scenes.last["uuid"], device=scenes.last["device"])
    tape.drop("receipt.seen", uuid=scenes.last["uuid"], reader=scenes.last["device"])


def _drop_middle(tape: Tape, scenes: Scenes) -> None:
    tape.drop_arrival(scenes.three.second["uuid"], scenes.three.second["device"])


def _cut_short(tape: Tape, scenes: Scenes) -> None:
    _drop_last(tape, scenes)
    tape.drop("quiesce")


def _show_again(tape: Tape, scenes: Scenes) -> None:
    tape.repeat(_event(tape, scenes.three.first), t_ns=int(scenes.three.third["t_ns"]))


def _frame_again(tape: Tape, scenes: Scenes) -> None:
    row = scenes.three.first
    tape.repeat(
        tape.find("wire.deliver", uuid=row["uuid"], device=row["device"]).iloc[0], t_ns=int(row["t_ns"]) + _MS_NS
    )


def _row_again(tape: Tape, _: Scenes) -> None:
    tape.repeat(tape.find("store.row").iloc[0], message_id=7)


def _log_again(tape: Tape, _: Scenes) -> None:
    tape.configure(design={"idempotence": True})
    tape.repeat(tape.find("log.append").iloc[0], t_ns=tape.end_ns, offset=1_000_000_000)


def _show_the_unsent(tape: Tape, scenes: Scenes) -> None:
    tape.repeat(
        _event(tape, scenes.last), t_ns=tape.end_ns, uuid="nobody-sent-this", seq=10**9, message_id=1, cseq=10**6
    )


def _refuse_after_all(tape: Tape, scenes: Scenes) -> None:
    tape.change(tape.find("send.ok", uuid=scenes.three.second["uuid"]).index, kind="send.fail", cause="mutant")


def _one_id_for_two(tape: Tape, scenes: Scenes) -> None:
    events = tape.frame[(tape.frame["uuid"] == scenes.three.second["uuid"]) & tape.frame["message_id"].notna()]
    tape.change(events.index, message_id=int(scenes.three.first["message_id"]))


def _swap_showing(tape: Tape, scenes: Scenes) -> None:
    _, second, third = scenes.three
    tape.move_arrival(second["uuid"], second["device"], int(third["t_ns"]) + _MS_NS)


def _hold(tape: Tape, scenes: Scenes) -> None:
    second = scenes.three.second
    tape.move_arrival(second["uuid"], second["device"], int(scenes.three.third["t_ns"]) + 4 * _SECOND_NS)


def _number_backwards(tape: Tape, scenes: Scenes) -> None:
    _exchange(tape, scenes.three.second["uuid"], scenes.three.third["uuid"], "seq")


def _slow_clock(tape: Tape, scenes: Scenes) -> None:
    _exchange(tape, scenes.three.second["uuid"], scenes.three.third["uuid"], "message_id")
    tape.configure(design={"cursor": "message-id"})


def _insert_below(tape: Tape, scenes: Scenes) -> None:
    uuid = scenes.three.third["uuid"]
    tape.drop("wire.deliver", "deliver", "receipt.send", "receipt.seen", uuid=uuid)
    tape.change(tape.find("store.row", uuid=uuid).index, seq=0)


def _skip_on_resume(tape: Tape, scenes: Scenes) -> None:
    tape.drop_arrival(scenes.resumed["uuid"], scenes.resumed["device"])


def _resume_below_cursor(tape: Tape, scenes: Scenes) -> None:
    old, new = scenes.before_return
    frame = tape.find("wire.deliver", uuid=old["uuid"], device=old["device"]).iloc[0]
    tape.repeat(frame, t_ns=int(new["t_ns"]), session=new["session"], via="resume")


def _cursor_back(tape: Tape, scenes: Scenes) -> None:
    for row, t_ns in ((scenes.three.third, tape.end_ns - 2), (scenes.three.first, tape.end_ns - 1)):
        _say_cursor(tape, row, t_ns, int(row["seq"]))


def _cursor_off_by_one(tape: Tape, scenes: Scenes) -> None:
    _say_cursor(tape, scenes.last, tape.end_ns, int(scenes.last["seq"]) + 1)


def _answer_first(tape: Tape, scenes: Scenes) -> None:
    read, answer = scenes.answer
    _exchange(tape, read["uuid"], answer["uuid"], "seq")


def _ack_early(tape: Tape, scenes: Scenes) -> None:
    uuid = scenes.three.second["uuid"]
    acked_ns = int(tape.find("send.ok", uuid=uuid)["t_ns"].iloc[0])
    tape.change(tape.find("log.append", uuid=uuid).index, t_ns=acked_ns + 10 * _MS_NS)


def _ack_unlogged(tape: Tape, scenes: Scenes) -> None:
    tape.drop("log.append", uuid=scenes.three.second["uuid"])


def _wrong_key(tape: Tape, scenes: Scenes) -> None:
    tape.change(tape.find("log.append", uuid=scenes.three.second["uuid"]).index, partition=999)


def _to_a_stranger(tape: Tape, scenes: Scenes) -> None:
    session = scenes.stranger_to(scenes.last["conv"])
    there = {"device": session["device"], "user": session["user"], "session": session["session"]}
    tape.repeat(_event(tape, scenes.last), t_ns=int(scenes.last["t_ns"]) + 1, **there)


def _into_a_closed_session(tape: Tape, scenes: Scenes) -> None:
    old, new = scenes.before_return
    tape.change([new.name], session=old["session"])


def _registry_elsewhere(tape: Tape, scenes: Scenes) -> None:
    tape.add(kind="registry.read", t_ns=tape.end_ns, user=scenes.connected["user"], gateway="gateway-99")


def _registry_empty(tape: Tape, scenes: Scenes) -> None:
    tape.add(kind="registry.read", t_ns=tape.end_ns - _SECOND_NS, user=scenes.connected["user"])


def _receipt_before_delivery(tape: Tape, scenes: Scenes) -> None:
    row = scenes.three.second
    said = tape.find("receipt.send", uuid=row["uuid"], device=row["device"], state="delivered")
    tape.change(said.index, t_ns=int(row["t_ns"]) - _MS_NS)


def _receipt_never_seen(tape: Tape, scenes: Scenes) -> None:
    row = scenes.to_faithful_sender
    tape.drop("receipt.seen", uuid=row["uuid"], reader=row["device"])


def _online_for_ever(tape: Tape, scenes: Scenes) -> None:
    _answer_presence(tape, scenes, tape.end_ns + 1_000 * _SECOND_NS, "online")


def _offline_while_here(tape: Tape, scenes: Scenes) -> None:
    _answer_presence(tape, scenes, int(scenes.connected["t_ns"]) + _SECOND_NS, "offline")


def _flap(tape: Tape, scenes: Scenes) -> None:
    for number, state in enumerate(("online", "offline", "online")):
        t_ns = int(scenes.connected["t_ns"]) + _SECOND_NS + number * _MS_NS
        tape.add(kind="presence.change", t_ns=t_ns, user=scenes.connected["user"], state=state)


def _seen_earlier(tape: Tape, scenes: Scenes) -> None:
    for number, seen_ns in enumerate((2 * _SECOND_NS, _SECOND_NS)):
        t_ns = int(scenes.connected["t_ns"]) + _SECOND_NS + number * _MS_NS
        _answer_presence(tape, scenes, t_ns, "online", last_seen_ns=seen_ns)


def _slow(tape: Tape, _: Scenes) -> None:
    tape.configure(thresholds={"delivery_max": 1e-6})


def _alter(tape: Tape, scenes: Scenes) -> None:
    tape.change([scenes.three.second.name], hash="altered")


def _event(tape: Tape, row: pd.Series) -> pd.Series:
    """The event behind a scene's row, without what the scene knows besides."""
    event: pd.Series = tape.frame.loc[[row.name]].iloc[0]
    return event


def _exchange(tape: Tape, one: str, other: str, column: str) -> None:
    """Two messages bear each other's number, wherever they have one."""
    events = {uuid: tape.frame[(tape.frame["uuid"] == uuid) & tape.frame[column].notna()] for uuid in (one, other)}
    numbers = {uuid: int(rows[column].iloc[0]) for uuid, rows in events.items()}
    tape.change(events[one].index, **{column: numbers[other]})
    tape.change(events[other].index, **{column: numbers[one]})


def _say_cursor(tape: Tape, row: pd.Series, t_ns: int, cursor: int) -> None:
    who = {"device": row["device"], "user": row["user"], "conv": row["conv"]}
    tape.add(kind="cursor", t_ns=t_ns, cursor=cursor, **who)


def _answer_presence(tape: Tape, scenes: Scenes, t_ns: int, state: str, **more: int) -> None:
    who = {"reader": scenes.connected["user"], "state": state, "start_ns": t_ns}
    tape.add(kind="presence.read", t_ns=t_ns, device="u0", user="u0", **who, **more)


MUTANTS = (
    Mutant("a push that never arrives", "lost", _drop_last),
    Mutant("a frame that is never shown", "lost", _never_show),
    Mutant("a push that is passed over", "skipped", _drop_middle, frozenset({"lost", "sender_gap"})),
    Mutant("a hole in what one sender wrote", "sender_gap", _drop_middle, frozenset({"lost", "skipped"})),
    Mutant("a history cut short", "unseen_tail", _cut_short, frozenset({"lost", "receipt_lost"})),
    Mutant("a device that shows a message again", "duplicated", _show_again),
    Mutant("a frame that comes twice", "wire_duplicate", _frame_again),
    Mutant("a message stored under a second id", "duplicate_row", _row_again),
    Mutant("an idempotent producer that writes twice", "duplicate_log", _log_again),
    Mutant("a message that nobody sent", "phantom", _show_the_unsent),
    Mutant("a message that was refused", "phantom", _refuse_after_all),
    Mutant("two messages with one id", "id_collision", _one_id_for_two, frozenset({"id_log_conflict"})),
    Mutant("a device that swaps two messages", "reordered_sender", _swap_showing, _OUT_OF_ORDER),
    Mutant("numbers given backwards", "order_divergence", _number_backwards, _OUT_OF_ORDER),
    Mutant("a frame that others wait for", "gap_held", _hold, _OUT_OF_ORDER),
    Mutant("ids by a slow clock, and a cursor by id", "id_log_conflict", _slow_clock),
    Mutant(
        "a row below every cursor",
        "cursor_late_insert",
        _insert_below,
        frozenset({"lost", "skipped", "sender_gap", "resume_gap", "causality"}),
    ),
    Mutant("a resume that skips a message", "resume_gap", _skip_on_resume, frozenset({"lost", "sender_gap"})),
    Mutant("a resume below the cursor", "resume_dup", _resume_below_cursor, frozenset({"wire_duplicate"})),
    Mutant("a cursor that goes back", "cursor_regress", _cursor_back),
    Mutant("a cursor off by one", "cursor_regress", _cursor_off_by_one),
    Mutant("an answer in front of its question", "causality", _answer_first, _OUT_OF_ORDER),
    Mutant("an acknowledgement before the log", "early_ack", _ack_early),
    Mutant("an acknowledgement without the log", "early_ack", _ack_unlogged),
    Mutant("a wrong partition key", "partition_split", _wrong_key),
    Mutant("a message to a stranger", "misrouted", _to_a_stranger),
    Mutant("a message in a closed session", "misrouted", _into_a_closed_session),
    Mutant("a registry that names a wrong gateway", "registry_orphan", _registry_elsewhere),
    Mutant("a registry that forgets", "registry_orphan", _registry_empty),
    Mutant("a receipt before the delivery", "receipt_regress", _receipt_before_delivery),
    Mutant("a receipt that never comes back", "receipt_lost", _receipt_never_seen),
    Mutant("presence that outlives its user", "stale_online", _online_for_ever),
    Mutant("presence that vanishes", "false_offline", _offline_while_here, frozenset({"presence_flap"})),
    Mutant("presence that comes and goes", "presence_flap", _flap, frozenset({"false_offline"})),
    Mutant("a last-seen time that goes back", "last_seen_regress", _seen_earlier),
    Mutant("a delivery that is too slow", "slo_miss", _slow),
    Mutant("an altered text", "content_mismatch", _alter),
)
