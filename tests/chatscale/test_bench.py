"""The search for the highest sustained rate, on boxes that sustain what they are said to."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatscale import show
from chatscale.bench import Step, next_rate
from reports.world import World
from sim.verdict import Outcome


def world(
    *, slow: bool = False, lost: int = 0, received_again: int = 0, unknown: bool = False, generator: str = ""
) -> World:
    """A judged world, as far as a step looks at it."""

    def finding(check: str, outcome: Outcome, count: int = 0) -> SimpleNamespace:
        return SimpleNamespace(verdict=SimpleNamespace(check=check, outcome=outcome, count=count))

    findings = [
        finding("lost", Outcome.FAIL if lost else Outcome.UNKNOWN if unknown else Outcome.PASS, lost),
        finding("wire_duplicate", Outcome.PASS, received_again),
    ]
    outcome = Outcome.FAIL if slow else Outcome.PASS
    made = SimpleNamespace(findings=findings, generator=SimpleNamespace(reason=generator), outcome=outcome)
    return cast("World", made)


def search(sustains_per_s: float, start_per_s: float) -> list[Step]:
    """All steps on a box that sustains every rate up to one."""
    steps: list[Step] = []
    while (rate_per_s := next_rate(steps, start_per_s)) is not None:
        steps.append(Step(rate_per_s, world(slow=rate_per_s > sustains_per_s)))
    return steps


@settings(deadline=None)
@given(st.floats(60, 3_000), st.floats(50, 400))
def test_the_search_ends_and_brackets_the_highest_rate_within_a_tenth(limit_per_s: float, start_per_s: float) -> None:
    steps = search(limit_per_s, start_per_s)
    good = [step.rate_per_s for step in steps if step.verdict == "sustained"]
    bad = [step.rate_per_s for step in steps if step.verdict != "sustained"]
    assert len(steps) <= 12
    if good and len(steps) < 12:
        assert max(good) <= limit_per_s < min(bad) <= max(good) * 1.1


def test_rates_go_up_by_half_and_then_halve_the_bracket() -> None:
    assert [round(step.rate_per_s) for step in search(450, 150)] == [150, 225, 338, 506, 422, 464]


def test_the_search_ends_when_nothing_is_sustained() -> None:
    rates = [step.rate_per_s for step in search(0, 150)]
    assert len(rates) <= 6
    assert all(a > b for a, b in itertools.pairwise(rates))
    assert rates[-1] >= 150 / 4 / 1.5


def test_the_search_goes_down_when_the_first_rate_is_too_high() -> None:
    steps = search(90, 150)
    best = max(step.rate_per_s for step in steps if step.verdict == "sustained")
    assert 90 / 1.1 <= best <= 90


@pytest.mark.parametrize(
    ("judged", "verdict"),
    [
        (world(), "sustained"),
        (world(slow=True), "too slow"),
        (world(lost=2), "violations: lost 2"),
        (world(received_again=3), "sustained"),
        (world(generator="schedule lag"), "generator-bound"),
        (world(unknown=True), "not proven: lost"),
    ],
)
def test_a_step_says_why_it_does_not_count(judged: World, verdict: str) -> None:
    assert Step(100.0, judged).verdict == verdict


def test_a_bench_that_found_nothing_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    step = {"sent_per_s": 0.0, "delivery_p50_ms": None, "delivery_p99_ms": None, "schedule_lag_p99_ms": None}
    found: dict[str, Any] = {
        "sent_per_s": 0.0,
        "ratio": None,
        "sockets": 0,
        "cpu_share": {"kafka": 0.25},
        "steps": [{**step, "violations": 0, "verdict": "too slow"}],
    }
    show.bench(found, as_json=False)
    told = capsys.readouterr().out
    assert "too slow" in told
    assert "sustained 0 messages/s on 0 sockets" in told
    assert "None" not in told
