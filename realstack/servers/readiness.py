"""Waiting for a server that was started: until a round trip goes through, it dies, or the time is over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tenacity import RetryError, Retrying, retry_if_not_exception_type, stop_after_delay, wait_fixed

from sim.errors import ServerLostError, ServerStartError

POLL_S = 0.03


def await_ready(
    name: str, try_once: Callable[[], None], limit_s: float, log_path: Path, log_tail: Callable[[], str]
) -> None:
    """Try again after any error but `ServerStartError` and `ServerLostError`: `try_once` raises them for a dead server.

    `ServerStartError` with the last error and the end of the log once `limit_s` is over.
    """
    attempts = Retrying(
        wait=wait_fixed(POLL_S),
        stop=stop_after_delay(limit_s),
        retry=retry_if_not_exception_type((ServerStartError, ServerLostError)),
    )
    try:
        attempts(try_once)
    except RetryError as error:
        why = error.last_attempt.exception()
        raise ServerStartError(
            f"{name} was not ready within {limit_s:g} s ({why}); its log {log_path} ends:", log_tail()
        ) from why
