"""Delta debugging (Zeller and Hildebrandt, 2002): from many items to few that still do it, without knowing why.

a b c d e f g h     holds, so try halves, then all but one quarter, all but one eighth, …
a b . . . . . .     does not
a b . . e f g h     holds: c and d do not matter
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def minimal(items: Sequence[T], holds: Callable[[Sequence[T]], bool], most_tests: int) -> list[T]:
    """A part of `items`, in their order, that still holds and of which, tests permitting, no item can be left out.

    `items` themselves must hold. Of a part that needs more than `most_tests` tests, the best found so far is returned.
    """
    kept, pieces, tests = list(items), 2, 0
    while kept and tests < most_tests:
        size = -(-len(kept) // pieces)
        for start in range(0, len(kept), size):
            rest = kept[:start] + kept[start + size :]
            tests += 1
            if holds(rest):
                kept, pieces = rest, max(pieces - 1, 1)
                break
            if tests == most_tests:
                break
        else:
            if size == 1:
                break
            pieces = min(2 * pieces, len(kept))
    return kept
