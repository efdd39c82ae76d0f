"""Notifications for recipients who are not connected: one entry a message in a Redis stream, the outbox.

    worker ─ notify ─► {namespace}:pushes    conv=5 uuid=…a1 users=17,23 unread=4,1 ─ take, done ─► pusher
                       {namespace}:unread    17 → 4, 23 → 1

Unread is counted from when a user left until they connect. What a pusher took and did not finish it takes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

from redis.exceptions import ResponseError

from realstack.chat.pipeline import Pipeline, open_pipeline
from realstack.chat.push_shapes import Notification
from realstack.chat.settings import Settings

_GROUP = "pushers"
# Counted and queued at once: a count without its notification, or the other way round, would never be mended.
_NOTIFY = """
local unread = {}
for user in string.gmatch(ARGV[3], '%d+') do
    unread[#unread + 1] = redis.call('HINCRBY', KEYS[2], user, 1)
end
local counts = table.concat(unread, ',')
redis.call('XADD', KEYS[1], '*', 'conv', ARGV[1], 'uuid', ARGV[2], 'users', ARGV[3], 'unread', counts)
"""


def unread_key(settings: Settings) -> str:
    """The hash of the unread counts."""
    return f"{settings.namespace}:unread"


class Pushes:
    """The outbox."""

    def __init__(self, pipeline: Pipeline, settings: Settings) -> None:
        self._pipeline = pipeline
        self._redis = pipeline.redis
        self._keys = [f"{settings.namespace}:pushes", unread_key(settings)]
        self._notify = self._redis.register_script(_NOTIFY)
        self._since = "0"

    async def notify(self, users: Sequence[int], conv: int, uuid: str) -> None:
        """Notify users of one message."""
        await self._pipeline.run(self._notify, self._keys, [conv, uuid, ",".join(map(str, users))])

    async def open(self) -> None:
        """Call once before the first `take`."""
        with suppress(ResponseError):  # the group is there
            await self._redis.xgroup_create(self._keys[0], _GROUP, id="0", mkstream=True)

    async def take(self, pusher: str, count: int, wait_s: float) -> dict[str, list[Notification]]:
        """The next entries by id, first those that this pusher took before it ended; none after so long."""
        found = await self._redis.xreadgroup(
            _GROUP, pusher, {self._keys[0]: self._since}, count=count, block=round(wait_s * 1000)
        )
        entries = _entries(found)
        if not entries:
            self._since = ">"
        elif self._since != ">":
            self._since = next(reversed(entries))
        return entries

    async def done(self, entries: Sequence[str]) -> None:
        """These need not be taken again."""
        await self._redis.xack(self._keys[0], _GROUP, *entries)

    async def close(self) -> None:
        """Close the connections to Redis."""
        await self._pipeline.close()


def _entries(found: Any) -> dict[str, list[Notification]]:
    streams = found.values() if isinstance(found, dict) else (entries for _, entries in found or ())
    flat = [entry for entries in streams for entry in (entries[0] if isinstance(found, dict) else entries)]
    return {entry_id: list(_notifications(fields)) for entry_id, fields in cast("list[tuple[str, Any]]", flat)}


def _notifications(fields: dict[str, str]) -> list[Notification]:
    both = zip(fields["users"].split(","), fields["unread"].split(","), strict=True)
    return [Notification(int(user), int(fields["conv"]), fields["uuid"], int(unread)) for user, unread in both]


def open_pushes(settings: Settings) -> Pushes:
    """The outbox on the settings' Redis."""
    return Pushes(open_pipeline(settings), settings)
