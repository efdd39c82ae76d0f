"""The way into the log: who may write, what is refused, and when the sender is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from realstack.chat.frames import MAX_TEXT_BYTES, Error, Frame, Receipt, ReceiptItem, Refused, Send, Sent
from realstack.chat.media_ref import MediaRef
from realstack.chat.message_service import Membership, MessageService, NotAMemberError
from realstack.chat.records import decode_message, decode_receipt
from realstack.chat.snowflake import ClockWentBackError
from tests.realstack.chat.fakes import FakeProducer, MemoryShelf, MemoryStore, settings, turns

ANNA, BERT, EVE = 1, 2, 66


class Desk:
    """A message service with conversation 5 of Anna and Bert, and what it answered."""

    def __init__(self, **design: Any) -> None:
        self.producer = FakeProducer()
        self.store = MemoryStore({5: (ANNA, BERT)})
        producer = self.producer
        self.shelf = MemoryShelf()
        membership = Membership(self.store)
        self.service = MessageService(settings(**design), producer, producer, membership, worker=3, shelf=self.shelf)
        self.answers: list[Frame] = []

    async def accept(self, sender: int, send: Send) -> None:
        await self.service.accept(sender, send, self.answers.append)


def test_a_message_is_acknowledged_once_the_log_has_it_and_not_before() -> None:
    async def scene() -> None:
        desk = Desk()
        await desk.accept(ANNA, Send(5, "m1", 1, "hello"))
        await turns()
        assert desk.answers == []
        desk.producer.settle()
        await turns()
        topic, value, key = desk.producer.sent[0]
        written = decode_message(value)
        assert (topic, key) == ("test-messages", b"c5")
        assert (written.conv, written.uuid, written.sender, written.cseq, written.text) == (5, "m1", ANNA, 1, "hello")
        assert desk.answers == [Sent("m1", written.message_id)]
        assert written.message_id >> 12 & 0x3FF == 3

    asyncio.run(scene())


def test_of_a_failed_append_nobody_knows_whether_it_happened() -> None:
    async def scene() -> list[Frame]:
        desk = Desk()
        await desk.accept(ANNA, Send(5, "m1", 1, "hello"))
        desk.producer.settle(ConnectionError("no leader"))
        await turns()
        return desk.answers

    assert asyncio.run(scene()) == [Error("unavailable", "ConnectionError")]


def test_a_cancelled_append_is_not_answered() -> None:
    async def scene() -> list[Frame]:
        desk = Desk()
        await desk.accept(ANNA, Send(5, "m1", 1, "hello"))
        desk.producer.appended[0].cancel()
        await turns()
        return desk.answers

    assert asyncio.run(scene()) == []


@pytest.mark.parametrize(("sender", "conv"), [(EVE, 5), (ANNA, 7)])
def test_a_foreign_or_unknown_conversation_is_refused(sender: int, conv: int) -> None:
    async def scene() -> list[Any]:
        desk = Desk()
        with pytest.raises(NotAMemberError, match=f"not a member of conversation {conv}"):
            await desk.accept(sender, Send(conv, "m1", 1, "hello"))
        with pytest.raises(NotAMemberError):
            await desk.service.receipt(sender, Receipt(conv, "read", []), desk.answers.append)
        return desk.producer.sent

    assert asyncio.run(scene()) == []


@pytest.mark.parametrize(("text", "accepted"), [("a" * MAX_TEXT_BYTES, True), ("é" * (MAX_TEXT_BYTES // 2 + 1), False)])
def test_a_texts_length_is_counted_in_bytes(text: str, accepted: bool) -> None:
    async def scene() -> Desk:
        desk = Desk()
        await desk.accept(ANNA, Send(5, "m1", 1, text))
        return desk

    desk = asyncio.run(scene())
    assert len(desk.producer.sent) == accepted
    assert [type(answer) for answer in desk.answers] == ([] if accepted else [Refused])


def test_a_clock_far_behind_refuses_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def behind(_: object) -> int:
        raise ClockWentBackError("the clock is 5000 ms behind the last id")

    async def scene() -> Desk:
        desk = Desk()
        await desk.accept(ANNA, Send(5, "m1", 1, "hello"))
        return desk

    monkeypatch.setattr("realstack.chat.snowflake.Snowflake.next_id", behind)
    desk = asyncio.run(scene())
    assert desk.answers == [Refused("m1", "the clock is 5000 ms behind the last id")]
    assert desk.producer.sent == []


def test_a_random_partition_key_is_none() -> None:
    async def scene() -> list[bytes | None]:
        desk = Desk(partition_key="random")
        await desk.accept(ANNA, Send(5, "m1", 1, "hello"))
        return [key for _, _, key in desk.producer.sent]

    assert asyncio.run(scene()) == [None]


def test_a_receipt_keeps_only_what_members_sent() -> None:
    async def scene() -> Desk:
        desk = Desk()
        items = [ReceiptItem("m1", ANNA, 1), ReceiptItem("m2", EVE, 2)]
        await desk.service.receipt(BERT, Receipt(5, "read", items), desk.answers.append)
        return desk

    topic, value, key = asyncio.run(scene()).producer.sent[0]
    assert (topic, key) == ("test-receipts", b"c5")
    assert decode_receipt(value).items == [ReceiptItem("m1", ANNA, 1)]


def test_a_receipt_is_answered_only_if_nobody_knows_whether_the_log_has_it() -> None:
    async def scene(error: Exception | None) -> list[Frame]:
        desk = Desk()
        await desk.service.receipt(BERT, Receipt(5, "read", [ReceiptItem("m1", ANNA, 1)]), desk.answers.append)
        desk.producer.settle(error)
        await turns()
        return desk.answers

    assert asyncio.run(scene(None)) == []
    assert asyncio.run(scene(ConnectionError("no leader"))) == [Error("unavailable", "ConnectionError")]


def test_members_are_read_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1000.0
    monkeypatch.setattr("realstack.chat.message_service.time.monotonic", lambda: now_s)
    store = MemoryStore({5: (ANNA, BERT)})
    membership = Membership(store)
    ask = membership.of
    assert asyncio.run(ask(5)) == {ANNA, BERT}
    store.of_conversation[5] = (ANNA,)
    now_s += 59
    assert asyncio.run(ask(5)) == {ANNA, BERT}
    now_s += 2
    assert asyncio.run(ask(5)) == {ANNA}
    assert store.asked == [5, 5]


def test_the_membership_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realstack.chat.message_service._MEMBERSHIP_CACHE", 2)
    store = MemoryStore()
    membership = Membership(store)

    async def scene() -> None:
        for conv in (1, 2, 3, 3, 1):
            await membership.of(conv)

    asyncio.run(scene())
    assert store.asked == [1, 2, 3, 1]


PHOTO = MediaRef("ab" * 32, "image/jpeg", 150_000)


def test_a_message_refers_to_what_its_conversation_holds() -> None:
    async def scene() -> None:
        desk = Desk()
        await desk.shelf.put(5, PHOTO)
        await desk.accept(ANNA, Send(5, "m1", 1, "look", PHOTO))
        [(_, value, _)] = desk.producer.sent
        assert decode_message(value).media == PHOTO

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("conv", "held"),
    [(6, PHOTO), (5, MediaRef(PHOTO.digest, "video/mp4", 150_000)), (5, MediaRef(PHOTO.digest, "image/jpeg", 1))],
    ids=["another conversation's", "another type", "another size"],
)
def test_a_message_that_refers_to_anything_else_is_refused_before_the_log(conv: int, held: MediaRef) -> None:
    async def scene() -> None:
        desk = Desk()
        await desk.shelf.put(conv, held)
        await desk.accept(ANNA, Send(5, "m1", 1, "look", PHOTO))
        assert desk.producer.sent == []
        [answer] = desk.answers
        assert isinstance(answer, Refused)
        assert PHOTO.digest in answer.cause

    asyncio.run(scene())
