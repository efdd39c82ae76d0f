"""Who is connected where, and who is online: Redis with keys that expire.

    conn:{user}      → gateway and epoch of the session     conn_ttl_s
    presence:{user}  → online                               presence_ttl_s
    seen:{user}      → when the user's last device went
    news:{conv}      → gateways with followers              10 s

With `registry = user` whoever closes last deletes both keys, also those of a newer session, and who renews last owns
them. With `registry = device` a session deletes only what it wrote, never takes the place of a newer one, and hears
of it when its entry was gone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, NamedTuple

import simpy

from sim.addresses import user_of
from sim.engine.context import Context, Process

# The longest wait before a command is repeated.
BACK_OFF_S = 0.5
_FOLLOWED_FOR_S = 10.0


class Connection(NamedTuple):
    """An entry of the registry."""

    gateway: int
    epoch: int
    expires_s: float


class Registry:
    """The keys, and what it costs to reach them. Commands of one pipeline take effect together.

    One Redis; one with a replica is in `redis_pair`.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._pipeline_s = context.profile.cpu_s("redis.pipeline")
        self._command_s = context.profile.cpu_s("redis.command")
        # By address; presence is of users.
        self._connections: dict[int, Connection] = {}
        self._online_until_s: dict[int, float] = {}
        self._followed_until_s: dict[int, dict[int, float]] = {}
        self._seen_ns: dict[int, int] = {}
        self._tells = context.design.presence == "subscription"
        self._told: list[Callable[[int | None], None]] = []
        self._start()

    def _start(self) -> None:
        self._server = self._context.event_loop("redis")

    def renew(self, address: int, epoch: int, gateway: int) -> Generator[simpy.Event, Any, bool]:
        """Write both keys of a session, at its start and with each heartbeat; whether its entry was gone."""
        yield from self._commands(2 + self._tells)
        now_s, design = self._context.env.now, self._context.design
        known, per_device = self._known(address), design.registry == "device"
        if not (per_device and known is not None and known.epoch > epoch):
            self._set(self._connections, address, Connection(gateway, epoch, now_s + design.conn_ttl_s))
            was_online = self._online_for_s(user_of(address)) > 0
            self._set(self._online_until_s, user_of(address), now_s + design.presence_ttl_s)
            if not was_online:
                self._say(user_of(address))
        yield self._context.delay("route")
        return per_device and known is None

    def forget(self, address: int, epoch: int, gateway: int) -> Process:
        """Delete the keys of a session that ended; presence stays while another device is connected."""
        yield from self._commands(2)
        known = self._known(address)
        owns = known is not None and (known.gateway, known.epoch) == (gateway, epoch)
        if owns or self._context.design.registry == "user":
            self._set(self._connections, address, None)
            user = user_of(address)
            if not any(self._known(other) for other in self._context.design.addresses([user])):
                self._set(self._online_until_s, user, None)
                self._say(user)
                self._set(self._seen_ns, user, self._context.now_ns)

    def drop(self, addresses: Iterable[int], gateway: int) -> Process:
        """Delete the entries of users at a gateway that does not answer; with `registry = user` nobody does."""
        if self._context.design.registry == "device":
            asked = list(addresses)
            yield from self._commands(len(asked))
            for address in asked:
                if (known := self._connections.get(address)) is not None and known.gateway == gateway:
                    self._set(self._connections, address, None)

    def clear(self) -> None:
        """Forget every key, as a Redis without files does when it is killed."""
        self._connections.clear()
        self._online_until_s.clear()
        self._followed_until_s.clear()
        self._seen_ns.clear()
        self._say(None)

    def _known(self, address: int) -> Connection | None:
        known = self._connections.get(address)
        return known if known is not None and known.expires_s > self._context.env.now else None

    def routes(self, users: Iterable[int]) -> Generator[simpy.Event, Any, dict[int, int]]:
        """The gateway of every address of these users that is connected."""
        asked = self._context.design.addresses(users)
        yield from self._commands(len(asked))
        found = {address: entry.gateway for address in asked if (entry := self._known(address)) is not None}
        yield self._context.delay("route")
        return found

    def online(self, users: Iterable[int]) -> Generator[simpy.Event, Any, dict[int, bool]]:
        """Whether each of these is online."""
        asked = list(users)
        yield from self._commands(len(asked))
        now_s = self._context.env.now
        states = {user: self._online_until_s.get(user, now_s) > now_s for user in asked}
        yield self._context.delay("route")
        return states

    def online_for_s(self, users: Iterable[int]) -> Generator[simpy.Event, Any, dict[int, float]]:
        """How long each of these will be online, unless it is renewed; 0 or less for who is not."""
        asked = list(users)
        yield from self._commands(len(asked))
        left_s = {user: self._online_for_s(user) for user in asked}
        yield self._context.delay("route")
        return left_s

    def _online_for_s(self, user: int) -> float:
        return self._online_until_s.get(user, self._context.env.now) - self._context.env.now

    def subscribe(self, users: int) -> Process:
        """The cost of so many subscriptions."""
        yield from self._commands(users)

    def tell(self, listener: Callable[[int | None], None]) -> None:
        """From now on call this with whoever comes or goes, and with None after the loss of what was said."""
        self._told.append(listener)

    def _say(self, user: int | None) -> None:
        for listener in self._told:
            listener(user)

    def follow(self, convs: Iterable[int], gateway: int) -> Process:
        """Say that a gateway has followers of these conversations, for the next ten seconds."""
        asked = list(convs)
        yield from self._commands(2 * len(asked))
        for conv in asked:
            self._followed_until_s.setdefault(conv, {})[gateway] = self._context.env.now + _FOLLOWED_FOR_S
        yield self._context.delay("route")

    def followed_at(self, conv: int) -> Generator[simpy.Event, Any, list[int]]:
        """The gateways with followers of a conversation."""
        yield from self._commands(1)
        now_s = self._context.env.now
        found = [gateway for gateway, until_s in self._followed_until_s.get(conv, {}).items() if until_s > now_s]
        yield self._context.delay("route")
        return found

    def last_seen_ns(self, users: Iterable[int]) -> Generator[simpy.Event, Any, dict[int, int]]:
        """When each of these users went, for those who have been here and left."""
        asked = list(users)
        yield from self._commands(len(asked))
        yield self._context.delay("route")
        return {user: self._seen_ns[user] for user in asked if user in self._seen_ns}

    def notify(self) -> Process:
        """The cost of queueing push notifications."""
        yield from self._commands(1)
        yield self._context.delay("route")

    def _commands(self, number: int) -> Process:
        while not (yield from self._context.ways["redis"].through(self._served(number))):
            yield self._context.env.timeout(self._context.back_off_s(BACK_OFF_S))

    def _served(self, number: int) -> Generator[simpy.Event, Any, bool]:
        yield self._server.run(self._pipeline_s + number * self._command_s)
        return True

    def _set(self, keys: dict[int, Any], key: int, value: Any) -> None:
        if value is None:
            keys.pop(key, None)
        else:
            keys[key] = value
