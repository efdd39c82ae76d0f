"""Where it runs changes neither what comes out nor the order in which it comes."""

from __future__ import annotations

import builtins
import math
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest

from sim.errors import UsageError
from sim.experiments.case import Case, Values, observe
from sim.experiments.executor import InProcess, Processes, open_executor
from tests.sim.experiments.dask_cluster import two_workers
from tests.sim.experiments.worlds import tiny

ROOT = Path(__file__).parents[3]
ROOTS = [math.sqrt(number) for number in range(20)]
CASES = [Case(tiny(), 1, number) for number in range(6)]


@pytest.fixture(scope="module")
def pool() -> Iterator[Processes]:
    processes = Processes(2)
    yield processes
    processes.close()


@pytest.fixture(scope="module")
def answers() -> list[Values]:
    """What the model says of the cases in this very process."""
    return list(InProcess().map(observe, CASES))


def test_everything_comes_in_order_from_here_and_from_processes(pool: Processes) -> None:
    assert list(InProcess().map(math.sqrt, range(20))) == ROOTS
    assert list(pool.map(math.sqrt, range(20))) == ROOTS


def test_processes_say_what_this_one_says_of_the_model(pool: Processes, answers: list[Values]) -> None:
    assert list(pool.map(observe, CASES)) == answers


def test_nothing_is_run_far_ahead_of_what_is_taken(pool: Processes) -> None:
    endless = count()
    assert list(islice(pool.map(math.sqrt, endless), 5)) == ROOTS[:5]
    assert next(endless) <= 5 + 2 * 2


def test_what_the_function_raises_is_raised_here(pool: Processes) -> None:
    with pytest.raises(ValueError, match="math domain error"):
        list(pool.map(math.sqrt, [4, 1, -1]))


def test_the_work_of_a_process_that_dies_is_done_again() -> None:
    numbers = range(20_000, 20_040)
    with open_executor(jobs=2) as executor:
        found = executor.map(math.factorial, numbers)
        begun = list(islice(found, 2))
        multiprocessing.active_children()[0].kill()
        assert [*begun, *found] == [math.factorial(number) for number in numbers]


def test_work_that_always_takes_its_process_down_is_given_up() -> None:
    with pytest.raises(UsageError, match="processes died 3 times in a row"):
        list(Processes(1).map(os._exit, [1]))


def test_one_job_stays_in_this_process() -> None:
    with open_executor(jobs=1) as executor:
        assert isinstance(executor, InProcess)


def test_fewer_than_one_process_is_refused() -> None:
    with pytest.raises(ValueError, match="jobs=0"):
        Processes(0)


def test_processes_end_with_the_one_that_started_them() -> None:
    program = (
        "import os, signal; import math; from sim.experiments.executor import Processes\n"
        "if __name__ == '__main__':\n"
        "    pool = Processes(1); list(pool.map(math.sqrt, range(4)))\n"
        "    import multiprocessing; print(*[child.pid for child in multiprocessing.active_children()], flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    pids = [int(pid) for pid in killed.stdout.split()]
    assert len(pids) == 1
    deadline_s = time.monotonic() + 10
    while any(Path(f"/proc/{pid}/cmdline").exists() and _is_ours(pid) for pid in pids):
        assert time.monotonic() < deadline_s, f"left behind: {pids}"
        time.sleep(0.05)


def _is_ours(pid: int) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_a_cluster_gives_the_same_and_outlives_the_loss_of_a_worker(
    tmp_path: Path, answers: list[Values], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.experiments.cluster._PATIENCE_S", 120)
    with two_workers(tmp_path) as (address, first), open_executor(cluster=address) as executor:
        found = executor.map(observe, CASES)
        begun = list(islice(found, 2))
        first.kill()
        first.wait()
        assert [*begun, *found] == answers


def test_a_cluster_without_its_package_names_the_command_that_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = builtins.__import__

    def without_dask(name: str, *more: Any) -> Any:
        if name == "distributed":
            raise ImportError(name)
        return ours(name, *more)

    monkeypatch.setattr(builtins, "__import__", without_dask)
    with pytest.raises(UsageError, match=r"pip install 'chatscale\[dask\]'"), open_executor(cluster="tcp://h:1"):
        pass


def test_a_cluster_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.experiments.cluster._PATIENCE_S", 1)
    with (
        pytest.raises(UsageError, match=r"no scheduler at tcp://127\.0\.0\.1:1 .*start one with: dask scheduler"),
        open_executor(cluster="tcp://127.0.0.1:1"),
    ):
        pass
