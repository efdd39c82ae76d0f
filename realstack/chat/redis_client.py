"""The way to Redis: to the one that is there, or to the primary that the sentinels name at the time.

connect ─► sentinel: who is the primary? ─► redis-1        it dies, or stands still for a second:
                                        ─► redis-2 ◄────── the command is tried again on a new connection

A primary that stood still and goes on believes that it is one for ten seconds more, and answers with what it knew. Who
still has a connection to it hears of nobody who came meanwhile. So every new connection asks, one that is made again
within a command, too, and a pool that goes on asks twice a second.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis, SSLConnection
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError

from realstack.chat.settings import Settings
from realstack.endpoints import PRIMARY, Endpoint, endpoints

_SILENCE_S = 1.0
_ASK_EVERY_S = 0.5
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


class _PrimaryConnection(SentinelManagedConnection):
    """Asks who the primary is whenever it connects; redis-py's goes back to where it was when a command is repeated."""

    async def connect_check_health(self, check_health: bool = True, retry_socket_connect: bool = True) -> None:
        """See redis-py."""
        if not self.is_connected:
            self.host, self.port = await self.connection_pool.get_master_address()
        await super().connect_check_health(check_health, retry_socket_connect=False)


class _PrimarySSLConnection(_PrimaryConnection, SentinelManagedSSLConnection):
    """The same with TLS."""


class _PrimaryPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the primary. One that does not answer for a second is given up: it may be primary no longer."""

    def __init__(self, settings: Settings, **options: Any) -> None:
        times: dict[str, Any] = {"socket_timeout": _SILENCE_S, "socket_connect_timeout": _SILENCE_S}
        asked: dict[str, Any] = {**times, **settings.access_to("sentinel").redis_options()}
        sentinels = Sentinel(endpoints(settings.sentinel), sentinel_kwargs=asked)  # type: ignore[no-untyped-call]
        kind = _PrimarySSLConnection if options.pop("ssl", False) else _PrimaryConnection
        super().__init__(  # type: ignore[no-untyped-call]
            PRIMARY, sentinels, connection_class=kind, **times, **options
        )
        self._settings = settings
        self._asking = asyncio.Lock()
        self._asked_s = 0.0

    async def get_connection(self, *_unused: Any, **_options: Any) -> AbstractConnection:
        """See redis-py; to the primary of the last half second."""
        async with self._asking:
            if time.monotonic() - self._asked_s > _ASK_EVERY_S:
                with suppress(RedisError):  # no sentinel answers: what there is may still be good
                    await self.get_master_address()
                self._asked_s = time.monotonic()
        connection: AbstractConnection = await super().get_connection()  # type: ignore[no-untyped-call]
        return connection

    async def get_master_address(self) -> Endpoint:
        """See redis-py; the proxy's address where there is one before the primary.

        Connections to another than this are closed: in this order, those in use after their command, and idle ones now.
        """
        primary: Endpoint = await self.sentinel_manager.discover_master(PRIMARY)
        if primary != self.master_address:
            self.master_address = primary
            await self.update_active_connections_for_reconnect()  # type: ignore[no-untyped-call]
            await self.disconnect(inuse_connections=False)
        return self._settings.way_to(*primary)

    async def aclose(self) -> None:
        """Close the connections to the sentinels, too."""
        await super().aclose()
        await self.sentinel_manager.aclose()
