"""Awaiting Cassandra: its driver has an IO thread of its own, `ask` brings the answers to the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from cassandra.cluster import Session


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
