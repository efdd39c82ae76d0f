"""receipt_regress: every way in which receipts lie or go backwards, told apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reports.checks import check_history
from sim.verdict import Outcome, Verdict
from tests.reports.checks.story import Story, is_, without


def shown(*, receipt: bool = True) -> Story:
    """m0 of u1, shown on u2 at 2 s."""
    h = Story({"c1": ["u1", "u2", "u3"]})
    for user in ("u1", "u2", "u3"):
        h.open(0.1, user)
    h.send(1, "u1", "c1", "m0")
    h.deliver(2, "u2", "m0", receipt=receipt)
    return h


def judged(h: Story) -> Verdict:
    return check_history(h.history(), ["receipt_regress"])[0]


def down_again(h: Story) -> None:
    h.receipt(3, "u2", "m0", "read")
    h.seen(4, "u2", "m0", "delivered")


LIES: dict[str, tuple[bool, Callable[[Story], None]]] = {
    "receipt_phantom": (True, lambda h: h.receipt(1.9, "u3", "m0", "delivered")),
    "read_without_delivered": (False, lambda h: h.receipt(3, "u2", "m0", "read")),
    "never_said": (True, lambda h: h.seen(3, "u3", "m0", "delivered")),
    "went_down": (True, down_again),
}


@pytest.mark.parametrize("lie", LIES)
def test_each_lie_has_its_name(lie: str) -> None:
    receipt, tell = LIES[lie]
    h = shown(receipt=receipt)
    tell(h)
    assert (judged(h).outcome, judged(h).values) == (Outcome.FAIL, {lie: 1})


def test_a_receipt_at_the_very_time_of_showing_is_honest() -> None:
    assert judged(shown()).outcome is Outcome.PASS


def test_read_that_was_only_said_to_be_delivered_was_never_said() -> None:
    h = shown()
    h.seen(3, "u2", "m0", "read")
    assert judged(h).values == {"never_said": 1}


def test_read_may_be_learnt_without_delivered() -> None:
    h = shown()
    h.receipt(3, "u2", "m0", "read")
    h.events = without(h.events, is_("receipt.seen", state="delivered"))
    assert judged(h).outcome is Outcome.PASS


def test_receipts_of_two_readers_do_not_mix() -> None:
    h = shown()
    h.receipt(3, "u2", "m0", "read")
    h.deliver(5, "u3", "m0")
    assert judged(h).outcome is Outcome.PASS


def test_a_history_without_receipts_is_unknown() -> None:
    assert judged(shown(receipt=False)).outcome is Outcome.UNKNOWN
