"""Every message id falls into exactly one bucket of each length, and buckets follow each other without a gap."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realstack.chat.buckets import bucket_of, first_id
from realstack.chat.snowflake import EPOCH_MS

LENGTHS = ("month", "10-days")
message_ids = st.integers(0, (1 << 63) - 1).filter(lambda one: one >> 22 < 2**40)


def id_at(when: str) -> int:
    time_ms = round(datetime.fromisoformat(when).replace(tzinfo=UTC).timestamp() * 1000)
    return time_ms - EPOCH_MS << 22


@pytest.mark.parametrize("length", LENGTHS)
@given(message_id=message_ids)
def test_a_bucket_holds_the_ids_from_its_first_to_the_next_ones_first(length: str, message_id: int) -> None:
    bucket = bucket_of(length, message_id)
    assert first_id(length, bucket) <= message_id < first_id(length, bucket + 1)


def test_a_month_turns_at_midnight_in_utc() -> None:
    turns = ["2026-12-31T23:59:59.999", "2027-01-01T00:00:00", "2027-01-31T23:59:59", "2027-02-01T00:00:00"]
    buckets = [bucket_of("month", id_at(turn)) for turn in turns]
    assert [bucket - buckets[0] for bucket in buckets] == [0, 1, 1, 2]


def test_ten_days_are_ten_days() -> None:
    days = [bucket_of("10-days", id_at(f"2026-03-{day:02}T12:00")) for day in range(1, 31)]
    assert len(set(days)) in (3, 4)
    assert days == sorted(days)


def test_without_buckets_everything_is_together() -> None:
    assert {bucket_of("none", id_at(f"20{year}-01-01")) for year in range(20, 60)} == {0}
