from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.workload.day_curve import DayCurve

PEAKS = (1.0, 1.5, 2.0, 3.0, 12.0)


def _values(curve: DayCurve, count: int = 10_000) -> list[float]:
    return [curve.intensity(curve.duration_s * (step + 0.5) / count) for step in range(count)]


@pytest.mark.parametrize("peak", PEAKS)
def test_mean_is_one(peak: float) -> None:
    assert math.fsum(_values(DayCurve(60.0, peak))) / 10_000 == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("peak", PEAKS)
def test_the_one_peak_is_at_half_time_and_has_the_given_height(peak: float) -> None:
    curve = DayCurve(60.0, peak)
    values = _values(curve)
    assert curve.intensity(30.0) == pytest.approx(peak)
    assert values[:5000] == sorted(values[:5000])
    assert values[5000:] == sorted(values[5000:], reverse=True)
    assert min(values) >= 0


def test_a_peak_of_one_is_a_constant_rate() -> None:
    assert set(_values(DayCurve(60.0, 1.0), 10)) == {1.0}


@pytest.mark.parametrize("t_s", [0.0, 10.0, 25.0, 30.0, 47.0])
def test_the_two_shapes_meet_at_a_peak_of_two(t_s: float) -> None:
    assert DayCurve(60.0, 2.0).intensity(t_s) == pytest.approx(DayCurve(60.0, 2.0 + 1e-9).intensity(t_s), abs=1e-6)


def test_volume_is_the_integral_of_the_intensity() -> None:
    curve = DayCurve(60.0, 1.5)
    for t_s in (0.0, 7.0, 30.0, 60.0):
        exact = t_s - 0.5 * 60 / (2 * math.pi) * math.sin(2 * math.pi * t_s / 60)
        assert curve.volume_s(t_s) == pytest.approx(exact, abs=1e-5)


def test_time_never_passes_the_end() -> None:
    curve = DayCurve(60.0, 1.5)
    assert curve.volume_s(1e9) == 60.0
    assert curve.time_s(1e9) == 60.0


@given(peak=st.floats(1, 2), share=st.floats(0.01, 0.99), duration_s=st.floats(1, 3600))
def test_time_inverts_volume(peak: float, share: float, duration_s: float) -> None:
    curve = DayCurve(duration_s, peak)
    assert curve.time_s(curve.volume_s(share * duration_s)) == pytest.approx(share * duration_s, rel=1e-6)
