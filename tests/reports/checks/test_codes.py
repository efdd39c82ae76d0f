"""How keys are ordered and found: as numpy and plain Python would, only sooner."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reports.checks.codes import MISSING, Firsts, Integers, order_of, reasons

few = st.integers(-3, 9)
any_int64 = st.integers(np.iinfo(np.int64).min + 1, np.iinfo(np.int64).max)


def keys(of: st.SearchStrategy[int]) -> st.SearchStrategy[Integers]:
    return arrays(np.int64, st.integers(0, 30), elements=of)


@given(keys(few) | keys(any_int64))
def test_equal_keys_stay_in_order_however_large_they_are(given_keys: Integers) -> None:
    assert order_of(given_keys).tolist() == np.argsort(given_keys, kind="stable").tolist()


@given(keys(few), keys(few))
def test_a_key_is_found_where_it_stands_first(known: Integers, wanted: Integers) -> None:
    listed = known.tolist()
    expected = [listed.index(key) if key in listed else MISSING for key in wanted.tolist()]
    assert Firsts.of(known).find(wanted).tolist() == expected


@given(keys(few))
def test_what_comes_again_is_every_row_but_the_first_of_its_key(known: Integers) -> None:
    listed, firsts = known.tolist(), Firsts.of(known)
    again = [row for row, key in enumerate(listed) if key in listed[:row]]
    assert firsts.repeated.tolist() == again
    assert np.flatnonzero(~firsts.flags).tolist() == again


def test_a_row_has_the_first_reason_that_applies() -> None:
    rows, reason = reasons([np.array([False, True, False]), np.array([False, True, True])])
    assert (rows.tolist(), reason.tolist()) == ([1, 2], [0, 1])
