"""One device against a small gateway: its sessions, what it sends until it is answered, what it shows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from realstack.chat import frames
from realstack.chat.frames import ReceiptItem, Resume, Send
from realstack.driver.device import Device
from realstack.driver.events import Events, text_hash
from tests.realstack.driver.fake_gateway import FakeGateway, act, answer_all, fake_gateway, message, silent, until

ME = 1
Row = dict[str, Any]


def token_of(user: int) -> str:
    return f"token of {user}"


@asynccontextmanager
async def device(*gateways: FakeGateway, gap_hold_s: float = 30.0) -> AsyncIterator[tuple[Device, Events]]:
    """A device of user 1 that is online; user 1 begins with the second of two gateways."""
    events = Events()
    made = Device(ME, [gateway.url for gateway in gateways], events, gap_hold_s, token_of)
    made.go_online()
    try:
        yield made, events
    finally:
        if (ending := made.go_offline(crash=True)) is not None:
            await asyncio.wait([ending])


def of(events: Events, *kinds: str) -> list[Row]:
    return [row for row in events.rows if row["kind"] in kinds]


def test_a_session_opens_with_hello_and_resume_and_is_then_up_to_date() -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway, device(gateway) as (anna, events):
            await asyncio.wait_for(anna.resumed.wait(), 10)
            assert [frame for _, frame in gateway.heard] == [frames.Hello(ME, 1, "token of 1"), Resume({})]
            [opened] = of(events, "conn.open")
            assert {k: opened[k] for k in ("device", "user", "session", "gateway")} == {
                "device": "u1",
                "user": "u1",
                "session": "u1.1",
                "gateway": "gateway-1",
            }

    act(scene)


def test_a_message_is_sent_until_the_server_has_it_over_any_number_of_sessions() -> None:
    async def scene() -> None:
        async with fake_gateway(silent) as gateway, device(gateway) as (anna, events):
            await until(lambda: gateway.heard_of(Resume))
            anna.send(5, "m1", 1, "hello", intended_ns=7)
            await until(lambda: gateway.heard_of(Send))
            gateway.answer = answer_all
            gateway.hang_up(ME)
            await until(lambda: not anna.unacked)
            assert gateway.heard_of(Send) == [Send(5, "m1", 1, "hello")] * 2
            [invoked] = of(events, "send.invoke")
            assert (invoked["intended_ns"], invoked["hash"], invoked["size_bytes"]) == (7, text_hash("hello"), 5)
            assert len(of(events, "send.ok")) == 1
            assert [row["cause"] for row in of(events, "conn.close")] == ["lost"]

    act(scene)


def test_what_is_sent_offline_goes_out_with_the_next_session() -> None:
    async def scene() -> None:
        events = Events()
        async with fake_gateway() as gateway:
            anna = Device(ME, [gateway.url], events, 30.0, token_of)
            anna.send(5, "m1", 1, "hello", 0)
            assert anna.unacked_uuids == [(5, "m1")]
            anna.go_online()
            await until(lambda: not anna.unacked)
            ending = anna.go_offline()
            assert ending is not None
            await asyncio.wait([ending])
            assert [type(frame).__name__ for _, frame in gateway.heard] == ["Hello", "Resume", "Send"]

    act(scene)


def test_what_waits_too_long_is_sent_again() -> None:
    async def scene() -> None:
        async with fake_gateway(silent) as gateway, device(gateway) as (anna, _):
            await until(lambda: gateway.heard_of(Resume))
            anna.send(5, "m1", 1, "hello", 0)
            anna.resend_older_than(60.0)
            await until(lambda: gateway.heard_of(Send))
            anna.resend_older_than(0.0)
            await until(lambda: len(gateway.heard_of(Send)) == 2)

    act(scene)


def test_a_refusal_ends_a_message() -> None:
    async def scene() -> None:
        async with fake_gateway(silent) as gateway, device(gateway) as (anna, events):
            await until(lambda: gateway.heard_of(Resume))
            anna.send(5, "m1", 1, "hello", 0)
            gateway.tell(ME, frames.Refused("m1", "too long"))
            await until(lambda: not anna.unacked)
            assert [row["cause"] for row in of(events, "send.fail")] == ["too long"]

    act(scene)


def test_showing_sends_delivered_at_once_and_reading_sends_read() -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway, device(gateway) as (anna, events):
            await until(anna.resumed.is_set)
            gateway.tell(ME, message(1), message(2))
            await until(lambda: sum(len(r.items) for r in gateway.heard_of(frames.Receipt)) == 2)
            anna.read(5)
            await until(lambda: gateway.heard_of(frames.Receipt)[-1].state == "read")
            receipts = [(r.state, i) for r in gateway.heard_of(frames.Receipt) for i in r.items]
            items = [ReceiptItem("m1", 2, 1), ReceiptItem("m2", 2, 2)]
            assert receipts == [(state, item) for state in ("delivered", "read") for item in items]
            assert [(r["uuid"], r["state"]) for r in of(events, "receipt.send")] == [
                ("m1", "delivered"),
                ("m2", "delivered"),
                ("m1", "read"),
                ("m2", "read"),
            ]
            assert [(r["uuid"], r["seq"], r["hash"]) for r in of(events, "deliver")] == [
                ("m1", 1, text_hash("hello")),
                ("m2", 2, text_hash("hello")),
            ]

    act(scene)


def test_no_receipt_is_larger_than_a_gateway_takes() -> None:
    uuids = [f"00000000-0000-4000-8000-{n:012d}" for n in range(1, 2_001)]

    async def scene() -> None:
        async with fake_gateway() as gateway, device(gateway) as (anna, events):
            await until(anna.resumed.is_set)
            rows = [msgspec.structs.replace(message(n), uuid=uuid, sender=2**31 - 1) for n, uuid in enumerate(uuids, 1)]
            gateway.tell(ME, *rows)
            await until(lambda: len(of(events, "deliver")) == len(uuids))
            anna.read(5)
            await until(lambda: sum(len(r.items) for r in gateway.heard_of(frames.Receipt)) == 2 * len(uuids))
            read = [receipt for receipt in gateway.heard_of(frames.Receipt) if receipt.state == "read"]
            assert [item.uuid for receipt in read for item in receipt.items] == uuids
            assert max(len(frames.encode(receipt)) for receipt in read) <= frames.MAX_FRAME_BYTES

    act(scene)


def test_a_gap_is_asked_for_and_given_up_when_nobody_has_it() -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway, device(gateway, gap_hold_s=0.05) as (anna, events):
            await until(anna.resumed.is_set)
            gateway.tell(ME, message(1), message(3))
            await until(lambda: len(gateway.heard_of(Resume)) == 2)
            assert gateway.heard_of(Resume)[1] == Resume({5: 1}, everything=False)
            await until(lambda: len(of(events, "deliver")) == 2)
            assert [row["uuid"] for row in of(events, "deliver")] == ["m1", "m3"]

    act(scene)


def test_a_gap_is_not_given_up_while_what_was_missed_is_on_its_way() -> None:
    def no_answer_yet(gateway: FakeGateway, user: int, frame: frames.Frame) -> None:
        if not isinstance(frame, Resume):
            answer_all(gateway, user, frame)

    async def scene() -> None:
        async with fake_gateway(no_answer_yet) as gateway, device(gateway, gap_hold_s=0.05) as (_, events):
            await until(lambda: len(gateway.heard_of(Resume)) == 1)
            gateway.tell(ME, message(1), message(4))
            await asyncio.sleep(0.3)
            assert [row["uuid"] for row in of(events, "deliver")] == ["m1"]
            gateway.tell(ME, message(2), message(3), frames.Resumed(2))
            await until(lambda: len(of(events, "deliver")) == 4)
            assert [row["uuid"] for row in of(events, "deliver")] == ["m1", "m2", "m3", "m4"]
            assert len(gateway.heard_of(Resume)) == 1, "it had been asked for already"

    act(scene)


def test_a_gap_that_is_filled_in_time_is_shown_in_order() -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway, device(gateway) as (anna, events):
            await until(anna.resumed.is_set)
            gateway.tell(ME, message(1), message(3), message(2), message(3))
            await until(lambda: len(of(events, "wire.deliver")) == 4)
            assert [row["uuid"] for row in of(events, "deliver")] == ["m1", "m2", "m3"]

    act(scene)


def test_what_was_held_back_is_not_given_up_while_offline_but_resumed() -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway, device(gateway, gap_hold_s=0.05) as (anna, events):
            await until(anna.resumed.is_set)
            gateway.tell(ME, message(1), message(3))
            await until(lambda: len(of(events, "wire.deliver")) == 2)
            ending = anna.go_offline(crash=True)
            assert ending is not None
            await asyncio.wait([ending])
            await asyncio.sleep(0.15)
            anna.go_online()
            await until(lambda: len(gateway.heard_of(frames.Hello)) == 2 and anna.resumed.is_set())
            assert [row["uuid"] for row in of(events, "deliver")] == ["m1"]
            assert gateway.heard_of(Resume)[-1] == Resume({5: 1})

    act(scene)


@pytest.mark.parametrize("crash", [True, False])
def test_the_cause_of_a_sessions_end_is_told(crash: bool) -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway, device(gateway) as (anna, events):
            await until(anna.resumed.is_set)
            ending = anna.go_offline(crash=crash)
            assert ending is not None
            await asyncio.wait([ending])
            assert not anna.wanted
            assert [row["cause"] for row in of(events, "conn.close")] == ["crash" if crash else "disconnect"]
            await until(lambda: not gateway.sockets)

    act(scene)


def test_a_polite_goodbye_loses_no_receipt() -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway, device(gateway) as (anna, events):
            await until(anna.resumed.is_set)
            gateway.tell(ME, message(1))
            await until(lambda: of(events, "deliver"))
            ending = anna.go_offline()
            assert ending is not None
            await asyncio.wait([ending])
            assert [receipt.items for receipt in gateway.heard_of(frames.Receipt)] == [[ReceiptItem("m1", 2, 1)]]

    act(scene)


@pytest.mark.parametrize(("beats", "heard"), [(0, ["m1", "m1"]), (1, ["m1", "m1"]), (2, ["m1"])])
def test_receipts_of_a_session_that_broke_are_said_again_until_two_heartbeats_were_answered(
    beats: int, heard: list[str]
) -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway, device(gateway) as (anna, events):
            await until(anna.resumed.is_set)
            gateway.tell(ME, message(1))
            await until(lambda: gateway.heard_of(frames.Receipt))
            for _ in range(beats):
                anna.heartbeat()
            await until(lambda: len(of(events, "heartbeat.stored")) == beats)
            gateway.hang_up(ME)
            await until(lambda: len(of(events, "conn.open")) == 2 and anna.resumed.is_set())
            anna.open(5)  # behind everything that the new session had to say
            await until(lambda: gateway.heard_of(frames.Open))
            assert [item.uuid for said in gateway.heard_of(frames.Receipt) for item in said.items] == heard
            assert len(of(events, "receipt.send")) == 1

    act(scene)


def test_who_comes_back_asks_for_receipts_that_are_awaited_and_learns_them() -> None:
    async def scene() -> None:
        events = Events()
        async with fake_gateway() as gateway:
            anna = Device(ME, [gateway.url], events, 30.0, token_of, members={5: (ME, 2)})
            anna.go_online()
            await until(anna.resumed.is_set)
            gateway.tell(ME, message(1))
            await until(lambda: of(events, "deliver"))
            anna.send(5, "mine", 1, "hello", 0)
            await until(lambda: not anna.unacked)
            gateway.hang_up(ME)
            await until(lambda: len(gateway.heard_of(Resume)) == 2)
            assert gateway.heard_of(Resume)[1] == Resume({5: 1}, awaited={5: 1})
            gateway.tell(ME, frames.Reached(5, {2: (2, 2)}, {"mine": 2}))
            await until(lambda: len(of(events, "receipt.seen")) == 2)
            seen = [(row["uuid"], row["reader"], row["state"]) for row in of(events, "receipt.seen")]
            assert seen == [("mine", "u2", "delivered"), ("mine", "u2", "read")]
            gateway.hang_up(ME)
            await until(lambda: len(gateway.heard_of(Resume)) == 3)
            assert gateway.heard_of(Resume)[2].awaited == {}
            if (ending := anna.go_offline(crash=True)) is not None:
                await asyncio.wait([ending])

    act(scene)


def test_nothing_is_awaited_of_a_message_that_was_refused() -> None:
    async def scene() -> None:
        async with fake_gateway(silent) as gateway:
            anna = Device(ME, [gateway.url], Events(), 30.0, token_of, members={5: (ME, 2)})
            anna.go_online()
            await until(lambda: gateway.heard_of(Resume))
            anna.send(5, "m1", 1, "hello", 0)
            gateway.tell(ME, frames.Refused("m1", "too long"))
            await until(lambda: not anna.unacked)
            gateway.hang_up(ME)
            await until(lambda: len(gateway.heard_of(Resume)) == 2)
            assert gateway.heard_of(Resume)[1].awaited == {}
            if (ending := anna.go_offline(crash=True)) is not None:
                await asyncio.wait([ending])

    act(scene)


def test_coming_back_while_the_last_session_still_says_goodbye_gives_a_session_that_works() -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway, device(gateway) as (anna, events):
            for _ in range(5):
                await until(anna.resumed.is_set)
                before = len(of(events, "conn.open"))
                anna.go_offline()
                anna.go_online()
                while len(of(events, "conn.open")) == before:
                    await asyncio.sleep(0.002)
            await until(anna.resumed.is_set)
            anna.send(5, "m1", 1, "hello", 0)
            await until(lambda: not anna.unacked)
            assert [row["cause"] for row in of(events, "conn.close")] == ["disconnect"] * 5
            spans = [(row["kind"], row["session"]) for row in of(events, "conn.open", "conn.close")]
            assert spans[:4] == [
                ("conn.open", "u1.1"),
                ("conn.close", "u1.1"),
                ("conn.open", "u1.2"),
                ("conn.close", "u1.2"),
            ]

    act(scene)


def test_when_its_gateway_has_gone_a_device_finds_the_other() -> None:
    async def scene() -> None:
        async with (
            fake_gateway(name="gateway-1") as other,
            fake_gateway(name="gateway-2") as first,
            device(other, first) as (anna, events),
        ):
            await until(anna.resumed.is_set)
            assert first.server is not None
            first.server.close()
            await until(lambda: other.heard_of(Resume))
            assert [row["gateway"] for row in of(events, "conn.open")] == ["gateway-2", "gateway-1"]

    act(scene)


def test_a_device_that_is_sent_away_waits_for_its_answers_and_goes_on_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene() -> None:
        async with (
            fake_gateway(name="gateway-1") as other,
            fake_gateway(silent, name="gateway-2") as first,
            device(other, first) as (anna, events),
        ):
            await until(lambda: first.heard_of(Resume))
            anna.send(5, "m1", 1, "hello", 0)
            first.tell(ME, frames.GoAway(within_s=20.0))
            await until(lambda: first.heard_of(Send))
            await asyncio.sleep(0.1)
            assert other.heard == []
            anna.send(5, "m2", 2, "hello", 0)  # what comes now need not be answered here
            first.tell(ME, message(1), frames.Sent("m1", 7))
            await until(lambda: not anna.unacked)
            assert [send.uuid for send in other.heard_of(Send)] == ["m2"]
            assert first.heard_of(frames.Receipt)
            assert [(row["gateway"], row["cause"]) for row in of(events, "conn.close")] == [("gateway-2", "go-away")]
            assert [row["gateway"] for row in of(events, "conn.open")] == ["gateway-2", "gateway-1"]

    monkeypatch.setattr("realstack.driver.leaving.random.uniform", lambda _least, _most: 0.0)
    act(scene)


def test_who_gets_no_answer_goes_all_the_same_and_sends_it_again() -> None:
    async def scene() -> None:
        async with (
            fake_gateway(name="gateway-1") as other,
            fake_gateway(silent, name="gateway-2") as first,
            device(other, first) as (anna, _),
        ):
            await until(lambda: first.heard_of(Resume))
            anna.send(5, "m1", 1, "hello", 0)
            first.tell(ME, frames.GoAway(within_s=0.1))
            await until(lambda: not anna.unacked)
            assert other.heard_of(Send) == first.heard_of(Send)

    act(scene)


def test_who_is_sent_away_and_means_to_leave_does_not_come_back() -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway, device(gateway) as (anna, events):
            await until(anna.resumed.is_set)
            gateway.tell(ME, frames.GoAway(within_s=0.2), message(1))
            await until(lambda: of(events, "deliver"))
            ending = anna.go_offline()
            assert ending is not None
            await asyncio.wait([ending])
            await asyncio.sleep(0.3)
            assert [row["cause"] for row in of(events, "conn.close")] == ["disconnect"]
            assert len(of(events, "conn.open")) == 1

    act(scene)


def test_error_frames_are_noted_and_change_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway, device(gateway) as (anna, events):
            await until(anna.resumed.is_set)
            gateway.tell(ME, frames.Error("unavailable", "try again"), message(1))
            await until(lambda: of(events, "deliver"))
            assert len(gateway.heard_of(frames.Hello)) == 1

    with caplog.at_level(logging.WARNING):
        act(scene)
    assert "unavailable: try again" in caplog.text


def test_a_gateway_that_talks_nonsense_costs_a_session_and_not_the_device() -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway, device(gateway) as (anna, events):
            await until(anna.resumed.is_set)
            gateway.tell(ME, b'{"t":"message","conv":"five"}')
            await until(lambda: len(of(events, "conn.open")) == 2)
            await until(anna.resumed.is_set)

    act(scene)


def test_who_is_not_welcome_tries_again(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway:
            gateway.turned_away = 2
            async with device(gateway) as (anna, events):
                await until(anna.resumed.is_set)
                assert [hello.epoch for hello in gateway.heard_of(frames.Hello)] == [1, 2, 3]
                assert [row["session"] for row in of(events, "conn.open")] == ["u1.3"]

    with caplog.at_level(logging.WARNING):
        act(scene)
    assert caplog.text.count("was not welcomed") == 2


def test_heartbeats_are_noted_when_sent_and_at_the_time_at_which_they_were_stored() -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway, device(gateway) as (anna, events):
            await until(anna.resumed.is_set)
            anna.heartbeat()
            await until(lambda: of(events, "heartbeat.stored"))
            assert len(of(events, "heartbeat.sent")) == 1
            assert of(events, "heartbeat.stored")[0]["t_ns"] == 1

    act(scene)


def test_a_device_that_was_not_registered_asks_for_what_it_missed() -> None:
    async def scene() -> None:
        async with fake_gateway(silent) as gateway, device(gateway):
            await until(lambda: gateway.heard_of(Resume))
            gateway.tell(ME, message(1), frames.HeartbeatOk(1, lapsed=False), frames.HeartbeatOk(2, lapsed=True))
            await until(lambda: len(gateway.heard_of(Resume)) == 2)
            assert gateway.heard_of(Resume)[-1] == Resume({5: 1})

    act(scene)


def test_a_lost_heartbeat_is_noted_and_never_leaves() -> None:
    async def scene() -> None:
        async with fake_gateway() as gateway:
            events, lost = Events(), [True, False]
            anna = Device(ME, [gateway.url], events, 1.0, token_of, lambda _gateway: lost.pop(0))
            anna.go_online()
            await until(anna.resumed.is_set)
            anna.heartbeat()
            anna.heartbeat()
            await until(lambda: of(events, "heartbeat.stored"))
            assert len(of(events, "heartbeat.sent")) == 2
            assert len(gateway.heard_of(frames.Heartbeat)) == 1
            await (anna.go_offline() or asyncio.sleep(0))

    act(scene)


def test_presence_answers_carry_the_time_of_the_question() -> None:
    async def scene() -> None:
        async with fake_gateway(silent) as gateway, device(gateway) as (anna, events):
            await until(lambda: gateway.heard_of(Resume))
            anna.open(5)
            await until(lambda: gateway.heard_of(frames.Open))
            gateway.tell(ME, frames.Presence(5, online=[1], offline=[2]))
            await until(lambda: len(of(events, "presence.read")) == 2)
            reads = of(events, "presence.read")
            assert [(row["reader"], row["state"]) for row in reads] == [("u1", "online"), ("u2", "offline")]
            assert all(row["start_ns"] < row["t_ns"] for row in reads)
            gateway.tell(ME, frames.PresenceChange(5, user=2, online=True))
            await until(lambda: of(events, "presence.change"))
            (heard,) = of(events, "presence.change")
            assert (heard["device"], heard["user"], heard["conv"], heard["state"]) == ("u1", "u2", "c5", "online")

    act(scene)


def test_offline_a_device_neither_reads_nor_opens_nor_beats() -> None:
    events = Events()
    anna = Device(ME, ["ws://127.0.0.1:1"], events, 1.0, token_of)
    anna.heartbeat()
    anna.open(5)
    anna.read(5)
    assert anna.go_offline() is None
    assert events.rows == []
