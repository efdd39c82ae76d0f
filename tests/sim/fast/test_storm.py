"""The wave of devices that come back, against arithmetic and against the storm of the box."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import SeedSequence

from sim.experiments.executor import InProcess
from sim.fast.storm import CONNECT_WORK, Wave, WaveJob, backoffs_s, run_wave, run_waves
from sim.scenario import Drop, People
from sim.workload.drops import backoff_s
from tests.sim.fast.worlds import small_scenario
from tests.sim.workload.goodness import two_sample_ks

HOUR_S = 3600.0


def drop(**more: object) -> Drop:
    return Drop.model_validate({"at": 0, "share": 0.5, "backoff": 1, "backoff_max": 60, **more})


def job(given: Drop, *, held: float = 50_000.0, comers: float = 0.0, session_s: float = 1000 * HOUR_S) -> WaveJob:
    """One gateway of 16 cores whose people stay as long as it takes."""
    people = People.model_validate({"session_median": session_s, "session_sigma": 0})
    return WaveJob(given, people, held, comers, 16, SeedSequence(7))


@pytest.mark.parametrize("away_s", [0.0, 2.0, 20.0])
def test_devices_back_off_as_they_do_on_the_box(away_s: float) -> None:
    law, rng = drop(away=away_s), np.random.default_rng(5)
    one_by_one = np.array([backoff_s(rng, law, away_s) for _ in range(4000)])
    at_once = backoffs_s(rng, law, np.full(4000, away_s))
    assert two_sample_ks(one_by_one, at_once) < 1.95, "a true fit exceeds it once in a thousand"


def test_more_than_a_gateway_can_do_queues_and_clears_as_a_fluid_would() -> None:
    # 50,000 devices within a second; 16 cores do 32,000 connects in it.
    capacity_per_s = 16 / CONNECT_WORK.value
    seen = run_wave(job(drop()))
    assert seen.devices == pytest.approx(50_000, rel=0.02)
    assert seen.backlog == pytest.approx(seen.devices - capacity_per_s, rel=0.03)
    assert seen.back_s[2] == pytest.approx(seen.devices / capacity_per_s, rel=0.03)


def test_nobody_queues_where_the_cores_suffice() -> None:
    seen = run_wave(job(drop(backoff=10)))
    assert seen.waited_p99_s < CONNECT_WORK.value
    assert seen.back_s[0] == pytest.approx(5, rel=0.05)


def test_nobody_is_back_before_the_gateway_is() -> None:
    seen = run_wave(job(drop(away=20)))
    assert not seen.connects[: 20 * 10].any()
    assert seen.back_s[0] > 20


def test_who_begins_a_session_meanwhile_comes_with_the_wave() -> None:
    seen = run_wave(job(drop(away=20), comers=10_000))
    assert seen.devices == pytest.approx(60_000, rel=0.02)


def test_who_would_have_left_by_then_does_not_come_back() -> None:
    # Sessions of 40 s are met anywhere in them: half of them end within 20 s.
    seen = run_wave(job(drop(away=20, backoff=0.1, backoff_max=1), session_s=40.0))
    assert seen.devices == pytest.approx(25_000, rel=0.05)


def waves(**changes: object) -> tuple[Wave, ...]:
    scenario = small_scenario().model_copy(update={"drops": (drop(**changes),)})
    return run_waves(scenario, InProcess(), SeedSequence(3), usual_redis=0.4)


def test_the_same_seed_gives_the_same_wave() -> None:
    assert waves()[0].to_dict() == waves()[0].to_dict()


def test_what_a_wave_asks_of_each_stage_follows_from_its_highest_rate() -> None:
    (wave,) = waves(backoff="1s")
    assert wave.sockets == pytest.approx(632_000 / 2, rel=0.1)
    # Uniform over the first second, so every device of six gateways within ten slots.
    assert wave.connects_per_s == pytest.approx(wave.sockets, rel=0.1)
    assert wave.offered_gateway == pytest.approx(wave.connects_per_s / wave.gateways * CONNECT_WORK.value / 16)
    assert wave.queries_per_s == 2 * wave.connects_per_s
    assert wave.growth_per_s == pytest.approx(wave.connects_per_s - wave.gateways * 16 / CONNECT_WORK.value)


def test_a_slower_back_off_spares_every_stage() -> None:
    (fast,), (slow,) = waves(backoff="1s"), waves(backoff="30s")
    assert slow.offered_gateway < 0.1 * fast.offered_gateway
    assert 0.4 < slow.offered_redis < fast.offered_redis
    assert slow.growth_per_s == 0.0
