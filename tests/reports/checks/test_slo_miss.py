"""slo_miss: what each latency spans, what is judged, and when it takes more samples."""

from __future__ import annotations

import pytest

from reports.checks import check_history
from sim.verdict import Outcome, Verdict
from tests.reports.checks.story import Story, changed, is_


def chat(count: int = 10, delay_s: float = 0.1, **settings: object) -> Story:
    """u1 sends a message a second to u2, who shows it after `delay_s`."""
    h = Story({"c1": ["u1", "u2"]}, **settings)
    h.open(0.1, "u1")
    h.open(0.1, "u2")
    for i in range(count):
        h.send(1 + i, "u1", "c1", f"m{i}")
        h.deliver(1 + i + delay_s, "u2", f"m{i}")
    return h


def judged(h: Story) -> Verdict:
    return check_history(h.history(), ["slo_miss"])[0]


def test_a_latency_at_its_threshold_is_within_it() -> None:
    found = judged(chat(thresholds={"delivery_max": 0.1, "ack_p50": 0.01, "receipt_p50": 0.01}))
    assert found.outcome is Outcome.PASS
    assert found.values == {
        "delivery_max": 0.1,
        "ack_p50": 0.01,
        "receipt_p50": 0.01,
        "delivery_samples": 10,
        "ack_samples": 10,
        "receipt_samples": 10,
    }


def test_a_miss_says_by_how_much_and_shows_the_slowest() -> None:
    found = judged(chat(delay_s=0.6, thresholds={"delivery_max": 0.5, "ack_max": 0.5}))
    assert (found.outcome, found.count) == (Outcome.FAIL, 1)
    assert found.summary == "delivery_max 0.6 s over 0.5 s; ack_max 0.01 s within 0.5 s"
    assert found.examples[0].note == "took 0.6 s, limit 0.5 s"


def test_time_runs_from_the_intended_moment() -> None:
    h = chat(thresholds={"delivery_max": 0.5, "ack_max": 0.5})
    h.events = changed(h.events, is_("send.invoke", uuid="m9"), intended_ns=9_000_000_000)
    found = judged(h)
    assert found.values["delivery_max"] == pytest.approx(1.1)
    assert found.values["ack_max"] == pytest.approx(1.01)


def test_messages_of_the_warm_up_are_not_judged() -> None:
    h = chat(thresholds={"delivery_max": 0.5}, warm_up_s=3.0)
    h.events = changed(h.events, is_("send.invoke", uuid="m1"), intended_ns=0)
    assert judged(h).values == {"delivery_max": 0.1, "delivery_samples": 8}


def test_a_percentile_of_too_few_samples_is_unknown() -> None:
    found = judged(chat(thresholds={"delivery_p99": 0.05}))
    assert (found.outcome, found.summary) == (
        Outcome.UNKNOWN,
        "delivery_p99 unknown: 10 samples, it takes 299",
    )


def test_what_a_device_resumed_is_no_latency_of_delivery() -> None:
    h = chat(thresholds={"delivery_max": 0.5})
    h.send(20, "u1", "c1", "late")
    h.deliver(60, "u2", "late", via="resume")
    assert judged(h).outcome is Outcome.PASS


def test_receipts_wait_for_senders_who_are_away() -> None:
    h = chat(thresholds={"receipt_max": 0.5})
    h.send(20, "u1", "c1", "late")
    h.close(20.05, "u1")
    h.deliver(20.1, "u2", "late", receipt=False)
    h.receipt(20.1, "u2", "late", "delivered", seen=False)
    h.open(50, "u1")
    h.seen(50.1, "u2", "late", "delivered")
    assert judged(h).values == {"receipt_max": 0.01, "receipt_samples": 10}


def test_without_thresholds_there_is_nothing_to_miss() -> None:
    found = judged(chat())
    assert (found.outcome, found.summary) == (Outcome.PASS, "the scenario sets no thresholds")
