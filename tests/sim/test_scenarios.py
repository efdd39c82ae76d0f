"""The shipped scenarios: each fits a screen, is planned, makes a trace, and is what its name says."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from sim.plan import plan
from sim.plan.given import origins
from sim.scenario import Scenario
from sim.scenario_file import SCENARIOS, load_scenario, scenario_names
from sim.trace import ACTIONS, Trace
from sim.workload import make_trace
from sim.workload.streams import Streams
from sim.workload.surges import TrafficClock, draw_clock

NAMES = scenario_names()
EVERY_SHIPPED = pytest.mark.parametrize("name", NAMES)


@cache
def _trace(name: str) -> Trace:
    return make_trace(load_scenario(name))


def _clock(scenario: Scenario) -> TrafficClock:
    return draw_clock(scenario, Streams.of(scenario.run.seed).shocks)


def test_the_scenarios_of_the_questions_are_shipped() -> None:
    asked = {"new-year", "world-cup-final", "reconnect-storm", "zone-loss", "hot-conversation"}
    assert {"whatsapp", "slack", "discord", "ci-ordering"} | asked <= set(NAMES)


@EVERY_SHIPPED
def test_a_scenario_fits_a_screen(name: str) -> None:
    lines = (SCENARIOS / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 125


@EVERY_SHIPPED
def test_a_scenario_is_planned(name: str) -> None:
    made = plan(load_scenario(name))
    assert all(math.isfinite(line.value) and line.value >= 0 for line in made.lines)
    assert made.line("traffic.recipients").value >= 1


@EVERY_SHIPPED
def test_every_figure_of_a_scenario_has_an_origin_and_every_assumption_a_range(name: str) -> None:
    scenario = load_scenario(name)
    found = origins(scenario)
    for section in ("population", "traffic", "people", "storage"):
        assert {key for key in found if key.startswith(section)} == {
            f"{section}.{key}" for key in getattr(scenario, section).model_dump(by_alias=True)
        }
    assert plan(scenario).to_dict()["given"].keys() == found.keys()
    for parameter in found.values():
        assert parameter.mark in ("sourced", "assumed")
        assert len(parameter.source) > 10 or parameter.source.startswith("of ln")
        if parameter.mark == "assumed":
            assert parameter.low is not None
            assert parameter.high is not None
            assert parameter.low < parameter.high


@EVERY_SHIPPED
def test_a_trace_has_what_people_do_and_as_many_messages_as_the_scenario_says(name: str) -> None:
    scenario, trace = load_scenario(name), _trace(name)
    assert set(trace.frame.action) >= set(ACTIONS) - {"disconnect", "crash"}
    expected = scenario.box_messages_per_s * _clock(scenario).total_s
    # Bursty people make counts vary more than Poisson ones.
    spread = math.sqrt(expected) * (1 + scenario.people.burstiness) / (1 - scenario.people.burstiness)
    assert trace.message_count == pytest.approx(expected, abs=4 * spread)


@EVERY_SHIPPED
def test_the_box_of_a_scenario_is_one_that_two_cores_can_carry(name: str) -> None:
    scenario, trace = load_scenario(name), _trace(name)
    sends = trace.frame[trace.frame.action == "send"]
    sizes = {conv: len(members) for conv, members in trace.members.items()}
    deliveries = sum(sizes[conv] - 1 for conv in sends["conv"].tolist()) * scenario.population.connected
    assert deliveries / scenario.run.duration_s < 400


@pytest.mark.parametrize(("name", "peak_per_s"), [("world-cup-final", 25e6), ("new-year", 11.6e6)])
def test_events_reach_their_peak_at_full_size(name: str, peak_per_s: float) -> None:
    scenario = load_scenario(name)
    clock = _clock(scenario)
    highest = max(clock.intensity(t_s) for t_s in np.linspace(0, 60, 601).tolist())
    assert highest * scenario.traffic.messages_per_s == pytest.approx(peak_per_s, rel=0.02)
    assert plan(scenario).line("traffic.messages_event").value == pytest.approx(peak_per_s, rel=0.02)


def test_the_plan_of_slack_is_that_of_twenty_million_people() -> None:
    made = plan(load_scenario("slack"))
    assert made.line("traffic.connected").value == pytest.approx(12.5e6)
    assert made.line("traffic.foreground").value == pytest.approx(1.625e6)
    assert made.line("gateways.servers").value == 250
    assert origins(load_scenario("slack"))["population.users"].mark == "sourced"


def test_the_plan_of_a_hot_conversation_counts_the_members_of_the_viral_group() -> None:
    whatsapp, hot = (
        plan(load_scenario(name)).line("traffic.recipients").value for name in ("whatsapp", "hot-conversation")
    )
    assert hot == pytest.approx(0.75 * whatsapp + 0.25 * 255)


def test_a_storm_cuts_a_gateway_and_then_its_zone_and_all_come_back() -> None:
    frame = _trace("reconnect-storm").frame
    gateways = frame[(frame.action == "crash") & (frame.t_ns == 20e9)].user % 4
    zone = frame[(frame.action == "crash") & (frame.t_ns == 35e9)].user % 4
    assert set(gateways) == {0}
    assert set(zone) == {0, 1}
    assert len(gateways) == pytest.approx(632 / 4, abs=4 * math.sqrt(632 / 4))
    back = frame[(frame.action == "connect") & frame.t_ns.between(20e9, 21e9) & (frame.user % 4 == 0)]
    assert len(back) >= 0.95 * len(gateways)


def test_nobody_reaches_a_zone_that_is_away() -> None:
    frame = _trace("zone-loss").frame
    lost = frame[frame.user % 3 == 0]
    cut = lost[(lost.action == "crash") & (lost.t_ns == 20e9)]
    returns_s = lost[(lost.action == "connect") & (lost.t_ns > 20e9)].t_ns / 1e9
    assert len(cut) == pytest.approx(632 / 3, abs=4 * math.sqrt(632 / 3))
    assert returns_s.min() >= 40
    assert returns_s.between(40, 50).sum() > 0.9 * len(cut)


def test_the_viral_group_has_a_quarter_of_all_messages() -> None:
    trace = _trace("hot-conversation")
    sends = trace.frame[trace.frame.action == "send"]
    # Bursts of its few writers make the share vary more than a coin would.
    assert (sends["conv"] == max(trace.members)).mean() == pytest.approx(0.25, abs=0.12)


@pytest.mark.parametrize(("name", "foreground"), [("slack", 0.13), ("discord", 0.1)])
def test_most_of_the_connected_only_hold_a_socket(name: str, foreground: float) -> None:
    frame = _trace(name).frame
    connected, acting = (frame[frame.action.isin(kinds)].user.nunique() for kinds in (["connect"], ["send", "open"]))
    assert acting / connected < 1.5 * foreground


@pytest.mark.parametrize("name", ["slack", "discord"])
def test_a_message_of_a_workspace_or_guild_reaches_as_many_as_the_plan_says_but_for_the_small_box(name: str) -> None:
    trace = _trace(name)
    sends = trace.frame[trace.frame.action == "send"]
    recipients = np.array([len(trace.members[conv]) - 1 for conv in sends["conv"].tolist()])
    planned = plan(load_scenario(name)).line("traffic.recipients").value
    # A few people write most of it, and the largest groups do not fit the box.
    assert 0.5 * planned < recipients.mean() < 1.5 * planned
