"""Real `sleep` processes: what a scope starts ends with it, and with its process, however that ends."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from realstack.servers import ManagedProcess, ProcessScope
from sim.errors import ServerError

SLEEP = ["sleep", "600"]
# Starts a process that starts others, and one that loses its environment; tells both pids and waits to be killed.
PARENT = """
import signal, sys, time
from pathlib import Path
from realstack.servers import ProcessScope
folder = Path(sys.argv[1])
signal.signal(signal.SIGINT, signal.default_int_handler)  # which who runs the tests in the background has ignored
scope = ProcessScope(folder / "data")
(folder / "data").mkdir()
child = scope.spawn("family", ["sh", "-c", "sleep 600 & sleep 600; true"], folder / "family.log")
unmarked = scope.spawn("unmarked", ["env", "-i", "sleep", "600"], folder / "unmarked.log")
print(child.pid, unmarked.pid, flush=True)
time.sleep(600)
"""


def gone(process: psutil.Process) -> bool:
    """Whether it ends within the time that a guard needs."""
    _, alive = psutil.wait_procs([process], timeout=30)
    return not alive


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_a_parent_that_is_killed(end: signal.Signals, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, tmp_path], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child, unmarked = (psutil.Process(int(pid)) for pid in parent.stdout.readline().split())
        guard = next(each for each in psutil.Process(parent.pid).children() if each not in (child, unmarked))
        family = [child, unmarked, *child.children(recursive=True)]
        parent.send_signal(end)
    assert all(gone(each) for each in family)
    assert gone(guard)
    assert not (tmp_path / "data").exists()


def test_leaving_a_scope_ends_its_processes_and_keeps_their_logs(tmp_path: Path) -> None:
    with ProcessScope(tmp_path / "data") as scope:
        (tmp_path / "data").mkdir()
        child = scope.spawn("talker", ["sh", "-c", "echo hello; exec sleep 600"], tmp_path / "logs" / "talker.log")
        while "hello" not in child.log_tail():
            assert child.alive
    assert child.exit_status == -signal.SIGKILL
    assert child.log_tail() == "hello"
    assert not (tmp_path / "data").exists()


def test_a_closed_scope_starts_nothing(tmp_path: Path) -> None:
    scope = ProcessScope()
    scope.close()
    with pytest.raises(ServerError, match="late is not started"):
        scope.spawn("late", SLEEP, tmp_path / "late.log")


def test_two_scopes_do_not_meet(tmp_path: Path) -> None:
    with ProcessScope() as outer:
        survivor = outer.spawn("survivor", SLEEP, tmp_path / "survivor.log")
        with ProcessScope() as inner:
            inner.spawn("other", SLEEP, tmp_path / "other.log")
        assert survivor.alive


def test_a_paused_process_is_stopped_until_resumed(tmp_path: Path) -> None:
    with ProcessScope() as scope:
        child = scope.spawn("sleeper", SLEEP, tmp_path / "sleeper.log")
        child.pause()
        while status(child) != psutil.STATUS_STOPPED:
            assert child.alive
        child.resume()
        while status(child) == psutil.STATUS_STOPPED:
            assert child.alive
        child.pause()
        child.terminate()
        assert child.exit_status == -signal.SIGTERM


def test_a_child_is_not_in_the_group_that_ctrl_c_reaches(tmp_path: Path) -> None:
    script = "import os; print(os.getpgid(0) == os.getpid())"
    with ProcessScope() as scope:
        child = scope.spawn("group", [sys.executable, "-c", script], tmp_path / "group.log")
        assert child.wait(30) == 0
        assert child.log_tail() == "True"


def test_a_process_that_ended_uses_no_memory_and_keeps_its_cpu_seconds(tmp_path: Path) -> None:
    with ProcessScope() as scope:
        child = scope.spawn("busy", [sys.executable, "-c", "while True: pass"], tmp_path / "busy.log")
        while child.usage()[0] == 0.0:
            assert child.alive
        child.kill()
        cpu_s, rss_bytes = child.usage()
        assert cpu_s > 0.0
        assert rss_bytes == 0


def status(process: ManagedProcess) -> str:
    """The system's word for what it does."""
    return str(psutil.Process(process.pid).status())
