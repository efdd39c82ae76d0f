"""Class archives (JEP 350): the classes that a first run parsed and verified, mapped into memory by every later one.

    first run    -XX:ArchiveClassesAtExit=…   records, and writes the archive as it ends in good order
    later runs   -XX:SharedArchiveFile=…      a third of the CPU seconds of a start are saved

They lie beside the jars that they belong to, named after the Java and the class path, for the JVM silently ignores an
archive that was made from others.
An archive of a server lies on top of one of Java's own classes; a Java that comes without it gets one in the cache.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from shutil import copyfile

from realstack.servers.jars import cache_folder, exclusive
from realstack.servers.java import Java


class ClassArchive:
    """The archive of one class path for one Java. `scratch` takes the recording until `keep`."""

    def __init__(self, java: Java, class_path: Sequence[Path], scratch: Path) -> None:
        self._java = java
        self._path = class_path[0].parent / f"classes-{digest(java.path, java.version, *class_path)}.jsa"
        self._recording = scratch / "classes.jsa"

    @property
    def exists(self) -> bool:
        """Whether an earlier run left it."""
        return self._path.exists()

    def options(self, *, record: bool = True) -> list[str]:
        """What a start of the JVM needs to use the archive, or to record it where there is none."""
        base = java_archive(self._java)
        if self.exists:
            return [f"-XX:SharedArchiveFile={os.pathsep.join(map(str, [*base, self._path]))}"]
        options = [f"-XX:SharedArchiveFile={each}" for each in base]
        if not record:
            return options
        return [
            *options,
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
    path = cache_folder() / f"java-{digest(java.path, java.version)}.jsa"
    with exclusive(cache_folder() / "archive.flock"):
        if not path.exists():
            staged = path.with_suffix(f".{os.getpid()}")
            subprocess.run(
                [java.path, "-Xshare:dump", f"-XX:SharedArchiveFile={staged}"], capture_output=True, check=False
            )
            if staged.exists():
                staged.rename(path)
    return [path] if path.exists() else []


def digest(*parts: object) -> str:
    """A short name for what an archive was made from."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def replace(source: Path, target: Path) -> None:
    """Copy to a place that may lie on another file system; readers see all of it or nothing."""
    staged = target.with_suffix(f".{os.getpid()}")
    copyfile(source, staged)
    staged.rename(target)
