"""Patience with the servers: try, and while it fails try again, for as long as it takes.

The log keeps the record meanwhile, and order forbids to go on without it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import tenacity

_T = TypeVar("_T")

log = logging.getLogger(__name__)


async def patiently(work: Callable[[], Awaitable[_T]]) -> _T:
    """The answer of `work`, which must be repeatable; retries back off up to two seconds, with jitter."""
    try:
        return await work()
    except Exception:
        log.warning("a server did not answer; trying again", exc_info=True)

    async def retried() -> _T:
        return await work()

    again = tenacity.AsyncRetrying(
        wait=tenacity.wait_random_exponential(multiplier=0.02, max=2.0),
        before_sleep=tenacity.before_sleep_log(log, logging.WARNING),
    )
    return await again(retried)
