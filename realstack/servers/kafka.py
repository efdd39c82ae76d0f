"""Kafka as one local process: broker and controller in one (KRaft), on a data folder that is formatted here."""

from __future__ import annotations

import base64
import os
import uuid
from pathlib import Path

from realstack.servers import jars
from realstack.servers.java import Java
from realstack.servers.ports import HOST
from realstack.servers.probes import probe_kafka
from realstack.servers.process import ProcessScope
from realstack.servers.service import LocalService, Ports, write_template

HEAP = "512m"


class LocalKafka(LocalService):
    """Kafka from the jars of the cache."""

    name = "kafka"

    def __init__(self, scope: ProcessScope, folder: Path, java: Java, class_path: list[Path]) -> None:
        super().__init__(scope, folder)
        self._java = java
        self._class_path = class_path

    @property
    def version(self) -> str:
        """The pinned version."""
        return jars.version("kafka")

    def command(self, ports: Ports) -> list[str]:
        """See `LocalService`."""
        config = self.data.with_name("kafka.properties")
        write_template("kafka.properties", config, host=HOST, ports=ports, data=self.data)
        if not (self.data / "meta.properties").exists():
            # What `kafka-storage format` would write, without a Java start of its own.
            write_template("meta.properties", self.data / "meta.properties", cluster_id=_id(), directory_id=_id())
        return [
            str(self._java.path),
            f"-Xms{HEAP}",
            f"-Xmx{HEAP}",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS",
            "-cp",
            os.pathsep.join(map(str, self._class_path)),
            "kafka.Kafka",
            str(config),
        ]

    def probe(self, port: int) -> None:
        """See `LocalService`."""
        probe_kafka(f"{HOST}:{port}")


def _id() -> str:
    """A random id as Kafka writes it: 128 bits in URL-safe base 64, not starting with a dash."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "x")
