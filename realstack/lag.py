"""How far the delivery workers are behind the log: records appended and not yet worked on."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient


class Lag:
    """Asks the broker for ends and committed positions of a consumer group."""

    def __init__(self, kafka: str, group: str, topics: list[str], partitions: int) -> None:
        self._group = group
        self._partitions = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
        self._admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        self._reader = AIOKafkaConsumer(bootstrap_servers=kafka)

    async def start(self) -> None:
        """Connect. Raises KafkaError."""
        await asyncio.gather(self._admin.start(), self._reader.start())

    async def records(self) -> int:
        """Records behind, over all topics. Raises KafkaError."""
        ends = await self._reader.end_offsets(self._partitions)
        committed = await self._admin.list_consumer_group_offsets(self._group)
        # The broker says -1 where nothing was committed yet.
        return sum(ends[p] - max(0, committed[p].offset if p in committed else 0) for p in self._partitions)

    async def stop(self) -> None:
        """Disconnect."""
        await asyncio.gather(self._admin.close(), self._reader.stop())
