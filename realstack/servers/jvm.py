"""The base of the servers that run on Java: the common options, and the class archive that makes their start quick."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from realstack.servers import jars
from realstack.servers.archive import ClassArchive
from realstack.servers.java import Java
from realstack.servers.local_service import LocalService
from realstack.servers.place import Place
from realstack.servers.process import ProcessScope

ARCHIVE_LIMIT_S = 60.0


class JvmService(LocalService):
    """A local server from jars; `heap` is its largest heap, `heap_of_member` that of one of a cluster."""

    heap: ClassVar[str]
    heap_of_member: ClassVar[str]

    def __init__(
        self,
        scope: ProcessScope,
        folder: Path,
        java: Java,
        class_path: list[Path],
        cluster: Sequence[Place] = (),
        number: int = 1,
    ) -> None:
        super().__init__(scope, folder, cluster, number)
        self._java = java
        self._class_path = class_path
        self._archive = ClassArchive(java, class_path, self.data)

    @property
    def version(self) -> str:
        """The pinned version."""
        return jars.version(self.kind)

    @abstractmethod
    def arguments(self) -> list[str]:
        """Write the configuration; the server's own options of Java, its main class, and its arguments."""

    def command(self) -> list[str]:
        """See `LocalService`."""
        # Native libraries are unpacked here, where they go with the data even after a kill.
        temporary = self.data.with_name("tmp")
        temporary.mkdir(exist_ok=True)
        return [
            str(self._java.path),
            "-Xms256m",  # the heap grows when it must: Cassandra locks all of it into memory at its start
            f"-Xmx{self.heap if self._is_alone else self.heap_of_member}",
            # For two cores and runs of minutes: the first compiler only, so that service times settle within seconds
            # and no optimising compiler competes with the run; nor does a concurrent collector.
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            f"-Djava.io.tmpdir={temporary}",
            f"-Djna.tmpdir={temporary}",
            "-XX:-UsePerfData",
            *self._archive.options(record=self._is_alone),
            "-cp",
            os.pathsep.join(map(str, self._class_path)),
            *self.arguments(),
        ]

    def finish(self, on_event: Callable[[str], None]) -> None:
        """See `LocalService`. The first run of all ends in good order, for only then the JVM writes the archive."""
        if self._archive.exists or not self._is_alone or not self.process.alive:
            super().finish(on_event)
        else:
            on_event(f"saving the classes of {self.name} for faster starts, once")
            self.stop(ARCHIVE_LIMIT_S)
            self._archive.keep()
