"""One clean history, and mutants of it: each seeded bug is caught by the right names and by no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reports.checks
from reports.checks import CHECKS, check_history
from reports.checks.base import Check
from sim.errors import UsageError
from sim.history import History
from sim.verdict import Outcome
from tests.reports.checks.story import Event, Story, changed, clean_story, is_, without

CLEAN = tuple(clean_story().events)
Mutant = Callable[[], list[Event]]


def outcomes(events: list[Event]) -> dict[str, Outcome]:
    return {verdict.check: verdict.outcome for verdict in check_history(History.of(events))}


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


SHOWN = ("wire.deliver", "deliver", "receipt.send")
MUTANTS: dict[str, tuple[Mutant, set[str]]] = {
    "a push that never arrives": (
        lambda: without(CLEAN, is_("wire.deliver", "deliver", uuid="e2", device="u3")),
        {"lost"},
    ),
    "a device that shows a message again in its next session": (frame_again(session="u2.2"), {"duplicated"}),
    "a server that numbers a sender's messages backwards": (cseq_against_the_order, {"reordered_sender"}),
    "two devices that disagree about two senders": (showing_a3_before_a2, {"order_divergence"}),
    "a device that shows one sender's messages backwards": (
        showing_b2_before_b1,
        {"order_divergence", "reordered_sender"},
    ),
    "a resume that skips a message": (
        lambda: without(
            without(CLEAN, is_(*SHOWN, uuid="b2", device="u3")), is_("receipt.seen", uuid="b2", reader="u3")
        ),
        {"lost", "resume_gap"},
    ),
    "a message that nobody sent": (frame_again(uuid="zz", seq=99), {"phantom"}),
    "a message that was refused": (refused_but_shown, {"phantom"}),
    "a message that reaches a stranger": (frame_again(device="u9", user="u9"), {"phantom"}),
    "a message that turns up in another conversation": (frame_again(device="u1", user="u1", conv="c2"), {"phantom"}),
    "a text altered on the way": (
        lambda: changed(CLEAN, is_("deliver", uuid="a1", device="u2"), hash="h-other"),
        {"content_mismatch"},
    ),
    "a text altered in the store": (
        lambda: changed(CLEAN, is_("store.row", uuid="a1"), hash="h-other"),
        {"content_mismatch"},
    ),
    "a receipt for what was not shown": (
        told(lambda h: h.receipt(9.0, "u3", "b1", "delivered", seen=False)),
        {"receipt_regress"},
    ),
    "read without delivered": (
        told(lambda h: h.receipt(12.0, "u3", "e2", "read", seen=False)),
        {"receipt_regress"},
    ),
    "a sender who learns what was never said": (told(lambda h: h.seen(9.5, "u2", "b2", "read")), {"receipt_regress"}),
    "a sender whose read turns into delivered": (
        told(lambda h: h.seen(9.5, "u2", "b1", "delivered")),
        {"receipt_regress"},
    ),
    "presence that outlives its user": (told(lambda h: h.ask(30.0, "u3", "u1", "online")), {"stale_online"}),
    "presence that vanishes": (told(lambda h: h.ask(11.4, "u3", "u1", "offline")), {"false_offline"}),
    "a slow acknowledgement": (lambda: changed(CLEAN, is_("send.ok", uuid="b1"), t_ns=5_200_000_000), {"slo_miss"}),
}


def test_a_clean_history_passes_every_check() -> None:
    assert outcomes(list(CLEAN)) == dict.fromkeys(CHECKS, Outcome.PASS)


@pytest.mark.parametrize("bug", MUTANTS)
def test_a_seeded_bug_is_caught_by_its_name_and_no_other(bug: str) -> None:
    mutant, names = MUTANTS[bug]
    assert convicted(mutant()) == names


def test_every_check_has_a_mutant_that_it_catches() -> None:
    assert set().union(*(names for _, names in MUTANTS.values())) == set(CHECKS)


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
    assert outcomes(without(CLEAN, is_("quiesce"))) == {
        **dict.fromkeys(CHECKS, Outcome.PASS),
        "lost": Outcome.UNKNOWN,
    }


@pytest.mark.parametrize("kinds", [("send.ok",), ("wire.deliver", "deliver", "receipt.send", "receipt.seen")])
def test_without_acknowledgements_or_deliveries_no_check_of_messages_passes(kinds: tuple[str, ...]) -> None:
    events = [event for event in CLEAN if event["kind"] not in kinds]
    by_message = set(CHECKS) - {"receipt_regress", "stale_online", "false_offline", "slo_miss"}
    assert all(outcomes(events)[name] is not Outcome.PASS for name in by_message)


def test_a_history_of_nothing_but_its_config_is_unknown_in_every_check() -> None:
    assert set(outcomes([CLEAN[0]]).values()) == {Outcome.UNKNOWN}


def test_a_history_without_a_config_is_never_a_crash() -> None:
    verdicts = check_history(History.of(CLEAN[1:]))
    assert not [v.summary for v in verdicts if "crashed" in v.summary]
    assert {v.check for v in verdicts if v.outcome is Outcome.UNKNOWN} == {
        "lost",
        "resume_gap",
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
        others.append(renamed | ({"uuid": f"other-{event['uuid']}"} if "uuid" in event else {}))
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
