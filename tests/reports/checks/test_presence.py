"""stale_online, false_offline and presence_flap, with heartbeats every 4 s and a TTL of 9 s."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reports.checks import check_history
from sim.verdict import Outcome, Verdict
from tests.reports.checks.story import Story


def online(*beats_s: float, lost_s: tuple[float, ...] = (), ttl_s: float = 9.0) -> Story:
    """u1 connected from 0.2 s, with heartbeats stored, or lost, at these times."""
    h = Story({"c1": ["u1", "u2"]}, design={"presence_ttl_s": ttl_s})
    h.open(0.2, "u1")
    for t_s in sorted((*beats_s, *lost_s)):
        h.beat(t_s, "u1", stored_after_s=None if t_s in lost_s else 0.01)
    return h


def verdict(h: Story, name: str) -> Verdict:
    return check_history(h.history(), [name])[0]


@pytest.mark.parametrize(("asked_s", "outcome"), [(13.0, Outcome.PASS), (13.4, Outcome.PASS), (13.6, Outcome.FAIL)])
def test_online_is_stale_once_the_ttl_and_half_a_second_have_passed(asked_s: float, outcome: Outcome) -> None:
    h = online(4.0)
    h.close(5.0, "u1", "crash")
    h.ask(asked_s, "u2", "u1", "online")
    assert verdict(h, "stale_online").outcome is outcome


def test_a_lost_heartbeat_renews_nothing() -> None:
    h = online(4.0, lost_s=(8.0, 12.0))
    h.ask(14.0, "u2", "u1", "online")
    assert verdict(h, "stale_online").outcome is Outcome.FAIL


def test_a_heartbeat_whose_answer_a_crash_cut_off_may_have_been_stored() -> None:
    h = online(4.0, lost_s=(8.0,))
    h.close(8.1, "u1", "crash")
    h.ask(14.0, "u2", "u1", "online")
    assert verdict(h, "stale_online").outcome is Outcome.PASS


def test_who_was_never_heard_of_cannot_be_online() -> None:
    h = online()
    h.ask(1.0, "u2", "u7", "online")
    found = verdict(h, "stale_online")
    assert (found.outcome, found.examples[0].note) == (Outcome.FAIL, "online, but was never heard of")


def test_offline_is_true_of_who_left_or_fell_silent() -> None:
    h = online(4.0, 8.0)
    h.ask(20.0, "u2", "u1", "offline")
    h.close(21.0, "u1")
    h.ask(21.1, "u2", "u1", "offline")
    assert verdict(h, "false_offline").outcome is Outcome.UNKNOWN


def test_offline_is_true_while_a_session_opens_or_ends() -> None:
    h = online(4.0)
    h.ask(0.205, "u2", "u1", "offline")
    h.ask(5.8, "u2", "u1", "offline")
    h.close(6.0, "u1")
    assert verdict(h, "false_offline").outcome is Outcome.UNKNOWN


def test_a_key_that_is_gone_long_before_its_ttl_was_taken_from_the_registry() -> None:
    h = online(4.0, 8.0)
    h.ask(9.0, "u2", "u1", "offline")
    assert (verdict(h, "false_offline").outcome, verdict(h, "false_offline").values) == (Outcome.FAIL, {"registry": 1})


def test_two_lost_heartbeats_make_a_connected_user_look_offline() -> None:
    h = online(4.0, lost_s=(8.0, 12.0))
    h.ask(13.5, "u2", "u1", "offline")
    found = verdict(h, "false_offline")
    assert (found.outcome, found.values) == (Outcome.FAIL, {"lost-heartbeat": 1})
    assert found.examples[0].note == "offline while connected: lost-heartbeat"


def test_a_heartbeat_stored_too_late_for_a_narrow_ttl_is_jitter() -> None:
    h = online(4.0, ttl_s=5.0)
    h.beat(8.0, "u1", stored_after_s=1.5)
    h.beat(12.0, "u1")
    h.ask(9.2, "u2", "u1", "offline")
    assert verdict(h, "false_offline").values == {"jitter": 1}


def test_a_read_that_took_longer_than_the_ttl_does_not_accuse_the_registry() -> None:
    h = online(lost_s=(4.0, 8.0, 12.0))
    h.ask(12.5, "u2", "u1", "offline")
    h.events[-1]["start_ns"] = 4_500_000_000
    assert verdict(h, "false_offline").values == {"lost-heartbeat": 1}


def test_without_presence_reads_presence_is_unknown() -> None:
    h = online(4.0)
    assert {verdict(h, name).outcome for name in ("stale_online", "false_offline")} == {Outcome.UNKNOWN}


@pytest.mark.parametrize(("heard_s", "outcome"), [(13.9, Outcome.PASS), (14.1, Outcome.FAIL)])
def test_what_a_subscriber_hears_may_be_half_a_second_old(heard_s: float, outcome: Outcome) -> None:
    h = online(4.0)
    h.close(5.0, "u1", "crash")
    h.hear(heard_s, "u1", "online", device="u2")
    assert verdict(h, "stale_online").outcome is outcome


def test_a_subscriber_hears_offline_only_of_who_is_not_there() -> None:
    h = online(4.0, 8.0)
    h.hear(9.0, "u1", "offline", device="u2")
    assert (verdict(h, "false_offline").outcome, verdict(h, "false_offline").values) == (Outcome.FAIL, {"registry": 1})


def test_a_subscriber_may_hear_of_an_absence_that_has_just_ended() -> None:
    h = online(4.0)
    h.close(5.0, "u1")
    h.open(5.2, "u1")
    h.hear(5.4, "u1", "offline", device="u2")
    h.hear(5.5, "u1", "online", device="u2")
    assert Outcome.FAIL not in {verdict(h, name).outcome for name in ("false_offline", "presence_flap")}


def subscribed() -> Story:
    """u2 asks for u1, who is online from 0.2 s, and is to be told what changes."""
    h = Story({"c1": ["u1", "u2"]}, design={"presence": "subscription"})
    h.open(0.2, "u1")
    h.open(0.3, "u2")
    h.ask(1.0, "u2", "u1", "online")
    return h


def never_told(h: Story) -> None:
    """Nothing happens."""


def told_late(h: Story) -> None:
    h.hear(10.3, "u1", "offline", device="u2")


def told_in_time(h: Story) -> None:
    h.hear(10.1, "u1", "offline", device="u2")


def asked_again(h: Story) -> None:
    h.ask(10.1, "u2", "u7", "offline")


def left(h: Story) -> None:
    h.close(10.1, "u2")


def renewed(h: Story) -> None:
    h.open(10.1, "u1")


@pytest.mark.parametrize(
    ("then", "outcome"),
    [
        (never_told, Outcome.FAIL),
        (told_late, Outcome.FAIL),
        (told_in_time, Outcome.PASS),
        (asked_again, Outcome.PASS),
        (left, Outcome.PASS),
        (renewed, Outcome.PASS),
    ],
)
def test_a_subscriber_must_hear_of_who_went_before_the_ttl_and_a_second_have_passed(
    then: Callable[[Story], None], outcome: Outcome
) -> None:
    h = subscribed()
    h.close(2.0, "u1", "crash")
    then(h)
    h.quiesce(12.0)
    found = verdict(h, "stale_online")
    assert found.outcome is outcome
    if then is never_told:
        assert found.examples[0].note == "still online 11.8 s after the last renewal, TTL 9 s"


def test_an_absence_in_the_middle_that_a_subscriber_did_not_hear_of_counts_too() -> None:
    h = subscribed()
    h.close(2.0, "u1", "crash")
    h.open(12.0, "u1")
    h.beat(15.0, "u1")
    h.quiesce(16.0)
    assert verdict(h, "stale_online").outcome is Outcome.FAIL


def test_who_only_asks_is_told_nothing_and_misses_nothing() -> None:
    h = online(4.0)
    h.open(0.3, "u2")
    h.ask(1.0, "u2", "u1", "online")
    h.close(5.0, "u1")
    h.quiesce(60.0)
    assert verdict(h, "stale_online").outcome is Outcome.PASS


@pytest.mark.parametrize(("told_s", "cause"), [(20.9, {}), (21.1, {"untold": 1}), (None, {"untold": 1})])
def test_a_subscriber_must_hear_of_who_came_as_soon(told_s: float | None, cause: dict[str, int]) -> None:
    h = subscribed()
    h.close(2.0, "u1")
    h.hear(2.1, "u1", "offline", device="u2")
    h.open(11.0, "u1")
    for t_s in (15.0, 19.0):
        h.beat(t_s, "u1")
    if told_s is not None:
        h.hear(told_s, "u1", "online", device="u2")
    h.quiesce(22.0)
    found = verdict(h, "false_offline")
    assert found.values == cause
    assert found.outcome is (Outcome.FAIL if cause else Outcome.PASS)


def test_who_came_for_a_moment_only_need_not_be_told() -> None:
    h = subscribed()
    h.close(2.0, "u1")
    h.hear(2.1, "u1", "offline", device="u2")
    h.open(11.0, "u1")
    h.close(15.0, "u1")
    h.quiesce(30.0)
    assert verdict(h, "false_offline").outcome is not Outcome.FAIL


def looked_at(*answers: tuple[float, float, str]) -> Story:
    """u1 stays; u2 asked for u1 from one time to another and was told this."""
    h = online(4.0, 8.0, 12.0)
    for asked_s, told_s, state in answers:
        h.ask(told_s, "u2", "u1", state)
        h.events[-1]["start_ns"] = round(asked_s * 1e9)
    return h


def test_an_absence_between_two_answers_is_a_flap_of_who_stayed_and_counts_once() -> None:
    h = looked_at((1.0, 1.1, "online"), (2.0, 2.1, "offline"), (2.5, 2.6, "offline"), (3.0, 3.1, "online"))
    found = verdict(h, "presence_flap")
    assert (found.outcome, found.count) == (Outcome.FAIL, 1)


def test_the_flap_is_shown_by_the_answers_next_to_the_absence() -> None:
    times = ((1.0, 1.1, "online"), (1.5, 1.6, "online"), (2.0, 2.1, "offline"), (3.0, 3.1, "online"))
    h = looked_at(*times, (4.0, 4.1, "online"))
    asked = [at for at, event in enumerate(h.history().frame.to_dict("records")) if event["kind"] == "presence.read"]
    assert verdict(h, "presence_flap").examples[0].events == tuple(asked[1:4])


@pytest.mark.parametrize(
    "answers",
    [
        ((1.0, 1.1, "online"), (2.0, 9.0, "offline"), (3.0, 3.1, "online")),
        ((1.0, 9.0, "online"), (2.0, 2.1, "offline"), (9.5, 9.6, "online")),
        ((1.0, 1.1, "online"), (2.0, 2.1, "offline")),
        ((2.0, 2.1, "offline"), (3.0, 3.1, "online")),
    ],
)
def test_an_answer_that_waited_for_its_store_contradicts_none_that_was_given_meanwhile(
    answers: tuple[tuple[float, float, str], ...],
) -> None:
    assert verdict(looked_at(*answers), "presence_flap").outcome is Outcome.PASS


@pytest.mark.parametrize(("left_s", "outcome"), [(3.5, Outcome.PASS), (3.7, Outcome.FAIL)])
def test_who_left_within_half_a_second_of_the_last_answer_may_have_been_away(left_s: float, outcome: Outcome) -> None:
    h = looked_at((1.0, 1.1, "online"), (2.0, 2.1, "offline"), (3.0, 3.1, "online"))
    h.close(left_s, "u1")
    assert verdict(h, "presence_flap").outcome is outcome
