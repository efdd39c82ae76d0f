"""The jars of Kafka and Cassandra: resolved by jgo from pinned coordinates, verified against `jars.lock`, cached.

    ~/.cache/chatscale/jars/<artifact>-<version>/*.jar      one folder a server, complete or absent

`python -m realstack.servers.lock_jars` writes the checksums anew after a change of a coordinate.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from sim.errors import ServerError, ServerMissingError

COORDINATES = {
    # Kafka logs through SLF4J 1 and brings no binding for it.
    "kafka": "org.apache.kafka:kafka_2.13:4.3.1+org.slf4j:slf4j-simple:1.7.36",
    "cassandra": "org.apache.cassandra:cassandra-all:5.0.8",
}
LOCK_FILE = Path(__file__).with_name("jars.lock")
MEND = "pip install 'chatscale[local]'"


def version(server: str) -> str:
    """The pinned version, such as "4.3.1"."""
    return _main(server)[1]


def cache_folder() -> Path:
    """Where chatscale keeps what it need not fetch twice."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chatscale"


def jar_folder(server: str) -> Path:
    """The folder of a server's jars in the cache."""
    artifact, number = _main(server)
    return cache_folder() / "jars" / f"{artifact}-{number}"


def _main(server: str) -> tuple[str, str]:
    """Artifact and version of the server itself."""
    _, artifact, number = COORDINATES[server].split("+")[0].split(":")
    return artifact, number


def cached(server: str) -> bool:
    """Whether a server's jars need no fetching."""
    return jar_folder(server).is_dir()


def class_path(server: str, on_event: Callable[[str], None] = lambda _: None) -> list[Path]:
    """A server's jars in the order of the lock, fetched if need be, each with the checksum of the lock.

    `ServerError` names a jar with another checksum; `ServerMissingError` if jgo is missing or cannot fetch.
    """
    folder = jar_folder(server)
    checksums = read_lock(LOCK_FILE)[server]
    if not folder.is_dir():
        with exclusive(cache_folder() / "jars.flock"):
            if not folder.is_dir():
                on_event(f"fetching {server} {version(server)}: {len(checksums)} jars, once")
                _fetch(server, folder, checksums)
    verify(folder, checksums)
    return [folder / name for name in checksums]


def read_lock(path: Path) -> dict[str, dict[str, str]]:
    """server → jar name → SHA-256, of lines `checksum  server/name` as `sha256sum` prints them."""
    servers: dict[str, dict[str, str]] = {}
    for line in path.read_text(encoding="ascii").splitlines():
        checksum, _, place = line.partition("  ")
        server, _, name = place.partition("/")
        servers.setdefault(server, {})[name] = checksum
    return servers


def verify(folder: Path, checksums: dict[str, str]) -> None:
    """`ServerError` naming the first jar that is missing or differs from its checksum."""
    with ThreadPoolExecutor(2) as pool:
        for (name, expected), found in zip(
            checksums.items(), pool.map(sha256, (folder / n for n in checksums)), strict=True
        ):
            if found != expected:
                state = f"has SHA-256 {found[:16]}…, not {expected[:16]}…" if found else "is missing"
                raise ServerError(f"{folder / name} {state}; remove {folder} and run again to fetch it anew")


def sha256(path: Path) -> str:
    """A file's checksum in hex; empty if there is no file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file, so that two runs fetch one after the other; the system frees it when a holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(server: str, folder: Path, checksums: dict[str, str]) -> None:
    """Resolve into a temporary folder, verify there, then give it its name: no one ever sees half of it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as temporary:
        staged = Path(temporary) / folder.name
        staged.mkdir()
        for jar in resolve(COORDINATES[server], Path(temporary) / "jgo"):
            shutil.copy2(jar, staged / jar.name)
        verify(staged, checksums)
        staged.rename(folder)


def resolve(coordinate: str, work: Path) -> list[Path]:
    """Fetch a coordinate and all that it depends on; the class path, as files."""
    try:
        import jgo
    except ImportError:
        raise ServerMissingError(f"fetching {coordinate} needs the package jgo; get it with: {MEND}") from None
    try:
        return [Path(jar) for jar in jgo.build(coordinate, cache_dir=work).all_jars]
    except Exception as error:  # jgo lets through whatever its HTTP client and its resolver raise
        raise ServerMissingError(
            f"{coordinate} could not be fetched ({error}); check the network, or give servers with --servers external"
        ) from error
