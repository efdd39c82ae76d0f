"""Messages on their way out of a device: one with a medium waits until it is up, and what was written later behind it.

    c5   ── m1 (uploading) ── m2 ── m3          c9   ── m4 ──►  gateway

A conversation keeps the order in which its messages were written, so a video holds up the text behind it, and no other
conversation.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from realstack.chat.frames import Send
from realstack.chat.media_ref import MediaRef


class MediaRefusedError(Exception):
    """The media service does not take it; the message says why."""


class MediaLink(Protocol):
    """A device's way to the media service."""

    async def put(self, user: int, conv: int, ref: MediaRef, data: bytes) -> None:
        """Upload, again and again until it is there. Raises MediaRefusedError."""

    async def get(self, user: int, conv: int, ref: MediaRef) -> bytes:
        """Download, and compare with the digest. Raises MediaRefusedError."""


class Outbox:
    """One device's. `upload` brings up a medium or raises MediaRefusedError; `submit` takes a message that can go,
    `refuse` one that cannot, with the cause.
    """

    def __init__(
        self,
        upload: Callable[[Send, bytes], Awaitable[None]],
        submit: Callable[[Send], None],
        refuse: Callable[[str, str], None],
    ) -> None:
        self._upload = upload
        self._submit = submit
        self._refuse = refuse
        self._waiting: dict[int, deque[tuple[Send, bytes]]] = {}
        self._running: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> list[Send]:
        """What has not gone yet."""
        return [message for queue in self._waiting.values() for message, _ in queue]

    def post(self, message: Send, data: bytes = b"") -> None:
        """Send a message once `data` is up and everything before it has gone."""
        if (queue := self._waiting.get(message.conv)) is not None:
            queue.append((message, data))
        elif message.media is None:
            self._submit(message)
        else:
            self._waiting[message.conv] = deque([(message, data)])
            task = asyncio.create_task(self._work_off(message.conv))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _work_off(self, conv: int) -> None:
        queue = self._waiting[conv]
        while queue:
            message, data = queue[0]
            try:
                if message.media is not None:
                    await self._upload(message, data)
                self._submit(message)
            except MediaRefusedError as error:
                self._refuse(message.uuid, str(error))
            queue.popleft()
        del self._waiting[conv]
