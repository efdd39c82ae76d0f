"""A Redis for tests that need no other server."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from realstack.servers.ports import answers, free_ports
from realstack.servers.redis import find_redis


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Redis of these tests, on loopback, without a file."""
    port = free_ports(1)[0]
    command = [str(find_redis().path), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    folder: Path = tmp_path_factory.mktemp("redis")
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as server:
        try:
            deadline_s = time.monotonic() + 20
            while not answers("127.0.0.1", port):
                assert server.poll() is None
                assert time.monotonic() < deadline_s
                time.sleep(0.02)
            yield port
        finally:
            server.terminate()
