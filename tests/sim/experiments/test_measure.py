"""What one history says, as numbers: by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from sim.experiments.measure import busiest, measure
from sim.history import History

SECOND = 1_000_000_000
Event = Mapping[str, Any]


def message(
    number: int, at_s: float, *, delay_s: float = 0.1, ack_s: float = 0.05, cseq: int | None = None
) -> list[Event]:
    """u1 writes to u2: sent at once, acknowledged, shown."""
    uuid, cseq = f"m{number}", cseq or number
    own = {"device": "u1", "user": "u1", "conv": "c1", "uuid": uuid}
    shown = {"device": "u2", "user": "u2", "conv": "c1", "uuid": uuid, "cseq": cseq, "via": "push"}
    at_ns = round(at_s * SECOND)
    return [
        {"t_ns": at_ns, "kind": "send.invoke", **own, "cseq": cseq, "intended_ns": at_ns},
        {"t_ns": at_ns + round(ack_s * SECOND), "kind": "send.ok", **own},
        {"t_ns": at_ns + round(delay_s * SECOND), "kind": "deliver", **shown},
    ]


def history(*parts: list[Event], duration_s: float = 10.0, warm_up_s: float = 2.0) -> History:
    config = {"warm_up_s": warm_up_s, "duration_s": duration_s}
    return History.of(
        [{"t_ns": 0, "kind": "config", "detail": json.dumps(config)}, *(e for part in parts for e in part)]
    )


def cpu(process: str, *seconds: float) -> list[Event]:
    """Readings each second from 0."""
    gauge = {"kind": "sample", "target": process, "state": "cpu_s"}
    return [{"t_ns": at * SECOND, **gauge, "value": value} for at, value in enumerate(seconds)]


def test_latency_runs_from_the_intended_moment_and_the_warm_up_is_not_judged() -> None:
    found = measure(history(message(1, 1.0, delay_s=1.9), message(2, 3.0), message(3, 4.0, delay_s=0.3)), cores=2)
    assert found["delivery_samples"] == found["ack_samples"] == 2
    assert found["delivery_mean"] == pytest.approx(0.2)
    assert found["delivery_p50"] == pytest.approx(0.1)
    assert found["delivery_p99"] == pytest.approx(0.3)
    assert found["ack_max"] == pytest.approx(0.05)


def test_what_was_not_seen_has_no_number() -> None:
    found = measure(history(message(1, 1.0)), cores=2)
    assert found["delivery_samples"] == 0
    assert "delivery_p99" not in found


def test_utilisation_is_processor_time_over_time_within_the_window() -> None:
    gateway = cpu("gateway-1", 5, 5, 5, 5.5, 6, 6.5)
    found = measure(history(message(1, 3.0), gateway, cpu("kafka", *range(6)), duration_s=5.0), cores=4)
    assert found["utilisation.gateway-1"] == pytest.approx(0.5)
    assert found["utilisation.kafka"] == pytest.approx(1.0)
    assert found["utilisation.cores"] == pytest.approx(1.5 / 4)
    assert busiest(found) == ("gateway-1", found["utilisation.gateway-1"])


def test_without_gauges_nothing_is_busiest() -> None:
    assert busiest(measure(history(message(1, 3.0)), cores=2)) == ("", 0.0)


def test_a_message_shown_after_a_later_one_of_its_sender_is_a_violation() -> None:
    early, late = message(1, 3.0, delay_s=1.0), message(2, 3.5)
    assert measure(history(early, late), cores=2)["order_violations"] == 1
    assert measure(history(message(1, 3.0), message(2, 3.5)), cores=2)["order_violations"] == 0


def test_rates_are_of_the_judged_window() -> None:
    found = measure(history(*(message(at, float(at)) for at in range(1, 10))), cores=2)
    assert found["sent_per_s"] == pytest.approx(8 / 8)
    assert found["delivered_per_s"] == pytest.approx(8 / 8)


def test_a_box_that_keeps_up_is_not_overloaded() -> None:
    found = measure(history(*(message(at, at / 10, delay_s=0.25) for at in range(100))), cores=2)
    assert (found["overloaded"], found["backlog_end"]) == (0, 2)


def test_a_backlog_that_takes_a_third_of_what_arrives_is_an_overload_and_is_told_by_its_growth() -> None:
    # 10 a second arrive, one is done each 0.15 s.
    late = [message(at, at / 10, delay_s=at * 0.05 + 0.01, ack_s=at * 0.05) for at in range(100)]
    found = measure(history(*late), cores=2)
    assert found["overloaded"] == 1
    assert found["backlog_per_s"] == pytest.approx(10 / 3, rel=0.05)


def test_what_is_never_done_waits_for_ever() -> None:
    unanswered = [message(at, at / 10)[:1] for at in range(100)]
    found = measure(history(*unanswered), cores=2)
    assert found["overloaded"] == 1
    assert found["backlog_per_s"] == pytest.approx(10, rel=0.02)


def received(number: int, at_s: float, *, after_s: float = 0.2) -> list[Event]:
    """u1 learns that u2 was shown the message."""
    seen = {"device": "u1", "user": "u1", "reader": "u2", "conv": "c1", "uuid": f"m{number}", "state": "delivered"}
    return [{"t_ns": round((at_s + after_s) * SECOND), "kind": "receipt.seen", **seen}]


def session(opens_s: float, closes_s: float | None = None, number: int = 1) -> list[Event]:
    """u1 is connected."""
    own = {"device": "u1", "user": "u1", "session": f"u1.{number}"}
    opened: list[Event] = [{"t_ns": round(opens_s * SECOND), "kind": "conn.open", **own}]
    if closes_s is None:
        return opened
    return [*opened, {"t_ns": round(closes_s * SECOND), "kind": "conn.close", **own, "cause": "bye"}]


def test_a_receipt_runs_from_the_showing_to_the_sender() -> None:
    events = (message(1, 3.0), message(2, 4.0, delay_s=0.3), received(1, 3.1), received(2, 4.3, after_s=0.4))
    found = measure(history(session(0.0), *events), cores=2)
    assert found["receipt_samples"] == 2
    assert found["receipt_mean"] == pytest.approx(0.3)
    assert found["receipt_p99"] == pytest.approx(0.4)


def test_a_receipt_that_waited_for_its_sender_to_come_back_is_no_latency() -> None:
    events = (message(1, 3.0), message(2, 6.0), received(1, 3.1, after_s=1.9), received(2, 6.1))
    found = measure(history(session(0.0, 3.5), session(4.5, number=2), *events), cores=2)
    assert found["receipt_samples"] == 1
    assert found["receipt_max"] == pytest.approx(0.2)
