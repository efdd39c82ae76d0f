"""Awaiting Cassandra: its driver has an IO thread of its own, `ask` brings the answers to the event loop.

A request costs driver and server about 300 µs each, a row in a request of four 110 µs: `Writes` go together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from cassandra.cluster import Session
from cassandra.query import BatchStatement, BatchType

from realstack.chat.together import Together

# From more partitions in a batch on the server warns.
_MOST_ROWS = 10
_REQUESTS = 4


async def ask(session: Session, statement: Any, values: Sequence[Any]) -> list[Any]:
    """All rows that a prepared statement answers with, however many pages they are. Raises the driver's errors."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Any]] = loop.create_future()

    def settle(result: list[Any] | None, error: BaseException | None) -> None:
        if answer.cancelled():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result or [])

    running = session.execute_async(statement, values)
    rows: list[Any] = []

    def take(page: list[Any] | None) -> None:
        if running.has_more_pages:
            rows.extend(page or [])
            running.start_fetching_next_page()
        else:
            loop.call_soon_threadsafe(settle, [*rows, *(page or [])] if rows else page, None)

    running.add_callbacks(take, lambda error: loop.call_soon_threadsafe(settle, None, error))
    return await answer


class Writes:
    """Plain writes: those that come while others are under way go into one request. Each row stands for itself."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._together: Together[tuple[Any, Sequence[Any]], None] = Together(self._write, _MOST_ROWS, _REQUESTS)

    async def write(self, statement: Any, values: Sequence[Any]) -> None:
        """Write a row by a prepared statement that is repeatable. Raises the driver's errors."""
        await self._together.ask((statement, values))

    async def _write(self, rows: list[tuple[Any, Sequence[Any]]]) -> list[None]:
        if len(rows) == 1:
            await ask(self._session, *rows[0])
        else:
            batch = BatchStatement(BatchType.UNLOGGED)
            for statement, values in rows:
                batch.add(statement, values)
            await ask(self._session, batch, ())
        return [None] * len(rows)
