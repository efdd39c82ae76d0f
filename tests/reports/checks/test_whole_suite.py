"""One clean history, and mutants of it: each seeded bug is caught by the right names and by no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reports.checks
from reports.checks import CHECKS, check_history
from reports.checks.base import Check
from sim.anomalies import ANOMALIES
from sim.errors import UsageError
from sim.history import History
from sim.verdict import Outcome, Verdict, worst
from tests.reports.checks.story import Event, Story, changed, clean_story, is_, without

CLEAN = tuple(clean_story().events)
Mutant = Callable[[], list[Event]]


def verdicts(events: list[Event]) -> dict[str, Verdict]:
    found = {verdict.check: verdict for verdict in check_history(History.of(events))}
    assert not [verdict.summary for verdict in found.values() if "crashed" in verdict.summary]
    return found


def outcomes(events: list[Event]) -> dict[str, Outcome]:
    return {name: verdict.outcome for name, verdict in verdicts(events).items()}


def convicted(events: list[Event]) -> set[str]:
    return {name for name, outcome in outcomes(events).items() if outcome is Outcome.FAIL}


def told(act: Callable[[Story], None]) -> Mutant:
    """The clean story with one act more."""

    def mutant() -> list[Event]:
        story = clean_story()
        act(story)
        return story.events

    return mutant


def frame_again(**fields: object) -> Mutant:
    """The deliver of b1 at u2 once more, with other fields."""

    def mutant() -> list[Event]:
        (original,) = filter(is_("deliver", uuid="b1", device="u2"), CLEAN)
        return [*CLEAN, {**original, "t_ns": 9_000_000_000, **fields}]

    return mutant


def refused_but_shown() -> list[Event]:
    return changed(list(CLEAN), is_("send.ok", uuid="e1"), kind="send.fail", cause="not a member")


def cseq_against_the_order() -> list[Event]:
    events = changed(CLEAN, is_("send.invoke", uuid="a1"), cseq=2)
    return changed(events, is_("send.invoke", uuid="a2"), cseq=1)


def showing_a3_before_a2() -> list[Event]:
    """Two senders swapped on one device: a3 of u2 before a2 of u1."""
    early = changed(CLEAN, is_("wire.deliver", "deliver", "receipt.send", uuid="a2", device="u3"), t_ns=3_060_000_000)
    return changed(early, is_("receipt.seen", uuid="a2", reader="u3"), t_ns=3_070_000_000)


def showing_b2_before_b1() -> list[Event]:
    return changed(CLEAN, is_("wire.deliver", "deliver", "receipt.send", uuid="b2", device="u3"), t_ns=10_050_000_000)


def going_and_coming_back(story: Story) -> None:
    story.hear(11.3, "u1", "offline")
    story.hear(11.4, "u1", "online")


def acknowledged_before_it_was_logged() -> list[Event]:
    return changed(CLEAN, is_("send.ok", uuid="e1"), t_ns=11_490_000_000)


def logged_again(uuid: str, **fields: object) -> list[Event]:
    """One more record of the message at the end of its partition."""
    (original,) = filter(is_("log.append", uuid=uuid), CLEAN)
    return [*CLEAN, {**original, "t_ns": 12_000_000_000, "offset": 99, **fields}]


def stored_again(uuid: str, **fields: object) -> list[Event]:
    (original,) = filter(is_("store.row", uuid=uuid), CLEAN)
    return [*CLEAN, {**original, **fields}]


def with_design(events: Sequence[Event], **design: object) -> list[Event]:
    config = json.loads(CLEAN[0]["detail"])
    config["design"] |= design
    return changed(events, is_("config"), detail=json.dumps(config))


def with_room_between_numbers(story: Story) -> None:
    """The story's sequence numbers times ten, so that a number between two fits."""
    story.events = [
        {**event, **{name: event[name] * 10 for name in ("seq", "cursor") if name in event}} for event in story.events
    ]


def an_answer_in_front_of_its_question() -> list[Event]:
    """u2 shows b3 and answers; the answer is numbered before b3, and u3 shows both as they are numbered."""
    story = clean_story()
    with_room_between_numbers(story)
    story.send(7.6, "u2", "c1", "answer")
    story.deliver(7.7, "u1", "answer")
    story.deliver(10.15, "u3", "answer", via="resume")
    numbered = changed(story.events, lambda e: e.get("uuid") == "answer" and "seq" in e, seq=55)
    numbered = changed(numbered, is_(*SHOWN, uuid="b3", device="u3"), t_ns=10_200_000_000)
    return changed(numbered, is_("receipt.seen", uuid="b3", reader="u3"), t_ns=10_300_000_000)


def a_row_below_every_cursor() -> list[Event]:
    """u2 sends once more at 8 s, and it is numbered below what everybody has read."""
    story = clean_story()
    with_room_between_numbers(story)
    story.send(8, "u2", "c1", "late")
    return changed(story.events, lambda e: e.get("uuid") == "late" and "seq" in e, seq=5)


def arriving_late(uuid: str, *, shown: bool) -> list[Event]:
    """The frames of one of u1's messages reach u2 four seconds late, behind a later one."""
    late = [e for e in CLEAN if is_("wire.deliver", *SHOWN * shown, uuid=uuid, device="u2")(e)]
    moved = [{**event, "t_ns": event["t_ns"] + 4_000_000_000} for event in late]
    return [*(event for event in CLEAN if event not in late), *moved]


SHOWN = ("wire.deliver", "deliver", "receipt.send")
MUTANTS: dict[str, tuple[Mutant, set[str]]] = {
    "a push that never arrives": (
        lambda: without(
            without(CLEAN, is_(*SHOWN, uuid="e2", device="u3")), is_("receipt.seen", uuid="e2", reader="u3")
        ),
        {"lost"},
    ),
    "a push that is passed over": (
        lambda: without(
            without(CLEAN, is_(*SHOWN, uuid="a2", device="u2")), is_("receipt.seen", uuid="a2", reader="u2")
        ),
        {"lost", "skipped", "sender_gap"},
    ),
    "a device that shows a message again in its next session": (frame_again(), {"duplicated"}),
    "a message stored under a second id": (lambda: stored_again("a1", message_id=7), {"duplicate_row"}),
    "an idempotent producer that writes twice": (
        lambda: with_design(logged_again("a1"), idempotence=True),
        {"duplicate_log"},
    ),
    "a message that nobody sent": (frame_again(uuid="zz", seq=99, message_id=99), {"phantom"}),
    "a message that was refused": (refused_but_shown, {"phantom"}),
    "a message that turns up in another conversation": (frame_again(device="u1", user="u1", conv="c2"), {"phantom"}),
    "two messages with one id": (
        lambda: changed(CLEAN, lambda e: e.get("uuid") == "a2" and "message_id" in e, message_id=2000),
        {"id_collision"},
    ),
    "a server that numbers a sender's messages backwards": (cseq_against_the_order, {"reordered_sender"}),
    "a frame that others wait for": (lambda: arriving_late("b2", shown=False), {"gap_held"}),
    "two devices that disagree about two senders": (showing_a3_before_a2, {"order_divergence"}),
    "a device that shows one sender's messages backwards": (
        showing_b2_before_b1,
        {"order_divergence", "reordered_sender"},
    ),
    "ids by a clock that is slow, and a cursor by id": (
        lambda: with_design(
            changed(CLEAN, lambda e: e.get("uuid") == "a2" and "message_id" in e, message_id=1999),
            cursor="message-id",
        ),
        {"id_log_conflict"},
    ),
    "a resume that skips a message": (
        lambda: without(
            without(CLEAN, is_(*SHOWN, uuid="b2", device="u3")), is_("receipt.seen", uuid="b2", reader="u3")
        ),
        {"lost", "resume_gap", "sender_gap"},
    ),
    "a resume below the cursor": (
        told(
            lambda h: h.events.append(
                next(filter(is_("wire.deliver", uuid="a1", device="u3"), CLEAN))
                | {"t_ns": 10_100_000_000, "session": "u3.2", "via": "resume"}
            )
        ),
        {"resume_dup"},
    ),
    "an answer in front of its question": (an_answer_in_front_of_its_question, {"causality"}),
    "a row below every cursor": (a_row_below_every_cursor, {"lost", "skipped", "causality", "cursor_late_insert"}),
    "a cursor that goes back": (told(lambda h: h.cursor(12.0, "u3", "c1", 2)), {"cursor_regress"}),
    "a cursor one too far": (lambda: changed(CLEAN, is_("cursor"), cursor=4), {"cursor_regress"}),
    "an acknowledgement before the log": (acknowledged_before_it_was_logged, {"early_ack"}),
    "an acknowledgement without the log": (lambda: without(CLEAN, is_("log.append", uuid="e1")), {"early_ack"}),
    "a wrong partition key": (lambda: changed(CLEAN, is_("log.append", uuid="b2"), partition=9), {"partition_split"}),
    "a message that reaches a stranger": (frame_again(device="u9", user="u9", session="u9.1"), {"misrouted"}),
    "a message in a session that has ended": (
        lambda: changed(CLEAN, is_("wire.deliver", "deliver", uuid="e2", device="u3"), session="u3.1"),
        {"misrouted"},
    ),
    "a registry that remembers too long": (told(lambda h: h.find(11.4, "u1", "gateway-9")), {"registry_orphan"}),
    "a registry that forgets": (told(lambda h: h.find(11.4, "u1", None)), {"registry_orphan"}),
    "a receipt for what was not shown": (
        told(lambda h: h.receipt(9.0, "u3", "b1", "delivered", seen=False)),
        {"receipt_regress"},
    ),
    "read without delivered": (
        lambda: changed(CLEAN, is_("receipt.send", "receipt.seen", uuid="e2", reader=None, device="u3"), state="read"),
        {"receipt_regress"},
    ),
    "a sender who learns what was never said": (told(lambda h: h.seen(9.5, "u2", "b2", "read")), {"receipt_regress"}),
    "a sender whose read turns into delivered": (
        told(lambda h: h.seen(9.5, "u2", "b1", "delivered")),
        {"receipt_regress"},
    ),
    "a receipt that a connected sender never sees": (
        lambda: without(CLEAN, is_("receipt.seen", uuid="e2", reader="u2")),
        {"receipt_lost"},
    ),
    "presence that outlives its user": (told(lambda h: h.ask(30.0, "u3", "u1", "online")), {"stale_online"}),
    "presence that vanishes": (told(lambda h: h.ask(11.4, "u3", "u1", "offline")), {"false_offline"}),
    "presence that comes and goes": (
        told(going_and_coming_back),
        {"presence_flap", "false_offline"},
    ),
    "somebody last seen before they were last seen": (
        told(lambda h: h.ask(11.4, "u3", "u1", "online", last_seen_s=4.5)),
        {"last_seen_regress"},
    ),
    "a slow acknowledgement": (lambda: changed(CLEAN, is_("send.ok", uuid="b1"), t_ns=5_200_000_000), {"slo_miss"}),
    "a text altered on the way": (
        lambda: changed(CLEAN, is_("deliver", uuid="a1", device="u2"), hash="h-other"),
        {"content_mismatch"},
    ),
    "a photo that did not come": (
        lambda: [*CLEAN, {"t_ns": 6_000_000_000, "kind": "media.get", "device": "u2", "uuid": "a1", "hash": "h-text"}],
        {"content_mismatch"},
    ),
    "a text altered in the store": (
        lambda: changed(CLEAN, is_("store.row", uuid="a1"), hash="h-other"),
        {"content_mismatch"},
    ),
}


def test_a_clean_history_passes_every_check() -> None:
    assert outcomes(list(CLEAN)) == dict.fromkeys(CHECKS, Outcome.PASS)


@pytest.mark.parametrize("bug", MUTANTS)
def test_a_seeded_bug_is_caught_by_its_name_and_no_other(bug: str) -> None:
    mutant, names = MUTANTS[bug]
    assert convicted(mutant()) == names


def test_every_check_has_a_mutant_that_it_catches() -> None:
    caught = set().union(*(names for _, names in MUTANTS.values()))
    assert caught | {"unseen_tail", "wire_duplicate", "bad_input"} == set(CHECKS)


ALLOWED: dict[str, tuple[Mutant, str]] = {
    "a frame that comes twice": (
        lambda: [*CLEAN, next(filter(is_("wire.deliver"), CLEAN)) | {"t_ns": 8_000_000_000}],
        "wire_duplicate",
    ),
    "a message logged again": (lambda: logged_again("a1"), "duplicate_log"),
    "a message sent again through another gateway": (
        lambda: with_design(logged_again("a1", message_id=9), idempotence=True),
        "duplicate_log",
    ),
    "ids against the log where a sequence is the cursor": (
        lambda: with_design(
            changed(CLEAN, lambda e: e.get("uuid") == "a2" and "message_id" in e, message_id=1999), cursor="sequence"
        ),
        "id_log_conflict",
    ),
}


@pytest.mark.parametrize("oddity", ALLOWED)
def test_what_the_contract_allows_is_found_told_and_no_violation(oddity: str) -> None:
    mutant, name = ALLOWED[oddity]
    found = verdicts(mutant())
    assert {verdict.outcome for verdict in found.values()} == {Outcome.PASS}
    assert {check for check, verdict in found.items() if verdict.allowed} == {name}
    assert found[name].count == 1
    assert found[name].examples


def test_what_the_config_event_allows_is_no_violation() -> None:
    config = json.loads(CLEAN[0]["detail"]) | {"allowed": {"slo_miss": "a slow machine"}}
    events = changed(MUTANTS["a slow acknowledgement"][0](), is_("config"), detail=json.dumps(config))
    found = verdicts(events)["slo_miss"]
    assert (found.outcome, found.count, found.allowed) == (Outcome.PASS, 1, "a slow machine")
    assert found.summary.endswith(", allowed: a slow machine")


def test_what_the_reader_of_a_history_allows_is_no_violation_either() -> None:
    history = History.of(MUTANTS["a slow acknowledgement"][0]())
    assert check_history(history, ["slo_miss"], allowed={"slo_miss"})[0].outcome is Outcome.PASS


def test_reasons_that_are_asked_for_outrank_those_of_the_history() -> None:
    config = json.loads(CLEAN[0]["detail"]) | {"allowed": ["slo_miss"], "thresholds": {"ack_max": 1e-6}}
    history = History.of([CLEAN[0] | {"detail": json.dumps(config)}, *CLEAN[1:]])
    assert check_history(history, ["slo_miss"])[0].allowed == "as asked"
    assert check_history(history, ["slo_miss"], allowed={"slo_miss": "today"})[0].allowed == "today"


@pytest.mark.parametrize("allowed", ["slo_miss", 3])
def test_what_names_no_anomalies_is_refused(allowed: object) -> None:
    config = json.loads(CLEAN[0]["detail"]) | {"allowed": allowed}
    with pytest.raises(UsageError, match="allowed must name anomalies"):
        check_history(History.of([CLEAN[0] | {"detail": json.dumps(config)}, *CLEAN[1:]]))


def test_a_history_that_contradicts_itself_cannot_be_allowed() -> None:
    with pytest.raises(UsageError, match="bad_input cannot be allowed"):
        check_history(History.of(CLEAN), allowed=["bad_input"])


def test_a_scenario_can_name_every_anomaly_and_nothing_else() -> None:
    assert ("bad_input", *ANOMALIES) == tuple(CHECKS)


def test_events_that_a_system_does_not_write_leave_their_checks_without_an_object() -> None:
    events = without(CLEAN, is_("cursor", "registry.read"))
    found = outcomes([{name: value for name, value in e.items() if name != "last_seen_ns"} for e in events])
    silent = {"cursor_regress", "registry_orphan", "last_seen_regress"}
    assert found == {name: Outcome.NOT_APPLICABLE if name in silent else Outcome.PASS for name in CHECKS}
    assert worst(found.values()) is Outcome.PASS


def test_examples_name_events_of_the_history_and_are_at_most_eight() -> None:
    events = without(CLEAN, is_("wire.deliver", "deliver", via="push"))
    lost = next(verdict for verdict in check_history(History.of(events)) if verdict.check == "lost")
    assert (lost.count, len(lost.examples)) == (16, 8)
    assert all(0 <= number < len(events) for example in lost.examples for number in example.events)


def test_a_check_that_crashes_is_unknown_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(history: History) -> None:
        raise ZeroDivisionError("by design")

    broken = Check("lost", "liveness", "always crashes", crash)  # type: ignore[arg-type]
    monkeypatch.setitem(reports.checks.CHECKS, "lost", broken)
    lost, duplicated = check_history(History.of(CLEAN), ["lost", "duplicated"])
    assert (lost.outcome, lost.summary) == (Outcome.UNKNOWN, "the check itself crashed: ZeroDivisionError: by design")
    assert duplicated.outcome is Outcome.PASS


def test_an_unknown_check_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"no check is called 'lots'; did you mean 'lost'\?"):
        check_history(History.of(CLEAN), ["lots"])


def test_only_the_checks_named_are_run() -> None:
    assert [v.check for v in check_history(History.of(CLEAN), {"phantom", "lost"})] == ["lost", "phantom"]


def test_a_run_that_never_became_quiet_loses_nothing_for_sure_but_proves_nothing() -> None:
    events = without(MUTANTS["a push that never arrives"][0](), is_("quiesce"))
    verdict = check_history(History.of(events), ["lost"])[0]
    assert (verdict.outcome, verdict.values) == (Outcome.UNKNOWN, {"not_seen": 1})
    assert verdicts(events)["unseen_tail"].count == 1
    assert outcomes(without(CLEAN, is_("quiesce"))) == {
        **dict.fromkeys(CHECKS, Outcome.PASS),
        "lost": Outcome.UNKNOWN,
        "receipt_lost": Outcome.UNKNOWN,
    }


@pytest.mark.parametrize("kinds", [("send.ok",), ("wire.deliver", "deliver", "receipt.send", "receipt.seen")])
def test_without_acknowledgements_or_deliveries_no_check_of_messages_passes(kinds: tuple[str, ...]) -> None:
    events = [event for event in CLEAN if event["kind"] not in kinds]
    of_people = {"stale_online", "false_offline", "presence_flap", "last_seen_regress", "registry_orphan"}
    by_message = set(CHECKS) - of_people - {"receipt_regress", "slo_miss", "bad_input"}
    found = outcomes(events)
    assert {name for name in by_message if found[name] is Outcome.PASS} == set()


def test_a_history_of_nothing_but_its_config_passes_no_check_of_the_system() -> None:
    found = outcomes([CLEAN[0]])
    assert found.pop("bad_input") is Outcome.PASS
    assert set(found.values()) == {Outcome.UNKNOWN, Outcome.NOT_APPLICABLE}
    assert worst(found.values()) is Outcome.UNKNOWN


def test_a_history_without_a_config_is_never_a_crash() -> None:
    verdicts = check_history(History.of(CLEAN[1:]))
    assert not [v.summary for v in verdicts if "crashed" in v.summary]
    assert {v.check for v in verdicts if v.outcome is Outcome.UNKNOWN} == {
        "lost",
        "skipped",
        "unseen_tail",
        "cursor_late_insert",
        "resume_gap",
        "registry_orphan",
        "receipt_lost",
        "stale_online",
        "false_offline",
    }


def two_worlds() -> tuple[list[Event], list[Event]]:
    """The clean story, and the same among other people."""
    names = {f"u{i}": f"u{i + 50}" for i in (1, 2, 3)} | {"c1": "c51", "c2": "c52"}
    names |= {f"u{i}.{n}": f"u{i + 50}.{n}" for i in (1, 2, 3) for n in (1, 2)}
    others = []
    for event in CLEAN[1:]:
        renamed = {k: names.get(v, v) if isinstance(v, str) else v for k, v in event.items()}
        ids = {"uuid": f"other-{event['uuid']}"} if "uuid" in event else {}
        others.append(renamed | ids | ({"message_id": 90_000 + event["message_id"]} if "message_id" in event else {}))
    config = CLEAN[0]["detail"].replace('"c2":', '"c51": ["u51", "u52", "u53"], "c52": ["u51", "u52"], "c2":')
    return [{**CLEAN[0], "detail": config}, *CLEAN[1:]], [e for e in others if e["kind"] != "quiesce"]


@settings(max_examples=15, deadline=None)
@given(shift_ns=st.integers(0, 3_000_000_000), others_first=st.booleans())
def test_independent_conversations_interleave_in_any_way(shift_ns: int, others_first: bool) -> None:
    ours, theirs = two_worlds()
    later = [{k: v + shift_ns if k in {"t_ns", "start_ns", "intended_ns"} else v for k, v in e.items()} for e in theirs]
    end = {"kind": "quiesce", "t_ns": 20_000_000_000}
    events = [*later, *ours, end] if others_first else [*ours, *later, end]
    assert outcomes(events) == dict.fromkeys(CHECKS, Outcome.PASS)


@settings(max_examples=15, deadline=None)
@given(st.permutations(("u1", "u2", "u3")), st.lists(st.integers(0, 40_000_000), min_size=3, max_size=3))
def test_devices_may_show_a_message_in_any_order_among_themselves(order: list[str], delays_ns: list[int]) -> None:
    rank = {user: i for i, user in enumerate(order)}
    delay = dict(zip(("u1", "u2", "u3"), delays_ns, strict=True))
    at_devices = {"wire.deliver", "deliver", "receipt.send"}
    moved = [
        {**e, "t_ns": e["t_ns"] + delay[e["device"]]} if e["kind"] in at_devices else e
        for e in sorted(CLEAN, key=lambda e: rank.get(e.get("device", ""), 0))
    ]
    moved = changed(moved, is_("receipt.seen"), t_ns=13_000_000_000)
    assert outcomes([e for e in moved if e.get("state") != "read"]) == dict.fromkeys(CHECKS, Outcome.PASS)


@given(st.sampled_from(sorted({e["uuid"] for e in CLEAN if e["kind"] == "deliver"})), st.integers(0, 10_000_000_000))
@settings(max_examples=15, deadline=None)
def test_frames_may_come_again_at_any_time(uuid: str, delay_ns: int) -> None:
    frames = [{**e, "t_ns": e["t_ns"] + delay_ns} for e in CLEAN if is_("wire.deliver", uuid=uuid)(e)]
    assert outcomes([*CLEAN, *frames]) == dict.fromkeys(CHECKS, Outcome.PASS)


def neighbours() -> list[tuple[str, str, str]]:
    """(device, message, the message shown after it in the same conversation), by order of showing."""
    shown = sorted((e for e in CLEAN if e["kind"] == "deliver"), key=lambda event: event["t_ns"])
    streams: dict[tuple[str, str], list[str]] = {}
    for event in shown:
        streams.setdefault((event["device"], event["conv"]), []).append(event["uuid"])
    return [(device, one, two) for (device, _), uuids in streams.items() for one, two in pairwise(uuids)]


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(neighbours()))
def test_two_neighbours_may_not_change_places_on_one_device(swapped: tuple[str, str, str]) -> None:
    device, one, two = swapped
    times = {e["uuid"]: e["t_ns"] for e in CLEAN if is_("deliver", device=device)(e)}
    later = changed(CLEAN, is_(*SHOWN, uuid=one, device=device), t_ns=times[two] + 1_000_000)
    assert "order_divergence" in convicted(later)
