"""The end of the log that a gateway writes to: appends in order, or not at all.

An idempotent producer counts its batches, a partition each. One that it had to give up (no leader for ten seconds)
leaves a hole in the count, and the broker takes nothing more of it. So a producer that failed is replaced:

    m1 ✓  m2 ✗ ──► send refuses ──► m3, m4 of the old one end ──► a new producer ──► send takes again

Refused meanwhile are those who would overtake: their devices come back and send everything again, in order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import tenacity
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

log = logging.getLogger(__name__)


class LogBrokenError(Exception):
    """Nothing can be appended at the moment; what was sent before is being settled."""


class Appender:
    """A producer of `make`, and another when it has failed."""

    def __init__(self, make: Callable[[], AIOKafkaProducer]) -> None:
        self._make = make
        self._producer = make()
        self._replacing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect. Raises KafkaError."""
        await self._producer.start()

    async def send(self, topic: str, value: bytes, key: bytes | None = None) -> asyncio.Future[object]:
        """Queue a record; the future tells its place in the log or what became of it. Raises LogBrokenError."""
        if self._replacing is not None:
            raise LogBrokenError("the producer failed and is being replaced")
        try:
            appended: asyncio.Future[object] = await self._producer.send(topic, value, key=key)
        except KafkaError as error:
            self._failed(error)
            raise LogBrokenError(f"the log does not take it: {error!r}") from error
        appended.add_done_callback(self._settled)
        return appended

    def _settled(self, appended: asyncio.Future[object]) -> None:
        if not appended.cancelled() and (error := appended.exception()) is not None:
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        if self._replacing is None:
            log.warning("an append failed (%r): a new producer takes over once this one has settled", error)
            self._replacing = asyncio.create_task(self._replace())

    async def _replace(self) -> None:
        await self._producer.stop()
        again = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(KafkaError),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=2.0),
        )
        self._producer = await again(self._started)
        self._replacing = None
        log.info("a new producer has taken over")

    async def _started(self) -> AIOKafkaProducer:
        producer = self._make()
        try:
            await producer.start()
        except KafkaError:
            await producer.stop()
            raise
        return producer

    async def stop(self) -> None:
        """Append what is queued, and disconnect."""
        if self._replacing is not None:
            self._replacing.cancel()
            await asyncio.gather(self._replacing, return_exceptions=True)
        await self._producer.stop()
