"""A token opens the door to one user for a while, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realstack.chat.frames import Hello, decode_to_gateway, encode
from realstack.chat.tokens import KEY_VARIABLE, TokenError, Tokens, new_key
from sim.errors import UsageError

KEY = "5e" * 32


def tokens(now_s: float = 1_000.0, key: str = KEY) -> Tokens:
    return Tokens(key, lambda: now_s)


def test_its_user_gets_in_until_it_expires() -> None:
    token = tokens().sign(17, life_s=60.0)
    tokens(1_059.9).check(token, 17)
    with pytest.raises(TokenError, match="it expired 0 s ago"):
        tokens(1_060.0).check(token, 17)
    with pytest.raises(TokenError, match="it expired 140 s ago; sign in again"):
        tokens(1_200.0).check(token, 17)


def test_another_user_or_key_does_not() -> None:
    token = tokens().sign(17)
    with pytest.raises(TokenError, match="another user's, not user 18's"):
        tokens().check(token, 18)
    with pytest.raises(TokenError, match="its signature is not ours"):
        tokens(key="5f" * 32).check(token, 17)


@given(st.integers(0, 200), st.integers(1, 255))
def test_one_changed_byte_spoils_it(place: int, change: int) -> None:
    token = tokens().sign(17).encode("latin-1")
    place %= len(token)
    forged = token[:place] + bytes([token[place] ^ change]) + token[place + 1 :]
    with pytest.raises(TokenError, match="its signature is not ours"):
        tokens().check(forged.decode("latin-1"), 17)


@given(st.text(max_size=512))
def test_anything_else_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(TokenError) as refused:
        tokens().check(text, 17)
    assert str(refused.value) == "its signature is not ours"


def test_it_fits_into_a_hello() -> None:
    hello = Hello(2**31 - 1, 1, tokens(now_s=4e9).sign(2**31 - 1))
    assert decode_to_gateway(encode(hello)) == hello


def test_the_key_comes_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, key := new_key())
    Tokens.from_environment().check(Tokens(key).sign(17), 17)
    monkeypatch.setenv(KEY_VARIABLE, "secret")
    with pytest.raises(UsageError, match=f"{KEY_VARIABLE} has 6 characters") as refused:
        Tokens.from_environment()
    assert "secret" not in str(refused.value)


def test_a_printed_signer_does_not_show_its_key() -> None:
    assert KEY not in repr(tokens())
    assert KEY not in str(vars(tokens()).keys())
