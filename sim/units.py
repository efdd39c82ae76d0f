"""Quantities as people write them, plain numbers inside.

    "100bn/day" → 1_157_407.4 (per second)      "500ms"   → 0.5 (seconds)
    "2bn"       → 2_000_000_000                 "1.5KiB"  → 1536 (bytes)
    "1:10_000"  → 1e-4                          "31.6%"   → 0.316

Each parser takes a string or a plain number and raises ValueError with the value and an example.
The annotated types below apply them where a scenario file is read.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

_NUMBER = r"\s*([0-9][0-9_]*(?:\.[0-9_]+)?|\.[0-9]+)\s*"
_MULTIPLES = {"": 1.0, "k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9, "tn": 1e12}
_SECONDS = {
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "day": 86_400.0,
    "d": 86_400.0,
}
_SECONDS |= {"year": 365.25 * 86_400, "years": 365.25 * 86_400, "days": 86_400.0}
_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "pb": 10**15}
_BYTES |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}

DAY_S = _SECONDS["day"]
YEAR_S = _SECONDS["year"]


def _split(text: object, expected: str) -> tuple[float, str]:
    if str(text).lstrip().startswith("-"):
        raise ValueError(f"must be at least 0; expected {expected}")
    match = re.fullmatch(_NUMBER + r"([^0-9]*)", str(text))
    if match is None:
        raise ValueError(f"expected {expected}")
    return float(match[1].replace("_", "")), match[2].strip()


def _plain(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def parse_count(value: object) -> float:
    """A count such as `2_000_000_000` or `"2bn"`."""
    if (plain := _plain(value)) is not None:
        return plain
    expected = 'a count such as 2_000_000_000 or "2bn"'
    number, unit = _split(value, expected)
    if unit.lower() not in _MULTIPLES:
        raise ValueError(f"expected {expected}")
    return number * _MULTIPLES[unit.lower()]


def parse_rate(value: object) -> float:
    """Events per second, from `"100bn/day"`, `"116/s"`, or a plain number per second."""
    if (plain := _plain(value)) is not None:
        return plain
    expected = 'a rate such as "100bn/day" or "116/s"'
    count, slash, period = str(value).rpartition("/")
    if not slash or period.strip() not in _SECONDS:
        raise ValueError(f"expected {expected}")
    try:
        return parse_count(count.strip()) / _SECONDS[period.strip()]
    except ValueError:
        raise ValueError(f"expected {expected}") from None


def parse_duration(value: object) -> float:
    """Seconds, from `"500ms"`, `"7years"`, or a plain number of seconds."""
    if (plain := _plain(value)) is not None:
        return plain
    expected = 'a duration such as "500ms", "60s" or "7years"'
    number, unit = _split(value, expected)
    if unit not in _SECONDS:
        raise ValueError(f"expected {expected}")
    return number * _SECONDS[unit]


def parse_size(value: object) -> float:
    """Bytes, from `"1.5KiB"`, `"256B"`, or a plain number of bytes."""
    if (plain := _plain(value)) is not None:
        return plain
    expected = 'a size such as "256B" or "1.5KiB"'
    number, unit = _split(value, expected)
    if unit.lower() not in _BYTES:
        raise ValueError(f"expected {expected}")
    return number * _BYTES[unit.lower()]


def parse_ratio(value: object) -> float:
    """A scale such as `"1:10_000"`, as the fraction 1e-4."""
    if (plain := _plain(value)) is not None:
        return plain
    match = re.fullmatch(_NUMBER + ":" + _NUMBER, str(value))
    if match is None or float(match[2].replace("_", "")) == 0:
        raise ValueError('expected a ratio such as "1:10_000"')
    return float(match[1].replace("_", "")) / float(match[2].replace("_", ""))


def parse_share(value: object) -> float:
    """A share between 0 and 1, from `"31.6%"` or a plain number."""
    if (plain := _plain(value)) is not None:
        return plain
    number, unit = _split(value, expected := 'a share such as 0.316 or "31.6%"')
    if unit != "%":
        raise ValueError(f"expected {expected}")
    return number / 100


def _schema(kind: str, examples: list[object]) -> WithJsonSchema:
    return WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "string"}], "description": kind, "examples": examples}
    )


Count = Annotated[float, BeforeValidator(parse_count), Field(ge=0), _schema("a count", ["2bn", 2_000_000_000])]
RatePerS = Annotated[float, BeforeValidator(parse_rate), Field(ge=0), _schema("a rate", ["100bn/day", "116/s"])]
DurationS = Annotated[float, BeforeValidator(parse_duration), Field(ge=0), _schema("a duration", ["500ms", "60s"])]
SizeBytes = Annotated[float, BeforeValidator(parse_size), Field(ge=0), _schema("a size", ["256B", "1.5KiB"])]
Ratio = Annotated[float, BeforeValidator(parse_ratio), Field(gt=0, le=1), _schema("a scale", ["1:10_000"])]
Share = Annotated[float, BeforeValidator(parse_share), Field(ge=0, le=1), _schema("a share", [0.316, "31.6%"])]


def show_duration(seconds: float) -> str:
    """`0.0123` → `"12.3 ms"`: three significant digits in the nearest unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if abs(seconds) >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return "0 s" if seconds == 0 else f"{seconds * 1e6:.2g} µs"


def show_count(number: float) -> str:
    """`1_157_407` → `"1.16 M"`: three significant digits with a multiple."""
    for unit, factor in (("T", 1e12), ("bn", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(number) >= factor:
            return f"{number / factor:.3g} {unit}"
    return f"{number:.3g}"


def show_size(size_bytes: float) -> str:
    """`65.5e15` → `"65.5 PB"`: decimal multiples, three significant digits."""
    for unit, factor in (("EB", 1e18), ("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if abs(size_bytes) >= factor:
            return f"{size_bytes / factor:.3g} {unit}"
    return f"{size_bytes:.3g} B"


def show_ratio(ratio: float) -> str:
    """`1e-4` → `"1:10,000"`."""
    return f"1:{1 / ratio:,.0f}"
