"""The worker's loop on a log in memory: order, commits after the work, and a hand-over amid a batch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError

from realstack.chat.delivery import Delivery
from realstack.chat.metrics import WorkerMetrics
from realstack.chat.numbering import Numbering
from realstack.chat.receipts import Receipts
from realstack.chat.records import MessageRecord, ReceiptRecord, encode
from realstack.chat.worker import Worker, _run_until
from tests.realstack.chat.fakes import MemoryStore, record, settings, turns

MESSAGES, RECEIPTS = TopicPartition("test-messages", 0), TopicPartition("test-receipts", 0)


@dataclass
class Stored:
    offset: int
    value: bytes


class MemoryConsumer:
    """Hands out the batches that are put into it; notes the commits."""

    def __init__(self) -> None:
        self.batches: asyncio.Queue[dict[TopicPartition, list[Stored]]] = asyncio.Queue()
        self.committed: dict[TopicPartition, int] = {}
        self.refuse = False

    async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[Stored]]:
        return await self.batches.get()

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        if self.refuse:
            raise CommitFailedError
        self.committed |= positions

    def put(self, partition: TopicPartition, first: int, *values: MessageRecord | ReceiptRecord) -> None:
        self.batches.put_nowait({partition: [Stored(first + n, encode(value)) for n, value in enumerate(values)]})


class SlowDelivery(Delivery):
    """Stands for store, registry and links: a message is done once its gate opens."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.open = True

    async def deliver(
        self, record: MessageRecord, partition: int, offset: int, polled_ns: int
    ) -> asyncio.Task[None] | None:
        assert polled_ns <= time.monotonic_ns()
        self.begun.append(record.uuid)
        gate = self.gates.setdefault(record.uuid, asyncio.Event())
        if self.open:
            gate.set()
        await gate.wait()
        return asyncio.create_task(asyncio.sleep(0)) if record.uuid != "duplicate" else None


class NotedReceipts(Receipts):
    def __init__(self) -> None:
        self.batches: list[int] = []

    async def hand_back(self, batch: Any) -> None:
        self.batches.append(len(batch))


class Scene:
    def __init__(self) -> None:
        self.consumer, self.delivery, self.receipts = MemoryConsumer(), SlowDelivery(), NotedReceipts()
        numbering = Numbering(MemoryStore(), settings().choices)
        self.stop = asyncio.Event()
        self.metrics = WorkerMetrics()
        self.worker = Worker(settings(), self.consumer, self.delivery, self.receipts, numbering, self.metrics)


def on_a_worker(scene: Callable[[Scene], Awaitable[None]], *, polls: bool = True) -> Scene:
    async def main() -> Scene:
        made = Scene()
        await made.worker.on_partitions_assigned([MESSAGES, RECEIPTS])
        polling = asyncio.create_task(made.worker.poll(made.stop) if polls else asyncio.sleep(0))
        try:
            await asyncio.wait_for(scene(made), 20)
        finally:
            polling.cancel()
            with suppress(asyncio.CancelledError):
                await polling
        return made

    return asyncio.run(main())


def test_what_is_done_is_committed_and_what_is_not_is_not() -> None:
    async def scene(made: Scene) -> None:
        made.delivery.open = False
        made.consumer.put(MESSAGES, 40, record("a", conv=1), record("b", conv=2), record("c", conv=1))
        await turns()
        assert made.delivery.begun == ["a", "b"]  # c waits behind a, of the same conversation
        made.delivery.gates["b"].set()
        await turns()
        await made.worker._commit()
        assert made.consumer.committed == {MESSAGES: 40}  # a holds the commit, though b is done
        made.delivery.gates["a"].set()
        made.delivery.open = True
        await made.worker.settle()
        assert made.consumer.committed == {MESSAGES: 43}

    on_a_worker(scene)


def test_a_duplicate_is_done_at_once() -> None:
    async def scene(made: Scene) -> None:
        made.consumer.put(MESSAGES, 0, record("duplicate"))
        await turns()
        await made.worker.settle()

    assert on_a_worker(scene).consumer.committed == {MESSAGES: 1}


def test_receipts_of_one_poll_are_one_batch() -> None:
    async def scene(made: Scene) -> None:
        made.consumer.put(RECEIPTS, 0, *[ReceiptRecord(5, 2, "read", [])] * 3)
        await turns()
        await made.worker.settle()

    made = on_a_worker(scene)
    assert made.receipts.batches == [3]
    assert made.consumer.committed == {RECEIPTS: 3}


def test_a_partition_is_given_away_only_when_all_of_a_polled_batch_is_done() -> None:
    async def scene(made: Scene) -> None:
        made.delivery.open = False
        # More than may be worked on at once: the rest of the batch waits for room when the rebalance comes.
        made.consumer.put(MESSAGES, 0, *[record(f"m{n}", conv=n) for n in range(600)])
        await turns()
        giving = asyncio.create_task(made.worker.on_partitions_revoked([MESSAGES, RECEIPTS]))
        await turns()
        assert not giving.done()
        made.delivery.open = True
        for gate in made.delivery.gates.values():
            gate.set()
        await giving
        assert made.consumer.committed == {MESSAGES: 600}
        begun = len(made.delivery.begun)
        made.consumer.put(MESSAGES, 600, record("late"))
        await turns()
        assert len(made.delivery.begun) == begun == 600  # what is polled of a partition that has gone is left alone

    on_a_worker(scene)


def test_a_drained_worker_finishes_a_polled_batch_and_polls_no_more() -> None:
    async def scene(made: Scene) -> None:
        made.delivery.open = False
        # More than may be worked on at once: the rest of the batch waits for room when the order to stop comes.
        made.consumer.put(MESSAGES, 0, *[record(f"m{n}", conv=n) for n in range(600)])
        draining = asyncio.create_task(_run_until(made.stop, made.worker))
        await turns()
        made.stop.set()
        made.consumer.put(MESSAGES, 600, record("late"))
        await turns()
        assert not draining.done()
        made.delivery.open = True
        for gate in made.delivery.gates.values():
            gate.set()
        await draining
        await made.worker.settle()
        assert len(made.delivery.begun) == 600
        assert made.consumer.committed == {MESSAGES: 600}

    on_a_worker(scene, polls=False)


def test_a_drained_worker_does_not_wait_for_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realstack.chat.worker._SETTLE_WITHIN_S", 0.05)

    async def scene(made: Scene) -> None:
        made.consumer.put(MESSAGES, 40, record("a", conv=1), record("b", conv=2))
        await turns()
        made.delivery.open = False
        made.consumer.put(MESSAGES, 42, record("stuck", conv=1))
        await turns()
        await made.worker.settle_soon()
        assert made.delivery.begun == ["a", "b", "stuck"]
        assert made.consumer.committed.get(MESSAGES, 40) <= 42, "another worker gets it"

    on_a_worker(scene)


def test_a_commit_that_the_broker_refuses_ends_nothing() -> None:
    async def scene(made: Scene) -> None:
        made.consumer.refuse = True
        made.consumer.put(MESSAGES, 0, record("a"))
        await turns()
        await made.worker.settle()
        made.consumer.refuse = False
        made.consumer.put(MESSAGES, 1, record("b"))
        await turns()
        await made.worker.settle()

    made = on_a_worker(scene)
    assert made.consumer.committed == {MESSAGES: 2}
    assert made.metrics.registry.get_sample_value("chatscale_commit_failures_total") == 1
    assert made.metrics.registry.get_sample_value("chatscale_messages_total", {"outcome": "delivered"}) == 2
