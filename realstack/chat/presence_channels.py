"""The gateway's ear in Redis: a channel a user, named as the user's presence key, on which is said who came or went.

Redis confirms each subscription, and redis-py subscribes again on its own whenever the connection is a new one: what
may have been missed while nobody listened is told by the confirmations.
"""

from __future__ import annotations

from collections.abc import Iterable

from redis.asyncio import Redis

_AT_ONCE = 500


class PresenceChannels:
    """Of one gateway, for one task. Raises what redis-py does while Redis is away; then call again."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._listening = redis.pubsub()
        self._prefix = prefix

    @property
    def are_followed(self) -> bool:
        """Whether there is anything to hear."""
        return bool(self._listening.channels)

    async def follow(self, users: Iterable[int]) -> None:
        """Be subscribed to these users and no others."""
        wanted = {f"{self._prefix}{user}" for user in users}
        subscribed = set(self._listening.channels) - self._listening.pending_unsubscribe_channels
        for some in _parts(sorted(wanted - subscribed)):
            await self._listening.subscribe(*some)
        for some in _parts(sorted(subscribed - wanted)):
            await self._listening.unsubscribe(*some)

    async def hear(self, within_s: float) -> int | None:
        """A user who came or went, or may have; None when nothing was said for so long."""
        said = await self._listening.get_message(timeout=within_s)
        if said is None or said["type"] not in ("message", "subscribe"):
            return None
        return int(str(said["channel"]).removeprefix(self._prefix))

    async def close(self) -> None:
        """Hang up."""
        await self._listening.aclose()  # type: ignore[no-untyped-call]


def _parts(channels: list[str]) -> Iterable[list[str]]:
    return (channels[first : first + _AT_ONCE] for first in range(0, len(channels), _AT_ONCE))
