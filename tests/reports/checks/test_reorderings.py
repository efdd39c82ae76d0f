"""Which reorderings of a clean history are allowed and which convict: drawn by hypothesis, judged by all checks.

allowed     every device takes its own time for each message, and shows them in the conversation's order
forbidden   one device shows two messages of a conversation the other way round
forbidden   one device never shows a message that it was owed
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reports.checks import check_history
from sim.verdict import Outcome
from tests.reports.checks.story import Story

PEOPLE = ("u1", "u2", "u3")
CONVS = ("c1", "c2")
QUIET_S = 30.0


@dataclass(frozen=True)
class Telling:
    """Who wrote where, and when each recipient showed it: by message, recipient → time."""

    written: tuple[tuple[str, str], ...]
    shown_s: tuple[dict[str, float], ...]

    def convicted(self) -> set[str]:
        h = Story({conv: list(PEOPLE) for conv in CONVS})
        for user in PEOPLE:
            h.open(0.5, user)
        for number, (sender, conv) in enumerate(self.written):
            h.send(_sent_s(number), sender, conv, f"m{number}")
        for number, shown_s in enumerate(self.shown_s):
            for user, t_s in shown_s.items():
                h.deliver(t_s, user, f"m{number}")
        h.quiesce(QUIET_S)
        return {verdict.check for verdict in check_history(h.history()) if verdict.outcome is Outcome.FAIL}

    def at(self, user: str, conv: str) -> list[int]:
        """Messages of a conversation that somebody shows."""
        return [n for n, (_, where) in enumerate(self.written) if where == conv and user in self.shown_s[n]]


def _sent_s(number: int) -> float:
    return 1 + 0.1 * number


@st.composite
def tellings(draw: st.DrawFn) -> Telling:
    """Clean ones: no device falls behind what it has shown of any conversation."""
    written = draw(st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(CONVS)), min_size=2, max_size=8))
    shown: list[dict[str, float]] = [{} for _ in written]
    for user in PEOPLE:
        received = [number for number, (sender, _) in enumerate(written) if sender != user]
        delays_s = draw(st.lists(st.floats(0.02, 1.0), min_size=len(received), max_size=len(received)))
        earliest_s = (_sent_s(number) + delay_s for number, delay_s in zip(received, delays_s, strict=True))
        rising_s = accumulate(earliest_s, lambda before_s, own_s: max(before_s + 0.001, own_s))
        for number, t_s in zip(received, rising_s, strict=True):
            shown[number][user] = t_s
    return Telling(tuple(written), tuple(shown))


@settings(max_examples=15, deadline=None)
@given(tellings())
def test_devices_may_be_as_slow_as_they_like_in_the_order_of_the_conversation(telling: Telling) -> None:
    assert telling.convicted() == set()


@settings(max_examples=15, deadline=None)
@given(tellings(), st.data())
def test_two_messages_shown_the_other_way_round_convict(telling: Telling, data: st.DataObject) -> None:
    pairs = [(user, *pair) for user in PEOPLE for conv in CONVS for pair in pairwise(telling.at(user, conv))]
    assume(pairs)
    user, first, second = data.draw(st.sampled_from(pairs))
    shown = [dict(times) for times in telling.shown_s]
    # Both are shown after the second was written: nothing but their order changes.
    late_s = max(shown[second][user], shown[first][user])
    shown[second][user], shown[first][user] = late_s, late_s + 0.0005
    same_sender = telling.written[first][0] == telling.written[second][0]
    found = Telling(telling.written, tuple(shown)).convicted()
    assert "order_divergence" in found
    assert ("reordered_sender" in found) is same_sender
    assert found <= {"order_divergence", "reordered_sender", "causality"}


@settings(max_examples=15, deadline=None)
@given(tellings(), st.data())
def test_a_message_that_one_device_never_shows_is_lost(telling: Telling, data: st.DataObject) -> None:
    owed = [(number, user) for number, times in enumerate(telling.shown_s) for user in times]
    number, user = data.draw(st.sampled_from(owed))
    shown = [dict(times) for times in telling.shown_s]
    del shown[number][user]
    found = Telling(telling.written, tuple(shown)).convicted()
    assert "lost" in found
    assert found <= {"lost", "skipped", "sender_gap"}
