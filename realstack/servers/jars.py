"""The jars of Kafka and Cassandra: those that `jars.lock` names, fetched by jgo, verified by checksum, kept in a cache.

    ~/.cache/chatscale/jars/<artifact>-<version>/*.jar      one folder a server, complete or absent

The lock holds every jar, so that nothing is resolved while fetching. After a change of a coordinate it is written anew
by `python -m realstack.servers.lock_jars`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sim.errors import ServerError, ServerMissingError

COORDINATES = {
    "kafka": (
        "org.apache.kafka:kafka_2.13:4.3.1",
        "org.slf4j:slf4j-simple:1.7.36",  # Kafka logs through SLF4J 1 and brings no binding for it
    ),
    "cassandra": ("org.apache.cassandra:cassandra-all:5.0.8",),
}
LOCK_FILE = Path(__file__).with_name("jars.lock")
DOWNLOADS_AT_ONCE = 8
MEND = "pip install 'chatscale[local]'"


@dataclass(frozen=True, slots=True)
class Jar:
    """A line of the lock: a jar by its coordinate (an empty classifier is written as "-"), and its SHA-256 in hex."""

    sha256: str
    server: str
    group: str
    artifact: str
    version: str
    classifier: str

    @property
    def file_name(self) -> str:
        """Such as netty-common-4.1.130.Final.jar."""
        return "-".join(part for part in (self.artifact, self.version, self.classifier) if part) + ".jar"

    def line(self) -> str:
        """The line of the lock."""
        return f"{self.sha256} {self.server} {self.group} {self.artifact} {self.version} {self.classifier or '-'}\n"


def read_lock(path: Path, server: str) -> list[Jar]:
    """A server's jars in the order of its class path."""
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return [
        Jar(checksum, owner, group, artifact, number, classifier.strip("-"))
        for checksum, owner, group, artifact, number, classifier in rows
        if owner == server
    ]


def version(server: str) -> str:
    """The pinned version, such as "4.3.1"."""
    return COORDINATES[server][0].split(":")[2]


def cache_folder() -> Path:
    """Where chatscale keeps what it need not fetch twice."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chatscale"


def jar_folder(server: str) -> Path:
    """The folder of a server's jars in the cache."""
    _, artifact, number = COORDINATES[server][0].split(":")
    return cache_folder() / "jars" / f"{artifact}-{number}"


def cached(server: str) -> bool:
    """Whether a server's jars need no fetching."""
    return jar_folder(server).is_dir()


def class_path(server: str, on_event: Callable[[str], None] = lambda _: None) -> list[Path]:
    """A server's jars, fetched if need be, each with the checksum of the lock.

    `ServerError` names a jar with another checksum; `ServerMissingError` if jgo is missing or cannot fetch.
    """
    folder = jar_folder(server)
    jars = read_lock(LOCK_FILE, server)
    if not folder.is_dir():
        with exclusive(cache_folder() / "jars.flock"):
            if not folder.is_dir():
                on_event(f"fetching {server} {version(server)}: {len(jars)} jars, once")
                _fetch(jars, folder)
    verify(jars, folder)
    return [folder / jar.file_name for jar in jars]


def verify(jars: Sequence[Jar], folder: Path) -> None:
    """`ServerError` naming the first jar that is missing or differs from its checksum."""
    with ThreadPoolExecutor() as pool:
        for jar, found in zip(jars, pool.map(sha256, (folder / jar.file_name for jar in jars)), strict=True):
            if found != jar.sha256:
                state = f"has SHA-256 {found[:16]}…, not {jar.sha256[:16]}…" if found else "is missing"
                raise ServerError(
                    f"{folder / jar.file_name} {state}; remove that folder and run again to fetch it anew"
                )


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


def _fetch(jars: Sequence[Jar], folder: Path) -> None:
    """Fetch into a temporary folder, verify there, then give it its name: no one ever sees half of it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for stale in folder.parent.glob("fetching-*"):  # of a run that was killed: we hold the lock
        shutil.rmtree(stale, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as temporary:
        staged = Path(temporary) / folder.name
        staged.mkdir()
        for path in download(jars, Path(temporary) / "repository"):
            shutil.move(path, staged / path.name)
        verify(jars, staged)
        staged.rename(folder)


def download(jars: Sequence[Jar], repository: Path) -> list[Path]:
    """The jars as files below `repository`, several fetched at once."""
    try:
        from jgo.maven import MavenContext
    except ImportError:
        raise ServerMissingError(f"fetching the servers needs the package jgo; get it with: {MEND}") from None
    context = MavenContext(repo_cache=repository)

    def resolve(jar: Jar) -> Path:
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        return Path(component.artifact(classifier=jar.classifier).resolve())

    try:
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            return list(pool.map(resolve, jars))
    except Exception as error:  # jgo lets through whatever its HTTP client and its resolver raise
        raise ServerMissingError(
            f"the servers could not be fetched ({error}); check the network, or give servers with --servers external"
        ) from error
