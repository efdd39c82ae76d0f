"""Equal reads share an answer that is never older than the question."""

from __future__ import annotations

import asyncio

import pytest

from realstack.chat.single_flight import SingleFlight
from tests.realstack.chat.fakes import turns


class Shelf:
    """Answers with what is on it when a read begins; a read ends when `gate` opens."""

    def __init__(self) -> None:
        self.rows = 0
        self.reads = 0
        self.gate = asyncio.Event()

    async def read(self) -> int:
        self.reads += 1
        rows = self.rows
        await self.gate.wait()
        if rows < 0:
            raise ConnectionError("no shelf")
        return rows


def test_who_comes_during_a_read_shares_the_next_one() -> None:
    async def scene() -> tuple[list[int], int]:
        flights, shelf = SingleFlight[int](), Shelf()
        first = asyncio.create_task(flights.read("c5", shelf.read))
        await turns()
        shelf.rows = 1
        late = [asyncio.create_task(flights.read("c5", shelf.read)) for _ in range(5)]
        other = asyncio.create_task(flights.read("c6", shelf.read))
        await turns()
        shelf.gate.set()
        return list(await asyncio.gather(first, *late, other)), shelf.reads

    assert asyncio.run(scene()) == ([0, 1, 1, 1, 1, 1, 1], 3)


def test_a_read_after_another_is_a_new_one() -> None:
    async def scene() -> list[int]:
        flights, shelf = SingleFlight[int](), Shelf()
        shelf.gate.set()
        answers = []
        for rows in range(3):
            shelf.rows = rows
            answers.append(await flights.read("c5", shelf.read))
        return answers

    assert asyncio.run(scene()) == [0, 1, 2]


def test_an_error_reaches_everybody_who_shares_it_and_nobody_later() -> None:
    async def scene() -> None:
        flights, shelf = SingleFlight[int](), Shelf()
        shelf.rows = -1
        failing = [asyncio.create_task(flights.read("c5", shelf.read)) for _ in range(3)]
        await turns()
        shelf.gate.set()
        assert all(
            isinstance(error, ConnectionError) for error in await asyncio.gather(*failing, return_exceptions=True)
        )
        shelf.rows = 7
        assert await flights.read("c5", shelf.read) == 7

    asyncio.run(scene())


def test_who_goes_away_does_not_take_the_answer_along() -> None:
    async def scene() -> int:
        flights, shelf = SingleFlight[int](), Shelf()
        first = asyncio.create_task(flights.read("c5", shelf.read))
        await turns()
        leaving, staying = (asyncio.create_task(flights.read("c5", shelf.read)) for _ in range(2))
        await turns()
        leaving.cancel()
        shelf.gate.set()
        await first
        with pytest.raises(asyncio.CancelledError):
            await leaving
        return await staying

    assert asyncio.run(scene()) == 0
