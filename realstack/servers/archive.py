"""Class archives (JEP 350): the classes that a first run parsed and verified, mapped into memory by every later one.

    first run    -XX:ArchiveClassesAtExit=…   records, and writes the archive as it ends in good order
    later runs   -XX:SharedArchiveFile=…      a third of the CPU seconds of a start are saved

They lie beside the jars that they belong to. The JVM itself ignores one that does not fit its version or its jars.
An archive of a server lies on top of one of Java's own classes; a Java that comes without it gets one in the cache.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from shutil import copyfile

from realstack.servers.jars import cache_folder, exclusive
from realstack.servers.java import Java


class ClassArchive:
    """The archive of one server for one Java. `scratch` takes the recording until `keep`."""

    def __init__(self, java: Java, jar_folder: Path, scratch: Path) -> None:
        self._java = java
        self._path = jar_folder / f"classes-{java.version}.jsa"
        self._recording = scratch / "classes.jsa"

    @property
    def exists(self) -> bool:
        """Whether an earlier run left it."""
        return self._path.exists()

    def options(self) -> list[str]:
        """What a start of the JVM needs to use the archive, or to record it."""
        base = java_archive(self._java)
        if self.exists:
            return [f"-XX:SharedArchiveFile={os.pathsep.join(map(str, [*base, self._path]))}"]
        return [
            *(f"-XX:SharedArchiveFile={each}" for each in base),
            f"-XX:ArchiveClassesAtExit={self._recording}",
            "-Xlog:cds=off",
            "-Xlog:cds+dynamic=off",
        ]

    def keep(self) -> None:
        """Move a finished recording to its place, for all later runs."""
        if self._recording.exists() and not self.exists:
            replace(self._recording, self._path)


def java_archive(java: Java) -> list[Path]:
    """The archive of Java's own classes that has to be named: none if Java comes with it, or cannot make it."""
    if (java.path.resolve().parent.parent / "lib" / "server" / "classes.jsa").exists():
        return []
    tag = hashlib.sha256(str(java.path).encode()).hexdigest()[:8]
    path = cache_folder() / f"java-{java.version}-{tag}.jsa"
    with exclusive(cache_folder() / "archive.flock"):
        if not path.exists():
            staged = path.with_suffix(f".{os.getpid()}")
            subprocess.run(
                [java.path, "-Xshare:dump", f"-XX:SharedArchiveFile={staged}"], capture_output=True, check=False
            )
            if staged.exists():
                staged.rename(path)
    return [path] if path.exists() else []


def replace(source: Path, target: Path) -> None:
    """Copy to a place that may lie on another file system; readers see all of it or nothing."""
    staged = target.with_suffix(f".{os.getpid()}")
    copyfile(source, staged)
    staged.rename(target)
