"""Who of a conversation is online: one answer to a device that opens it, or that and every change from then on.

    Open ─► look ─► Presence            with presence = "subscription" also
                                        came, went ──────────┐
                                        a new connection ────┼─► due ─► one look at all ─► differs? ─► PresenceChange
                                        the key's time over ─┘

A device follows the conversation that it opened last, until its session ends. As in the real gateway, what is heard
only says whom to look at; what is so says the key. Looks come one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import simpy

from sim.engine.context import Context, Process
from sim.engine.frames import Presence, PresenceChange, ToDevice
from sim.engine.presence import Registry
from sim.engine.session import Session

_AFTER_EXPIRY_S = 0.01


class PresenceOnOpen:
    """One answer. `work` is a call to Redis on the gateway's event loop, `push` sends a frame."""

    def __init__(
        self,
        context: Context,
        registry: Registry,
        work: Callable[[], simpy.Event],
        push: Callable[[Session, ToDevice], None],
    ) -> None:
        self._context = context
        self._registry = registry
        self._work = work
        self._push = push

    def open(self, session: Session, conv: int, start_ns: int) -> Process:
        """Tell the device who of the conversation is online."""
        yield self._work()
        online = yield from self._registry.online(self._context.members[conv])
        yield from self._answer(session, lambda: online, start_ns)

    def close(self, session: Session) -> None:
        """The session has ended."""

    def _answer(self, session: Session, online: Callable[[], Mapping[int, bool]], start_ns: int) -> Process:
        absent = [user for user, is_there in online().items() if not is_there]
        seen_ns = (yield from self._registry.last_seen_ns(absent)) if absent else {}
        # Not until now is it said who is where: of changes in between a subscriber was told already.
        self._push(session, Presence(online(), seen_ns, start_ns))


@dataclass(slots=True)
class _Followed:
    """A user whom sessions at the gateway follow, each in a conversation; `looks` so far."""

    followers: dict[str, tuple[Session, int]] = field(default_factory=dict)
    online: bool | None = None
    looks: int = 0


class PresenceSubscriptions(PresenceOnOpen):
    """The answer, and every change."""

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        self._users: dict[int, _Followed] = {}
        self._of: dict[str, tuple[int, ...]] = {}
        self._due: dict[int, None] = {}
        self._looking = simpy.Resource(self._context.env, 1)
        self._registry.tell(self._hear)

    def open(self, session: Session, conv: int, start_ns: int) -> Process:
        """Tell the device who of the conversation is online, and from then on who comes and goes."""
        self.close(session)
        members = self._of[session.name] = self._context.members[conv]
        for user in members:
            self._users.setdefault(user, _Followed()).followers[session.name] = (session, conv)
        yield from self._registry.subscribe(len(members))
        yield from self._look(members)
        yield from self._answer(session, lambda: {user: self._is_online(user) for user in members}, start_ns)

    def _is_online(self, user: int) -> bool:
        followed = self._users.get(user)
        return followed is not None and followed.online is True

    def close(self, session: Session) -> None:
        """The session has ended, or opened another conversation."""
        for user in self._of.pop(session.name, ()):
            del self._users[user].followers[session.name]
            if not self._users[user].followers:
                del self._users[user]

    def _hear(self, user: int | None) -> None:
        """Somebody came or went; of a new connection to Redis: anybody may have."""
        self._look_at(self._users if user is None else (user,))

    def _look_at(self, users: Iterable[int]) -> None:
        idle = not self._due
        self._due.update(dict.fromkeys(user for user in users if user in self._users))
        if idle and self._due:
            self._context.env.process(self._look_when_due())

    def _look_when_due(self) -> Process:
        yield self._context.delay("route")
        due, self._due = self._due, {}
        yield from self._look(due)

    def _look(self, users: Iterable[int]) -> Process:
        with self._looking.request() as turn:
            yield turn
            yield self._work()
            left_s = yield from self._registry.online_for_s(users)
            for user, left in left_s.items():
                if (followed := self._users.get(user)) is not None:
                    self._learn(user, followed, left)

    def _learn(self, user: int, followed: _Followed, left_s: float) -> None:
        was_online, followed.online = followed.online, left_s > 0
        followed.looks += 1
        wait_s = (left_s if followed.online else self._context.design.presence_ttl_s) + _AFTER_EXPIRY_S
        self._context.env.process(self._look_again(user, followed, followed.looks, wait_s))
        if was_online is not None and was_online != followed.online:
            for session, conv in followed.followers.values():
                self._push(session, PresenceChange(conv, user, followed.online))

    def _look_again(self, user: int, followed: _Followed, looks: int, wait_s: float) -> Process:
        yield self._context.env.timeout(wait_s)
        if self._users.get(user) is followed and followed.looks == looks:
            self._look_at((user,))


def presence_of(context: Context, *how: Any) -> PresenceOnOpen:
    """What the design says about presence."""
    kind = PresenceSubscriptions if context.design.presence == "subscription" else PresenceOnOpen
    return kind(context, *how)
