"""What stands in the log: topic `messages` and topic `receipts`, both keyed by conversation.

Equal keys and equal partition counts put the receipts of a conversation with the worker that has its messages.
"""

from __future__ import annotations

import msgspec

from realstack.chat.frames import ReceiptItem, ReceiptState
from realstack.chat.media_ref import MediaRef


class MessageRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One accepted message."""

    conv: int
    uuid: str
    sender: int
    cseq: int
    message_id: int
    text: str
    accepted_ns: int
    media: MediaRef | None = None
    device: int = 0


class ReceiptRecord(msgspec.Struct, frozen=True):
    """One receipt frame of a reader; `told`: its senders get it, too."""

    conv: int
    reader: int
    state: ReceiptState
    items: list[ReceiptItem]
    told: bool = True


_encoder = msgspec.json.Encoder()
decode_message = msgspec.json.Decoder(MessageRecord).decode
decode_receipt = msgspec.json.Decoder(ReceiptRecord).decode


def encode(record: MessageRecord | ReceiptRecord) -> bytes:
    """The value of a Kafka record."""
    return _encoder.encode(record)


def partition_key(conv: int) -> bytes:
    """The key of a conversation's Kafka records."""
    return b"c%d" % conv
