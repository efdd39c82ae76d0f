"""A scheduler of dask and two workers on loopback, for tests of work on several machines."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


@contextmanager
def two_workers(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The scheduler's address, and one of its workers, to be killed."""
    file = folder / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    with started("distributed.cli.dask_scheduler", *options):
        address = wait_for_address(file)
        with worker(address) as first, worker(address):
            yield address, first


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of dask on loopback, ended by its id."""
    command = [sys.executable, "-m", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for_address(file: Path) -> str:
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        try:
            return str(json.loads(file.read_text())["address"])
        except (OSError, ValueError):
            time.sleep(0.05)
    raise AssertionError("the scheduler wrote no address")


def worker(address: str) -> Any:
    options = ["--no-nanny", "--nthreads", "1", "--host", "127.0.0.1", "--no-dashboard"]
    return started("distributed.cli.dask_worker", address, *options)
