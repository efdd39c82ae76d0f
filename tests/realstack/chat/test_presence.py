"""Who follows a conversation is told at once who comes and goes, on a real Redis: from two gateways to a third."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from realstack.chat.connection import Connection
from realstack.chat.frames import Frame, Presence, PresenceChange
from realstack.chat.message_service import Membership, NotAMemberError
from realstack.chat.presence import PresenceOnOpen, PresenceSubscriptions, open_presence
from realstack.chat.registry import Registry, open_registry
from tests.realstack.chat.fakes import MemoryStore, settings

ANNA, BERT, CARL, EVE = 1, 2, 3, 66
MEMBERS = {5: (ANNA, BERT), 6: (ANNA, CARL)}
WITHIN_S = 10.0


class Phone(Connection):
    """A session that keeps what it is sent."""

    def __init__(self, user: int) -> None:
        self.user = user
        self.frames: asyncio.Queue[Frame] = asyncio.Queue()

    def send(self, frame: Frame) -> bool:
        self.frames.put_nowait(frame)
        return True

    async def told(self) -> Frame:
        return await asyncio.wait_for(self.frames.get(), WITHIN_S)


class Street:
    """A gateway's presence, and the registry as another gateway uses it."""

    def __init__(self, port: int, **design: Any) -> None:
        made = settings(presence="subscription", **design)
        where = msgspec.structs.replace(made, redis=f"127.0.0.1:{port}")
        self.here, self.elsewhere = open_registry(where), open_registry(where)
        self.presence = open_presence(self.here, Membership(MemoryStore(MEMBERS)), where.choices)
        self.redis = Redis(port=port, decode_responses=True)

    async def listening_to(self, *users: int) -> None:
        """Until Redis has the subscriptions to these users and to no others."""
        wanted = {f"test:presence:{user}" for user in users}
        async with asyncio.timeout(WITHIN_S):
            while set(await self.redis.pubsub_channels("test:*")) != wanted:
                await asyncio.sleep(0.01)


def on_the_street(port: int, scene: Callable[[Street], Awaitable[None]], **design: Any) -> None:
    async def main() -> None:
        street = Street(port, **design)
        await street.redis.flushall()
        try:
            await scene(street)
        finally:
            await street.presence.stop()
            for client in (street.here, street.elsewhere):
                await client.close()
            await street.redis.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("registry", ["device", "user"])
def test_who_opened_a_conversation_is_told_who_comes_and_who_goes(redis_port: int, registry: str) -> None:
    async def scene(street: Street) -> None:
        phone = Phone(ANNA)
        await street.presence.open(phone, 5)
        assert await phone.told() == Presence(5, [], [ANNA, BERT])
        await street.listening_to(ANNA, BERT)
        await street.elsewhere.connect(BERT, 1, "gateway-2")
        assert await phone.told() == PresenceChange(5, BERT, online=True)
        await street.elsewhere.heartbeat(BERT, 1, "gateway-2")
        await street.elsewhere.disconnect(BERT, 1, "gateway-2")
        assert await phone.told() == PresenceChange(5, BERT, online=False)

    on_the_street(redis_port, scene, registry=registry)


def test_who_falls_silent_is_told_when_the_ttl_is_over_and_not_before(redis_port: int) -> None:
    async def scene(street: Street) -> None:
        phone, loop = Phone(ANNA), asyncio.get_running_loop()
        await street.elsewhere.connect(BERT, 1, "gateway-2")
        await street.presence.open(phone, 5)
        assert await phone.told() == Presence(5, [BERT], [ANNA])
        before_s = loop.time()
        await street.elsewhere.heartbeat(BERT, 1, "gateway-2")
        assert await phone.told() == PresenceChange(5, BERT, online=False)
        assert loop.time() - before_s > 1.99
        await street.elsewhere.heartbeat(BERT, 1, "gateway-2")
        assert await phone.told() == PresenceChange(5, BERT, online=True)

    on_the_street(redis_port, scene, presence_ttl="2s", heartbeat="1s")


def test_a_second_device_and_a_heartbeat_in_time_are_no_news(redis_port: int) -> None:
    async def scene(street: Street) -> None:
        phone, address = Phone(ANNA), street.here._choices.address
        await street.elsewhere.connect(address(BERT, 0), 1, "gateway-2")
        await street.presence.open(phone, 5)
        await phone.told()
        await street.listening_to(ANNA, BERT)
        await street.elsewhere.connect(address(BERT, 1), 1, "gateway-3")
        await street.elsewhere.heartbeat(address(BERT, 0), 1, "gateway-2")
        await street.elsewhere.disconnect(address(BERT, 0), 1, "gateway-2")
        await street.elsewhere.disconnect(address(BERT, 1), 1, "gateway-3")
        assert await phone.told() == PresenceChange(5, BERT, online=False)

    on_the_street(redis_port, scene)


def test_a_device_follows_the_conversation_that_it_opened_last_until_it_closes_it(redis_port: int) -> None:
    async def scene(street: Street) -> None:
        phone, other = Phone(ANNA), Phone(ANNA)
        await street.presence.open(phone, 5)
        await street.presence.open(other, 5)
        await street.presence.open(phone, 6)
        await street.listening_to(ANNA, BERT, CARL)
        for user in (BERT, CARL):
            await street.elsewhere.connect(user, 1, "gateway-2")
        assert [await phone.told() for _ in range(3)][2] == PresenceChange(6, CARL, online=True)
        assert [await other.told() for _ in range(2)][1] == PresenceChange(5, BERT, online=True)
        street.presence.close(phone)
        await street.listening_to(ANNA, BERT)
        street.presence.close(other)
        street.presence.close(other)
        await street.listening_to()
        assert phone.frames.empty()
        assert other.frames.empty()

    on_the_street(redis_port, scene)


def test_what_was_said_while_the_connection_was_cut_is_told_upon_the_next(redis_port: int) -> None:
    async def scene(street: Street) -> None:
        phone = Phone(ANNA)
        await street.presence.open(phone, 5)
        await phone.told()
        await street.listening_to(ANNA, BERT)
        # As by a Redis that restarts: nobody hears this, and the TTL is a minute.
        await street.redis.set("test:presence:2", "online", px=60_000)
        assert await street.redis.client_kill_filter(_type="pubsub") == 1
        assert await phone.told() == PresenceChange(5, BERT, online=True)
        await street.listening_to(ANNA, BERT)
        await street.elsewhere.disconnect(BERT, 1, "gateway-2")

    on_the_street(redis_port, scene)


def test_news_that_were_lost_are_made_good_within_a_ttl(redis_port: int) -> None:
    async def scene(street: Street) -> None:
        phone = Phone(ANNA)
        await street.presence.open(phone, 5)
        await phone.told()
        await street.listening_to(ANNA, BERT)
        await street.redis.set("test:presence:2", "online", px=60_000)
        assert await phone.told() == PresenceChange(5, BERT, online=True)

    on_the_street(redis_port, scene, presence_ttl="0.5s", heartbeat="0.3s")


def test_only_a_member_may_follow(redis_port: int) -> None:
    async def scene(street: Street) -> None:
        with pytest.raises(NotAMemberError):
            await street.presence.open(Phone(EVE), 5)
        await street.listening_to()

    on_the_street(redis_port, scene)


class FalteringRegistry(Registry):
    """Does not answer the first `failures` looks."""

    def __init__(self, of: Registry, failures: int) -> None:
        self.__dict__.update(of.__dict__)
        self.failures = failures

    async def online_for_s(self, users: Any) -> dict[int, float]:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("no Redis")
        return await super().online_for_s(users)


def test_a_look_that_fails_is_made_again(redis_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(street: Street) -> None:
        registry = FalteringRegistry(street.here, 0)
        presence = PresenceSubscriptions(registry, Membership(MemoryStore(MEMBERS)), 35.0)
        phone = Phone(ANNA)
        await presence.open(phone, 5)
        await phone.told()
        await street.listening_to(ANNA, BERT)
        registry.failures = 2
        await street.elsewhere.connect(BERT, 1, "gateway-2")
        assert await phone.told() == PresenceChange(5, BERT, online=True)
        assert registry.failures == 0
        await presence.stop()

    monkeypatch.setattr("realstack.chat.presence._AGAIN_AFTER_S", 0.01)
    on_the_street(redis_port, scene)


def test_without_the_choice_nothing_is_said_and_nobody_listens(redis_port: int) -> None:
    async def main() -> None:
        where = msgspec.structs.replace(settings(), redis=f"127.0.0.1:{redis_port}")
        registry = open_registry(where)
        redis = Redis(port=redis_port, decode_responses=True)
        presence = open_presence(registry, Membership(MemoryStore(MEMBERS)), where.choices)
        assert type(presence) is PresenceOnOpen
        async with redis.pubsub() as ear:
            await ear.psubscribe("*")
            await ear.get_message(timeout=WITHIN_S)
            phone = Phone(ANNA)
            await registry.connect(BERT, 1, "gateway-2")
            await presence.open(phone, 5)
            assert await phone.told() == Presence(5, [BERT], [ANNA])
            await registry.heartbeat(BERT, 1, "gateway-2")
            await registry.disconnect(BERT, 1, "gateway-2")
            assert await redis.publish("end", "") == 1
            heard = await ear.get_message(timeout=WITHIN_S)
            assert heard is not None
            assert heard["channel"] == "end"
        await registry.close()
        await redis.aclose()

    asyncio.run(main())
