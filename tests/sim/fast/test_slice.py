"""One slice of the path: nothing is lost, loads follow the utilisation law, a backlog grows as it must."""

from __future__ import annotations

import numpy as np
import pytest

from sim.fast.draws import constant, exponential_table
from sim.fast.flow import flows
from sim.fast.load import stage_loads
from sim.fast.production import production
from sim.fast.scaling import pool_wait
from sim.fast.slice import Line, Seen, run_slice
from tests.sim.fast.worlds import small_job, small_layout, small_scenario

LAYOUT = small_layout()
TIMES = production(small_scenario())


@pytest.fixture(scope="module")
def seen() -> Seen:
    """Half a minute."""
    return run_slice(small_job(LAYOUT, TIMES, window_s=30.0))


def test_flows_follow_from_the_messages_and_their_recipients(seen: Seen) -> None:
    counts = {hop: times.count for hop, times in seen.hops.items()}
    assert counts["gateway"] == pytest.approx(600 * 30, rel=0.03)
    assert counts["push"] == pytest.approx(1.7 * counts["gateway"], rel=0.03)
    assert counts["receipt"] == pytest.approx(2 * counts["push"], rel=0.02)
    assert counts["uplink"] == counts["gateway"] == counts["ack"]
    assert counts["downlink"] == counts["push"] == counts["delivery"]


def test_end_to_end_is_the_sum_of_its_hops(seen: Seen) -> None:
    per_message = ("uplink", "gateway", "log", "fetch", "queue", "store", "route")
    mean_s = {hop: times.mean_s for hop, times in seen.hops.items()}
    recipients_equal = sum(mean_s[hop] for hop in (*per_message, "rpc", "push", "downlink"))
    assert mean_s["delivery"] == pytest.approx(recipients_equal, rel=0.01)


def test_utilisation_is_arrival_rate_times_work_at_every_stage(seen: Seen) -> None:
    asked = flows(LAYOUT, TIMES)
    loads = stage_loads(asked, [seen])
    for name, load in loads.items():
        assert load.mean == pytest.approx(float(asked[name].offered.mean()), rel=0.04)
        assert load.growth_per_s == 0
    assert loads["worker"].hottest_shard == 0
    assert loads["worker"].offered_hottest == pytest.approx(1.5 * 100 * float(asked["worker"].work_s[0]))


def test_the_worker_waits_as_m_m_1_when_it_is_one() -> None:
    zero = constant(0.0)
    times = TIMES._replace(store=exponential_table(0.006), route=zero, shard=zero, recipient_s=0.0, fetch_s=0.0)
    even = small_layout(partitions=np.ones(6))
    waits = run_slice(small_job(even, times, window_s=60.0, warm_up_s=1.0)).hops["queue"]
    # 36,000 messages at load 0.6; nine in ten intervals of that length lie within 8 %.
    assert waits.mean_s == pytest.approx(0.006 * pool_wait(1, 0.6), rel=0.08)


def test_little_law_holds_at_the_worker() -> None:
    done = run_slice(small_job(LAYOUT, TIMES, window_s=20.0))
    rate_per_s = done.hops["queue"].count / 20
    busy = float(done.busy_s["worker"].sum()) / 20
    served_s = done.hops["store"].mean_s + done.hops["route"].mean_s
    assert busy == pytest.approx(rate_per_s * served_s, rel=1e-9)


def test_an_overloaded_partition_grows_by_what_it_cannot_serve() -> None:
    layout = small_layout(partitions=np.array([9.0, 1.0, 1.0]))
    line = Line(small_job(layout, TIMES, window_s=10.0))
    while line.now_s < line.end_s:
        line.advance()
    asked = flows(layout, TIMES)
    load = stage_loads(asked, [line.seen()])["worker"]
    assert load.overloaded == 1
    assert load.hottest_shard == 0
    assert load.hottest == pytest.approx(1.0, abs=0.01)
    left_s = float(line.banks["worker"].free_s[0]) - line.end_s
    assert left_s / 10.5 == pytest.approx(load.growth_per_s * float(asked["worker"].work_s[0]), rel=0.15)


def test_a_viral_group_loads_one_partition_and_one_receipt_partition() -> None:
    layout = small_layout(300.0, hot_share=0.1, hot_recipients=40)
    done = run_slice(small_job(layout, TIMES, window_s=60.0))
    assert layout.mean_recipients == pytest.approx(0.9 * 1.7 + 0.1 * 40)
    assert done.hops["push"].count == pytest.approx(60 * layout.deliveries_per_s, rel=0.05)
    worked = done.busy_s["receipt_worker"]
    rates = flows(layout, TIMES)["receipt_worker"].rates_per_s
    assert worked / worked.sum() == pytest.approx(rates / rates.sum(), abs=0.03)


def test_a_viral_group_beyond_its_worker_sends_on_only_what_the_worker_can() -> None:
    layout = small_layout(300.0, hot_share=0.5, hot_recipients=200)
    flow = flows(layout, TIMES)
    assert flow["worker"].growth_per_s[0] == pytest.approx(flow["worker"].rates_per_s[0] - 1 / flow["worker"].work_s[0])
    assert not flow["worker"].growth_per_s[1:].any()
    done = run_slice(small_job(layout, TIMES, window_s=20.0))
    assert done.hops["push"].count == pytest.approx(20 * float(flow["push"].rates_per_s.sum()), rel=0.05)
    assert done.hops["receipt"].count == pytest.approx(20 * float(flow["receipt_push"].rates_per_s.sum()), rel=0.05)
