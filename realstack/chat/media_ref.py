"""What a message says of a picture, a video or a voice message: the SHA-256 of its bytes, their type, how many.

    ["9f86d081…0a08", "image/jpeg", 151204]

The digest is the address: equal bytes have one address, whoever sends them, and what comes from it can be checked.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

_MIB = 1 << 20
# What is encrypted end to end: only its recipients know its type.
SEALED_TYPE = "application/octet-stream"
# The types and sizes that WhatsApp's own interface for businesses takes.
MAX_BYTES = {
    **dict.fromkeys(("image/jpeg", "image/png", "image/webp"), 5 * _MIB),
    **dict.fromkeys(("video/mp4", "video/3gpp"), 16 * _MIB),
    **dict.fromkeys(("audio/ogg", "audio/mp4", "audio/aac", SEALED_TYPE), 16 * _MIB),
}
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]  # $ would take a line feed, too


class MediaRef(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A medium by its content."""

    digest: Digest
    type: Annotated[str, msgspec.Meta(max_length=64)]
    size_bytes: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class MediaError(Exception):
    """The backend does not take a medium, or does not give it. `status` is HTTP's; the message goes to the caller."""

    code: ClassVar[str]
    status: ClassVar[int]


class BadMediaRequestError(MediaError):
    """The request makes no sense."""

    code, status = "bad-request", 400


class NobodyError(MediaError):
    """The request does not say who asks."""

    code, status = "unauthorized", 401


class ForeignConversationError(MediaError):
    """The caller does not belong to the conversation."""

    code, status = "not-a-member", 403


class NoSuchMediaError(MediaError):
    """Nobody has uploaded such bytes to the conversation."""

    code, status = "not-found", 404


class TooSlowError(MediaError):
    """The bytes of an upload come too slowly."""

    code, status = "too-slow", 408


class UnknownLengthError(MediaError):
    """The upload does not say how long it is."""

    code, status = "no-length", 411


class TooLargeError(MediaError):
    """There are more bytes than the type may have."""

    code, status = "too-large", 413


class UnknownTypeError(MediaError):
    """The type is none that a client could show."""

    code, status = "unknown-type", 415


class WrongDigestError(MediaError):
    """The bytes are not those of the address."""

    code, status = "wrong-digest", 422


def refuse_unfit(ref: MediaRef) -> None:
    """Raise a MediaError for a medium that is not taken."""
    most = MAX_BYTES.get(ref.type)
    if most is None:
        raise UnknownTypeError(f"{ref.type!r} is not taken; known: {', '.join(MAX_BYTES)}")
    if ref.size_bytes < 1:
        raise BadMediaRequestError("no bytes came")
    if ref.size_bytes > most:
        raise TooLargeError(f"{ref.type} has at most {most:,} bytes, this has {ref.size_bytes:,}")
