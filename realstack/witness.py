"""Independent witnesses, read after the run: the log, the store, the notifications and the media.

They ask the servers themselves, not the backend: a reader of every Kafka partition from its first record, a scan of the
table, the stream of notifications. Kafka and Redis stamp by the wall clock; `Clock` brings it to the monotonic one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from realstack.chat.log import partitions_of
from realstack.chat.records import decode_message
from realstack.chat.redis_client import connect_redis
from realstack.chat.settings import Settings
from realstack.chat.store import connect, scan_messages
from realstack.driver.events import text_hash
from sim.errors import ServerLostError

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Clock:
    """Wall clock to monotonic clock of this machine, by one reading of both."""

    wall_minus_monotonic_ns: int

    @classmethod
    def now(cls) -> Clock:
        """Read both clocks."""
        return cls(time.time_ns() - time.monotonic_ns())

    def monotonic_ns(self, wall_ms: int) -> int:
        """Monotonic nanoseconds of a wall time in milliseconds."""
        return wall_ms * 1_000_000 - self.wall_minus_monotonic_ns


async def log_events(settings: Settings, clock: Clock) -> list[Event]:
    """`log.append` of every record of the messages topic."""
    consumer = AIOKafkaConsumer(**settings.kafka_options, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = await _partitions(settings)
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        events: list[Event] = []
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            for partition, records in (await consumer.getmany(timeout_ms=500)).items():
                events += [_appended(partition.partition, record, clock) for record in records]
        return events
    finally:
        await consumer.stop()


async def _partitions(settings: Settings) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(**settings.kafka_options)
    await admin.start()
    try:
        return await partitions_of(admin, [settings.messages_topic])
    finally:
        await admin.close()


def _appended(partition: int, record: Any, clock: Clock) -> Event:
    message = decode_message(record.value)
    return {
        "t_ns": clock.monotonic_ns(record.timestamp),
        "kind": "log.append",
        "conv": f"c{message.conv}",
        "uuid": message.uuid,
        "message_id": message.message_id,
        "partition": partition,
        "offset": record.offset,
    }


def store_events(settings: Settings) -> Iterator[Event]:
    """`store.row` of every row, at the time of the scan. What is encrypted end to end nobody can read here."""
    readable = settings.choices.encryption == "none"
    cluster = connect(settings)
    try:
        for row in scan_messages(cluster.connect(), settings.keyspace):
            yield {
                "t_ns": time.monotonic_ns(),
                "kind": "store.row",
                "conv": f"c{row.conv}",
                "uuid": row.uuid,
                "message_id": row.message_id,
                "seq": row.position if settings.choices.sequenced else None,
                "hash": text_hash(row.content, row.media[0] if row.media else "") if readable else None,
            }
    finally:
        cluster.shutdown()


async def push_events(settings: Settings, clock: Clock) -> list[Event]:
    """`push` of every notification, one for each user."""
    redis = connect_redis(settings)
    try:
        found = await redis.xrange(f"{settings.namespace}:pushes")
    finally:
        await redis.aclose()
    entries = cast("list[tuple[str, dict[str, str]]]", found)
    return [
        {
            "t_ns": clock.monotonic_ns(int(entry_id.partition("-")[0])),
            "kind": "push",
            "user": f"u{user}",
            "conv": f"c{fields['conv']}",
            "uuid": fields["uuid"],
        }
        for entry_id, fields in entries
        for user in fields["users"].split(",")
    ]


async def media_events(url: str) -> list[Event]:
    """`sample` of each thing that the media service counts. Raises ServerLostError."""
    # Only here: whoever keeps no media needs no HTTP client.
    from aiohttp import ClientError, ClientSession

    try:
        async with ClientSession(url) as http, http.get("/counts") as answer:
            counts: dict[str, float] = await answer.json()
    except ClientError as error:
        raise ServerLostError(f"the media service could not be read after the run: {error!r}") from error
    now_ns = time.monotonic_ns()
    return [
        {"t_ns": now_ns, "kind": "sample", "target": "media", "state": name, "value": value}
        for name, value in counts.items()
    ]
