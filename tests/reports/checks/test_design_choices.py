"""The checks on the model's histories of designs that serve members differently: nothing is wrong with any of them."""

from __future__ import annotations

import pytest

from reports.checks import check_history
from sim.engine import simulate
from sim.history import History
from sim.scenario_file import load_scenario
from sim.verdict import Outcome
from sim.workload import make_trace


def history(*settings: str) -> History:
    scenario = load_scenario("ci-ordering", ["run.duration=8s", "run.warm_up=2s", *settings])
    return simulate(scenario, make_trace(scenario))


def failed(of: History) -> set[str]:
    return {verdict.check for verdict in check_history(of) if verdict.outcome is Outcome.FAIL}


@pytest.mark.parametrize(
    "settings",
    [
        ("population.second_device=40%",),
        ("design.fan_out=read", "design.reads=coalesced"),
        ("design.fan_out=hybrid", "design.fan_out_limit=6", "population.second_device=40%"),
    ],
)
def test_pushed_or_pulled_on_one_device_or_two_nothing_is_lost_or_out_of_order(
    settings: tuple[str, ...],
) -> None:
    shown = history(*settings)
    assert failed(shown) == set()
    assert len(shown.of_kind("deliver")) > 500


def test_one_entry_a_user_loses_what_the_other_device_should_have_shown() -> None:
    assert "lost" in failed(history("design.preset=seed", "population.second_device=40%"))


def test_who_reads_large_conversations_tells_no_sender_and_is_not_convicted_for_it() -> None:
    shown = history("design.fan_out=read")
    assert shown.of_kind("receipt.seen").empty
    (verdict,) = (one for one in check_history(shown) if one.check == "receipt_lost")
    assert verdict.outcome is Outcome.NOT_APPLICABLE
