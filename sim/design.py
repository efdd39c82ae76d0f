"""Design choices: the trade-offs that people explore, each honoured by the model and by the real backend.

Two presets: `seed` is the design document taken literally; `hardened` is the same system with its
flaws mended. A scenario names a preset and overrides single choices.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from sim.addresses import address_of, addresses_of
from sim.units import DurationS

SERVERS = ("kafka", "cassandra", "redis")
# How many of each where `nodes = 3`: Kafka and Cassandra need a majority, Redis has one primary and its replica.
CLUSTER = {"kafka": 3, "cassandra": 3, "redis": 2}


def is_served_on_read(fan_out: str, fan_out_limit: int, members: int) -> bool:
    """Whether the messages of a conversation of so many members are read by them, instead of pushed to each."""
    return fan_out == "read" or (fan_out == "hybrid" and members > fan_out_limit)


PRESETS: dict[str, dict[str, Any]] = {
    # The document: cursor by message id, INSERT IF NOT EXISTS on it, SETEX 30 s against a 15 s heartbeat,
    # one conn:{user} of 300 s per user. Where it is silent, what its clients do if nobody tells them otherwise: one
    # partition a conversation, nothing that deletes.
    "seed": {
        "cursor": "message-id",
        "partitioner": "topic",
        "dedup": "lwt",
        "registry": "user",
        "heartbeat": 15.0,
        "presence_ttl": 30.0,
        "conn_ttl": 300.0,
        "idempotence": False,
        "acks": "1",
        "consistency": "ONE",
        "bucket": "none",
        "retention": "none",
    },
    # Mended: the partition's only consumer numbers each conversation, dedup by the client's key, a registry entry
    # per device with an epoch, a TTL that survives two lost heartbeats, answers that a majority stands for, and
    # partitions of a month.
    "hardened": {
        "cursor": "sequence",
        "partitioner": "fixed",
        "dedup": "client-id-key",
        "registry": "device",
        "heartbeat": 15.0,
        "presence_ttl": 35.0,
        "conn_ttl": 90.0,
        "idempotence": True,
        "acks": "all",
        "consistency": "QUORUM",
        "bucket": "month",
        "retention": "ttl",
    },
}


def _nothing_required(schema: dict[str, Any]) -> None:
    """The preset fills what a file leaves out, so that a file may leave out everything."""
    del schema["required"]


class Design(BaseModel):
    """How the chat system is built. Unset choices come from the preset."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, json_schema_extra=_nothing_required)

    preset: Literal["seed", "hardened"] = "hardened"
    cursor: Literal["message-id", "sequence"] = Field(
        description="what orders a conversation and what a device resumes from: the gateway's Snowflake id, "
        "or a sequence number given by the partition's only consumer"
    )
    dedup: Literal["lwt", "client-id-key", "none"] = Field(
        description="how a redelivered or resent message is recognised: INSERT IF NOT EXISTS on the message id, "
        "the client's UUID, or not at all"
    )
    partition_key: Literal["conversation", "random"] = Field("conversation", description="key of the Kafka record")
    partitioner: Literal["topic", "fixed"] = Field(
        description="what the key's hash is taken modulo of: the partitions that the topic has by then, or those that "
        "it began with"
    )
    registry: Literal["user", "device"] = Field(
        description="connection registry: one entry per user, deleted without asking; or one per device with an epoch"
    )
    heartbeat_s: DurationS = Field(alias="heartbeat", ge=0.1, description="time between a device's heartbeats")
    presence_ttl_s: DurationS = Field(alias="presence_ttl", gt=0, description="TTL of presence:{user}")
    conn_ttl_s: DurationS = Field(alias="conn_ttl", gt=0, description="TTL of conn:{user}")
    presence: Literal["on-open", "subscription"] = Field(
        "on-open",
        description="how a device learns who is online: one answer when it opens a conversation, or that and every "
        "change until it opens another one or leaves",
    )
    gap_hold_s: DurationS = Field(
        2.0,
        alias="gap_hold",
        description="how long a device holds a message back while an earlier one is missing",
    )
    # `acks = 1` is as natural as `acks = "1"`.
    acks: Annotated[Literal["all", "1"], BeforeValidator(str), WithJsonSchema({"enum": ["all", "1", 1]})] = Field(
        description="Kafka acks of the gateway's producer"
    )
    idempotence: bool = Field(description="Kafka idempotent producer")
    consistency: Literal["ONE", "QUORUM"] = Field(
        description="replicas that Cassandra waits for, of reads and writes; with one node there is one replica"
    )
    nodes: Literal[1, 3] = Field(
        1,
        description="servers of the box: one of each; or three Kafka brokers and Cassandra nodes with three copies of "
        "everything, and a Redis with a replica",
    )
    linger_s: DurationS = Field(0.0, alias="linger", le=1, description="Kafka producer linger")
    media: Literal["none", "store"] = Field(
        "none",
        description="what becomes of photos, videos and voice messages: they are messages like others, or their bytes "
        "go to an object store, once for each content, and the message refers to them by their SHA-256",
    )
    encryption: Literal["none", "e2e"] = Field(
        "none",
        description="end to end: devices seal texts and media for the members of the conversation, so that the servers "
        "can neither search nor recognise them",
    )
    bucket: Literal["none", "month", "10-days"] = Field(
        description="time bucket in the partition key of the messages: a conversation of years is then many partitions"
    )
    retention: Literal["none", "ttl"] = Field(
        description="what deletes a message after storage.retention: nothing, or its TTL in Cassandra"
    )
    search: Literal["none", "sai"] = Field(
        "none",
        description="search within a conversation: none, as where only the devices can read the text, or an index of "
        "Cassandra on each message's words",
    )
    fan_out: Literal["write", "read", "hybrid"] = Field(
        "write",
        description="how a message reaches the members: pushed to each; read by each from its own cursor, after a "
        "notice to the gateways; or the one for small and the other for large conversations",
    )
    fan_out_limit: int = Field(256, ge=2, description="members up to which fan_out = 'hybrid' pushes to each")
    group_limit: int = Field(256, ge=2, le=100_000, description="members that a group may have")
    reads: Literal["each", "coalesced"] = Field(
        "each",
        description="equal reads of several members at one gateway: each its own, or one for all (single flight)",
    )
    partitions: int = Field(16, ge=1, le=200, description="Kafka partitions of the box")
    gateways: int = Field(2, ge=1, le=8, description="gateway processes of the box")
    workers: int = Field(2, ge=1, le=8, description="delivery worker processes of the box")

    @property
    def servers(self) -> tuple[str, ...]:
        """Every server of the box, by the name that faults and histories use."""
        if self.nodes == 1:
            return SERVERS
        return tuple(f"{kind}-{number + 1}" for kind in SERVERS for number in range(CLUSTER[kind]))

    def address(self, user: int, device: int) -> int:
        """Where the registry finds a user's device (see `sim.addresses`)."""
        return address_of(self.registry, user, device)

    def addresses(self, users: Iterable[int]) -> list[int]:
        """Every address of these users."""
        return [address for user in users for address in addresses_of(self.registry, user)]

    def is_served_on_read(self, members: int) -> bool:
        """Whether members of such a conversation read it themselves."""
        return is_served_on_read(self.fan_out, self.fan_out_limit, members)

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {**PRESETS.get(str(given.get("preset", "hardened")), PRESETS["hardened"]), **given}
