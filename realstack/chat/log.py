"""The log: Kafka producers and consumers as the design wants them."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import for_code
from aiokafka.partitioner import DefaultPartitioner

from realstack.chat.settings import Settings

RECEIPT_LINGER_S = 0.05
_FETCH_WAIT_MS = 15


class FixedPartitioner:
    """Takes keys to the first `count` partitions, as if those that were added later were not there."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._default = DefaultPartitioner()

    def __call__(self, key: bytes | None, partitions: Sequence[int], available: Sequence[int]) -> int:
        """The partition of a record; murmur2 of the key, or any where it has none."""
        old = [partition for partition in partitions if partition < self._count]
        chosen: int = self._default(key, old, [partition for partition in available if partition < self._count])
        return chosen


def make_producer(settings: Settings, *, linger_s: float | None = None) -> AIOKafkaProducer:
    """A producer with the design's acks and idempotence; keys pick partitions by murmur2, as Java's do.

    `linger_s` is the design's unless given: receipts wait `RECEIPT_LINGER_S` for company, nobody waits for them.
    """
    choices = settings.choices
    return AIOKafkaProducer(
        **settings.kafka_options,
        partitioner=FixedPartitioner(choices.partitions) if choices.partitioner == "fixed" else DefaultPartitioner(),
        acks="all" if choices.acks == "all" else 1,
        enable_idempotence=choices.idempotence,
        linger_ms=round((choices.linger_s if linger_s is None else linger_s) * 1000),
        request_timeout_ms=10_000,
    )


def make_consumer(settings: Settings) -> AIOKafkaConsumer:
    """A member of the workers' group. It commits by hand, after the work.

    Range assignment gives one worker the same partitions of both topics: a conversation's messages and its receipts.
    """
    return AIOKafkaConsumer(
        **settings.kafka_options,
        group_id=settings.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # A fetch costs broker and worker about a millisecond: at low rates wait a little for more than one record.
        fetch_min_bytes=8_192,
        fetch_max_wait_ms=_FETCH_WAIT_MS,
        session_timeout_ms=10_000,
        heartbeat_interval_ms=2_000,
        # A rebalance may take as long as a session; a broker that stands still is not waited for much longer.
        request_timeout_ms=12_000,
        partition_assignment_strategy=(RangePartitionAssignor,),
    )


async def create_topics(settings: Settings) -> None:
    """Both topics, stamped by the broker's clock at append. Raises KafkaError, also where one is there already."""
    choices = settings.choices
    configs = {"message.timestamp.type": "LogAppendTime", "min.insync.replicas": str(choices.in_sync)}
    topics = [
        NewTopic(topic, choices.partitions, choices.copies, topic_configs=configs)
        for topic in (settings.messages_topic, settings.receipts_topic)
    ]
    admin = AIOKafkaAdminClient(**settings.kafka_options)
    await admin.start()
    try:
        answer = await admin.create_topics(topics)
    finally:
        await admin.close()
    for topic, code, *_ in answer.topic_errors:
        if code:
            raise for_code(code)(topic)


async def topics_there(settings: Settings) -> list[str]:
    """Topics of the namespace that the log has."""
    admin = AIOKafkaAdminClient(**settings.kafka_options)
    await admin.start()
    try:
        there = await admin.list_topics()
    finally:
        await admin.close()
    return sorted({settings.messages_topic, settings.receipts_topic} & set(there))


async def add_partitions(settings: Settings, count: int) -> None:
    """Give both topics so many partitions more."""
    admin = AIOKafkaAdminClient(**settings.kafka_options)
    await admin.start()
    try:
        more = NewPartitions(settings.choices.partitions + count)
        await admin.create_partitions(dict.fromkeys((settings.messages_topic, settings.receipts_topic), more))
    finally:
        await admin.close()


async def partitions_of(admin: AIOKafkaAdminClient, topics: Sequence[str]) -> list[TopicPartition]:
    """The partitions that topics have now."""
    described = await admin.describe_topics(list(topics))
    return [TopicPartition(topic["topic"], one["partition"]) for topic in described for one in topic["partitions"]]


async def delete_topics(settings: Settings) -> None:
    """Remove both topics and the workers' group."""
    admin = AIOKafkaAdminClient(**settings.kafka_options)
    await admin.start()
    try:
        await admin.delete_topics([settings.messages_topic, settings.receipts_topic])
    finally:
        await admin.close()
