"""Gauges over processes that come and go."""

from __future__ import annotations

from realstack.gauges import Totals


def test_a_process_that_takes_anothers_place_goes_on_from_its_cpu_seconds() -> None:
    totals = Totals()
    seen = [totals.total_s("worker-1", cpu_s) for cpu_s in (1.0, 3.0, 3.0, 0.5, 2.0, 0.1)]
    assert seen == [1.0, 3.0, 3.0, 3.5, 5.0, 5.1]
    assert totals.total_s("worker-2", 0.2) == 0.2
