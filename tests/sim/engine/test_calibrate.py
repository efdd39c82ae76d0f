"""Calibration on a history whose costs are known: it finds them, and predicts a load that it has not seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import pandas as pd
import pytest

from sim.engine import BOX, Profile, calibrate, simulate
from sim.engine.profile import Delay
from sim.errors import ModelError
from sim.history import History
from sim.hops import deliveries, hop_times_s
from sim.scenario import Scenario
from sim.scenario_file import load_scenario
from sim.trace import Action, Trace
from sim.workload import make_trace
from tests.sim.engine.worlds import SECOND, people, scenario

FACTORS = {"driver": 0.7, "gateway": 1.6, "worker": 1.3, "kafka": 2.0, "cassandra": 0.6, "redis": 1.5}


def known_profile() -> Profile:
    """Other CPU costs, idle shares and delays than the default's."""
    longer = {
        hop: Delay(tuple(factor * quantile for quantile in BOX.delays[hop].quantiles_s), "assumed", "for the test")
        for hop, factor in {"log": 1.5, "store": 2.0, "rpc": 3.0, "uplink": 4.0}.items()
    }
    idle = {"kafka": replace(BOX.background["kafka"], value=0.06)}
    return replace(BOX.scaled(FACTORS), delays={**BOX.delays, **longer}, background={**BOX.background, **idle})


def at_load(messages: float, duration: str = "20s") -> tuple[Scenario, Trace]:
    settings = [f"scale.messages={messages}", f"run.duration={duration}", "run.warm_up=2s"]
    chosen = load_scenario("ci-ordering", settings)
    return chosen, make_trace(chosen)


@cache
def calibrated() -> Profile:
    chosen, trace = at_load(2e-5, duration="40s")
    return calibrate(simulate(chosen, trace, known_profile(), seed=1), trace)


def test_cpu_demands_are_found_within_3_percent() -> None:
    for key, figure in known_profile().cpu.items():
        assert calibrated().cpu_s(key) == pytest.approx(figure.value, rel=0.03), key


def test_idle_shares_are_found_within_1_percent() -> None:
    for kind, share in known_profile().background.items():
        assert calibrated().background[kind].value == pytest.approx(share.value, rel=0.01), kind


@pytest.mark.parametrize("hop", ["lag", "uplink", "log", "store", "rpc", "ack"])
def test_mean_delays_are_found_within_a_quarter_or_a_tenth_of_a_millisecond(hop: str) -> None:
    found, known = (profile.delays[hop].mean_s for profile in (calibrated(), known_profile()))
    assert found == pytest.approx(known, rel=0.25, abs=1e-4)


def test_what_was_calibrated_is_marked_as_measured_and_a_service_that_did_not_run_is_not() -> None:
    profile = calibrated()
    marks = {key: figure.mark for key, figure in (*profile.cpu.items(), *profile.background.items())}
    marks |= {hop: delay.mark for hop, delay in profile.delays.items()}
    unmeasured = {key for key, mark in marks.items() if mark != "measured"}
    assert unmeasured == {key for key in marks if key.partition(".")[0] == "media"}
    assert profile.name == "box-calibrated"


def hop_times_at(messages: float, profile: Profile, seeds: Iterable[int]) -> pd.DataFrame:
    """Hop times at a load, of all seeds together."""
    chosen, trace = at_load(messages, duration="10s")
    return pd.concat(hop_times_s(deliveries(simulate(chosen, trace, profile, seed=seed))) for seed in seeds)


def test_three_times_the_load_is_predicted() -> None:
    predicted = hop_times_at(6e-5, calibrated(), seeds=(11, 12))
    happened = hop_times_at(6e-5, known_profile(), seeds=(21, 22))
    assert predicted["total"].mean() == pytest.approx(happened["total"].mean(), rel=0.05)
    assert predicted["total"].quantile(0.99) == pytest.approx(happened["total"].quantile(0.99), rel=0.2)
    for hop in ("log", "store", "route", "rpc", "downlink"):
        assert predicted[hop].mean() == pytest.approx(happened[hop].mean(), rel=0.15), hop
    # The default, which knows nothing of this box, is further off than any of these tolerances.
    assert hop_times_at(6e-5, BOX, seeds=(11,))["total"].mean() < 0.8 * happened["total"].mean()


def test_processes_without_samples_keep_their_figures_and_unknown_ones_are_left_out() -> None:
    chosen, trace = at_load(1e-5, duration="8s")
    frame = simulate(chosen, trace, known_profile(), seed=1).frame
    target = frame["target"].cat.rename_categories({"driver": "postgres"})
    profile = calibrate(History.from_frame(frame.assign(target=target)[target != "redis"]), trace)
    assert profile.cpu_s("redis.command") == BOX.cpu_s("redis.command")
    assert profile.cpu_s("driver.frame") == BOX.cpu_s("driver.frame")
    assert profile.cpu["gateway.push"].mark == "measured"


def test_a_run_that_never_got_quiet_is_refused() -> None:
    trace = people(Action(0, "connect", 1), Action(0, "connect", 2), Action(SECOND, "send", 1, 5, "uuid-1", 1, 9))
    history = simulate(scenario(), trace, BOX.scaled({"worker": 100_000}))
    with pytest.raises(ModelError, match="never got quiet"):
        calibrate(history, trace)


def test_a_run_with_too_few_messages_is_refused() -> None:
    trace = people(Action(0, "connect", 1), Action(0, "connect", 2), Action(SECOND, "send", 1, 5, "uuid-1", 1, 9))
    with pytest.raises(ModelError, match="1 messages were delivered after the warm-up"):
        calibrate(simulate(scenario(), trace), trace)


def test_a_history_without_a_design_is_refused() -> None:
    trace = people(Action(0, "connect", 1))
    history = simulate(scenario(), trace)
    with pytest.raises(ModelError, match="no config event"):
        calibrate(History.from_frame(history.frame[history.frame["kind"] != "config"]), trace)


def test_what_the_media_service_takes_is_found_too() -> None:
    settings = ["scale.messages=2e-5", "run.duration=20s", "run.warm_up=2s", "design.media=store"]
    chosen = load_scenario("ci-ordering", [*settings, "traffic.media_share=40%"])
    trace, known = make_trace(chosen), BOX.scaled({"media": 2.0})
    found = calibrate(simulate(chosen, trace, known, seed=1), trace)
    for operation in ("media.put", "media.get", "media.kib"):
        assert found.cpu_s(operation) == pytest.approx(known.cpu_s(operation), rel=0.05)
