from __future__ import annotations

from reports.presence import PresenceAnswers, presence_answers
from sim.history import History

SECOND = 10**9


def _answers(*reads: tuple[float, float, str]) -> PresenceAnswers:
    """u1 is there from 10 s to 20 s and from 30 s on; each read is (asked at, answered at, state)."""
    who = {"device": "u1", "user": "u1"}
    sessions = [
        {"t_ns": 10 * SECOND, "kind": "conn.open", **who, "session": "u1.1"},
        {"t_ns": 20 * SECOND, "kind": "conn.close", **who, "session": "u1.1"},
        {"t_ns": 30 * SECOND, "kind": "conn.open", **who, "session": "u1.2"},
    ]
    asked = [
        {
            "t_ns": int(end * SECOND),
            "kind": "presence.read",
            "user": "u2",
            "reader": "u1",
            "state": state,
            "start_ns": int(start * SECOND),
        }
        for start, end, state in reads
    ]
    return presence_answers(History.of([*sessions, *asked]))


def test_true_answers_are_not_counted() -> None:
    assert _answers((12, 13, "online"), (25, 26, "offline"), (1, 2, "offline"), (31, 32, "online")) == PresenceAnswers(
        4, 0, 0
    )


def test_online_after_the_end_is_stale() -> None:
    assert _answers((25, 26, "online")) == PresenceAnswers(1, 1, 0)


def test_offline_during_a_session_is_false() -> None:
    assert _answers((12, 13, "offline")) == PresenceAnswers(1, 0, 1)


def test_whoever_comes_or_goes_while_asked_may_be_either() -> None:
    assert _answers(
        (19, 21, "offline"), (19, 21, "online"), (29, 31, "online"), (29, 31, "offline")
    ) == PresenceAnswers(4, 0, 0)
