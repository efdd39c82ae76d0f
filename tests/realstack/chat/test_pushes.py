"""The outbox of notifications on a real Redis: unread counts, and entries that are taken until they are done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from redis.asyncio import Redis

from realstack.chat.metrics import PusherMetrics
from realstack.chat.push_sender import Outcome, PushSender
from realstack.chat.push_shapes import Notification
from realstack.chat.pusher import Pusher
from realstack.chat.pushes import Pushes, open_pushes
from realstack.chat.registry import open_registry
from realstack.chat.settings import Settings
from tests.realstack.chat.fakes import settings

ANNA, BERT = 2, 3


class NotedSender(PushSender):
    """Sends nothing; the first of each user takes longer than those behind it."""

    def __init__(self) -> None:
        self.sent: list[Notification] = []

    async def send(self, told: Notification) -> Outcome:
        await asyncio.sleep(0.02 if told.unread == 1 else 0)
        self.sent.append(told)
        return "sent"


def with_an_outbox(port: int, scene: Callable[[Pushes, Settings], Awaitable[None]]) -> None:
    """Run a scene on an empty outbox."""

    async def main() -> None:
        where = msgspec.structs.replace(settings(), redis=f"127.0.0.1:{port}")
        async with Redis(port=port) as redis:
            await redis.flushall()
        pushes = open_pushes(where)
        await pushes.open()
        try:
            await scene(pushes, where)
        finally:
            await pushes.close()

    asyncio.run(asyncio.wait_for(main(), 20))


async def taken(pushes: Pushes) -> list[Notification]:
    """Everything that can be taken now, without its being done."""
    entries = await pushes.take("pusher-1", 10, 0.01)
    return [told for entry in entries.values() for told in entry]


def test_unread_counts_messages_a_user_from_when_they_left_until_they_connect(redis_port: int) -> None:
    async def scene(pushes: Pushes, where: Settings) -> None:
        await pushes.notify([ANNA, BERT], 5, "m1")
        await pushes.notify([ANNA], 6, "m2")
        registry = open_registry(where)
        await registry.connect(ANNA, 1, "gateway-1")
        await registry.close()
        await pushes.notify([ANNA, BERT], 5, "m3")
        while not (found := await taken(pushes)):
            pass
        assert found == [
            Notification(ANNA, 5, "m1", unread=1),
            Notification(BERT, 5, "m1", unread=1),
            Notification(ANNA, 6, "m2", unread=2),
            Notification(ANNA, 5, "m3", unread=1),
            Notification(BERT, 5, "m3", unread=2),
        ]

    with_an_outbox(redis_port, scene)


def test_what_is_taken_and_not_done_is_taken_again_by_the_same_pusher_when_it_comes_back(redis_port: int) -> None:
    async def scene(pushes: Pushes, where: Settings) -> None:
        for number in range(1, 26):
            await pushes.notify([ANNA], 5, f"m{number}")
        assert await taken(pushes) == []  # nothing of an earlier life
        entries = await pushes.take("pusher-1", 25, 0.01)
        await pushes.done(list(entries)[:3])
        again = open_pushes(where)
        await again.open()
        found = [told.unread for _ in range(3) for told in await taken(again)]
        assert found == list(range(4, 26)), "in pages of ten"
        assert await taken(again) == []
        await again.close()

    with_an_outbox(redis_port, scene)


def test_a_pusher_sends_each_user_s_in_order_and_is_done_with_what_it_sent(redis_port: int) -> None:
    async def scene(pushes: Pushes, _: Settings) -> None:
        sender, metrics, stop = NotedSender(), PusherMetrics(), asyncio.Event()
        for number in range(1, 4):
            await pushes.notify([ANNA, BERT], 5, f"m{number}")
        running = asyncio.create_task(Pusher("pusher-1", pushes, sender, metrics).run(stop))
        while len(sender.sent) < 6:
            await asyncio.sleep(0.01)
        stop.set()
        await running
        for user in (ANNA, BERT):
            assert [told.unread for told in sender.sent if told.user == user] == [1, 2, 3]
        assert metrics.registry.get_sample_value("chatscale_notifications_total", {"outcome": "sent"}) == 6
        assert await taken(pushes) == []

    with_an_outbox(redis_port, scene)
