"""How far the delivery workers are behind the log: records appended and not yet worked on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from realstack.chat.log import partitions_of
from realstack.chat.settings import Settings


class Lag:
    """Asks for ends and committed positions of the workers' group."""

    def __init__(self, settings: Settings, topics: Sequence[str]) -> None:
        self._group = settings.group
        self._topics = topics
        self._admin = AIOKafkaAdminClient(**settings.kafka_options)
        self._reader = AIOKafkaConsumer(**settings.kafka_options)

    async def start(self) -> None:
        """Connect. Raises KafkaError."""
        await asyncio.gather(self._admin.start(), self._reader.start())

    async def records(self) -> int:
        """Records behind, over all topics. Raises KafkaError."""
        partitions = await partitions_of(self._admin, self._topics)
        ends = await self._reader.end_offsets(partitions)
        committed = await self._admin.list_consumer_group_offsets(self._group)
        # The broker says -1 where nothing was committed yet.
        return sum(ends[p] - max(0, committed[p].offset if p in committed else 0) for p in partitions)

    async def stop(self) -> None:
        """Disconnect."""
        await asyncio.gather(self._admin.close(), self._reader.stop())
