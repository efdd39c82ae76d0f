"""Kafka as a local process: broker and controller in one (KRaft), on a data folder that is formatted here."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from typing import Any

from realstack.endpoints import join
from realstack.servers.jvm import JvmService
from realstack.servers.local_service import write_template
from realstack.servers.place import Place
from realstack.servers.probes import probe_kafka


class LocalKafka(JvmService):
    """Kafka from the jars of the cache."""

    kind = "kafka"
    heap = "512m"
    heap_of_member = "256m"

    def arguments(self) -> list[str]:
        """See `JvmService`."""
        config = self.data.with_name(f"{self.name}.properties")
        write_template("kafka.properties", config, **properties(self.place, self.members), data=self.data)
        meta = self.data / "meta.properties"
        if not meta.exists():
            # What `kafka-storage format` would write, without a Java start of its own.
            cluster = _as_id(uuid.uuid5(uuid.NAMESPACE_URL, self.members[0].internal))
            write_template(
                "meta.properties", meta, number=self.place.number, cluster_id=cluster, directory_id=_as_id(uuid.uuid4())
            )
        return [
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS",
            "kafka.Kafka",
            str(config),
        ]

    @property
    def detour(self) -> tuple[int, str] | None:
        """See `Service`. Clients go to the address that a broker advertises, so that the proxy's has a listener."""
        return self.place.ports.proxy, join(self.place.host, self.place.ports.behind)

    def probe(self) -> None:
        """See `LocalService`. All are waited for at the start; who comes back may find that one is away."""
        copies = len(self.members)
        probe_kafka(self.address, in_sync_of(copies) if self._comes_back else copies)


def properties(place: Place, members: Sequence[Place]) -> dict[str, Any]:
    """What `kafka.properties` names."""
    copies = len(members)
    return {"place": place, "members": members, "copies": copies, "in_sync": in_sync_of(copies)}


def in_sync_of(copies: int) -> int:
    """How many copies must have a record: all but one."""
    return max(1, copies - 1)


def _as_id(made: uuid.UUID) -> str:
    """An id as Kafka writes it: 128 bits in URL-safe base 64, not starting with a dash."""
    return base64.urlsafe_b64encode(made.bytes).decode().rstrip("=").replace("-", "x")
