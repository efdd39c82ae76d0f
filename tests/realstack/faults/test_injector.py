"""Faults by the clock: what begins is undone, whatever happens to the run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from realstack.faults.injector import Injector, Undo
from sim.errors import ServerStartError
from sim.faults import Fault

LONG_AGO_S = 1_000


def fault(kind: str, target: str, at: float, lasts: float | None = None) -> Fault:
    return Fault.model_validate({"kind": kind, "target": target, "at": at} | ({"for": lasts} if lasts else {}))


class Box:
    """Notes what is done and undone; each fault hit 3 of something."""

    def __init__(self, undo_fails: Exception | None = None) -> None:
        self.done: list[str] = []
        self.began = threading.Event()
        self.undo_fails = undo_fails

    def begin(self, given: Fault) -> Undo:
        self.done.append(f"{given.kind} {given.target}")
        self.began.set()
        return lambda: self.undo(given)

    def undo(self, given: Fault) -> int:
        if self.undo_fails:
            raise self.undo_fails
        self.done.append(f"undo {given.kind} {given.target}")
        return 3


def started(ago_s: float) -> int:
    return time.monotonic_ns() - round(ago_s * 1e9)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def test_a_fault_is_done_at_its_time_undone_at_its_end_and_noted_with_what_it_hit(tmp_path: Path) -> None:
    box, healed = Box(), tmp_path / "healed"
    origin_ns = started(0)
    with Injector([fault("pause", "worker-1", 0.05, 0.1)], box.begin, healed) as injector:
        injector.begin(origin_ns)
        injector.begin(origin_ns)
        wait_for(healed.exists)
    assert box.done == ["pause worker-1", "undo pause worker-1"]
    start, stop = injector.events
    assert (start["kind"], start["target"], start["cause"]) == ("fault.start", "worker-1", "pause")
    assert (stop["kind"], stop["value"]) == ("fault.stop", 3)
    assert start["t_ns"] - origin_ns >= 50_000_000
    assert stop["t_ns"] - origin_ns >= 150_000_000


def test_a_fault_without_an_end_is_healed_as_soon_as_it_is_done(tmp_path: Path) -> None:
    box, healed = Box(), tmp_path / "healed"
    with Injector([fault("kill", "worker-1", 1)], box.begin, healed) as injector:
        injector.begin(started(LONG_AGO_S))
        wait_for(healed.exists)
    assert box.done == ["kill worker-1"]
    assert [event["kind"] for event in injector.events] == ["fault.start"]


def test_nothing_is_healed_while_one_fault_lasts(tmp_path: Path) -> None:
    box, healed = Box(), tmp_path / "healed"
    healed.touch()
    with Injector([fault("kill", "worker-1", 0), fault("pause", "redis", 0, 999)], box.begin, healed) as injector:
        injector.begin(started(0))
        wait_for(lambda: len(injector.events) == 2)
        assert not healed.exists()


def abort(box: Box, healed: Path, end: BaseException, *faults: Fault) -> None:
    """A run that ends like this once its first fault has begun."""
    with Injector(faults, box.begin, healed) as injector:
        injector.begin(started(0))
        assert box.began.wait(10)
        raise end


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, ValueError])
def test_an_aborted_run_leaves_the_servers_as_they_were(end: type[BaseException], tmp_path: Path) -> None:
    box = Box()
    with pytest.raises(end):
        abort(box, tmp_path / "healed", end(), fault("pause", "kafka", 0, 999))
    assert box.done == ["pause kafka", "undo pause kafka"]


def test_an_aborted_run_brings_no_process_back_that_ends_with_it_and_begins_nothing_more(tmp_path: Path) -> None:
    box = Box()
    with pytest.raises(ValueError, match="enough"):
        abort(
            box,
            tmp_path / "healed",
            ValueError("enough"),
            fault("kill", "worker-1", 0, 999),
            fault("pause", "kafka", 500, 1),
        )
    assert box.done == ["kill worker-1"]


def test_a_server_that_does_not_come_back_ends_the_run(tmp_path: Path) -> None:
    box, healed = Box(undo_fails=ServerStartError("cassandra was not ready")), tmp_path / "healed"
    injector = Injector([fault("kill", "cassandra", 0, 0.01)], box.begin, healed)
    injector.begin(started(0))
    wait_for(lambda: _raises(injector.check))
    with pytest.raises(ServerStartError):
        injector.__exit__(None, None, None)
    assert not healed.exists()


def test_a_run_that_fails_for_another_reason_tells_that_reason(tmp_path: Path) -> None:
    box = Box(undo_fails=ServerStartError("redis was not ready"))
    with pytest.raises(ValueError, match="the reason"):
        abort(box, tmp_path / "healed", ValueError("the reason"), fault("pause", "redis", 0, 999))


def _raises(check: Callable[[], None]) -> bool:
    try:
        check()
    except ServerStartError:
        return True
    return False


def test_a_process_is_stopped_again_only_once_it_has_come_back(tmp_path: Path) -> None:
    box, healed, is_back = Box(), tmp_path / "healed", threading.Event()
    again = [fault("kill", "gateway-1", 0.01, 0.01), fault("pause", "gateway-1", 0.05, 0.01)]

    def begin(given: Fault) -> Undo:
        undo = box.begin(given)

        def slowly() -> int | None:
            assert is_back.wait(10)
            return undo()

        return slowly

    with Injector([*again, fault("cut", "redis", 0.05, 0.01)], begin, healed) as injector:
        injector.begin(started(0))
        wait_for(lambda: "cut redis" in box.done)
        assert "pause gateway-1" not in box.done
        is_back.set()
        wait_for(healed.exists)
    assert [done for done in box.done if "gateway" in done] == [
        "kill gateway-1",
        "undo kill gateway-1",
        "pause gateway-1",
        "undo pause gateway-1",
    ]
