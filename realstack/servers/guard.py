"""The guard of a run: a process that outlives its parent just long enough to leave nothing behind.

    parent ──pipe──► guard          takes the pid of each child, and closes when the parent ends, even by SIGKILL
       ├──► servers, gateways …     each carries CHATSCALE_RUN=<run id> in its environment, children of children too
       └──► containers              each carries the label chatscale.run=<run id>

Then the guard kills the children that it was told of (some, such as Redis, write over their environment) and every
process that carries the run's mark, removes its containers where it was told of an engine ("engine=ADDRESS"), removes
the scratch folders and ends.
Run as a script: `python -I guard.py RUN_ID [FOLDER …]`; it imports nothing of ours, so that it starts at once.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
import time
from typing import Any

import psutil

MARK = "CHATSCALE_RUN"
LABEL = "chatscale.run"
ENGINE = b"engine="
PARENT_POLL_S = 1.0
SWEEP_LIMIT_S = 30.0
ENGINE_PATIENCE_S = 5.0
ENGINE_POLL_S = 0.3


def main() -> None:
    """Wait for the end of the parent, then sweep."""
    run_id, *folders = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    told, engines = listen()
    kill(told)
    kill_marked(run_id)
    for address in engines:
        remove_containers(address, run_id)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def listen() -> tuple[list[psutil.Process], set[str]]:
    """The processes and the engines of containers that the parent told of, once it is gone.

    The pipe closes then; where a forked child holds a copy of it open, another parent is the sign.
    """
    parent = os.getppid()
    told: list[psutil.Process] = []
    engines: set[str] = set()
    text = b""
    while True:
        readable, _, _ = select.select([0], [], [], PARENT_POLL_S)
        if readable:
            more = os.read(0, 4096)
            if not more:
                return told, engines
            *lines, text = (text + more).split(b"\n")
            for line in lines:
                if line.startswith(ENGINE):
                    engines.add(line.removeprefix(ENGINE).decode())
                    continue
                with contextlib.suppress(psutil.Error):
                    told.append(psutil.Process(int(line)))
        elif os.getppid() != parent:
            return told, engines


def remove_containers(address: str, run_id: str) -> None:
    """Remove the run's containers. Until none is seen twice: the engine may still be making the last one."""
    import docker  # only a run that has containers needs it

    gone_before = False
    deadline_s = time.monotonic() + SWEEP_LIMIT_S
    patience_s = time.monotonic() + ENGINE_PATIENCE_S
    while time.monotonic() < deadline_s:
        try:
            engine: Any = docker.DockerClient(base_url=address)
            found = engine.containers.list(all=True, filters={"label": f"{LABEL}={run_id}"}, ignore_removed=True)
            if not found and gone_before:
                return
            gone_before = not found
            for container in found:
                with contextlib.suppress(docker.errors.NotFound):
                    container.remove(force=True, v=True)
        except Exception:  # the engine is gone, or busy removing: nothing else can be done than to try again
            if time.monotonic() > patience_s:
                return
        time.sleep(ENGINE_POLL_S)


def kill_marked(run_id: str) -> None:
    """Kill until none is left: a marked process may have started another one a moment ago."""
    deadline_s = time.monotonic() + SWEEP_LIMIT_S
    while (marked := find_marked(run_id)) and time.monotonic() < deadline_s:
        kill(marked)


def kill(processes: list[psutil.Process]) -> None:
    """Kill those that still run; a process that only got the number of an ended one is left alone."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=0.5)


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
