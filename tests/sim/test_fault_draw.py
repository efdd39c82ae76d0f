"""Faults drawn from a seed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.design import Design
from sim.errors import UsageError
from sim.fault_draw import draw_faults, draw_mixed_faults, with_drawn_faults
from sim.faults import NETWORK, STOPS, misfits
from sim.scenario_file import dump_scenario, load_scenario, parse_scenario


@given(st.integers(0, 2**32), st.integers(1, 8), st.integers(1, 8), st.sampled_from([1, 3]), st.floats(20, 600))
def test_every_drawn_schedule_can_be(seed: int, gateways: int, workers: int, nodes: int, duration_s: float) -> None:
    design = Design.model_validate({"gateways": gateways, "workers": workers, "nodes": nodes})
    faults = draw_faults(seed, design, duration_s)
    assert len(faults) == duration_s // 20
    assert list(misfits(faults, design, duration_s)) == []
    assert all(fault.end_s < duration_s for fault in faults), "the last one is undone before the load ends"
    assert all(one.end_s < other.at_s for one, other in pairwise(faults))


def test_a_seed_gives_the_same_faults_again_and_another_seed_others() -> None:
    design = Design.model_validate({})
    assert draw_faults(7, design, 120) == draw_faults(7, design, 120)
    assert draw_faults(7, design, 120) != draw_faults(8, design, 120)


def test_some_workers_are_paused_for_longer_than_their_group_waits() -> None:
    pauses = [
        fault.for_s or 0 for fault in draw_faults(1, Design.model_validate({}), 20 * 400) if "worker" in fault.target
    ]
    assert max(pauses) > 10


def test_every_kind_and_every_target_is_drawn_sooner_or_later() -> None:
    faults = draw_faults(1, Design.model_validate({}), 20 * 400)
    assert {fault.kind for fault in faults} == {
        *("pause", "kill", "drain", "slow", "partition", "cut", "lose-response", "skew", "lose-heartbeats")
    }
    assert {fault.target for fault in faults if fault.kind == "kill"} == {
        *("gateway-1", "gateway-2", "worker-1", "worker-2", "kafka", "cassandra", "redis")
    }


def test_of_a_cluster_every_node_that_answers_is_drawn_sooner_or_later() -> None:
    faults = draw_faults(1, Design.model_validate({"nodes": 3}), 20 * 800)
    assert {fault.target for fault in faults if fault.kind == "cut"} == {
        *("kafka-1", "kafka-2", "kafka-3", "cassandra-1", "cassandra-2", "cassandra-3", "redis-1")
    }


@given(st.integers(0, 2**32), st.sampled_from([1, 3]), st.floats(20, 200))
def test_a_mixed_schedule_stops_a_part_and_harms_the_network_in_every_slot(
    seed: int, nodes: int, duration_s: float
) -> None:
    design = Design.model_validate({"nodes": nodes})
    faults = draw_mixed_faults(seed, design, duration_s)
    slots = duration_s // 20
    assert sum(fault.kind in STOPS for fault in faults) == sum(fault.kind in NETWORK for fault in faults) == slots
    assert list(misfits(faults, design, duration_s)) == []
    assert all(one.at_s <= other.at_s for one, other in pairwise(faults))
    assert all(fault.for_s is not None and fault.for_s >= 5 for fault in faults if fault.kind in NETWORK)
    assert all(fault.end_s < duration_s for fault in faults)


def test_what_was_drawn_survives_in_the_scenario_s_file() -> None:
    scenario = with_drawn_faults(load_scenario("ci-ordering", ["run.duration=40s"]), 3)
    assert len(scenario.faults) == 2
    assert parse_scenario(dump_scenario(scenario)) == scenario


def test_a_scenario_with_faults_of_its_own_takes_no_drawn_ones() -> None:
    once = with_drawn_faults(load_scenario("ci-ordering", ["run.duration=40s"]), 3)
    with pytest.raises(UsageError, match="ci-ordering has faults of its own"):
        with_drawn_faults(once, 4)


def test_a_run_too_short_for_a_fault_is_refused() -> None:
    with pytest.raises(UsageError, match=r"a run of 10 s has no time for drawn faults; they need 20 s"):
        draw_faults(1, Design.model_validate({}), 10)
