"""How far the delivery workers are behind the log: records appended and not yet worked on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from realstack.chat.settings import Settings


class Lag:
    """Asks for ends and committed positions of the workers' group."""

    def __init__(self, settings: Settings, topics: Sequence[str]) -> None:
        self._group = settings.group
        numbers = range(settings.choices.partitions)
        self._partitions = [TopicPartition(topic, number) for topic in topics for number in numbers]
        self._admin = AIOKafkaAdminClient(**settings.kafka_options)
        self._reader = AIOKafkaConsumer(**settings.kafka_options)

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
