"""Kafka as one local process: broker and controller in one (KRaft), on a data folder that is formatted here."""

from __future__ import annotations

import base64
import uuid

from realstack.servers.jvm import JvmService
from realstack.servers.local_service import Ports, write_template
from realstack.servers.ports import HOST
from realstack.servers.probes import probe_kafka


class LocalKafka(JvmService):
    """Kafka from the jars of the cache."""

    name = "kafka"
    heap = "512m"

    def arguments(self, ports: Ports) -> list[str]:
        """See `JvmService`."""
        config = self.data.with_name("kafka.properties")
        write_template("kafka.properties", config, host=HOST, ports=ports, data=self.data)
        if not (self.data / "meta.properties").exists():
            # What `kafka-storage format` would write, without a Java start of its own.
            write_template("meta.properties", self.data / "meta.properties", cluster_id=_id(), directory_id=_id())
        return [
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS",
            "kafka.Kafka",
            str(config),
        ]

    @property
    def detour(self) -> tuple[int, int] | None:
        """See `Service`. Clients go to the address that a broker advertises, so that the proxy's has a listener."""
        return self.ports.proxy, self.ports.behind

    def probe(self, port: int) -> None:
        """See `LocalService`."""
        probe_kafka(f"{HOST}:{port}")


def _id() -> str:
    """A random id as Kafka writes it: 128 bits in URL-safe base 64, not starting with a dash."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "x")
