"""Write `jars.lock` anew, after a change of a coordinate: python -m realstack.servers.lock_jars"""

from __future__ import annotations

import tempfile
from pathlib import Path

from realstack.servers.jars import COORDINATES, LOCK_FILE, resolve, sha256


def write_lock(path: Path) -> None:
    """Resolve every coordinate and write the checksum of each jar, in the order of the class path."""
    with tempfile.TemporaryDirectory() as work:
        lines = [
            f"{sha256(jar)}  {server}/{jar.name}\n"
            for server, coordinate in COORDINATES.items()
            for jar in resolve(coordinate, Path(work))
        ]
    path.write_text("".join(lines), encoding="ascii")


if __name__ == "__main__":
    write_lock(LOCK_FILE)
