"""The media of one device: up before their messages are sent, down once the messages are shown."""

from __future__ import annotations

import asyncio
import logging
import time

from realstack.chat.frames import Message, Send
from realstack.chat.media_ref import MediaRef
from realstack.driver.diary import Diary
from realstack.driver.outbox import MediaLink, MediaRefusedError
from realstack.driver.packing import Letter, Packing, SealError

log = logging.getLogger(__name__)


class Attachments:
    """Of a device of `user`; without a link nothing is up- or downloaded."""

    def __init__(self, user: int, link: MediaLink | None, packing: Packing, diary: Diary) -> None:
        self._user = user
        self._link = link
        self._packing = packing
        self._diary = diary
        self._fetches: set[asyncio.Task[None]] = set()

    @property
    def fetching(self) -> int:
        """Media that are being fetched."""
        return len(self._fetches)

    async def upload(self, message: Send, data: bytes) -> None:
        """Bring up what belongs to a message. Raises MediaRefusedError."""
        if message.media is None or self._link is None:
            return
        start_ns = time.monotonic_ns()
        await self._link.put(self._user, message.conv, message.media, data)
        self._diary.uploaded(message, message.media, start_ns)

    def fetch(self, message: Message, letter: Letter) -> None:
        """Begin to fetch what belongs to a message that is shown."""
        if message.media is None or self._link is None:
            return
        task = asyncio.create_task(self._fetch(message, message.media, letter, self._link))
        self._fetches.add(task)
        task.add_done_callback(self._fetches.discard)

    async def _fetch(self, message: Message, media: MediaRef, letter: Letter, link: MediaLink) -> None:
        start_ns = time.monotonic_ns()
        try:
            self._packing.unpack_medium(await link.get(self._user, message.conv, media), letter)
        except (MediaRefusedError, SealError) as error:
            log.warning("device %d: no media of %s: %s", self._user, message.uuid, error)
            self._diary.fetched(message, letter.text, media, start_ns, str(error))
        else:
            self._diary.fetched(message, letter.text, media, start_ns)
