"""The full-size model on two workers of a dask cluster: the same answer, and a worker that dies costs time alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from sim.experiments.cluster import Cluster
from sim.experiments.executor import Executor, InProcess
from sim.fast.full import full_run
from tests.sim.experiments.dask_cluster import two_workers
from tests.sim.fast.worlds import small_scenario

pytest.importorskip("distributed")

Item = TypeVar("Item")
Result = TypeVar("Result")


class Interrupted:
    """An executor that does something once, before the results of the slices are taken."""

    def __init__(self, executor: Executor, then: Callable[[], object]) -> None:
        self._executor = executor
        self._then = then
        self.maps = 0

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        found = self._executor.map(function, items)
        self.maps += 1
        if self.maps == 1:
            yield next(found)
            self._then()
        yield from found


def test_a_full_run_on_a_cluster_is_the_same_and_outlives_the_loss_of_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.experiments.cluster._PATIENCE_S", 120)
    here = full_run(small_scenario(), InProcess(), seconds=1, kept_shards=4)
    with two_workers(tmp_path) as (address, first), Cluster(address) as remote:
        there = full_run(small_scenario(), Interrupted(remote, first.kill), seconds=1, kept_shards=4)
        assert first.wait() != 0
    assert there.to_dict() == here.to_dict()
    assert there.counts["messages"] > 1_000
