"""Two designs on the same random numbers."""

from __future__ import annotations

from sim.experiments.case import Case, Values
from sim.experiments.designs import Designs, compare_designs
from sim.experiments.laboratory import Laboratory
from tests.sim.experiments.worlds import Answering, overloaded, steady, tiny

FIRST, SECOND = tiny(design__partitions=4), tiny(design__partitions=8)


def compared(answer_of: dict[int, Values], noise_s: float = 0.0) -> Designs:
    def answer(case: Case) -> Values:
        values = dict(answer_of[case.scenario.design.partitions])
        return {**values, "delivery_p99": values["delivery_p99"] + noise_s * case.number}

    return compare_designs(FIRST, SECOND, Answering(answer))


def verdict(found: Designs, statistic: str) -> str:
    return next(row.verdict for row in found.rows if row.statistic == statistic)


def test_a_difference_far_below_the_noise_that_both_share_is_found() -> None:
    found = compared({4: steady(0.100), 8: steady(0.101)}, noise_s=5.0)
    assert verdict(found, "delivery_p99") == "more"
    assert verdict(found, "utilisation.cores") == "same"


def test_an_overloaded_design_has_no_latency_to_compare() -> None:
    found = compared({4: steady(0.1), 8: overloaded()})
    assert verdict(found, "delivery_p99") == "unknown"
    assert found.second.overload == "overloaded: backlog grows by 12/s"
    assert verdict(found, "utilisation.cores") == "more"


def test_a_design_is_the_same_as_itself() -> None:
    found = compare_designs(FIRST, FIRST, Laboratory(), number=4)
    assert {row.verdict for row in found.rows} == {"same"}
