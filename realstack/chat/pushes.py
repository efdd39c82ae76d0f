"""Notifications for recipients who are not connected: one entry a message in a Redis stream.

{namespace}:pushes    conv=5 uuid=…a1 users=17,23
"""

from __future__ import annotations

from collections.abc import Sequence

from redis.asyncio import Redis

from realstack.chat.redis_client import connect_redis
from realstack.chat.settings import Settings


class Pushes:
    """The outbox of notifications."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._redis = redis
        self._stream = f"{settings.namespace}:pushes"

    async def notify(self, users: Sequence[int], conv: int, uuid: str) -> None:
        """Notify users of one message."""
        await self._redis.xadd(self._stream, {"conv": conv, "uuid": uuid, "users": ",".join(map(str, users))})

    async def close(self) -> None:
        """Close the connections to Redis."""
        await self._redis.aclose()


def open_pushes(settings: Settings) -> Pushes:
    """The outbox on the settings' Redis."""
    return Pushes(connect_redis(settings), settings)
