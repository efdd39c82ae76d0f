"""What is written goes out in order, conversation by conversation, each message once its medium is up."""

from __future__ import annotations

import asyncio

from realstack.chat.frames import Send
from realstack.driver.outbox import MediaRefusedError, Outbox
from realstack.driver.packing import Attachment, Plain
from tests.realstack.chat.fakes import turns
from tests.realstack.driver.fake_gateway import act

PHOTO = Attachment(7, "image/jpeg", 1500)


def text(conv: int, uuid: str) -> Send:
    return Send(conv, uuid, 1, "hello")


def photo(conv: int, uuid: str) -> Send:
    return Plain().pack(Send(conv, uuid, 1, "look"), PHOTO)[0]


class Desk:
    """An outbox whose uploads end when they are told to."""

    def __init__(self) -> None:
        self.gone: list[str] = []
        self.refused: list[tuple[str, str]] = []
        self.uploads: dict[str, asyncio.Future[None]] = {}
        self.outbox = Outbox(
            self._upload, lambda send: self.gone.append(send.uuid), lambda *refusal: self.refused.append(refusal)
        )

    async def _upload(self, message: Send, data: bytes) -> None:
        assert data == PHOTO.data()
        self.uploads[message.uuid] = asyncio.get_running_loop().create_future()
        await self.uploads[message.uuid]


def test_a_text_goes_at_once() -> None:
    desk = Desk()
    desk.outbox.post(text(5, "m1"))
    assert desk.gone == ["m1"]
    assert desk.outbox.waiting == []


def test_a_photo_holds_up_what_was_written_behind_it_and_no_other_conversation() -> None:
    async def scene() -> None:
        desk = Desk()
        desk.outbox.post(photo(5, "m1"), PHOTO.data())
        for message in (text(5, "m2"), text(9, "m3"), text(5, "m4")):
            desk.outbox.post(message)
        await turns()
        assert desk.gone == ["m3"]
        assert [message.uuid for message in desk.outbox.waiting] == ["m1", "m2", "m4"]
        desk.uploads["m1"].set_result(None)
        await turns()
        assert desk.gone == ["m3", "m1", "m2", "m4"]
        desk.outbox.post(text(5, "m5"))
        assert desk.gone[-1] == "m5"

    act(scene)


def test_what_is_refused_does_not_go_and_what_is_behind_it_does() -> None:
    async def scene() -> None:
        desk = Desk()
        desk.outbox.post(photo(5, "m1"), PHOTO.data())
        desk.outbox.post(text(5, "m2"))
        await turns()
        desk.uploads["m1"].set_exception(MediaRefusedError("too-large: a photo has at most 5 MB"))
        await turns()
        assert desk.refused == [("m1", "too-large: a photo has at most 5 MB")]
        assert desk.gone == ["m2"]
        assert desk.outbox.waiting == []

    act(scene)
