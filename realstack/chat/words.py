"""The words of a text, by which it is found: letters and digits, without case, each once.

"Grüße, Anna! GRÜSSE?"  →  grüsse · anna

The same function cuts what is stored and what is searched for. Cassandra's index (SAI) knows values, not texts, so a
message is stored with the set of its words.
"""

from __future__ import annotations

import re
import unicodedata

MOST_LETTERS = 64
MOST_WORDS = 256
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """The first `MOST_WORDS` different words, in order; of a very long one its first letters."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    found = dict.fromkeys(word[:MOST_LETTERS] for word in _WORD.findall(folded))
    return list(found)[:MOST_WORDS]
