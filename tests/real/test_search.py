"""Search within a conversation, by the index of a real Cassandra on the words of each message."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from realstack.chat import frames
from realstack.chat.frames import Error, Found, Search, encode
from realstack.chat.records import MessageRecord
from realstack.chat.snowflake import EPOCH_MS
from realstack.chat.store import NEWEST, PAGE, Store
from realstack.servers import Servers
from realstack.stack import ChatStack
from sim.scenario_file import load_scenario
from sim.trace import Action, Trace
from tests.real.backend import ask, session_of, settings, store_of

pytestmark = pytest.mark.real

ANNA, EVE, CONV, OTHER = 1, 66, 5, 6
DAY_MS = 86_400_000


async def fill(store: Store) -> None:
    """A message a day: every second one is about tea, every third about milk. One more in another conversation."""
    for number in range(1, 121):
        drinks = ["tea"] * (number % 2 == 0) + ["milk"] * (number % 3 == 0)
        message_id = 1_704_067_200_000 + number * DAY_MS - EPOCH_MS << 22
        text = f"Message {number}: {' and '.join(drinks) or 'nothing'}."
        await store.insert(MessageRecord(CONV, f"m{number}", ANNA, number, message_id, text, 7), number, 0, number)
    await store.insert(MessageRecord(OTHER, "other", ANNA, 1, message_id, "tea", 7), 1, 0, 121)


async def found(store: Store, *terms: str, before: int = NEWEST) -> list[int]:
    return [row.position for row in (await store.search(CONV, terms, before)).rows]


def test_a_search_finds_the_newest_messages_with_all_its_words_page_by_page(servers: Servers) -> None:
    async def scene(store: Store) -> None:
        await fill(store)
        assert await found(store, "tea") == list(range(120, 120 - 2 * PAGE, -2))
        assert await found(store, "tea", before=22) == list(range(20, 0, -2))
        assert await found(store, "milk", "tea") == list(range(120, 0, -6))
        assert await found(store, "message", "77") == [77]
        assert await found(store, "te") == []
        assert [row.uuid for row in (await store.search(OTHER, ["tea"], NEWEST)).rows] == ["other"]

    with store_of(settings(servers, search="sai", bucket="10-days")) as store:
        asyncio.run(scene(store))


def test_members_search_through_a_gateway_and_senseless_searches_are_told_why(servers: Servers, tmp_path: Path) -> None:
    trace = Trace.of([Action(0, "join", ANNA, CONV)], seed=0, duration_s=1.0)
    with ChatStack(servers, load_scenario("ci-ordering", ["design.search=sai"]), trace, tmp_path) as stack:
        asyncio.run(_search(stack))
        stack.check()


async def _search(stack: ChatStack) -> None:
    async with await session_of(stack, ANNA) as anna, await session_of(stack, EVE) as eve:
        text = "GRÜSSE aus Köln'; DROP TABLE messages; --"
        assert isinstance(await ask(anna, frames.Send(CONV, "m1", 1, text)), frames.Sent)
        answer = Found(CONV, [], 0)
        while not answer.messages:
            told = await ask(anna, Search(CONV, "köln grüsse"))
            assert isinstance(told, Found)
            answer = told
        assert [message.text for message in answer.messages] == [text]
        assert await ask(anna, Search(CONV, "x'; DROP TABLE messages")) == Found(CONV, [], 0)
        for words, count in (("", 0), (" ?! 🍵 %_*", 0), ("a b c d e f", 6), ("word" + " x1 x2 x3 x4 x5" * 900, 6)):
            refused = await ask(anna, Search(CONV, words))
            assert refused == Error("bad-search", f"{count} words to search for; give 1 to 5 whole words")
        assert isinstance(await ask(anna, Search(CONV, "z" * 5000)), Found)
        future = await ask(anna, Search(CONV, "köln", before=99))
        assert isinstance(future, Error)
        assert future.code == "bad-cursor"
        await eve.send(encode(Search(CONV, "köln")))
        assert await ask(eve, frames.Heartbeat()) == Error("not-a-member", "you are not a member of conversation 5")
