"""Calls that are made together, as an exact log: what was asked when, and when it was answered."""

from collections.abc import Generator, Sequence
from typing import Any

import pytest
import simpy

from sim.engine.together import Together

CALL_S, QUESTION_S = 1.0, 0.25


def log_of(asked_s: Sequence[float], most: int, calls: int = 1) -> tuple[list[tuple[float, int]], list[float]]:
    """Start and size of every call, and when each question was answered; see `CALL_S` and `QUESTION_S`."""
    env = simpy.Environment()
    started: list[tuple[float, int]] = []
    answered_s = [0.0] * len(asked_s)

    def call(questions: list[int]) -> Generator[simpy.Event, Any, list[int]]:
        started.append((env.now, len(questions)))
        yield env.timeout(CALL_S + QUESTION_S * len(questions))
        return questions

    together = Together(env, call, most, calls)

    def ask(number: int, at_s: float) -> Generator[simpy.Event, Any, None]:
        yield env.timeout(at_s)
        assert (yield together.ask(number)) == number
        answered_s[number] = env.now

    for number, at_s in enumerate(asked_s):
        env.process(ask(number, at_s))
    env.run()
    return started, answered_s


@pytest.mark.parametrize(
    ("asked_s", "most", "calls", "started", "answered_s"),
    [
        ([0.0], 4, 1, [(0.0, 1)], [1.25]),
        ([0.0, 0.0, 0.0], 4, 1, [(0.0, 3)], [1.75, 1.75, 1.75]),
        ([0.0, 0.5, 1.0], 4, 1, [(0.0, 1), (1.25, 2)], [1.25, 2.75, 2.75]),
        ([0.0, 0.5, 0.5, 0.5], 2, 1, [(0.0, 1), (1.25, 2), (2.75, 1)], [1.25, 2.75, 2.75, 4.0]),
        ([0.0, 0.5, 0.5], 2, 2, [(0.0, 1), (0.5, 2)], [1.25, 2.0, 2.0]),
        ([0.0, 1.25], 4, 1, [(0.0, 1), (1.25, 1)], [1.25, 2.5]),
    ],
    ids=["alone", "at one time", "meanwhile", "no more than fit", "a full one beside", "as soon as answered"],
)
def test_calls_and_answers(
    asked_s: list[float], most: int, calls: int, started: list[tuple[float, int]], answered_s: list[float]
) -> None:
    assert log_of(asked_s, most, calls) == (started, answered_s)
