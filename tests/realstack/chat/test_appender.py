"""The end of the log: a producer that failed is settled before another takes over, and nothing overtakes."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, LeaderNotAvailableError

from realstack.chat.appender import Appender, LogBrokenError
from tests.realstack.chat.fakes import turns


class Producer:
    """One that `stop`s when its test lets it; `story` has what all of them did."""

    def __init__(self, story: list[str], name: str) -> None:
        self.story, self.name = story, name
        self.appended: list[asyncio.Future[object]] = []
        self.may_stop, self.starts, self.full = asyncio.Event(), True, False

    async def start(self) -> None:
        self.story.append(f"{self.name} starts" if self.starts else f"{self.name} finds nobody")
        if not self.starts:
            raise KafkaConnectionError("nobody")

    async def stop(self) -> None:
        await self.may_stop.wait()
        self.story.append(f"{self.name} stopped")

    async def send(self, topic: str, value: bytes, key: bytes | None = None) -> asyncio.Future[object]:
        if self.full:
            raise KafkaTimeoutError("no room")
        self.story.append(f"{self.name} {value.decode()}")
        self.appended.append(asyncio.get_running_loop().create_future())
        return self.appended[-1]


class Desk:
    def __init__(self) -> None:
        self.story: list[str] = []
        self.made: list[Producer] = []
        self.unreachable = 0
        self.appender = Appender(cast("Any", self._make))

    def _make(self) -> AIOKafkaProducer:
        producer = Producer(self.story, "abcdef"[len(self.made)])
        producer.starts = not 0 < len(self.made) <= self.unreachable
        producer.may_stop.set() if not producer.starts else None
        self.made.append(producer)
        return cast("AIOKafkaProducer", producer)

    async def send(self, text: str) -> asyncio.Future[object]:
        return await self.appender.send("messages", text.encode())

    async def end(self) -> None:
        for producer in self.made:
            producer.may_stop.set()
        await self.appender.stop()


def test_a_new_producer_takes_over_once_the_failed_one_has_settled() -> None:
    async def scene() -> list[str]:
        desk = Desk()
        await desk.appender.start()
        first, second = await desk.send("m1"), await desk.send("m2")
        first.set_exception(LeaderNotAvailableError("partition 3"))
        await turns()
        with pytest.raises(LogBrokenError):
            await desk.send("m3")
        second.set_result(None)
        desk.made[0].may_stop.set()
        await turns()
        await desk.send("m3")
        await desk.end()
        return desk.story

    assert asyncio.run(scene()) == ["a starts", "a m1", "a m2", "a stopped", "b starts", "b m3", "b stopped"]


def test_what_finds_no_room_is_refused_and_what_comes_after_it_too() -> None:
    async def scene() -> list[str]:
        desk = Desk()
        await desk.appender.start()
        desk.made[0].full = True
        with pytest.raises(LogBrokenError, match="KafkaTimeoutError"):
            await desk.send("m1")
        desk.made[0].full = False
        with pytest.raises(LogBrokenError, match="being replaced"):
            await desk.send("m2")
        await desk.end()
        return desk.story

    assert asyncio.run(scene())[:1] == ["a starts"]


def test_while_the_log_is_gone_it_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> list[str]:
        desk = Desk()
        desk.unreachable = 2
        await desk.appender.start()
        desk.made[0].may_stop.set()
        (await desk.send("m1")).set_exception(LeaderNotAvailableError("partition 3"))
        async with asyncio.timeout(30):
            while "d starts" not in desk.story:
                await asyncio.sleep(0.01)
        await desk.send("m1")
        await desk.end()
        return desk.story

    story = asyncio.run(scene())
    assert story[3:] == ["b finds nobody", "b stopped", "c finds nobody", "c stopped", "d starts", "d m1", "d stopped"]


def test_it_can_be_stopped_meanwhile() -> None:
    async def scene() -> list[str]:
        desk = Desk()
        await desk.appender.start()
        (await desk.send("m1")).set_exception(LeaderNotAvailableError("partition 3"))
        await turns()
        await desk.end()
        return desk.story

    assert asyncio.run(scene())[-1].endswith("stopped")
