"""Calls that are made together."""

import asyncio
from collections.abc import Sequence

import pytest

from realstack.chat.together import Together


class Server:
    """Answers ten times the question once it is let, and keeps what each call asked."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self._answering = asyncio.Event()

    async def call(self, questions: list[int]) -> Sequence[int | Exception]:
        self.calls.append(questions)
        await self._answering.wait()
        if 13 in questions:
            raise OSError("away")
        return [ValueError("odd") if question % 2 else 10 * question for question in questions]

    def answer(self) -> None:
        self._answering.set()


async def asked_in_turns(together: Together[int, int], turns: list[list[int]]) -> list[asyncio.Task[int]]:
    """Everything of one turn is asked at once, the next turn while that is under way."""
    tasks = []
    for turn in turns:
        tasks += [asyncio.create_task(together.ask(question)) for question in turn]
        for _ in range(3):
            await asyncio.sleep(0)
    return tasks


def test_what_is_asked_meanwhile_goes_into_the_next_call() -> None:
    async def scene() -> None:
        server = Server()
        tasks = await asked_in_turns(Together(server.call, most=4), [[2], [4, 6], [8]])
        server.answer()
        assert await asyncio.gather(*tasks) == [20, 40, 60, 80]
        assert server.calls == [[2], [4, 6, 8]]

    asyncio.run(scene())


def test_what_is_ready_at_the_same_time_shares_the_first_call() -> None:
    async def scene() -> None:
        server = Server()
        tasks = await asked_in_turns(Together(server.call, most=4), [[2, 4, 6]])
        server.answer()
        await asyncio.gather(*tasks)
        assert server.calls == [[2, 4, 6]]

    asyncio.run(scene())


def test_a_queue_that_fills_a_call_gets_another_but_no_more_than_there_may_be() -> None:
    async def scene() -> None:
        server = Server()
        tasks = await asked_in_turns(Together(server.call, most=2, calls=2), [[2], [4], [6], [8, 10, 12]])
        assert server.calls == [[2], [4, 6]]
        server.answer()
        assert await asyncio.gather(*tasks) == [20, 40, 60, 80, 100, 120]
        assert [len(call) for call in server.calls] == [1, 2, 2, 1]

    asyncio.run(scene())


def test_an_answer_that_is_an_error_is_of_one_asker_a_call_that_fails_of_all_in_it() -> None:
    async def scene() -> None:
        server = Server()
        server.answer()
        together = Together(server.call, most=4)
        odd, even = await asyncio.gather(together.ask(3), together.ask(4), return_exceptions=True)
        assert isinstance(odd, ValueError)
        assert even == 40
        away = await asyncio.gather(together.ask(13), together.ask(4), return_exceptions=True)
        assert [type(each) for each in away] == [OSError, OSError]
        assert await together.ask(6) == 60, "the next call is another"

    asyncio.run(scene())


def test_who_asks_again_as_soon_as_it_is_answered_is_answered_again() -> None:
    async def scene() -> None:
        server = Server()
        server.answer()
        together = Together(server.call, most=4)
        assert [await together.ask(question) for question in (2, 4, 6)] == [20, 40, 60]
        assert server.calls == [[2], [4], [6]]

    asyncio.run(asyncio.wait_for(scene(), 10.0))


def test_who_does_not_wait_any_more_does_not_disturb_the_others() -> None:
    async def scene() -> None:
        server = Server()
        first, second = await asked_in_turns(Together(server.call, most=4), [[2, 4]])
        first.cancel()
        await asyncio.sleep(0)
        server.answer()
        assert await second == 40
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(scene())
