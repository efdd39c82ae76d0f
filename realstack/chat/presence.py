"""Who of a conversation is online: one answer to a device that opens it, or that and every change from then on.

`design.presence = "subscription"`: a device follows one conversation, the one that it opened last, as a phone shows
one. It is told until it opens another, closes it or its session ends; who comes back opens it again.

    channel: somebody came or went ──────────────────┐
    channel: Redis confirms a subscription, again    ├─► due ─► one look at all who are ─► differs? ─► PresenceChange
             after each loss of the connection ──────┤
    timer:   the key has lived as long as it was to ─┘

A channel or a timer only says whom to look at; what is so says the key. So news that overtake an answer, come twice or
get lost do no harm, and a subscriber is told what asking again would have answered. Late by at most

    connect, disconnect       a round trip
    a crash                   the rest of its TTL (the timer asks how much that is, and again if it was renewed)
    news that Redis lost      a TTL: whoever is offline is looked at as often as that, and everybody upon a new
                              connection to Redis

Keyspace notifications would save the timers. But they are a setting of the whole server, which one that is not ours may
refuse, and an expired key is notified when Redis comes to delete it, for which there is no bound.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from realstack.chat.connection import Connection
from realstack.chat.frames import Presence, PresenceChange
from realstack.chat.message_service import Membership
from realstack.chat.registry import Registry
from realstack.chat.settings import Choices

# A subscription may wait so long for its channel; the look upon its confirmation tells what was missed meanwhile.
_LISTEN_S = 0.2
# Keys expire on Redis' clock: a look that comes a moment early would come twice.
_AFTER_EXPIRY_S = 0.01
_AGAIN_AFTER_S = 0.5

log = logging.getLogger(__name__)


class PresenceOnOpen:
    """One answer."""

    def __init__(self, registry: Registry, membership: Membership) -> None:
        self._registry = registry
        self._membership = membership

    async def open(self, connection: Connection, conv: int) -> None:
        """Tell the device who of the conversation is online. Raises NotAMemberError."""
        members = sorted(await self._membership.require(conv, connection.user))
        online = await self._registry.online(members)
        await self._answer(connection, conv, members, online.__contains__)

    def close(self, connection: Connection) -> None:
        """The device follows no conversation any more."""

    async def stop(self) -> None:
        """Nobody will ask again."""

    async def _answer(
        self, connection: Connection, conv: int, members: list[int], is_online: Callable[[int], bool]
    ) -> None:
        seen_ms = await self._registry.last_seen_ms([user for user in members if not is_online(user)])
        # Not until now is it said who is where: of changes in between a subscriber was told already.
        online, offline = ([user for user in members if is_online(user) == state] for state in (True, False))
        seen_ms = {user: seen_ms[user] for user in offline if user in seen_ms}
        connection.send(Presence(conv, online, offline, seen_ms))


@dataclass(slots=True, eq=False)
class _Followed:
    """A user whom sessions here follow, each in a conversation."""

    followers: dict[Connection, int] = field(default_factory=dict)
    online: bool | None = None
    timer: asyncio.TimerHandle | None = None


class PresenceSubscriptions(PresenceOnOpen):
    """The answer, and every change. Its tasks start with the first subscription."""

    def __init__(self, registry: Registry, membership: Membership, ttl_s: float) -> None:
        super().__init__(registry, membership)
        self._ttl_s = ttl_s
        self._users: dict[int, _Followed] = {}
        self._of: dict[Connection, list[int]] = {}
        self._due: set[int] = set()
        self._looking = asyncio.Lock()
        self._is_due, self._users_differ = asyncio.Event(), asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self, connection: Connection, conv: int) -> None:
        """Tell the device who of the conversation is online, and from then on who comes and goes."""
        members = sorted(await self._membership.require(conv, connection.user))
        self.close(connection)
        self._of[connection] = members
        for user in members:
            self._users.setdefault(user, _Followed()).followers[connection] = conv
        self._users_differ.set()
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._look_when_due())]
        await self._look(members)
        await self._answer(connection, conv, members, lambda user: bool(self._users[user].online))

    def close(self, connection: Connection) -> None:
        """The device follows no conversation any more."""
        for user in self._of.pop(connection, ()):
            followed = self._users[user]
            del followed.followers[connection]
            if not followed.followers:
                del self._users[user]
                self._users_differ.set()
                if followed.timer is not None:
                    followed.timer.cancel()

    async def stop(self) -> None:
        """Nobody will ask again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def followed(self) -> set[int]:
        """Users whom somebody here follows."""
        return set(self._users)

    # The three reasons to look.

    def _look_at(self, user: int) -> None:
        self._due.add(user)
        self._is_due.set()

    async def _listen(self) -> None:
        channels = self._registry.presence_channels()

        async def once() -> None:
            if self._users_differ.is_set() or not channels.are_followed:
                await self._users_differ.wait()
                self._users_differ.clear()
                await channels.follow(self._users)
            if channels.are_followed and (user := await channels.hear(_LISTEN_S)) is not None:
                self._look_at(user)

        try:
            await _for_ever(once, "not listening to who comes and goes", self._users_differ.set)
        finally:
            await channels.close()

    async def _look_when_due(self) -> None:
        async def once() -> None:
            await self._is_due.wait()
            self._is_due.clear()
            await self._look(self._due & self.followed)

        await _for_ever(once, "not looking at who is online", self._is_due.set)

    # The look.

    async def _look(self, users: Iterable[int]) -> None:
        asked = sorted(users)
        # One after the other, so that what is learnt last was true last.
        async with self._looking:
            self._due.difference_update(asked)
            try:
                left_s = await self._registry.online_for_s(asked)
            except BaseException:
                self._due.update(asked)
                raise
            for user in asked:
                self._learn(user, left_s.get(user))

    def _learn(self, user: int, left_s: float | None) -> None:
        followed, online = self._users.get(user), left_s is not None
        if followed is None:
            return
        if followed.timer is not None:
            followed.timer.cancel()
        wait_s = (self._ttl_s if left_s is None else left_s) + _AFTER_EXPIRY_S
        followed.timer = asyncio.get_running_loop().call_later(wait_s, self._look_at, user)
        was_online, followed.online = followed.online, online
        if was_online is not None and was_online != online:
            for connection, conv in followed.followers.items():
                connection.send(PresenceChange(conv, user, online))


def open_presence(registry: Registry, membership: Membership, choices: Choices) -> PresenceOnOpen:
    """What the design says about presence."""
    if choices.presence == "subscription":
        return PresenceSubscriptions(registry, membership, choices.presence_ttl_s)
    return PresenceOnOpen(registry, membership)


async def _for_ever(once: Callable[[], Awaitable[None]], what: str, again: Callable[[], None]) -> None:
    """Do it again and again; after a failure with a pause before."""
    while True:
        try:
            await once()
        except Exception as error:  # Redis is away, whatever its client says to that
            log.warning("%s: %r", what, error)
            await asyncio.sleep(_AGAIN_AFTER_S)
            again()
