"""What a gateway or worker process is told: addresses, design choices, and a namespace of its own in every server.

The supervisor writes it as one JSON file; a process that can be used answers with another, its `Ready`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from sim.design import Design


class Choices(msgspec.Struct, frozen=True):
    """The design choices that the backend honours (`sim.design.Design`, by attribute name)."""

    cursor: str
    dedup: str
    partition_key: str
    registry: str
    presence_ttl_s: float
    conn_ttl_s: float
    acks: str
    idempotence: bool
    linger_s: float
    partitions: int

    @classmethod
    def of(cls, design: Design) -> Choices:
        """The backend's part of a design."""
        return msgspec.convert({name: getattr(design, name) for name in cls.__struct_fields__}, cls)

    @property
    def sequenced(self) -> bool:
        """Whether the partition's consumer numbers each conversation."""
        return self.cursor == "sequence"


class Settings(msgspec.Struct, frozen=True):
    """Everything a process needs. `namespace` prefixes topics, keyspace and keys; `number` counts from 1."""

    kafka: str
    cassandra_host: str
    cassandra_port: int
    redis_host: str
    redis_port: int
    namespace: str
    choices: Choices

    @property
    def messages_topic(self) -> str:
        """Topic of the messages."""
        return f"{self.namespace}-messages"

    @property
    def receipts_topic(self) -> str:
        """Topic of the receipts."""
        return f"{self.namespace}-receipts"

    @property
    def group(self) -> str:
        """Consumer group of the delivery workers."""
        return f"{self.namespace}-workers"

    @property
    def keyspace(self) -> str:
        """Cassandra keyspace."""
        return self.namespace.replace("-", "_")

    def save(self, path: Path) -> None:
        """Write the file that a process is started with."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)))

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read what `save` wrote."""
        return msgspec.json.decode(path.read_bytes(), type=cls)


class Ready(msgspec.Struct, frozen=True):
    """What a process tells when it can be used; ports are 0 where it has none."""

    name: str
    ws_port: int = 0
    grpc_port: int = 0
