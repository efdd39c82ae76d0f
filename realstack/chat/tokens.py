"""Who a device is: a token signed with the run's key, checked once a connection.

    {"user": 17, "expires_s": 1795834800} ─► base64url ─► payload ──► payload.signature
                                                             └─ HMAC-SHA256 with the key ─┘

Whoever signs people in has the key, and so has every gateway; a device has only its own token. The key comes by the
environment, for files of a run are kept and shown. Nothing here puts a token or a key into a message.
"""

from __future__ import annotations

import hmac
import os
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

import msgspec

from realstack.chat.policy import PolicyError
from sim.errors import UsageError

KEY_VARIABLE = "CHATSCALE_TOKEN_KEY"
TOKEN_LIFE_S = 3600.0
_KEY_BYTES = 32


class TokenError(PolicyError):
    """A token that does not open the door; the message says why and holds nothing of the token."""

    code = "bad-token"


class _Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user: int
    expires_s: float


_decode_claim = msgspec.json.Decoder(_Claim).decode


def new_key() -> str:
    """A random key, in hexadecimal."""
    return secrets.token_hex(_KEY_BYTES)


class Tokens:
    """Signs and checks with one key."""

    def __init__(self, key: str, now_s: Callable[[], float] = time.time) -> None:
        self._key = bytes.fromhex(key)
        self._now_s = now_s

    @classmethod
    def from_environment(cls) -> Tokens:
        """With the key of this process's environment. Raises UsageError when there is none."""
        key = os.environ.get(KEY_VARIABLE, "")
        if len(key) != 2 * _KEY_BYTES:
            raise UsageError(f"{KEY_VARIABLE} has {len(key)} characters; give it a key of {_KEY_BYTES} bytes in hex")
        return cls(key)

    def sign(self, user: int, life_s: float = TOKEN_LIFE_S) -> str:
        """A token of this user, good for so long."""
        payload = urlsafe_b64encode(msgspec.json.encode(_Claim(user, self._now_s() + life_s)))
        return f"{payload.decode()}.{self._signature(payload).decode()}"

    def check(self, token: str, user: int) -> None:
        """Raise TokenError unless the token is whole, of this key, of this user and not over."""
        payload, _, signature = token.encode().rpartition(b".")
        # In constant time, or the time of the answer would tell how much of a forged signature is right.
        if not hmac.compare_digest(signature, self._signature(payload)):
            raise TokenError("its signature is not ours")
        claim = _decode_claim(urlsafe_b64decode(payload))
        if claim.user != user:
            raise TokenError(f"it is another user's, not user {user}'s")
        if (over_s := self._now_s() - claim.expires_s) >= 0:
            raise TokenError(f"it expired {over_s:.0f} s ago; sign in again")

    def _signature(self, payload: bytes) -> bytes:
        return urlsafe_b64encode(hmac.digest(self._key, payload, "sha256"))
