"""End-to-end encryption: what one device seals, only the devices of the conversation's members open.

    device          an X25519 key pair; the private half never leaves it
    conversation    one AES-256-GCM key, wrapped for every member's device:
                    one-time key × the device's public key ─► HKDF ─► AES-GCM(conversation key)
    message         nonce ‖ AES-GCM(conversation key, text), bound to conversation, sender and UUID
    medium          nonce ‖ AES-GCM(a key of its own, bytes); that key travels inside the message

The directory holds what a server may: public keys and wrapped keys. It is filled before the load, for the conversations
of a trace are made before it. There is no ratchet: who gets hold of a conversation's key reads all of it.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from realstack.chat.frames import Message, Send
from realstack.chat.media_ref import SEALED_TYPE
from realstack.driver.packing import Attachment, Letter, SealError, with_medium

_KEY_BITS = 256
_NONCE_BYTES = 12
_MEDIUM = b"medium"


class Envelope(NamedTuple):
    """A conversation's key, for one device."""

    one_time_public: bytes
    wrapped: bytes


class Directory:
    """Public keys by user and envelopes by conversation and user: nothing that opens a message."""

    def __init__(self) -> None:
        self.public: dict[int, bytes] = {}
        self.envelopes: dict[tuple[int, int], Envelope] = {}

    def found(self, conv: int, members: Collection[int]) -> None:
        """A new key of a conversation, wrapped for its members, who have published theirs; then forgotten."""
        key = AESGCM.generate_key(_KEY_BITS)
        for user in members:
            one_time = X25519PrivateKey.generate()
            shared = one_time.exchange(X25519PublicKey.from_public_bytes(self.public[user]))
            wrapped = _seal(_wrapping_key(shared), key, _bound_to(conv, user))
            self.envelopes[conv, user] = Envelope(one_time.public_key().public_bytes_raw(), wrapped)


class Keyring:
    """One device's keys."""

    def __init__(self, user: int, directory: Directory) -> None:
        self._user = user
        self._directory = directory
        self._private = X25519PrivateKey.generate()
        self._conversations: dict[int, AESGCM] = {}
        directory.public[user] = self._private.public_key().public_bytes_raw()

    def seal(self, conv: int, uuid: str, letter: Letter) -> str:
        """The text that the server sees."""
        sealed = _seal(self._key(conv), msgspec.msgpack.encode(letter), _bound_to(conv, self._user, uuid))
        return b64encode(sealed).decode()

    def open(self, conv: int, sender: int, uuid: str, sealed: str) -> Letter:
        """What `sender` sealed. Raises SealError."""
        try:
            opened = _open(self._key(conv), b64decode(sealed, validate=True), _bound_to(conv, sender, uuid))
            return msgspec.msgpack.decode(opened, type=Letter)
        except (InvalidTag, ValueError, KeyError, msgspec.DecodeError) as error:
            raise SealError(f"message {uuid} of conversation {conv} cannot be opened: {error!r}") from error

    def _key(self, conv: int) -> AESGCM:
        if conv not in self._conversations:
            envelope = self._directory.envelopes[conv, self._user]
            shared = self._private.exchange(X25519PublicKey.from_public_bytes(envelope.one_time_public))
            self._conversations[conv] = AESGCM(
                _open(_wrapping_key(shared), envelope.wrapped, _bound_to(conv, self._user))
            )
        return self._conversations[conv]


class Sealed:
    """The packing of one device (`packing.Packing`): the server sees nothing but ciphertext.

    Every medium gets a key of its own, so equal bytes become different ones and no server finds them again.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def pack(self, message: Send, attachment: Attachment | None) -> tuple[Send, bytes]:
        """See `Packing`."""
        data, media_key = b"", b""
        if attachment is not None:
            media_key = AESGCM.generate_key(_KEY_BITS)
            data = _seal(AESGCM(media_key), attachment.data(), _MEDIUM)
            message = with_medium(message, SEALED_TYPE, data)
        sealed = self._keyring.seal(message.conv, message.uuid, Letter(message.text, media_key))
        return msgspec.structs.replace(message, text=sealed), data

    def unpack(self, message: Message) -> Letter:
        """See `Packing`."""
        return self._keyring.open(message.conv, message.sender, message.uuid, message.text)

    def unpack_medium(self, data: bytes, letter: Letter) -> bytes:
        """See `Packing`."""
        try:
            return _open(AESGCM(letter.media_key), data, _MEDIUM)
        except (InvalidTag, ValueError) as error:
            raise SealError(f"{len(data):,} bytes of a medium cannot be opened: {error!r}") from error


def keyrings(users: Collection[int], members: Mapping[int, Collection[int]]) -> dict[int, Keyring]:
    """A keyring for every user, and a key for every conversation."""
    directory = Directory()
    made = {user: Keyring(user, directory) for user in users}
    for conv, belonging in members.items():
        directory.found(conv, [user for user in belonging if user in made])
    return made


def _wrapping_key(shared: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), _KEY_BITS // 8, salt=None, info=b"chatscale conversation key").derive(shared))


def _bound_to(*parts: object) -> bytes:
    return " ".join(map(str, parts)).encode()


def _seal(key: AESGCM, data: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + key.encrypt(nonce, data, bound_to)


def _open(key: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    return key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
