"""The guard of a run: a process that outlives its parent just long enough to leave nothing behind.

    parent ──pipe──► guard          the pipe closes when the parent ends, in whatever way (even SIGKILL)
       └──► servers, gateways …     each carries CHATSCALE_RUN=<run id> in its environment, children of children too

Then the guard kills every process that carries the run's mark, removes the scratch folders and ends.
Run as a script: `python -I guard.py RUN_ID [FOLDER …]`; it imports nothing of ours, so that it starts at once.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
import time

import psutil

MARK = "CHATSCALE_RUN"
PARENT_POLL_S = 1.0
SWEEP_LIMIT_S = 30.0


def main() -> None:
    """Wait for the end of the parent, then sweep."""
    run_id, *folders = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    wait_for_parent()
    kill_marked(run_id)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def wait_for_parent() -> None:
    """Return once standard input is closed, or the parent gone: a forked child may hold a copy of the pipe open."""
    parent = os.getppid()
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin], [], [], PARENT_POLL_S)
        if readable and not os.read(0, 1):
            return


def kill_marked(run_id: str) -> None:
    """Kill until none is left: a marked process may have started another one a moment ago."""
    deadline_s = time.monotonic() + SWEEP_LIMIT_S
    while (marked := find_marked(run_id)) and time.monotonic() < deadline_s:
        for process in marked:
            try:
                process.kill()
            except psutil.Error:
                continue
        psutil.wait_procs(marked, timeout=0.5)


def find_marked(run_id: str) -> list[psutil.Process]:
    """Every living process of the run."""
    return [process for process in psutil.process_iter() if mark_of(process) == run_id]


def mark_of(process: psutil.Process) -> str | None:
    """The run that a process belongs to, if any; another user's processes and those that just ended have none."""
    try:
        return None if process.status() == psutil.STATUS_ZOMBIE else process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None


if __name__ == "__main__":
    main()
