"""What a proxy takes for an answer of each server, so that exactly one of them can be lost.

    kafka              the response to a Produce of messages: whole frames, matched to their request by the correlation
                       id; receipts have a producer of their own, and nobody waits for theirs
    redis, cassandra   what the server wrote at once, as far as it arrives at once

Kafka frames: a length of 4 bytes, then in a request API key and version (2 bytes each) and correlation id (4), in a
response the correlation id (https://kafka.apache.org/protocol, "Protocol Primitive Types" and "Request Header"). A
Produce has the topic's name before its records.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from realstack.chat.settings import RECEIPTS

_PRODUCE = 0
_BEFORE_RECORDS_BYTES = 256
_RECEIPTS = f"-{RECEIPTS}".encode()


class Piece(NamedTuple):
    """Bytes on their way to a client; `counts` if they are an answer that may be lost."""

    data: bytes
    counts: bool


class Answers(Protocol):
    """One connection, both directions."""

    def asked(self, data: bytes) -> None:
        """A client sent this."""

    def split(self, data: bytes) -> Iterator[Piece]:
        """The server sent this: pieces that belong together."""


class Chunks:
    """Every arrival is an answer."""

    def asked(self, data: bytes) -> None:
        """See `Answers`."""

    def split(self, data: bytes) -> Iterator[Piece]:
        """See `Answers`."""
        yield Piece(data, counts=True)


class ProduceResponses:
    """Only what acknowledges messages counts."""

    def __init__(self) -> None:
        self._requests = _Frames()
        self._responses = _Frames()
        self._produces: set[int] = set()

    def asked(self, data: bytes) -> None:
        """See `Answers`."""
        for frame in self._requests.feed(data):
            api_key, _version, correlation_id = struct.unpack_from(">hhi", frame, 4)
            if api_key == _PRODUCE and _RECEIPTS not in frame[:_BEFORE_RECORDS_BYTES]:
                self._produces.add(correlation_id)

    def split(self, data: bytes) -> Iterator[Piece]:
        """See `Answers`."""
        for frame in self._responses.feed(data):
            (correlation_id,) = struct.unpack_from(">i", frame, 4)
            yield Piece(frame, correlation_id in self._produces)
            self._produces.discard(correlation_id)


class _Frames:
    """Cuts a stream into its frames, lengths included."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that are complete now."""
        self._rest += data
        while len(self._rest) >= 4 and len(self._rest) >= (end := 4 + int.from_bytes(self._rest[:4], "big")):
            frame = bytes(self._rest[:end])
            del self._rest[:end]
            yield frame


def answers_of(server: str) -> Answers:
    """What counts as an answer of this server, for one connection."""
    return ProduceResponses() if server.startswith("kafka") else Chunks()
