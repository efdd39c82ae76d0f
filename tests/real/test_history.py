"""The past of a conversation in a real Cassandra: paged across buckets, deleted after its retention, members only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from realstack.chat import frames
from realstack.chat.buckets import bucket_of
from realstack.chat.frames import Error, Fetch, Page, decode_to_device, encode
from realstack.chat.records import MessageRecord
from realstack.chat.snowflake import EPOCH_MS
from realstack.chat.store import EMPTY_BUCKETS, NEWEST, Store
from realstack.servers import Servers
from realstack.stack import ChatStack
from sim.scenario_file import load_scenario
from sim.trace import Action, Trace
from tests.real.backend import ask, session_of, settings, store_of

pytestmark = pytest.mark.real

ANNA, BERT, EVE = 1, 2, 66
DAY_MS = 86_400_000
CONV = 5


@pytest.fixture(scope="module")
def store(servers: Servers) -> Iterator[Store]:
    """The hardened design's, with a partition a month."""
    with store_of(settings(servers)) as made:
        yield made


def message(number: int, day: float, conv: int = CONV) -> MessageRecord:
    """Message `number` of Anna, so many days after 1 January 2024."""
    time_ms = 1_704_067_200_000 + round(day * DAY_MS)
    return MessageRecord(conv, f"m{number}", ANNA, number, (time_ms - EPOCH_MS) << 22, "hello", accepted_ns=7)


async def all_pages(store: Store, conv: int = CONV) -> list[list[str]]:
    pages, before = [], NEWEST
    while before:
        page = await store.before(conv, before)
        pages.append([row.uuid for row in page.rows])
        before = page.before
    return pages


def partitions(store: Store, conv: int) -> set[int]:
    """The buckets in which the store has messages of a conversation."""
    rows = store._session.execute(f"SELECT DISTINCT conv, bucket FROM {store.keyspace}.messages")
    return {bucket for of_conv, bucket in rows if of_conv == conv}


# 120 messages: 60 in the first three months of 2024, then nothing for half a year, then 60 more.
DAYS = [*(1.5 * n for n in range(60)), *(300 + 1.5 * n for n in range(60))]


async def page_back_and_forth(store: Store, *, sequenced: bool) -> None:
    """Meet every message once, in either direction and from any cursor."""
    records = [message(number, day) for number, day in enumerate(DAYS, 1)]
    positions = [n if sequenced else record.message_id for n, record in enumerate(records, 1)]
    for offset, (record, position) in enumerate(zip(records, positions, strict=True)):
        assert await store.insert(record, position, 0, offset)
    newest_first = [record.uuid for record in reversed(records)]
    pages = await all_pages(store)
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [uuid for page in pages for uuid in page] == newest_first
    assert [row.uuid for row in await store.latest(CONV, 256)] == newest_first
    assert await store.heads([CONV, 1]) == {CONV: positions[-1]}
    for read in (0, 1, 20, 59, 60, 61, 100, 119, 120):
        cursor = positions[read - 1] if read else 0
        forth = [row.uuid for row in await store.after(CONV, cursor)]
        assert forth == newest_first[::-1][read : read + 50], read


def test_paging_crosses_months_by_the_sequence(store: Store) -> None:
    asyncio.run(page_back_and_forth(store, sequenced=True))
    assert partitions(store, CONV) == {bucket_of("month", message(1, day).message_id) for day in DAYS}


def test_paging_crosses_ten_days_by_the_message_id(servers: Servers) -> None:
    with store_of(settings(servers, preset="seed", bucket="10-days")) as store:
        asyncio.run(page_back_and_forth(store, sequenced=False))
        assert partitions(store, CONV) == {bucket_of("10-days", message(1, day).message_id) for day in DAYS}


def test_a_message_whose_gateway_is_slow_stays_behind_the_one_before_it_at_the_turn_of_a_month(store: Store) -> None:
    async def scene() -> list[list[str]]:
        for number, day in ((1, 30.0), (2, 31.01), (3, 30.99), (4, 31.02)):
            await store.insert(message(number, day, conv=6), number, 0, number)
        return await all_pages(store, 6)

    assert asyncio.run(scene()) == [["m4", "m3", "m2", "m1"]]


def test_emptied_buckets_are_skipped_a_few_at_a_time(store: Store) -> None:
    async def scene() -> list[list[str]]:
        for number in range(1, 11):
            await store.insert(message(number, 31.0 * number, conv=7), number, 0, number)
        for bucket in sorted(partitions(store, 7))[1:-1]:
            store._session.execute(f"DELETE FROM {store.keyspace}.messages WHERE conv = 7 AND bucket = {bucket}")
        return await all_pages(store, 7)

    assert EMPTY_BUCKETS == 4
    assert asyncio.run(scene()) == [["m10"], [], ["m1"]]


def test_a_message_is_gone_after_its_retention_and_a_reader_finds_the_beginning(servers: Servers) -> None:
    async def scene(store: Store) -> None:
        await store.insert(message(1, 30), 1, 0, 1)
        assert [len(page) for page in await all_pages(store)] == [1]
        deadline_s = time.monotonic() + 10
        while await store.latest(CONV):
            assert time.monotonic() < deadline_s, "the message outlives its TTL of a second"
            await asyncio.sleep(0.1)
        assert await store.heads([CONV]) == {}

    with store_of(settings(servers, retention_s=1)) as store:
        asyncio.run(scene(store))


def test_a_member_reads_the_history_through_a_gateway_and_nobody_else_does(servers: Servers, tmp_path: Path) -> None:
    joins = [Action(0, "join", user, CONV) for user in (ANNA, BERT)]
    with ChatStack(servers, load_scenario("ci-ordering"), Trace.of(joins, seed=0, duration_s=1.0), tmp_path) as stack:
        asyncio.run(_read_back(stack))
        stack.check()


async def _read_back(stack: ChatStack) -> None:
    async with (
        await session_of(stack, ANNA) as anna,
        await session_of(stack, BERT) as bert,
        await session_of(stack, EVE) as eve,
    ):
        for number in range(1, 61):
            await anna.send(encode(frames.Send(CONV, f"m{number}", number, f"message {number}")))
        shown = 0
        while shown < 60:
            shown += isinstance(decode_to_device(await bert.recv()), frames.Message)
        first = await ask(bert, Fetch(CONV))
        assert isinstance(first, Page)
        assert [one.text for one in first.messages] == [f"message {n}" for n in range(60, 10, -1)]
        rest = await ask(bert, Fetch(CONV, first.before))
        assert isinstance(rest, Page)
        assert [one.text for one in rest.messages] == [f"message {n}" for n in range(10, 0, -1)]
        assert rest.before == 0
        future = await ask(bert, Fetch(CONV, 62))
        assert future == Error(
            "bad-cursor", "before=62 is in the future, the newest message is 60; leave it out to begin"
        )
        for conv in (CONV, 6):
            refused = await ask(eve, Fetch(conv))
            assert refused == Error("not-a-member", f"you are not a member of conversation {conv}")
