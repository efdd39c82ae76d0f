"""The delivery worker: a member of the consumer group. Run as a process of its own.

    python -m realstack.chat.worker SETTINGS.json NUMBER READY.json

    poll ─► chains (one conversation in order, many at once) ─► Delivery ─► done ─► commit
    poll ─► chains (one partition's receipts in order)        ─► Receipts ─► done ─► commit

Offsets are committed after the work, so a record may be worked on twice and is never skipped.

SIGTERM drains it: what was polled is finished and committed, if that takes no longer than seconds, then it leaves its
group, whose others take over at once.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from realstack.chat.chains import Chains
from realstack.chat.delivery import Delivery
from realstack.chat.handover import tell
from realstack.chat.health import Health, serve_health
from realstack.chat.links import Links
from realstack.chat.log import make_consumer
from realstack.chat.message_service import Membership
from realstack.chat.metrics import WorkerMetrics
from realstack.chat.news import News
from realstack.chat.numbering import Numbering
from realstack.chat.offsets import OffsetTracker
from realstack.chat.pipeline import open_pipeline
from realstack.chat.process import run_process, settle_memory
from realstack.chat.pushes import Pushes
from realstack.chat.receipts import Receipts
from realstack.chat.records import MessageRecord, decode_message, decode_receipt
from realstack.chat.registry import Registry
from realstack.chat.settings import Ready, Settings
from realstack.chat.store import Store, connect

_AT_ONCE = 512
_COMMIT_EVERY_S = 0.1
_POLL_MS = 200
_SETTLE_WITHIN_S = 5.0

log = logging.getLogger(__name__)


class Worker(ConsumerRebalanceListener):  # type: ignore[misc]
    """Polls, works, commits. Before a partition is given away its work is finished and committed."""

    def __init__(
        self,
        settings: Settings,
        consumer: AIOKafkaConsumer,
        delivery: Delivery,
        receipts: Receipts,
        numbering: Numbering,
        metrics: WorkerMetrics,
    ) -> None:
        self._settings = settings
        self._consumer = consumer
        self._delivery = delivery
        self._receipts = receipts
        self._numbering = numbering
        self._metrics = metrics
        metrics.watch_unfinished(lambda: sum(tracker.unfinished for tracker in self._offsets.values()))
        self._chains = Chains(_AT_ONCE)
        self._offsets: dict[TopicPartition, OffsetTracker] = {}
        self._finishing: set[asyncio.Task[None]] = set()
        self._adding = asyncio.Lock()
        self.assigned = asyncio.Event()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """A rebalance gave us these."""
        self._offsets = {partition: OffsetTracker() for partition in assigned}
        log.info("assigned %d partitions", len(assigned))
        self.assigned.set()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """A rebalance takes these: finish, commit, forget."""
        # Not amid a batch: its rest would be worked on here and by the next owner.
        async with self._adding:
            await self.settle()
            self._numbering.forget(partition.partition for partition in revoked)
            self._offsets = {}

    async def settle(self) -> None:
        """Finish all work that was polled, and commit it."""
        await self._chains.drained()
        if self._finishing:
            await asyncio.gather(*self._finishing, return_exceptions=True)
        await self._commit()

    async def poll(self, stop: asyncio.Event) -> None:
        """Poll until told to stop."""
        while not stop.is_set():
            batches = await self._consumer.getmany(timeout_ms=_POLL_MS)
            polled_ns = time.monotonic_ns()
            async with self._adding:
                for partition, records in batches.items():
                    await self._add(partition, records, polled_ns)

    async def _add(self, partition: TopicPartition, records: list[Any], polled_ns: int) -> None:
        tracker = self._offsets.get(partition)
        if tracker is None:
            return
        for record in records:
            tracker.start(record.offset)
        if partition.topic == self._settings.messages_topic:
            await self._add_messages(partition, tracker, records, polled_ns)
        else:
            await self._add_receipts(partition, tracker, records)

    async def _add_messages(
        self, partition: TopicPartition, tracker: OffsetTracker, records: list[Any], polled_ns: int
    ) -> None:
        for record in records:
            message = decode_message(record.value)

            async def work(message: MessageRecord = message, offset: int = record.offset) -> None:
                rest = await self._delivery.deliver(message, partition.partition, offset, polled_ns)
                if rest is None:
                    self._metrics.duplicates.inc()
                    tracker.finish(offset)
                    return
                self._metrics.delivered.inc()
                self._metrics.delivery_s.observe((time.monotonic_ns() - message.accepted_ns) / 1e9)
                self._finishing.add(rest)
                rest.add_done_callback(self._finishing.discard)
                rest.add_done_callback(lambda _: tracker.finish(offset))

            await self._chains.add(message.conv, work)

    async def _add_receipts(self, partition: TopicPartition, tracker: OffsetTracker, records: list[Any]) -> None:
        batch = [decode_receipt(record.value) for record in records]

        async def work() -> None:
            await self._receipts.hand_back(batch)
            self._metrics.receipts.inc(len(batch))
            for record in records:
                tracker.finish(record.offset)

        await self._chains.add(partition, work)

    async def commit_often(self) -> None:
        """Commit for ever."""
        while True:
            await asyncio.sleep(_COMMIT_EVERY_S)
            await self._commit()

    async def _commit(self) -> None:
        positions = {partition: tracker.take_commit() for partition, tracker in self._offsets.items()}
        due = {partition: position for partition, position in positions.items() if position is not None}
        if not due:
            return
        try:
            await self._consumer.commit(due)
        except KafkaError as error:
            # The records are delivered again, to whoever has the partition now.
            log.warning("commit failed: %r", error)
            self._metrics.commit_failures.inc()
            for partition in due:
                if partition in self._offsets:
                    self._offsets[partition].commit_failed()

    async def settle_soon(self) -> None:
        """The same, but a server that is away is not waited for."""
        try:
            await asyncio.wait_for(self.settle(), _SETTLE_WITHIN_S)
        except TimeoutError:
            # Uncommitted as it is, the log delivers it again, to another worker.
            log.warning("leaving unfinished what is so after %g s", _SETTLE_WITHIN_S)
            self.cancel()

    def cancel(self) -> None:
        """Drop all work at once, and commit nothing more: what is dropped looks finished."""
        self._offsets = {}
        self._chains.cancel()
        for task in self._finishing:
            task.cancel()


async def _run_until(stop: asyncio.Event, worker: Worker) -> None:
    async with asyncio.TaskGroup() as group:
        committing = group.create_task(worker.commit_often())
        await worker.poll(stop)
        committing.cancel()


async def run(settings: Settings, number: int, ready: Path, stop: asyncio.Event) -> None:
    """A worker until `stop` is set; then what was polled is finished and committed."""
    metrics = WorkerMetrics()
    with serve_health(metrics.registry, stop) as health:
        await _run(settings, number, ready, stop, metrics, health)


async def _run(
    settings: Settings, number: int, ready: Path, stop: asyncio.Event, metrics: WorkerMetrics, health: Health
) -> None:
    cluster = connect(settings)
    pipeline = open_pipeline(settings)
    registry, pushes = Registry(pipeline, settings), Pushes(pipeline, settings)
    links = Links(registry.gateway_address)
    news = News(registry, links)
    consumer = make_consumer(settings)
    await consumer.start()
    try:
        store = Store(cluster.connect(), settings)
        numbering = Numbering(store, settings.choices)
        delivery = Delivery(numbering, Membership(store), registry, links, pushes, news, settings.choices)
        worker = Worker(settings, consumer, delivery, Receipts(store, registry, links), numbering, metrics)
        consumer.subscribe([settings.messages_topic, settings.receipts_topic], listener=worker)
        polling = asyncio.create_task(_run_until(stop, worker))
        await worker.assigned.wait()
        settle_memory()
        health.ready = True
        tell(ready, Ready(f"worker-{number}", health_port=health.port))
        await polling
        await worker.settle_soon()
    finally:
        await consumer.stop()
        news.cancel()
        await links.close()
        await pipeline.close()
        cluster.shutdown()


def main(arguments: Sequence[str]) -> None:
    """The process of the module's command line."""
    path, number, ready = arguments
    settings = Settings.awaited(Path(path))
    run_process(f"worker-{number}", lambda stop: run(settings, int(number), Path(ready), stop))


if __name__ == "__main__":
    main(sys.argv[1:])
