"""A whole run: the same with any executor, conserved counts, intervals, and honest about what it cannot say."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from sim.errors import ModelError
from sim.experiments.executor import InProcess, Processes
from sim.fast.full import Threads, full_run
from sim.fast.layout import full_layout, recipient_shares, require_steady
from sim.fast.result import FullRun
from sim.faults import Fault
from sim.plan import plan
from sim.scenario import Drop
from sim.scenario_file import load_scenario
from sim.verdict import Outcome
from sim.workload.samplers import mean_group_size
from tests.sim.fast.worlds import small_scenario


@cache
def small_run(threads: int = 0, seed: int = 3) -> FullRun:
    """Four seconds of the small system."""
    executor = Threads(threads) if threads else InProcess()
    return full_run(small_scenario(), executor, seconds=4.0, slices=4, kept_shards=2, seed=seed)


def test_threads_change_nothing() -> None:
    alone, together = small_run(), small_run(threads=3)
    assert alone.to_dict() == together.to_dict()
    assert alone.counts != small_run(seed=4).counts


def test_processes_say_the_same_as_threads() -> None:
    pool = Processes(2)
    try:
        spread = full_run(small_scenario(), pool, seconds=4.0, slices=4, kept_shards=2, seed=3)
    finally:
        pool.close()
    assert spread.to_dict() == small_run().to_dict()


def test_counts_are_those_of_the_plan() -> None:
    scenario = small_scenario()
    made, counts = plan(scenario), small_run().counts
    assert counts["messages"] == pytest.approx(4 * made.line("traffic.messages_peak").value, rel=0.04)
    assert counts["deliveries"] == pytest.approx(4 * made.line("traffic.deliveries_peak").value, rel=0.05)
    assert counts["receipts"] == pytest.approx(2 * counts["deliveries"], rel=0.03)
    assert counts["stage_events"] > counts["messages"] + counts["deliveries"] + counts["receipts"]


def test_the_layout_is_that_of_the_plan() -> None:
    scenario = small_scenario()
    made, layout = plan(scenario), full_layout(scenario)
    shards = {
        "gateways.servers": layout.gateways,
        "kafka.partitions": layout.partitions,
        "kafka.receipt_partitions": layout.receipt_partitions,
    }
    assert {key: int(made.line(key).value) for key in shards} == {key: len(loads) for key, loads in shards.items()}
    assert layout.mean_recipients == pytest.approx(made.line("traffic.recipients").value, rel=1e-6)
    assert full_layout(scenario, "event").messages_per_s == pytest.approx(layout.messages_per_s * 5 / 1.5)


def test_group_sizes_are_whole_log_normals() -> None:
    traffic = small_scenario().traffic
    shares = recipient_shares(traffic)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[1:].sum() == pytest.approx(traffic.group_share)
    sizes = np.arange(3, traffic.group_size_max + 1)
    mean = float(shares[1:] @ sizes) / traffic.group_share
    assert mean == pytest.approx(mean_group_size(traffic.group_size_median, traffic.group_size_sigma, 256))


def test_a_statistic_lies_among_those_of_the_slices_and_has_an_interval() -> None:
    run = small_run()
    found = run.latencies.statistic("delivery", "mean")
    assert found is not None
    means = [one["delivery"].mean_s for one in run.slices]
    assert min(means) <= found.mean <= max(means)
    assert 0 < found.half_width < 0.05 * found.mean


def test_the_document_is_plain_and_every_figure_has_a_source() -> None:
    document = json.loads(json.dumps(small_run().to_dict()))
    assert document["hops"]["delivery"]["p99"]["s"] > document["hops"]["delivery"]["p50"]["s"]
    assert document["redis"]["kept"] == 2
    assert all(figure["source"] for figure in document["parameters"])
    assert document["bottleneck"] in {*document["stages"], "redis"}
    assert "at full size" in small_run()._repr_html_()


def test_an_overloaded_stage_has_growth_and_no_latency() -> None:
    viral = small_scenario(traffic__hot_share=0.25, traffic__group_size_max=20)
    run = full_run(viral, InProcess(), seconds=2.0, slices=4, kept_shards=1)
    assert set(run.overloaded) == {"worker", "receipt_worker"}
    assert run.overloaded["worker"].growth_per_s > 0
    assert run.latencies.statistic("gateway", "p99") is not None
    assert [run.latencies.statistic(hop, "p99") for hop in ("queue", "delivery", "receipt")] == [None, None, None]
    assert run.to_dict()["hops"]["delivery"] is None
    assert run.bottleneck in run.overloaded


@pytest.mark.parametrize(("seconds", "slices"), [(0.0, 8), (1.0, 3)])
def test_too_little_for_an_interval_is_refused(seconds: float, slices: int) -> None:
    with pytest.raises(ModelError, match="at least 4 slices"):
        full_run(small_scenario(), InProcess(), seconds=seconds, slices=slices)


def test_nothing_passes_where_a_wave_overloads_redis() -> None:
    drop = Drop.model_validate({"at": "20s", "share": "50%", "backoff": "100ms"})
    run = full_run(small_scenario().model_copy(update={"drops": (drop,)}), InProcess(), seconds=2)
    assert run.waves[0].offered_redis > 1
    assert set(run.latencies.judged({"delivery_p99": 0.5}).values()) == {Outcome.PASS}
    assert set(run.judged({"delivery_p99": 0.5}).values()) == {Outcome.UNKNOWN}


def test_a_day_does_not_leave_dropped_sockets_out_unsaid() -> None:
    with pytest.raises(
        ModelError, match="reconnect-storm has sockets that drop, which a day leaves out: --full without"
    ):
        require_steady(load_scenario("reconnect-storm"), "day")


def test_faults_need_the_reference_engine() -> None:
    pause = Fault.model_validate({"at": "20s", "kind": "pause", "target": "kafka", "for": "5s"})
    broken = small_scenario().model_copy(update={"faults": (pause,)})
    with pytest.raises(ModelError, match=r"pause of kafka.*`chatscale simulate` without --full"):
        full_run(broken, InProcess())


@pytest.mark.parametrize("name", ["new-year", "world-cup-final", "hot-conversation"])
def test_a_steady_minute_does_not_leave_out_what_the_scenario_is_about(name: str) -> None:
    with pytest.raises(ModelError, match="`--full --load run` plays the whole run"):
        full_run(load_scenario(name), InProcess(), load="peak")
