"""A gateway behind a real WebSocket: whatever is said to it gets an answer, and nothing brings it down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, cast

import grpc
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close

from realstack.chat import frames
from realstack.chat.delivery_pb2 import DeliverReply, DeliverRequest, Delivery
from realstack.chat.frames import (
    Error,
    Message,
    Page,
    Reached,
    ReceiptItem,
    Resumed,
    Sent,
    decode_to_device,
    encode,
)
from realstack.chat.gateway import _grpc_server
from realstack.chat.policy import FrameBucket
from realstack.chat.presence import PresenceSubscriptions
from realstack.chat.records import decode_message, decode_receipt
from realstack.chat.store import PAGE, Row
from realstack.chat.tokens import Tokens, new_key
from sim.ticks import ALL_PLACES_KNOWN
from tests.realstack.chat.fakes import MemoryStore, record, turns
from tests.realstack.chat.house import ANNA, BERT, EVE, BrokenStore, House, ask, in_a_house

BAD_FRAMES = [
    pytest.param("not json", "bad-frame", id="no JSON"),
    pytest.param(b"\x00\xff\xfe\x80", "bad-frame", id="binary garbage"),
    pytest.param(b"", "bad-frame", id="nothing"),
    pytest.param('{"t":"teleport"}', "bad-frame", id="unknown type"),
    pytest.param('{"t":"send","conv":"five","uuid":"m1","cseq":1,"text":""}', "bad-frame", id="wrong type"),
    pytest.param('{"t":"open"}', "bad-frame", id="missing field"),
    pytest.param('{"t":"open","conv":5,"really":true}', "bad-frame", id="unknown field"),
    pytest.param('{"t":"welcome","gateway":"me"}', "bad-frame", id="a gateway's frame"),
    pytest.param(b'{"z":' + b"[" * 30_000 + b"]" * 30_000 + b',"t":"heartbeat"}', "bad-frame", id="too deep"),
    pytest.param(b"x" * (frames.MAX_FRAME_BYTES + 1), "too-large", id="too large"),
    pytest.param("é" * (frames.MAX_FRAME_BYTES // 2 + 1), "too-large", id="too large in bytes"),
    pytest.param(frames.Send(7, "m1", 1, "hello"), "not-a-member", id="unknown conversation"),
    pytest.param(frames.Receipt(7, "read", [ReceiptItem("m1", BERT, 1)]), "not-a-member", id="foreign receipt"),
    pytest.param(frames.Open(7), "not-a-member", id="foreign presence"),
    pytest.param(frames.Resume({7: 0}), "not-a-member", id="foreign resume"),
    pytest.param(frames.Fetch(7), "not-a-member", id="foreign history"),
    pytest.param(frames.Pull(7, 0), "not-a-member", id="foreign pull"),
    pytest.param(frames.Search(7, "tea"), "not-a-member", id="foreign search"),
    pytest.param(frames.Search(5, "tea"), "no-search", id="a search without an index"),
    pytest.param(frames.Fetch(5, 2), "bad-cursor", id="a page before the future"),
    pytest.param('{"t":"fetch","conv":5,"before":-1}', "bad-frame", id="a page before the beginning"),
    pytest.param(frames.Hello(ANNA, 2, "token"), "no-hello", id="hello twice"),
]


@pytest.mark.parametrize(("said", "code"), BAD_FRAMES)
def test_a_frame_that_cannot_be_honoured_gets_an_error_and_the_session_goes_on(
    said: bytes | str | frames.Frame, code: str
) -> None:
    async def scene(house: House) -> None:
        async with await house.visit() as socket:
            answer = await ask(socket, said)
            assert isinstance(answer, Error)
            assert answer.code == code
            assert isinstance(await ask(socket, frames.Heartbeat()), frames.HeartbeatOk)

    in_a_house(scene)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (frames.Heartbeat(), "no-hello"),
        ("not json", "bad-frame"),
        (b"x" * (frames.MAX_FRAME_BYTES + 1), "too-large"),
        (b'{"t":"hello","user":1,"epoch":1,"token":"\xff"}', "bad-frame"),
        ('{"t":"hello","user":1,"epoch":1}', "bad-frame"),
    ],
)
def test_before_hello_too(said: bytes | str | frames.Frame, code: str) -> None:
    async def scene(house: House) -> None:
        async with connect(house.url, ping_interval=None) as socket:
            answer = await ask(socket, said)
            assert isinstance(answer, Error)
            assert answer.code == code
            assert await ask(socket, house.hello()) == frames.Welcome("gateway-1")

    in_a_house(scene)


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (lambda own: Tokens(new_key()).sign(ANNA), "its signature is not ours"),
        (lambda own: own.sign(ANNA, life_s=-60.0), "it expired 60 s ago; sign in again"),
        (lambda own: own.sign(BERT), f"it is another user's, not user {ANNA}'s"),
        (lambda own: "", "its signature is not ours"),
    ],
    ids=["signed with another key", "expired", "of another user", "none"],
)
def test_without_a_token_of_its_own_a_device_is_told_why_and_shown_the_door(
    forge: Callable[[Tokens], str], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(house: House) -> None:
        token = forge(house.tokens)
        async with connect(house.url, ping_interval=None) as socket:
            assert await ask(socket, frames.Hello(ANNA, 1, token)) == Error("bad-token", why)
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd == Close(1008, why)
        assert house.registry.homes == {}
        assert not token or token not in caplog.text

    with caplog.at_level(logging.DEBUG, logger="realstack"):
        in_a_house(scene)


def test_a_token_is_checked_when_a_device_comes_and_not_again() -> None:
    async def scene(house: House) -> None:
        socket = await house.visit()
        house.gateway._tokens = Tokens(new_key())
        assert isinstance(await ask(socket, frames.Heartbeat()), frames.HeartbeatOk)
        await socket.close()

    in_a_house(scene)


def test_who_speaks_too_fast_is_told_so_and_closed_before_anything_is_skipped(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(house: House) -> None:
        async with await house.visit(ANNA) as anna, await house.visit(BERT) as bert:
            for number in range(1, 41):
                await anna.send(encode(frames.Send(5, f"m{number}", number, "hello")))
            last: frames.ToDevice | None = None
            with suppress(ConnectionClosed):
                async for data in anna:
                    last = decode_to_device(data)
            assert isinstance(last, Error)
            assert (last.code, anna.close_code) == ("too-fast", 1008)
            # Hello was the first of twenty: what was taken is the beginning, without a hole.
            taken = [decode_message(value).uuid for _, value, _ in house.producer.sent]
            assert taken == [f"m{number}" for number in range(1, 20)]
            assert isinstance(await ask(bert, frames.Heartbeat()), frames.HeartbeatOk)
        while house.registry.homes:
            await turns()

    monkeypatch.setattr(
        "realstack.chat.door.FrameBucket", lambda: FrameBucket(rate_per_s=1e-6, burst=20, now_s=lambda: 0.0)
    )
    in_a_house(scene)


def test_a_flood_that_listens_to_nothing_is_closed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(house: House) -> None:
        socket = await house.visit()
        socket.transport.pause_reading()
        with suppress(ConnectionClosed):
            while True:
                await socket.send(b"x" * frames.MAX_FRAME_BYTES)
        while house.registry.homes or house.gateway._sessions:
            await turns()

    monkeypatch.setattr("realstack.chat.door.FrameBucket", lambda: FrameBucket(rate_per_s=1.0, burst=20))
    monkeypatch.setattr("realstack.chat.gateway._CLOSE_WITHIN_S", 0.05)
    in_a_house(scene)


def test_who_says_nothing_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(house: House) -> None:
        async with connect(house.url, ping_interval=None) as socket:
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        assert house.registry.homes == {}

    monkeypatch.setattr("realstack.chat.door._HELLO_WITHIN_S", 0.05)
    in_a_house(scene)


def test_a_frame_of_over_a_megabyte_costs_its_own_connection_only() -> None:
    async def scene(house: House) -> None:
        async with await house.visit(ANNA) as anna, await house.visit(BERT) as bert:
            await anna.send(b"x" * (1 << 20 | 1))
            with pytest.raises(ConnectionClosed):
                await anna.recv()
            assert isinstance(await ask(bert, frames.Heartbeat()), frames.HeartbeatOk)

    in_a_house(scene)


def test_a_resume_that_fails_ends_the_session_so_that_the_device_asks_again(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(house: House) -> None:
        async with await house.visit() as socket:
            assert await ask(socket, frames.Resume({})) == Error("unavailable", "ConnectionError")
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        async with await house.visit() as again:
            assert isinstance(await ask(again, frames.Heartbeat()), frames.HeartbeatOk)

    with caplog.at_level(logging.CRITICAL):
        in_a_house(scene, BrokenStore())


@pytest.mark.parametrize("broken", ["refuses", "fails"])
def test_a_message_that_the_log_did_not_take_is_not_overtaken(
    broken: Literal["refuses", "fails"], caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(house: House) -> None:
        house.producer.broken = broken
        async with await house.visit() as socket:
            async with asyncio.TaskGroup() as both:
                for number in (1, 2):
                    both.create_task(socket.send(encode(frames.Send(5, f"m{number}", number, "hello"))))
            assert cast("Error", decode_to_device(await socket.recv())).code == "unavailable"
            house.producer.broken = ""
            with pytest.raises(ConnectionClosed):  # and not with an answer to the second
                await socket.recv()
        async with await house.visit(epoch=2) as again:
            assert isinstance(await ask(again, frames.Send(5, "m1", 1, "hello")), Sent)

    with caplog.at_level(logging.CRITICAL):
        in_a_house(scene)


@pytest.mark.parametrize("broken", ["refuses", "fails"])
def test_a_receipt_that_the_log_did_not_take_ends_the_session_so_that_it_is_said_again(
    broken: Literal["refuses", "fails"], caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(house: House) -> None:
        house.producer.broken = broken
        async with await house.visit() as socket:
            told = await ask(socket, frames.Receipt(5, "delivered", [ReceiptItem("m1", BERT, 1)]))
            assert cast("Error", told).code == "unavailable"
            with pytest.raises(ConnectionClosed):
                await socket.recv()

    with caplog.at_level(logging.CRITICAL):
        in_a_house(scene)


class SlowStore(MemoryStore):
    """Knows who is in conversation 6 only when it is told to."""

    def __init__(self) -> None:
        super().__init__({5: (ANNA, BERT), 6: (ANNA, BERT)})
        self.ready = asyncio.Event()

    async def members(self, conv: int) -> tuple[int, ...]:
        if conv == 6:
            await self.ready.wait()
        return await super().members(conv)


def test_a_receipt_that_came_before_the_goodbye_is_taken_by_a_gateway_that_is_behind() -> None:
    store = SlowStore()

    async def scene(house: House) -> None:
        socket = await house.visit()
        for frame in (frames.Open(6), frames.Receipt(5, "delivered", [ReceiptItem("m1", BERT, 1)]), frames.Open(5)):
            await socket.send(encode(frame))
        await socket.close()
        seen = Delivery(frame=encode(frames.Seen(5, BERT, "read", {"m2": 2})), users=[ANNA])
        reply = await house.gateway.deliver(DeliverRequest(deliveries=[seen]), None)
        assert [absent.user for absent in reply.absent] == [ANNA]
        store.ready.set()
        while not house.producer.sent:
            await asyncio.sleep(0.002)
        assert decode_receipt(house.producer.sent[0][1]).items == [ReceiptItem("m1", BERT, 1)]

    in_a_house(scene, store)


def test_a_heartbeat_without_a_registration_says_that_it_had_lapsed() -> None:
    async def scene(house: House) -> None:
        async with await house.visit() as socket:
            house.registry.homes.clear()
            for lapsed in (True, False):
                answer = await ask(socket, frames.Heartbeat())
                assert isinstance(answer, frames.HeartbeatOk)
                assert answer.lapsed is lapsed

    in_a_house(scene)


def test_a_session_sends_opens_and_says_goodbye() -> None:
    async def scene(house: House) -> None:
        socket = await house.visit()
        assert house.registry.homes == {ANNA: ("gateway-1", 1)}
        answer = await ask(socket, frames.Send(5, "m1", 1, "hello"))
        assert isinstance(answer, Sent)
        assert answer.uuid == "m1"
        assert await ask(socket, frames.Open(5)) == frames.Presence(5, online=[ANNA], offline=[BERT])
        await socket.close()
        while house.registry.homes:
            await turns()

    in_a_house(scene)


def test_a_drained_gateway_sends_its_devices_elsewhere_and_waits_until_they_have_gone() -> None:
    async def scene(house: House) -> None:
        anna, bert = await house.visit(ANNA), await house.visit(BERT)
        draining = asyncio.create_task(house.gateway.drain(house.server))
        for socket in (anna, bert):
            assert decode_to_device(await socket.recv()) == frames.GoAway(within_s=2.0)
        with pytest.raises(OSError, match="Connect"):
            await connect(house.url)
        assert isinstance(await ask(anna, frames.Send(5, "the last", 1, "hello")), Sent)
        await anna.close()
        await turns()
        assert not draining.done()
        pushed = encode(Message(5, "m1", ANNA, 1, 9, 1, 0, "hello", "push"))
        reply = await house.gateway.deliver(DeliverRequest(deliveries=[Delivery(frame=pushed, users=[BERT])]), None)
        assert list(reply.absent) == []
        assert isinstance(decode_to_device(await bert.recv()), Message)
        await bert.close()
        await draining
        assert house.registry.homes == {}

    in_a_house(scene)


def test_who_does_not_leave_a_drained_gateway_is_closed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(house: House) -> None:
        stranger, anna = await connect(house.url, ping_interval=None), await house.visit(ANNA)
        draining = asyncio.create_task(house.gateway.drain(house.server))
        await turns()
        # Who says hello only now is welcome, and sent away at once.
        assert await ask(stranger, house.hello(BERT)) == frames.Welcome("gateway-1")
        assert decode_to_device(await stranger.recv()) == frames.GoAway(within_s=0.05)
        await draining
        for socket in (stranger, anna):
            await socket.wait_closed()
            assert socket.close_code == 1001
        assert house.registry.homes == {}

    monkeypatch.setattr("realstack.chat.sessions._LEAVE_WITHIN_S", 0.05)
    with caplog.at_level(logging.WARNING):
        in_a_house(scene)
    assert "closing 2 sockets that did not leave" in caplog.text


def test_a_new_session_gets_the_deliveries_and_the_old_ones_end_does_not_matter() -> None:
    async def scene(house: House) -> None:
        old, new = await house.visit(epoch=1), await house.visit(epoch=2)
        await old.close()
        await turns()
        pushed = encode(Message(5, "m1", BERT, 1, 9, 1, 0, "hello", "push"))
        deliveries = [Delivery(frame=pushed, users=[ANNA, EVE], stamped=True), Delivery(frame=pushed, users=[BERT])]
        reply = await house.gateway.deliver(DeliverRequest(deliveries=deliveries), None)
        assert [(absent.delivery, absent.user) for absent in reply.absent] == [(0, EVE), (1, BERT)]
        arrived = decode_to_device(await new.recv())
        assert isinstance(arrived, Message)
        assert arrived.pushed_ns > 0
        assert house.registry.homes == {ANNA: ("gateway-1", 2)}
        await new.close()

    in_a_house(scene)


class CountingStore(MemoryStore):
    reads = 0

    async def after(self, conv: int, position: int, limit: int = PAGE) -> list[Row]:
        self.reads += 1
        await turns()
        return await super().after(conv, position, limit)


@pytest.mark.parametrize(("reads", "count"), [("each", 2), ("coalesced", 1)])
def test_followers_hear_the_news_and_pull_with_one_read_each_or_one_for_all(reads: str, count: int) -> None:
    store = CountingStore({5: (ANNA, BERT, EVE)})

    async def scene(house: House) -> None:
        async with await house.visit(ANNA) as anna, await house.visit(BERT) as bert:
            for socket in (anna, bert):
                assert await ask(socket, frames.Resume({})) == Resumed(0)
            assert set(house.registry.followed[5]) == {"gateway-1"}
            await store.insert(record("m1", sender=EVE), 1, 0, 1)
            news = Delivery(frame=encode(frames.News(5, 1)), conv=5)
            reply = await house.gateway.deliver(DeliverRequest(deliveries=[news]), None)
            assert not reply.absent
            for socket in (anna, bert):
                assert decode_to_device(await socket.recv()) == frames.News(5, 1)
                await socket.send(encode(frames.Pull(5, 0)))
            for socket in (anna, bert):
                pulled = decode_to_device(await socket.recv())
                assert isinstance(pulled, Message)
                assert (pulled.uuid, pulled.via, pulled.prev) == ("m1", "pull", 0)
                assert decode_to_device(await socket.recv()) == frames.Pulled(5, 1)
            assert store.reads in (count, count + 1)
        await turns(200)
        await house.gateway.followers.renew()
        assert house.registry.followed[5].count("gateway-1") == 2

    in_a_house(scene, store, fan_out="read", reads=reads)


def test_a_session_follows_a_conversation_from_its_opening_until_it_closes_it_or_ends() -> None:
    async def scene(house: House) -> None:
        presence = house.gateway.presence
        assert isinstance(presence, PresenceSubscriptions)
        async with await house.visit() as socket:
            assert await ask(socket, frames.Open(5)) == frames.Presence(5, [ANNA], [BERT])
            assert presence.followed == {ANNA, BERT}
            await socket.send(encode(frames.Close()))
            assert isinstance(await ask(socket, frames.Heartbeat()), frames.HeartbeatOk)
            assert presence.followed == set()
            await ask(socket, frames.Open(5))
        await turns(200)
        assert presence.followed == set()
        await presence.stop()

    in_a_house(scene, presence="subscription")


def test_a_member_pages_back_to_the_beginning() -> None:
    async def scene(house: House) -> None:
        for position in range(1, PAGE + 3):
            await house.store.insert(record(f"m{position}", sender=BERT), position, 0, position)
        async with await house.visit() as socket:
            newest = await ask(socket, frames.Fetch(5))
            assert isinstance(newest, Page)
            assert [message.position for message in newest.messages] == list(range(PAGE + 2, 2, -1))
            oldest = await ask(socket, frames.Fetch(5, newest.before))
            assert isinstance(oldest, Page)
            assert [message.uuid for message in oldest.messages] == ["m2", "m1"]
            assert await ask(socket, frames.Fetch(5, 0)) == Page(5, [], 0) == await ask(socket, frames.Fetch(5, 1))
            assert oldest.before == 0

    in_a_house(scene)


def test_a_resume_sends_what_others_wrote_after_the_cursor_page_by_page() -> None:
    async def scene(house: House) -> None:
        count = 3 * PAGE
        for position in range(1, count + 1):
            sender = ANNA if position % 3 == 0 else BERT
            await house.store.insert(record(f"m{position}", sender=sender, text="t"), position, 0, position)
        async with await house.visit() as socket:
            first = await ask(socket, frames.Resume({5: 4}))
            got = [first] + [decode_to_device(await socket.recv()) for _ in range(2 * PAGE - 3)]
            assert got[-1] == Resumed(2 * PAGE - 3)
            messages = [(m.position, m.prev, m.via) for m in got if isinstance(m, Message)]
            wanted = [p for p in range(5, count + 1) if p % 3]
            assert messages == [(p, q, "resume") for p, q in zip(wanted, [4, *wanted], strict=False)]

    in_a_house(scene)


def test_a_resume_of_one_conversation_leaves_the_others() -> None:
    async def scene(house: House) -> None:
        await house.store.insert(record("a", conv=5, sender=BERT), 1, 0, 0)
        await house.store.insert(record("b", conv=6, sender=BERT), 1, 0, 0)
        async with await house.visit() as socket:
            assert isinstance(await ask(socket, frames.Resume({6: 0}, everything=False)), Message)
            assert decode_to_device(await socket.recv()) == Resumed(1)

    in_a_house(scene, MemoryStore({5: (ANNA, BERT), 6: (ANNA, BERT)}))


async def written_and_received(house: House) -> None:
    """m1 to m3 of Anna, among Bert's; Bert has got them up to position 4 and read up to 2."""
    for position, (uuid, sender) in enumerate(
        (("m1", ANNA), ("b1", BERT), ("m2", ANNA), ("b2", BERT), ("m3", ANNA)), 1
    ):
        await house.store.insert(record(uuid, sender=sender), position, 0, position)
    await house.store.receipt(5, BERT, "delivered", 4)
    await house.store.receipt(5, BERT, "read", 2)


@pytest.mark.parametrize(
    ("behind", "places"), [(0, {"m1": 1, "m2": 3, "m3": 5}), (1, {"m2": 3, "m3": 5}), (4, {}), (ALL_PLACES_KNOWN, {})]
)
def test_a_resume_tells_how_far_readers_have_got_and_where_the_devices_own_messages_stand(
    behind: int, places: dict[str, int]
) -> None:
    async def scene(house: House) -> None:
        await written_and_received(house)
        async with await house.visit() as socket:
            told = await ask(socket, frames.Resume({5: 5}, awaited={5: behind}))
            assert told == Reached(5, {BERT: (4, 2)}, places)
            assert decode_to_device(await socket.recv()) == Resumed(0)

    in_a_house(scene)


def test_places_are_read_page_by_page() -> None:
    async def scene(house: House) -> None:
        count = 2 * PAGE
        for position in range(1, count + 1):
            await house.store.insert(record(f"m{position}"), position, 0, position)
        await house.store.receipt(5, BERT, "delivered", count)
        async with await house.visit() as socket:
            told = await ask(socket, frames.Resume({5: count}, awaited={5: 0}))
            assert isinstance(told, Reached)
            assert list(told.places.values()) == list(range(1, count + 1))

    in_a_house(scene)


def test_who_awaits_no_receipts_costs_no_query() -> None:
    async def scene(house: House) -> None:
        await written_and_received(house)
        async with await house.visit() as socket:
            assert await ask(socket, frames.Resume({5: 5})) == Resumed(0)
        assert house.store.reached_asked == []

    in_a_house(scene)


@pytest.mark.parametrize(
    "design", [{"cursor": "message-id"}, {"fan_out": "read"}, {"fan_out": "hybrid", "fan_out_limit": 2}]
)
def test_receipts_are_told_only_where_positions_speak_of_those_before_and_messages_are_pushed(
    design: dict[str, Any],
) -> None:
    async def scene(house: House) -> None:
        await written_and_received(house)
        async with await house.visit() as socket:
            assert await ask(socket, frames.Resume({5: 5}, awaited={5: 0})) == Resumed(0)

    in_a_house(scene, MemoryStore({5: (ANNA, BERT, EVE)}), **design)


def test_receipts_of_a_foreign_conversation_are_told_to_nobody() -> None:
    async def scene(house: House) -> None:
        await written_and_received(house)
        async with await house.visit(EVE) as socket:
            assert await ask(socket, frames.Resume({}, awaited={5: 0})) == Resumed(0)

    in_a_house(scene)


def test_a_call_takes_more_than_four_megabytes_of_deliveries() -> None:
    async def scene(house: House) -> None:
        server, port = _grpc_server(house.gateway)
        await server.start()
        async with await house.visit() as socket, grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = channel.unary_unary(
                "/chatscale.Gateway/DeliverMessage", DeliverRequest.SerializeToString, DeliverReply.FromString
            )
            frame = encode(Message(5, "m1", BERT, 1, 9, 1, 0, "\0" * frames.MAX_TEXT_BYTES, "push"))
            reply = await call(DeliverRequest(deliveries=[Delivery(frame=frame, users=[ANNA])] * 64), timeout=20)
            assert list(reply.absent) == []
            for _ in range(64):
                assert isinstance(decode_to_device(await socket.recv()), Message)
        await server.stop(None)

    in_a_house(scene)
