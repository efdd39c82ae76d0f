"""The same case is the same run, and designs share their random numbers."""

from __future__ import annotations

from sim.engine import BOX
from sim.experiments.case import Case, observe
from tests.sim.experiments.worlds import tiny


def test_replications_have_seeds_of_their_own_and_designs_have_the_same() -> None:
    seeds = [Case(tiny(), 7, number).seeds for number in range(50)]
    assert len({seed for pair in seeds for seed in pair}) == 100
    assert [Case(tiny(design__partitions=4), 7, number).seeds for number in range(50)] == seeds
    assert Case(tiny(), 8, 0).seeds != seeds[0]


def test_a_key_names_one_run_and_no_other() -> None:
    own = Case(tiny(), 7, 0)
    others = [
        Case(tiny(), 7, 1),
        Case(tiny(), 8, 0),
        Case(tiny(design__partitions=4), 7, 0),
        Case(tiny(), 7, 0, BOX.scaled({"gateway": 2.0})),
    ]
    assert Case(tiny(), 7, 0).key == own.key
    assert len({case.key for case in [own, *others]}) == 5


def test_a_case_says_the_same_whenever_it_is_asked() -> None:
    values = observe(Case(tiny(), 7, 0))
    assert observe(Case(tiny(), 7, 0)) == values
    assert observe(Case(tiny(), 7, 1)) != values
    assert values["delivery_samples"] > 0
