"""The search, on boxes whose limit is known."""

from __future__ import annotations

import pytest

from sim.errors import UsageError
from sim.experiments.case import Case, Values
from sim.experiments.limit import BRACKET, find_limit
from sim.statistics import Precision
from tests.sim.experiments.worlds import Answering, overloaded, steady, tiny

SCENARIO = tiny(thresholds__delivery_p99=0.5)


def rate_per_s(case: Case) -> float:
    return case.scenario.box_messages_per_s


def box_of(capacity_per_s: float, late_from_per_s: float = float("inf"), spread: float = 0.0) -> Answering:
    """Overloaded above the capacity, late above another rate, each replication's box a little larger."""

    def answer(case: Case) -> Values:
        factor = 1 + spread * case.number
        used = rate_per_s(case) / (capacity_per_s * factor)
        if used > 1:
            return overloaded(rate_per_s(case) - capacity_per_s)
        return steady(0.9 if rate_per_s(case) > late_from_per_s * factor else 0.1, used)

    return Answering(answer)


@pytest.mark.parametrize("capacity_per_s", [2.0, 23.0, 31.0, 400.0, 3_000.0])
def test_the_limit_lies_within_the_bracket_below_the_capacity(capacity_per_s: float) -> None:
    found = find_limit(SCENARIO, box_of(capacity_per_s))
    assert found.rate_per_s is not None
    assert capacity_per_s / BRACKET <= found.rate_per_s.mean <= capacity_per_s
    assert found.rate_per_s.half_width == 0
    assert found.broken == {"overloaded": 5}


def test_each_replication_is_searched_by_itself_and_the_interval_is_theirs() -> None:
    found = find_limit(SCENARIO, box_of(100.0, spread=0.1))
    lows = [search.low.rate_per_s for search in found.searches if search.low]
    assert all(100 * (1 + 0.1 * at) / BRACKET <= low <= 100 * (1 + 0.1 * at) for at, low in enumerate(lows))
    assert found.rate_per_s is not None
    assert found.rate_per_s.mean == pytest.approx(sum(lows) / 5)
    assert found.rate_per_s.half_width > 0


def test_a_threshold_that_breaks_below_saturation_is_the_limit() -> None:
    found = find_limit(SCENARIO, box_of(400.0, late_from_per_s=200.0))
    assert found.rate_per_s is not None
    assert 200 / BRACKET <= found.rate_per_s.mean <= 200
    assert found.broken == {"delivery_p99": 5}
    assert found.saturates == "cores"


def test_the_utilisation_law_spares_most_of_the_search() -> None:
    laboratory = box_of(3_000.0)
    find_limit(SCENARIO, laboratory)
    assert laboratory.asked / 5 <= 14


def test_a_box_without_end_has_no_limit_and_says_so() -> None:
    found = find_limit(SCENARIO, box_of(1e9))
    assert found.rate_per_s is None
    assert found.reason == "the thresholds still hold at 20,000 messages/s, the most that a box can be asked to carry"


def test_a_box_that_carries_nothing_has_none_either() -> None:
    found = find_limit(SCENARIO, box_of(1e9, late_from_per_s=0.0))
    assert found.rate_per_s is None
    assert "do not even hold at 0.3" in found.reason
    assert "delivery_p99: 0.9 s, 0.5 s allowed" in found.reason


def test_a_limit_that_rests_on_few_samples_is_doubted() -> None:
    few = Answering(lambda case: {**box_of(100.0).observe([case])[0], "delivery_samples": 298.0})
    assert find_limit(SCENARIO, few).doubt.startswith("delivery_p99 rests on 298 samples, 299 are needed")
    assert find_limit(SCENARIO, box_of(100.0)).doubt == ""


def test_a_rate_at_which_nothing_was_seen_does_not_hold() -> None:
    silent = Answering(lambda case: {"overloaded": 0.0, "utilisation.cores": 0.1, "backlog_per_s": 0.0})
    assert "delivery_p99: nothing was seen" in find_limit(SCENARIO, silent).reason


def test_a_scenario_without_a_threshold_that_can_be_judged_is_refused() -> None:
    boundless = SCENARIO.model_copy(update={"thresholds": {}})
    with pytest.raises(UsageError, match="no threshold on delivery, ack or receipt"):
        find_limit(boundless, box_of(10.0))


def test_a_threshold_on_receipts_limits_the_rate() -> None:
    receipts_only = SCENARIO.model_copy(update={"thresholds": {"receipt_p99": 0.5}})

    def answer(case: Case) -> Values:
        return steady(0.1, 0.1, receipt_p99=rate_per_s(case) / 200, receipt_samples=1000.0)

    found = find_limit(receipts_only, Answering(answer))
    assert found.rate_per_s is not None
    assert 100 / BRACKET <= found.rate_per_s.mean <= 100
    assert set(found.broken) == {"receipt_p99"}


def test_searches_go_on_until_the_rate_is_known() -> None:
    precise = find_limit(SCENARIO, box_of(100.0, spread=0.01), number=Precision(0.05))
    assert precise.rate_per_s is not None
    assert precise.rate_per_s.relative <= 0.05
    assert len(precise.searches) % 5 == 0
    assert precise.doubt == ""


def test_a_rate_that_stays_unsure_is_doubted() -> None:
    unsure = find_limit(SCENARIO, box_of(100.0, spread=0.5), number=Precision(0.01, most=10))
    assert len(unsure.searches) == 10
    assert "after 10 replications, 1.0% was asked for" in unsure.doubt
