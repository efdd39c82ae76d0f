from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.units import (
    parse_count,
    parse_duration,
    parse_rate,
    parse_ratio,
    parse_share,
    parse_size,
    show_count,
    show_duration,
    show_ratio,
    show_size,
)


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parse_count, "2bn", 2e9),
        (parse_count, "2_000_000_000", 2e9),
        (parse_count, "1.5 M", 1.5e6),
        (parse_count, 7, 7),
        (parse_rate, "100bn/day", 100e9 / 86_400),
        (parse_rate, "116/s", 116),
        (parse_rate, "6k / min", 100),
        (parse_duration, "500ms", 0.5),
        (parse_duration, "7years", 7 * 365.25 * 86_400),
        (parse_duration, "10min", 600),
        (parse_duration, "3µs", 3e-6),
        (parse_duration, 0.25, 0.25),
        (parse_size, "1.5KiB", 1536),
        (parse_size, "256B", 256),
        (parse_size, "1GB", 1e9),
        (parse_ratio, "1:10_000", 1e-4),
        (parse_ratio, "3:4", 0.75),
        (parse_share, "31.6%", 0.316),
        (parse_share, 0.316, 0.316),
    ],
)
def test_quantities_are_read_as_people_write_them(parse: Callable[[object], float], text: object, value: float) -> None:
    assert parse(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("parse", "text", "expected"),
    [
        (parse_count, "2bm", 'expected a count such as 2_000_000_000 or "2bn"'),
        (parse_count, "-3", "expected a count"),
        (parse_count, True, "expected a count"),
        (parse_count, [1], "expected a count"),
        (parse_rate, "100bn", 'expected a rate such as "100bn/day" or "116/s"'),
        (parse_rate, "x/day", "expected a rate"),
        (parse_rate, "100bn/fortnight", "expected a rate"),
        (parse_duration, "500", 'expected a duration such as "500ms"'),
        (parse_duration, "five minutes", "expected a duration"),
        (parse_duration, "-5s", "must be at least 0; expected a duration"),
        (parse_share, "-1%", "must be at least 0; expected a share"),
        (parse_size, "256", 'expected a size such as "256B"'),
        (parse_size, "2 potatoes", "expected a size"),
        (parse_ratio, "1:0", 'expected a ratio such as "1:10_000"'),
        (parse_ratio, "1/10", "expected a ratio"),
        (parse_share, "31.6", 'expected a share such as 0.316 or "31.6%"'),
        (parse_share, "", "expected a share"),
    ],
)
def test_what_is_no_quantity_is_refused_with_an_example(
    parse: Callable[[object], float], text: object, expected: str
) -> None:
    with pytest.raises(ValueError, match=expected):
        parse(text)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (show_duration(0.0123), "12.3 ms"),
        (show_duration(61.5), "61.5 s"),
        (show_duration(4.2e-5), "42 µs"),
        (show_duration(0), "0 s"),
        (show_count(1_157_407), "1.16 M"),
        (show_count(2e9), "2 bn"),
        (show_count(632), "632"),
        (show_size(65.5e15), "65.5 PB"),
        (show_size(256), "256 B"),
        (show_ratio(1e-4), "1:10,000"),
    ],
)
def test_quantities_are_shown_with_three_digits_and_a_unit(shown: str, text: str) -> None:
    assert shown == text


@given(st.integers(1, 10**9))
def test_a_ratio_reads_back_as_it_is_shown(parts: int) -> None:
    assert parse_ratio(show_ratio(1 / parts).replace(",", "_")) == pytest.approx(1 / parts, rel=1e-12)
