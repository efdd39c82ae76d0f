"""The way to Redis: to the one that is there, or to the primary that the sentinels name at the time.

connect ─► sentinel: who is the primary? ─► redis-1        it dies, or stands still for a second:
                                        ─► redis-2 ◄────── the command is tried again on a new connection
"""

from __future__ import annotations

from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import ExponentialWithJitterBackoff

from realstack.chat.settings import Settings
from realstack.endpoints import PRIMARY, Endpoint, endpoints

_SILENCE_S = 1.0
# Two seconds until the sentinels agree and one until they have promoted the replica. Sentinels that have not answer at
# once, and the jitter halves the half second of a wait: ten seconds on average.
_RETRIES_OF_A_PAIR = 40


def connect_redis(settings: Settings) -> Redis:
    """A client of the settings' Redis; who finds all of its connections busy waits for one.

    After a restart of Redis every connection of the pool is dead: a command on one is tried again on a new one. Each
    may be repeated; a notification that is queued twice does no harm.
    """
    options: dict[str, Any] = {"decode_responses": True, "max_connections": 64, "timeout": 10}
    options |= settings.access_to("redis").redis_options()
    if settings.sentinel:
        return Redis.from_pool(_PrimaryPool(settings, **options, retry=_retry(_RETRIES_OF_A_PAIR)))
    if options.pop("ssl", False):
        options["connection_class"] = SSLConnection
    host, port = settings.way_to(*endpoints(settings.redis)[0])
    return Redis.from_pool(BlockingConnectionPool(host=host, port=port, **options, retry=_retry(3)))


def _retry(count: int) -> Retry:
    return Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.5), retries=count)


class _PrimaryPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the primary. One that does not answer for a second is given up: it may be primary no longer."""

    def __init__(self, settings: Settings, **options: Any) -> None:
        times: dict[str, Any] = {"socket_timeout": _SILENCE_S, "socket_connect_timeout": _SILENCE_S}
        asked: dict[str, Any] = {**times, **settings.access_to("sentinel").redis_options()}
        sentinels = Sentinel(endpoints(settings.sentinel), sentinel_kwargs=asked)  # type: ignore[no-untyped-call]
        super().__init__(PRIMARY, sentinels, **times, **options)  # type: ignore[no-untyped-call]
        self._settings = settings

    async def get_master_address(self) -> Endpoint:
        """See redis-py; the proxy's address where there is one before the primary."""
        primary: Endpoint = await super().get_master_address()  # type: ignore[no-untyped-call]
        return self._settings.way_to(*primary)

    async def aclose(self) -> None:
        """Close the connections to the sentinels, too."""
        await super().aclose()
        await self.sentinel_manager.aclose()
