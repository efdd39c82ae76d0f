"""Who is connected where, on a real Redis: old sessions must not harm new ones, in the design that says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from redis.asyncio import Redis

from realstack.chat.pushes import open_pushes
from realstack.chat.registry import Registry, delete_namespace, open_registry
from tests.realstack.chat.fakes import settings

ANNA, BERT = 1, 2
CONNS = {"device": "test:conn:1:0", "user": "test:conn:1"}
PRESENCE = "test:presence:1"


def on_redis(port: int, scene: Callable[[Registry, Redis], Awaitable[None]], **design: Any) -> None:
    """Run a scene on an empty Redis."""

    async def main() -> None:
        where = msgspec.structs.replace(settings(**design), redis=f"127.0.0.1:{port}")
        redis = Redis(port=port, decode_responses=True)
        registry = open_registry(where)
        try:
            await redis.flushall()
            await scene(registry, redis)
        finally:
            await registry.close()
            await redis.aclose()

    asyncio.run(main())


def test_a_session_can_be_found_and_is_online_until_it_ends(redis_port: int) -> None:
    async def scene(registry: Registry, _: Redis) -> None:
        await registry.connect(ANNA, 1, "gateway-2")
        assert await registry.routes([ANNA, BERT]) == {ANNA: "gateway-2"}
        assert await registry.online([ANNA, BERT]) == {ANNA}
        await registry.disconnect(ANNA, 1, "gateway-2")
        assert await registry.routes([ANNA, BERT]) == {}
        assert await registry.online([ANNA, BERT]) == set()

    for preset in ("hardened", "seed"):
        on_redis(redis_port, scene, preset=preset)


def test_an_old_sessions_goodbye_leaves_the_new_one_alone(redis_port: int) -> None:
    async def scene(registry: Registry, _: Redis) -> None:
        await registry.connect(ANNA, 1, "gateway-1")
        await registry.connect(ANNA, 2, "gateway-2")
        await registry.disconnect(ANNA, 1, "gateway-1")
        assert await registry.routes([ANNA]) == {ANNA: "gateway-2"}
        assert await registry.online([ANNA]) == {ANNA}

    on_redis(redis_port, scene, registry="device")


def test_an_old_sessions_registration_that_comes_late_leaves_the_new_one_alone(redis_port: int) -> None:
    async def scene(registry: Registry, _: Redis) -> None:
        await registry.connect(ANNA, 2, "gateway-2")
        await registry.connect(ANNA, 1, "gateway-1")
        assert await registry.routes([ANNA]) == {ANNA: "gateway-2"}
        await registry.disconnect(ANNA, 1, "gateway-1")
        assert await registry.routes([ANNA]) == {ANNA: "gateway-2"}
        assert await registry.online([ANNA]) == {ANNA}

    for presence in ("on-open", "subscription"):
        on_redis(redis_port, scene, registry="device", presence=presence)


def test_who_connects_has_nothing_unread(redis_port: int) -> None:
    async def scene(registry: Registry, redis: Redis) -> None:
        await redis.hset("test:unread", mapping={"1": "3", "2": "5"})
        await registry.connect(ANNA, 1, "gateway-1")
        assert await redis.hgetall("test:unread") == {"2": "5"}

    for kind in ("device", "user"):
        on_redis(redis_port, scene, registry=kind)


def test_with_one_entry_a_user_the_old_goodbye_takes_the_new_session_with_it(redis_port: int) -> None:
    async def scene(registry: Registry, _: Redis) -> None:
        await registry.connect(ANNA, 1, "gateway-1")
        await registry.connect(ANNA, 2, "gateway-2")
        await registry.disconnect(ANNA, 1, "gateway-1")
        assert await registry.routes([ANNA]) == {}
        assert await registry.online([ANNA]) == set()

    on_redis(redis_port, scene, registry="user")


def test_an_old_sessions_heartbeat_does_not_displace_the_new_one(redis_port: int) -> None:
    async def scene(registry: Registry, redis: Redis) -> None:
        await registry.connect(ANNA, 2, "gateway-2")
        await redis.pexpire(CONNS["device"], 5_000)
        await registry.heartbeat(ANNA, 1, "gateway-1")
        assert await registry.routes([ANNA]) == {ANNA: "gateway-2"}
        assert await redis.pttl(CONNS["device"]) <= 5_000

    on_redis(redis_port, scene, registry="device")


def test_a_new_sessions_heartbeat_displaces_an_old_entry_that_a_promoted_replica_still_has(redis_port: int) -> None:
    async def scene(registry: Registry, redis: Redis) -> None:
        await registry.connect(ANNA, epoch=1, gateway="gateway-1")
        assert await registry.heartbeat(ANNA, epoch=2, gateway="gateway-2") is True
        assert await registry.routes([ANNA]) == {ANNA: "gateway-2"}
        assert await registry.heartbeat(ANNA, epoch=2, gateway="gateway-2") is False

    on_redis(redis_port, scene, registry="device")


def test_a_heartbeat_brings_back_what_has_expired(redis_port: int) -> None:
    async def scene(registry: Registry, redis: Redis) -> None:
        await registry.connect(ANNA, 1, "gateway-1")
        await redis.delete(*CONNS.values(), PRESENCE)
        await registry.heartbeat(ANNA, 1, "gateway-1")
        assert await registry.routes([ANNA]) == {ANNA: "gateway-1"}
        assert await registry.online([ANNA]) == {ANNA}

    for kind in ("device", "user"):
        on_redis(redis_port, scene, registry=kind)


def test_a_heartbeat_tells_whether_the_session_was_still_registered(redis_port: int) -> None:
    async def scene(registry: Registry, redis: Redis) -> None:
        await registry.connect(ANNA, 1, "gateway-1")
        told = [await registry.heartbeat(ANNA, 1, "gateway-1")]
        await redis.flushall()
        told += [await registry.heartbeat(ANNA, 1, "gateway-1") for _ in range(2)]
        assert told == [False, True, False]

    on_redis(redis_port, scene, registry="device")


def test_entries_at_a_gateway_that_does_not_answer_are_dropped_and_those_at_others_stay(redis_port: int) -> None:
    async def scene(registry: Registry, _: Redis) -> None:
        await registry.connect(ANNA, 1, "gateway-1")
        await registry.connect(BERT, 1, "gateway-10")
        await registry.drop([ANNA, BERT], "gateway-1")
        assert await registry.routes([ANNA, BERT]) == {BERT: "gateway-10"}

    on_redis(redis_port, scene, registry="device")


def test_with_one_entry_a_user_nobody_drops_any(redis_port: int) -> None:
    async def scene(registry: Registry, _: Redis) -> None:
        await registry.connect(ANNA, 1, "gateway-1")
        await registry.drop([ANNA], "gateway-1")
        assert await registry.routes([ANNA]) == {ANNA: "gateway-1"}

    on_redis(redis_port, scene, registry="user")


def test_both_keys_have_the_designs_ttl_and_every_heartbeat_renews_it(redis_port: int) -> None:
    async def scene(registry: Registry, redis: Redis) -> None:
        async def ttls_are_fresh() -> bool:
            conn_ms = max([await redis.pttl(key) for key in CONNS.values()])
            presence_ms = await redis.pttl(PRESENCE)
            return 80_000 < conn_ms <= 90_000 and 30_000 < presence_ms <= 35_000

        await registry.connect(ANNA, 1, "gateway-1")
        assert await ttls_are_fresh()
        for key in CONNS.values():
            await redis.pexpire(key, 1_000)
        await redis.pexpire(PRESENCE, 1_000)
        await registry.heartbeat(ANNA, 1, "gateway-1")
        assert await ttls_are_fresh()

    for kind in ("device", "user"):
        on_redis(redis_port, scene, registry=kind, conn_ttl="90s", presence_ttl="35s")


def test_gateways_announce_where_they_take_deliveries(redis_port: int) -> None:
    async def scene(registry: Registry, _: Redis) -> None:
        await registry.announce_gateway("gateway-1", "127.0.0.1:7001")
        assert await registry.gateway_address("gateway-1") == "127.0.0.1:7001"
        assert await registry.gateway_address("gateway-2") is None

    on_redis(redis_port, scene)


def test_a_namespace_is_removed_and_no_other_key(redis_port: int) -> None:
    async def scene(registry: Registry, redis: Redis) -> None:
        for user in range(600):
            await registry.connect(user, 1, "gateway-1")
        await redis.set("testing", "stays")
        assert await delete_namespace(redis, "test") == 1200
        assert await redis.keys("*") == ["testing"]

    on_redis(redis_port, scene)


def test_notifications_stand_in_a_stream(redis_port: int) -> None:
    async def scene(_: Registry, redis: Redis) -> None:
        pushes = open_pushes(msgspec.structs.replace(settings(), redis=f"127.0.0.1:{redis_port}"))
        await pushes.notify([17, 23], 5, "m1")
        await pushes.close()
        entries = await redis.xrange("test:pushes")
        assert [fields for _, fields in entries or []] == [
            {"conv": "5", "uuid": "m1", "users": "17,23", "unread": "1,1"}
        ]

    on_redis(redis_port, scene)
