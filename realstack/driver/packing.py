"""What a device makes of a text and a medium before they leave it, and of what comes: here, nothing but a reference.

text, medium ─► pack ─► frame and bytes ─► server ─► unpack ─► text, medium
                 │  as they are (Plain), or so that only members read them (sealing.Sealed)
"""

from __future__ import annotations

import hashlib
import random
from typing import Protocol

import msgspec

from realstack.chat.frames import Message, Send
from realstack.chat.media_ref import MediaRef


class SealError(Exception):
    """What came cannot be opened: it was altered, or was sealed for others."""


class Attachment(msgspec.Struct, frozen=True, array_like=True):
    """What a trace sends with a message. Equal numbers of contents are equal bytes."""

    content: int
    type: str
    size_bytes: int

    def data(self) -> bytes:
        """The bytes."""
        return random.Random(self.content).randbytes(self.size_bytes)


class Letter(msgspec.Struct, frozen=True, array_like=True):
    """What a recipient reads, and the key of what goes with it, if that is sealed."""

    text: str
    media_key: bytes = b""


class Packing(Protocol):
    """How one device packs and unpacks."""

    def pack(self, message: Send, attachment: Attachment | None) -> tuple[Send, bytes]:
        """A message as the server sees it, and the bytes to upload before it, if any."""

    def unpack(self, message: Message) -> Letter:
        """What a message says. Raises SealError."""

    def unpack_medium(self, data: bytes, letter: Letter) -> bytes:
        """The bytes of what goes with a message. Raises SealError."""


class Plain:
    """Everything as it is."""

    def pack(self, message: Send, attachment: Attachment | None) -> tuple[Send, bytes]:
        """See `Packing`."""
        if attachment is None:
            return message, b""
        data = attachment.data()
        return with_medium(message, attachment.type, data), data

    def unpack(self, message: Message) -> Letter:
        """See `Packing`."""
        return Letter(message.text)

    def unpack_medium(self, data: bytes, _letter: Letter) -> bytes:
        """See `Packing`."""
        return data


def with_medium(message: Send, of_type: str, data: bytes) -> Send:
    """The message, referring to these bytes."""
    ref = MediaRef(hashlib.sha256(data).hexdigest(), of_type, len(data))
    return msgspec.structs.replace(message, media=ref)
