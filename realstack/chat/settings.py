"""What a gateway or worker process is told: addresses, design choices, and a namespace of its own in every server.

The supervisor writes it as one JSON file once the servers are prepared; a process that was started before waits for it.
One that can be used answers with another, its `Ready`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from realstack.access import Access, access_to
from realstack.chat.handover import awaited_bytes, replace_file
from realstack.endpoints import Endpoint, endpoints, join
from sim.addresses import address_of, addresses_of
from sim.design import Design, is_served_on_read

RECEIPTS = "receipts"  # what the name of their topic ends with
# Partitions that are added are known within seconds, not the default's five minutes; sooner on a cluster, where nothing
# tells a client that a leader moved away from a broker that only stands still.
_METADATA_MAX_AGE_MS = 5_000
_METADATA_MAX_AGE_OF_A_CLUSTER_MS = 2_000


class Choices(msgspec.Struct, frozen=True):
    """The design choices that the backend honours (`sim.design.Design`, by attribute name)."""

    cursor: str
    dedup: str
    partition_key: str
    partitioner: str
    registry: str
    presence_ttl_s: float
    conn_ttl_s: float
    presence: str
    acks: str
    idempotence: bool
    linger_s: float
    partitions: int
    consistency: str
    nodes: int
    media: str
    encryption: str
    bucket: str
    search: str
    fan_out: str
    fan_out_limit: int
    group_limit: int
    reads: str

    @classmethod
    def of(cls, design: Design) -> Choices:
        """The backend's part of a design."""
        return msgspec.convert({name: getattr(design, name) for name in cls.__struct_fields__}, cls)

    @property
    def copies(self) -> int:
        """Copies of every record and row."""
        return self.nodes

    @property
    def in_sync(self) -> int:
        """Copies that must have a record before it is acknowledged to `acks = all`."""
        return max(1, self.copies - 1)

    @property
    def sequenced(self) -> bool:
        """Whether the partition's consumer numbers each conversation."""
        return self.cursor == "sequence"

    def address(self, user: int, device: int) -> int:
        """Where the registry finds a user's device (see `sim.addresses`)."""
        return address_of(self.registry, user, device)

    def addresses(self, users: Iterable[int]) -> list[int]:
        """Every address of these users."""
        return [address for user in users for address in addresses_of(self.registry, user)]

    def is_served_on_read(self, members: int) -> bool:
        """Whether members of such a conversation read it themselves."""
        return is_served_on_read(self.fan_out, self.fan_out_limit, members)


class Settings(msgspec.Struct, frozen=True):
    """Everything a process needs. `namespace` prefixes topics, keyspace and keys; media lie at `media_url`.

    Addresses as in `realstack.servers.Addresses`; `detours` leads from the address of a server to that of a proxy.
    Messages are deleted after `retention_s`; 0 keeps them.
    """

    kafka: str
    cassandra: str
    redis: str
    sentinel: str
    namespace: str
    choices: Choices
    apns_url: str = ""
    fcm_url: str = ""
    elsewhere: bool = False
    detours: dict[str, str] = {}
    media_url: str = ""
    retention_s: int = 0

    def access_to(self, server: str) -> Access:
        """The credentials for a server; they stand in the environment and never in the settings' file."""
        return access_to(server, os.environ) if self.elsewhere else Access()

    @property
    def kafka_options(self) -> dict[str, Any]:
        """What every client of Kafka is made with."""
        brokers = [join(*self.way_to(*each)) for each in endpoints(self.kafka)]
        age_ms = _METADATA_MAX_AGE_OF_A_CLUSTER_MS if self.choices.nodes > 1 else _METADATA_MAX_AGE_MS
        access = self.access_to("kafka").kafka_options()
        return {"bootstrap_servers": brokers, "metadata_max_age_ms": age_ms, **access}

    def way_to(self, host: str, port: int) -> Endpoint:
        """Where to connect to reach a server: at its own address, or at a proxy's before it."""
        address = join(host, port)
        return endpoints(self.detours.get(address, address))[0]

    @property
    def messages_topic(self) -> str:
        """Topic of the messages."""
        return f"{self.namespace}-messages"

    @property
    def receipts_topic(self) -> str:
        """Topic of the receipts."""
        return f"{self.namespace}-{RECEIPTS}"

    @property
    def group(self) -> str:
        """Consumer group of the delivery workers."""
        return f"{self.namespace}-workers"

    @property
    def keyspace(self) -> str:
        """Cassandra keyspace."""
        return self.namespace.replace("-", "_")

    def save(self, path: Path) -> None:
        """Write the file that a process is started with, or waits for."""
        replace_file(path, msgspec.json.format(msgspec.json.encode(self)))

    @classmethod
    def awaited(cls, path: Path) -> Settings:
        """Read what `save` writes, once it has."""
        return msgspec.json.decode(awaited_bytes(path), type=cls)


class Ready(msgspec.Struct, frozen=True):
    """What a process tells when it can be used; ports are 0 where it has none."""

    name: str
    ws_port: int = 0
    grpc_port: int = 0
    http_port: int = 0
    health_port: int = 0
