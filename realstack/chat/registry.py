"""Who is connected where, and who is online: the document's `conn:` and `presence:` keys in Redis, with their TTLs.

registry = "user"     conn:{user} → "gateway-2"                one entry, deleted by whoever closes last
registry = "device"   conn:{user} → {device: "gateway-2|7"}    7 is the session's epoch; only its owner deletes it
presence:{user} → "online"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from redis.asyncio import Redis

from realstack.chat.pushes import unread_key
from realstack.chat.redis_client import connect_redis
from realstack.chat.settings import Settings

# A late clean-up by an old session must not delete what a newer one wrote.
_DELETE_OWN = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1], KEYS[2])
end
return 0
"""
# Nor must an old session's heartbeat displace it; an entry that is gone is written again, and its session told. Gone is
# also one that a promoted replica never had: then an older session's, of a lower epoch, is still in its place.
_RENEW_OWN = """
local owner = redis.call('GET', KEYS[1])
local function epoch(entry) return tonumber(string.match(entry, '|(%d+)$')) end
if owner and owner ~= ARGV[1] and epoch(owner) >= epoch(ARGV[1]) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], 'online', 'PX', ARGV[3])
return owner == ARGV[1] and 0 or 1
"""
# Users of a gateway that does not answer: their next heartbeat finds the entry gone, and they ask for what they missed.
_DROP = """
for _, key in ipairs(KEYS) do
    local owner = redis.call('GET', key)
    if owner and string.sub(owner, 1, #ARGV[1]) == ARGV[1] then
        redis.call('DEL', key)
    end
end
"""
_DEVICE = "0"


class Registry:
    """Connections and presence of one namespace. TTLs are renewed by every heartbeat."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._redis = redis
        self._prefix = settings.namespace
        self._unread = unread_key(settings)
        self._per_device = settings.choices.registry == "device"
        self._presence_ttl_ms = round(settings.choices.presence_ttl_s * 1000)
        self._conn_ttl_ms = round(settings.choices.conn_ttl_s * 1000)
        self._delete_own = redis.register_script(_DELETE_OWN)
        self._renew_own = redis.register_script(_RENEW_OWN)
        self._drop = redis.register_script(_DROP)

    def _conn(self, user: int) -> str:
        return f"{self._prefix}:conn:{user}" + (f":{_DEVICE}" if self._per_device else "")

    def _presence(self, user: int) -> str:
        return f"{self._prefix}:presence:{user}"

    def _entry(self, epoch: int, gateway: str) -> str:
        return f"{gateway}|{epoch}" if self._per_device else gateway

    async def connect(self, user: int, epoch: int, gateway: str) -> None:
        """Register a session and show its user online, who from here on has nothing unread."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.set(self._conn(user), self._entry(epoch, gateway), px=self._conn_ttl_ms)
            pipe.set(self._presence(user), "online", px=self._presence_ttl_ms)
            pipe.hdel(self._unread, str(user))
            await pipe.execute()

    async def heartbeat(self, user: int, epoch: int, gateway: str) -> bool:
        """Renew both keys; whether the session's entry was gone, which `registry = user` cannot tell."""
        if not self._per_device:
            await self.connect(user, epoch, gateway)
            return False
        own: list[str | int] = [self._entry(epoch, gateway), self._conn_ttl_ms, self._presence_ttl_ms]
        return bool(await self._renew_own(keys=[self._conn(user), self._presence(user)], args=own))

    async def disconnect(self, user: int, epoch: int, gateway: str) -> None:
        """Forget a session and show its user offline."""
        keys = [self._conn(user), self._presence(user)]
        if self._per_device:
            await self._delete_own(keys=keys, args=[self._entry(epoch, gateway)])
        else:
            await self._redis.delete(*keys)

    async def drop(self, users: Sequence[int], gateway: str) -> None:
        """Delete the entries of users at a gateway that does not answer; with `registry = user` nobody does."""
        if self._per_device and users:
            await self._drop(keys=[self._conn(user) for user in users], args=[f"{gateway}|"])

    async def routes(self, users: Sequence[int]) -> Mapping[int, str]:
        """The gateway of every connected user among these, in one round trip."""
        entries = cast("list[str | None]", await self._redis.mget([self._conn(user) for user in users]))
        return {user: entry.partition("|")[0] for user, entry in zip(users, entries, strict=True) if entry is not None}

    async def online(self, users: Sequence[int]) -> set[int]:
        """The users among these that are online, in one round trip."""
        states = await self._redis.mget([self._presence(user) for user in users])
        return {user for user, state in zip(users, states, strict=True) if state is not None}

    async def announce_gateway(self, name: str, grpc_address: str) -> None:
        """Say where a gateway takes deliveries."""
        await self._redis.hset(f"{self._prefix}:gateways", name, grpc_address)

    async def gateway_address(self, name: str) -> str | None:
        """Where a gateway takes deliveries; None when it never announced itself."""
        return cast("str | None", await self._redis.hget(f"{self._prefix}:gateways", name))

    async def close(self) -> None:
        """Close the connections to Redis."""
        await self._redis.aclose()


def open_registry(settings: Settings) -> Registry:
    """A registry on the settings' Redis."""
    return Registry(connect_redis(settings), settings)


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
