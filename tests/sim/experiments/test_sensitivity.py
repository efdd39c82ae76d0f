"""One assumption at a time: which moves the answer most?"""

from __future__ import annotations

import pytest

from sim.engine import BOX
from sim.errors import UsageError
from sim.experiments.assumptions import of_the_model
from sim.experiments.case import Case, Values
from sim.experiments.sensitivity import REFINED, model_tornado, plan_tornado
from sim.plan import plan
from sim.scenario_file import load_scenario, with_settings
from tests.sim.experiments.worlds import Answering, overloaded, steady, tiny

WHATSAPP = load_scenario("whatsapp")
SCENARIO = tiny()


def test_the_work_per_record_moves_the_number_of_partitions_most() -> None:
    found = plan_tornado(WHATSAPP, "kafka.partitions")
    line = plan(WHATSAPP).line("kafka.partitions")
    assert (found.base, found.unit) == (line.value, "partitions")
    keys = [bar.assumption.key for bar in found.bars]
    assert set(keys[:2]) == {"serial work per record", "traffic.event_peak"}
    swings = [bar.swing(line.value) for bar in found.bars]
    assert swings == sorted(swings, reverse=True)
    assert all(swing > 0 for swing in swings)


def test_the_ends_of_a_bar_are_the_plan_with_that_one_setting_moved() -> None:
    found = plan_tornado(WHATSAPP, "kafka.partitions", ("traffic.event_peak",))
    (bar,) = found.bars
    for end in (bar.low, bar.high):
        moved = with_settings(WHATSAPP, {"traffic.event_peak": end.at})
        assert plan(moved).line("kafka.partitions").value == end.value


def test_a_line_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no line 'kafka\.partition'"):
        plan_tornado(WHATSAPP, "kafka.partition")


def by_opens(case: Case) -> Values:
    """Only how often people open a conversation counts, beside what differs from one replication to another."""
    return steady(0.1 + case.scenario.people.opens_per_s + 0.01 * case.number)


def test_what_moves_the_latency_stands_above_what_does_not_and_is_sure_of_it() -> None:
    found = model_tornado(SCENARIO, Answering(by_opens), patterns=("people.opens", "people.session_median"), number=4)
    first, second = found.bars
    assert (first.assumption.key, first.is_sure) == ("people.opens", True)
    assert (second.assumption.key, second.is_sure, second.swing(found.base or 0.0)) == (
        "people.session_median",
        False,
        0.0,
    )
    assert first.low.change is not None
    assert first.low.change.mean == pytest.approx(0.001 - 0.1)
    assert first.low.change.half_width == pytest.approx(0, abs=1e-12)


def by_gateway(case: Case) -> Values:
    return overloaded() if case.profile.cpu_s("gateway.send") > 2e-4 else steady(0.1)


def test_an_overloaded_end_outweighs_every_latency() -> None:
    found = model_tornado(SCENARIO, Answering(by_gateway), patterns=("cpu.*", "people.opens"), number=4)
    widest = found.bars[0]
    assert widest.assumption.key == "cpu.gateway"
    assert (widest.high.value, widest.high.note) == (None, "overloaded: backlog grows by 12/s")
    assert widest.swing(0.1) == float("inf")
    assert widest.is_sure


def test_an_end_that_the_scenario_refuses_is_told_as_such() -> None:
    found = model_tornado(SCENARIO, Answering(by_opens), patterns=("design.heartbeat",), number=4)
    (bar,) = found.bars
    assert bar.high.value is None
    assert bar.high.note.startswith("not possible: ")
    assert "heartbeat" in bar.high.note


def test_of_many_assumptions_the_few_that_move_most_are_seen_in_all_replications() -> None:
    laboratory = Answering(by_opens)
    found = model_tornado(SCENARIO, laboratory, number=4)
    assert len(found.bars) > REFINED
    refined = [bar for bar in found.bars if not bar.low.screened]
    assert refined[0].assumption.key == "people.opens"
    assert len(refined) == REFINED
    assert refined[0].is_sure
    assert not any(bar.is_sure for bar in found.bars[REFINED:])


def test_screening_costs_one_replication_of_each_end() -> None:
    laboratory = Answering(by_opens)
    bars = len(model_tornado(SCENARIO, laboratory, number=5).bars)
    assert laboratory.asked <= 1 + 2 * bars + 5 * (1 + 2 * REFINED)
    assert laboratory.asked < 5 * (1 + 2 * bars) / 2, "less than half of what it would be without"


def by_length(case: Case) -> Values:
    """A longer run answers differently; what is opened counts in both."""
    return steady(case.scenario.run.duration_s / 100 + case.scenario.people.opens_per_s)


def test_what_was_screened_is_told_as_a_move_from_the_answer_itself() -> None:
    scenario = tiny(**{"run.duration": 60.0})
    found = model_tornado(scenario, Answering(by_length), number=4)
    assert found.base == pytest.approx(0.6 + scenario.people.opens_per_s)
    for bar in found.bars[REFINED:]:
        assert bar.swing(found.base or 0.0) == pytest.approx(0.0, abs=1e-9)


def test_the_model_feels_what_media_are_and_take_only_where_it_stores_them() -> None:
    stores = with_settings(SCENARIO, {"design.media": "store"})
    without, with_media = ({one.key for one in of_the_model(scenario, BOX)} for scenario in (SCENARIO, stores))
    assert with_media - without == {"traffic.media_share", "cpu.media"}
    assert without < with_media
