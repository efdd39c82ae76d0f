"""A device that sends and gets photos, as they are and sealed end to end, against a small gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from realstack.chat import frames
from realstack.chat.frames import Message, Send
from realstack.chat.media_ref import SEALED_TYPE, MediaRef
from realstack.driver.device import Device
from realstack.driver.events import Events, text_hash
from realstack.driver.outbox import MediaRefusedError
from realstack.driver.packing import Attachment, Packing, Plain
from realstack.driver.sealing import Sealed, keyrings
from tests.realstack.driver.fake_gateway import FakeGateway, act, fake_gateway, until

ANNA, BERT = 1, 2
PHOTO = Attachment(7, "image/jpeg", 1500)


class MemoryMedia:
    """A media service in memory; what is not in `kept` is refused, and so is every put while `full`."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, str], bytes] = {}
        self.full = False

    async def put(self, user: int, conv: int, ref: MediaRef, data: bytes) -> None:
        if self.full:
            raise MediaRefusedError("too-large: no room")
        self.kept[conv, ref.digest] = data

    async def get(self, user: int, conv: int, ref: MediaRef) -> bytes:
        if (conv, ref.digest) not in self.kept:
            raise MediaRefusedError("not-found: conversation 5 holds no such media")
        return self.kept[conv, ref.digest]


@asynccontextmanager
async def anna(gateway: FakeGateway, media: MemoryMedia, packing: Packing) -> AsyncIterator[tuple[Device, Events]]:
    events = Events()
    made = Device(ANNA, [gateway.url], events, 30.0, lambda _: "token", media=media, packing=packing)
    made.go_online()
    await made.resumed.wait()
    try:
        yield made, events
    finally:
        made.go_offline()


def of(events: Events, kind: str) -> list[dict[str, Any]]:
    return [row for row in events.rows if row["kind"] == kind]


def pushed(sent: Send, *, sender: int) -> Message:
    return Message(sent.conv, sent.uuid, sender, 1, 9, 1, 0, sent.text, "push", sent.media, *[1] * 6)


def test_a_photo_is_up_before_its_message_and_the_text_behind_it_waits() -> None:
    async def scene() -> None:
        media = MemoryMedia()
        async with fake_gateway() as gateway, anna(gateway, media, Plain()) as (device, events):
            device.send(5, "m1", 1, "look", 0, PHOTO)
            device.send(5, "m2", 2, "nice?", 0)
            assert (device.unacked, len(device.unacked_uuids)) == (2, 2)
            await until(lambda: not device.unacked)
            first, second = gateway.heard_of(Send)
            assert (first.uuid, second.uuid, second.media) == ("m1", "m2", None)
            assert first.media is not None
            assert media.kept == {(5, first.media.digest): PHOTO.data()}
            [put] = of(events, "media.put")
            assert (put["uuid"], put["size_bytes"]) == ("m1", 1500)
            assert of(events, "send.invoke")[0]["hash"] == text_hash("look", first.media.digest)

    act(scene)


def test_a_photo_that_is_refused_is_a_message_that_does_not_exist() -> None:
    async def scene() -> None:
        media = MemoryMedia()
        media.full = True
        async with fake_gateway() as gateway, anna(gateway, media, Plain()) as (device, events):
            device.send(5, "m1", 1, "look", 0, PHOTO)
            await until(lambda: not device.unacked)
            assert gateway.heard_of(Send) == []
            assert [row["cause"] for row in of(events, "send.fail")] == ["too-large: no room"]

    act(scene)


@pytest.mark.parametrize("there", [True, False])
def test_who_is_shown_a_photo_fetches_it_or_says_why_not(there: bool) -> None:
    async def scene() -> None:
        media = MemoryMedia()
        sent, data = Plain().pack(Send(5, "m1", 1, "look"), PHOTO)
        if there and sent.media is not None:
            await media.put(BERT, 5, sent.media, data)
        async with fake_gateway() as gateway, anna(gateway, media, Plain()) as (device, events):
            gateway.tell(ANNA, pushed(sent, sender=BERT))
            await until(lambda: of(events, "media.get") and not device.fetching)
            [got] = of(events, "media.get")
            assert got["cause"] == (None if there else "not-found: conversation 5 holds no such media")

    act(scene)


def test_sealed_the_ends_note_what_was_written_and_the_gateway_sees_neither_text_nor_photo() -> None:
    async def scene() -> None:
        media = MemoryMedia()
        ours, berts = (Sealed(ring) for ring in keyrings([ANNA, BERT], {5: [ANNA, BERT]}).values())
        async with fake_gateway() as gateway, anna(gateway, media, ours) as (device, events):
            device.send(5, "m1", 1, "meet me at noon", 0, PHOTO)
            await until(lambda: not device.unacked)
            [sent] = gateway.heard_of(Send)
            assert "noon" not in sent.text
            assert sent.media is not None
            assert (sent.media.type, PHOTO.data() in media.kept.values()) == (SEALED_TYPE, False)
            assert of(events, "send.invoke")[0]["size_bytes"] == len("meet me at noon")

            reply, data = berts.pack(Send(5, "m2", 1, "fine"), PHOTO)
            assert reply.media is not None
            await media.put(BERT, 5, reply.media, data)
            gateway.tell(ANNA, pushed(reply, sender=BERT))
            await until(lambda: of(events, "media.get") and not device.fetching)
            assert of(events, "deliver")[0]["hash"] == text_hash("fine", reply.media.digest)
            assert of(events, "media.get")[0]["cause"] is None

    act(scene)


def test_what_cannot_be_opened_is_shown_as_it_came_so_that_the_checks_convict() -> None:
    async def scene() -> None:
        ours, _ = (Sealed(ring) for ring in keyrings([ANNA, BERT], {5: [ANNA, BERT]}).values())
        async with fake_gateway() as gateway, anna(gateway, MemoryMedia(), ours) as (_, events):
            gateway.tell(ANNA, pushed(frames.Send(5, "m1", 1, "not sealed at all"), sender=BERT))
            await until(lambda: of(events, "deliver"))
            assert of(events, "deliver")[0]["hash"] == text_hash("not sealed at all")

    act(scene)
