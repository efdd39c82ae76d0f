"""Work in order by key, at once across keys, within a limit, whatever fails."""

from __future__ import annotations

import asyncio
import logging

import pytest

from realstack.chat.chains import Chains, Work
from tests.realstack.chat.fakes import turns


class Diary:
    """Work that says when it began and ended, and ends when it is told to."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    def work(self, name: str) -> Work:
        gate = self.gates[name] = asyncio.Event()

        async def run() -> None:
            self.events.append(f"{name} begins")
            await gate.wait()
            self.events.append(f"{name} ends")

        return run

    @property
    def under_way(self) -> set[str]:
        begun = {event.split()[0] for event in self.events if event.endswith("begins")}
        return begun - {event.split()[0] for event in self.events if event.endswith("ends")}


def test_one_key_runs_in_order_and_other_keys_meanwhile() -> None:
    async def scene() -> None:
        diary, chains = Diary(), Chains(limit=10)
        for key, name in (("c5", "m1"), ("c9", "m2"), ("c5", "m3")):
            await chains.add(key, diary.work(name))
        await turns()
        assert diary.under_way == {"m1", "m2"}
        diary.gates["m1"].set()
        await turns()
        assert diary.under_way == {"m2", "m3"}
        for gate in diary.gates.values():
            gate.set()
        await chains.drained()
        assert diary.events.index("m1 ends") < diary.events.index("m3 begins")

    asyncio.run(scene())


def test_adding_waits_while_the_limit_is_reached() -> None:
    async def scene() -> None:
        diary, chains = Diary(), Chains(limit=2)
        await chains.add("a", diary.work("m1"))
        await chains.add("a", diary.work("m2"))
        third = asyncio.create_task(chains.add("b", diary.work("m3")))
        await turns()
        assert not third.done()
        assert diary.under_way == {"m1"}
        diary.gates["m1"].set()
        await turns()
        assert third.done()
        assert diary.under_way == {"m2", "m3"}
        for gate in diary.gates.values():
            gate.set()
        await chains.drained()

    asyncio.run(scene())


def test_a_failure_is_logged_and_the_chain_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> list[str]:
        done: list[str] = []
        chains = Chains(limit=1)

        async def fail() -> None:
            raise ValueError("broken")

        async def work() -> None:
            done.append("worked")

        for each in (fail, work, fail, work):
            await chains.add("c5", each)
        await chains.drained()
        return done

    with caplog.at_level(logging.ERROR):
        assert asyncio.run(scene()) == ["worked", "worked"]
    assert [record.message for record in caplog.records] == ["work of c5 failed and is left undone"] * 2


def test_drained_waits_for_work_that_adds_more_work() -> None:
    async def scene() -> list[str]:
        done: list[str] = []
        chains = Chains(limit=5)

        async def second() -> None:
            done.append("second")

        async def first() -> None:
            await chains.add("b", second)

        await chains.add("a", first)
        await chains.drained()
        return done

    assert asyncio.run(scene()) == ["second"]


def test_cancelled_work_ends_at_once() -> None:
    async def scene() -> Diary:
        diary, chains = Diary(), Chains(limit=5)
        await chains.add("a", diary.work("m1"))
        await chains.add("a", diary.work("m2"))
        await turns()
        chains.cancel()
        await chains.drained()
        return diary

    assert asyncio.run(scene()).events == ["m1 begins"]
