"""Write `jars.lock` anew, after a change of a coordinate: python -m realstack.servers.lock_jars"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from jgo.maven import MavenContext

from realstack.servers.jars import COORDINATES, LOCK_FILE, Jar, download, sha256


def write_lock(path: Path) -> None:
    """Resolve every coordinate with all that it needs at run time, and write each jar with its checksum."""
    with tempfile.TemporaryDirectory() as work:
        repository = Path(work)
        jars = [jar for server, needed in COORDINATES.items() for jar in resolve(server, needed, repository)]
        files = download(jars, repository)
        locked = [dataclasses.replace(jar, sha256=sha256(file)) for jar, file in zip(jars, files, strict=True)]
    path.write_text("".join(jar.line() for jar in locked), encoding="ascii")


def resolve(server: str, coordinates: Sequence[str], repository: Path) -> Iterator[Jar]:
    """The jars of a server, without checksums, in the order in which they are found."""
    context = MavenContext(repo_cache=repository)
    direct, transitive = context.resolver.resolve([context.create_dependency(each) for each in coordinates])
    for each in [*direct, *transitive]:
        if each.scope in (None, "compile", "runtime"):
            yield Jar("", server, each.groupId, each.artifactId, each.version, each.classifier)


if __name__ == "__main__":
    write_lock(LOCK_FILE)
