from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.engine import BOX, Profile
from sim.engine.profile import DELAYS, PROBABILITIES, PROCESSES, Delay
from sim.errors import UsageError


def test_a_profile_reads_back_as_it_was_written(tmp_path: Path) -> None:
    BOX.save(tmp_path / "profile.json")
    assert Profile.load(tmp_path / "profile.json") == BOX


@pytest.mark.parametrize("text", ["", "{}", '{"version": 2}', '{"version": 1, "cores": "many"}'])
def test_what_is_not_a_profile_is_refused_with_its_path(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(UsageError, match=r"other\.json is not a profile"):
        Profile.load(tmp_path / "other.json")


def test_a_missing_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.json is not a profile"):
        Profile.load(tmp_path / "none.json")


def test_the_default_knows_every_process_and_hop_and_marks_its_figures_as_assumed() -> None:
    assert set(BOX.background) == set(PROCESSES)
    assert {key.partition(".")[0] for key in BOX.cpu} == set(PROCESSES)
    assert set(BOX.delays) == set(DELAYS)
    assert {figure.mark for figure in (*BOX.cpu.values(), *BOX.background.values())} == {"assumed"}
    assert all(figure.low is not None and figure.high is not None for figure in BOX.cpu.values())


def test_scaling_a_kind_of_process_leaves_the_others() -> None:
    scaled = BOX.scaled({"gateway": 2.0})
    assert scaled.cpu_s("gateway.send") == 2 * BOX.cpu_s("gateway.send")
    assert scaled.cpu_s("worker.message") == BOX.cpu_s("worker.message")


def test_an_unknown_operation_is_named() -> None:
    with pytest.raises(UsageError, match=r"no cost of 'gateway\.fly'"):
        BOX.cpu_s("gateway.fly")


def test_drawn_delays_have_the_quantiles_and_mean_of_the_table() -> None:
    delay = Delay(tuple(share**2 for share in PROBABILITIES), "assumed", "a parabola")
    drawn = delay.draw(np.random.default_rng(3), 200_000)
    assert np.quantile(drawn, PROBABILITIES) == pytest.approx(delay.quantiles_s, abs=0.005)
    assert np.mean(drawn) == pytest.approx(delay.mean_s, rel=0.01)


@pytest.mark.parametrize(
    ("quantiles_s", "message"),
    [
        ((0.0, 1.0), "16 quantiles, this has 2"),
        ((0.5, *(0.0,) * 15), "must ascend"),
        ((-0.1, *(0.0,) * 15), "must ascend"),
    ],
)
def test_a_table_that_is_no_distribution_is_refused(quantiles_s: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Delay(quantiles_s, "assumed", "")
