"""Who is connected where, and who is online: the document's `conn:` and `presence:` keys in Redis, with their TTLs.

registry = "user"     conn:{user} → "gateway-2"                one entry, deleted by whoever closes last
registry = "device"   conn:{user}:{device} → "gateway-2|7"     7 is the session's epoch; only its owner deletes it
presence:{user} → "online"                                     while any of the user's devices is; its name is also that
                                                               of the channel that says who came or went
seen:{user}     → when the last device of the user went, in ms of Redis' own clock, for gateways' clocks differ
news:{conv}     → gateways with followers, each with its end of validity
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from redis.asyncio import Redis

from realstack.chat.pipeline import Pipeline, open_pipeline
from realstack.chat.presence_channels import PresenceChannels
from realstack.chat.pushes import unread_key
from realstack.chat.registry_scripts import Scripts
from realstack.chat.settings import Settings
from sim.addresses import device_of, user_of

_FOLLOWED_FOR_S = 10.0


class Registry:
    """Connections and presence of one namespace. TTLs are renewed by every heartbeat."""

    def __init__(self, pipeline: Pipeline, settings: Settings) -> None:
        self._pipeline = pipeline
        self._redis = pipeline.redis
        self._prefix = settings.namespace
        self._unread = unread_key(settings)
        self._choices = settings.choices
        self._per_device = settings.choices.registry == "device"
        self._presence_ttl_ms = round(settings.choices.presence_ttl_s * 1000)
        self._conn_ttl_ms = round(settings.choices.conn_ttl_s * 1000)
        self._tells = settings.choices.presence == "subscription"
        self._scripts = Scripts.of(self._redis, tell=self._tells)

    def _conn(self, address: int) -> str:
        return f"{self._prefix}:conn:{user_of(address)}" + (f":{device_of(address)}" if self._per_device else "")

    def _presence(self, address: int) -> str:
        return f"{self._presences}{user_of(address)}"

    @property
    def _presences(self) -> str:
        return f"{self._prefix}:presence:"

    def _seen(self, address: int) -> str:
        return f"{self._prefix}:seen:{user_of(address)}"

    def _entry(self, epoch: int, gateway: str) -> str:
        return f"{gateway}|{epoch}" if self._per_device else gateway

    async def connect(self, address: int, epoch: int, gateway: str) -> None:
        """Register a session and show its user online, who from here on has nothing unread.

        With an entry a device nothing happens where a newer session of it is registered.
        """
        if self._tells or self._per_device:
            keys, args = self._session(address, epoch, gateway)
            await self._pipeline.run(self._scripts.connect, [*keys, self._unread], [*args, user_of(address)])
            return
        await self._pipeline.commands(
            [
                ("SET", self._conn(address), self._entry(epoch, gateway), "PX", self._conn_ttl_ms),
                ("SET", self._presence(address), "online", "PX", self._presence_ttl_ms),
                ("HDEL", self._unread, str(user_of(address))),
            ]
        )

    async def heartbeat(self, address: int, epoch: int, gateway: str) -> bool:
        """Renew both keys; whether the session's entry was gone, which `registry = user` cannot tell."""
        if not self._per_device:
            await self.connect(address, epoch, gateway)
            return False
        return bool(await self._pipeline.run(self._scripts.renew_own, *self._session(address, epoch, gateway)))

    def _session(self, address: int, epoch: int, gateway: str) -> tuple[list[str], list[str | int]]:
        keys = [self._conn(address), self._presence(address)]
        return keys, [self._entry(epoch, gateway), self._conn_ttl_ms, self._presence_ttl_ms]

    async def disconnect(self, address: int, epoch: int, gateway: str) -> None:
        """Forget a session and show its user offline, unless another of the user's devices is connected."""
        keys = [self._conn(address), self._presence(address), self._seen(address)]
        if self._per_device:
            others = [one for one in self._choices.addresses([user_of(address)]) if one != address]
            keys += [self._conn(one) for one in others]
            await self._pipeline.run(self._scripts.delete_own, keys, [self._entry(epoch, gateway)])
        else:
            await self._pipeline.run(self._scripts.delete_any, keys, [])

    async def drop(self, addresses: Sequence[int], gateway: str) -> None:
        """Delete the entries of a gateway that does not answer; with `registry = user` nobody does."""
        if self._per_device and addresses:
            await self._pipeline.run(
                self._scripts.drop, [self._conn(address) for address in addresses], [f"{gateway}|"]
            )

    async def routes(self, users: Sequence[int]) -> Mapping[int, str]:
        """The gateway of every address of these users that is connected, in one round trip."""
        asked = self._choices.addresses(users)
        found = zip(asked, await self._values(map(self._conn, asked)), strict=True)
        return {address: entry.partition("|")[0] for address, entry in found if entry is not None}

    async def _values(self, keys: Iterable[str]) -> list[str | None]:
        asked = list(keys)
        return cast("list[str | None]", await self._pipeline.command("MGET", *asked)) if asked else []

    async def online(self, users: Sequence[int]) -> set[int]:
        """The users among these that are online, in one round trip."""
        states = await self._values(map(self._presence, users))
        return {user for user, state in zip(users, states, strict=True) if state is not None}

    async def online_for_s(self, users: Sequence[int]) -> dict[int, float]:
        """How long those among these who are online will be so, unless it is renewed; in one round trip."""
        left_ms = await self._pipeline.commands([("PTTL", self._presence(user)) for user in users])
        return {user: left / 1000 for user, left in zip(users, left_ms, strict=True) if left >= 0}

    def presence_channels(self) -> PresenceChannels:
        """What is said of who comes and goes, where the design tells it."""
        return PresenceChannels(self._redis, self._presences)

    async def last_seen_ms(self, users: Sequence[int]) -> dict[int, int]:
        """When each of these users went, for those who have been here and left."""
        times = await self._values(map(self._seen, users))
        return {user: int(at_ms) for user, at_ms in zip(users, times, strict=True) if at_ms is not None}

    async def follow(self, convs: Sequence[int], gateway: str) -> None:
        """Say that a gateway has followers of these conversations, for the next ten seconds."""
        until_s, keys = time.time() + _FOLLOWED_FOR_S, [self._news(conv) for conv in convs]
        await self._pipeline.commands(
            [("ZADD", key, until_s, gateway) for key in keys]
            + [("PEXPIRE", key, round(_FOLLOWED_FOR_S * 1000)) for key in keys]
        )

    async def followed_at(self, conv: int) -> list[str]:
        """The gateways with followers of a conversation."""
        return cast("list[str]", await self._redis.zrangebyscore(self._news(conv), time.time(), "+inf"))

    def _news(self, conv: int) -> str:
        return f"{self._prefix}:news:{conv}"

    async def announce_gateway(self, name: str, grpc_address: str) -> None:
        """Say where a gateway takes deliveries."""
        await self._redis.hset(f"{self._prefix}:gateways", name, grpc_address)

    async def gateway_address(self, name: str) -> str | None:
        """Where a gateway takes deliveries; None when it never announced itself."""
        return cast("str | None", await self._redis.hget(f"{self._prefix}:gateways", name))

    async def close(self) -> None:
        """Close the connections to Redis."""
        await self._pipeline.close()


def open_registry(settings: Settings) -> Registry:
    """A registry on the settings' Redis."""
    return Registry(open_pipeline(settings), settings)


async def delete_namespace(redis: Redis, namespace: str) -> int:
    """Delete every key of a namespace; how many there were."""
    deleted = 0
    batch: list[str] = []
    async for key in redis.scan_iter(match=f"{namespace}:*", count=1000):
        batch.append(key)
        if len(batch) == 500:
            deleted += await _delete(redis, batch)
            batch = []
    return deleted + await _delete(redis, batch)


async def _delete(redis: Redis, keys: Iterable[str]) -> int:
    keys = list(keys)
    return int(await redis.unlink(*keys)) if keys else 0
