"""What a message is found by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realstack.chat.words import MOST_LETTERS, MOST_WORDS, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Grüße, Anna! GRÜSSE?", ["grüsse", "anna"]),
        ("don't", ["don", "t"]),
        ("ﬁne ①", ["fine", "1"]),
        ("漢字 и слово", ["漢字", "и", "слово"]),
        ("🍵 ?! -- %_*", []),
        ("snake_case", ["snake", "case"]),
        ("", []),
        ("x" * 100, ["x" * MOST_LETTERS]),
    ],
)
def test_words_are_letters_and_digits_without_case(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@given(st.text())
def test_every_word_of_a_text_finds_it(text: str) -> None:
    assert all(set(words_of(word)) <= set(words_of(text)) for word in words_of(text))


def test_words_are_bounded() -> None:
    assert words_of(" ".join(f"w{n}" for n in range(1000))) == [f"w{n}" for n in range(MOST_WORDS)]
