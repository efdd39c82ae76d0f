"""Time buckets: which part of a conversation's partition key a message's time gives.

    none      0
    month     months since 1970, in UTC
    10-days   ten days each since 1970

A bucket is one partition of Cassandra, so a conversation of years is many small partitions instead of a large one.
"""

from __future__ import annotations

from datetime import UTC, datetime

from realstack.chat.snowflake import EPOCH_MS

_TEN_DAYS_MS = 10 * 86_400_000
LONGEST_S = {"none": 0, "month": 31 * 86_400, "10-days": 10 * 86_400}


def bucket_of(length: str, message_id: int) -> int:
    """The bucket of the time in a message id."""
    time_ms = (message_id >> 22) + EPOCH_MS
    if length == "none":
        return 0
    if length == "10-days":
        return time_ms // _TEN_DAYS_MS
    day = datetime.fromtimestamp(time_ms / 1000, UTC)
    return (day.year - 1970) * 12 + day.month - 1


def first_id(length: str, bucket: int) -> int:
    """The lowest message id that falls into a bucket."""
    if length == "none":
        return 0
    if length == "10-days":
        start_ms = bucket * _TEN_DAYS_MS
    else:
        start_ms = round(datetime(1970 + bucket // 12, bucket % 12 + 1, 1, tzinfo=UTC).timestamp()) * 1000
    return max(0, start_ms - EPOCH_MS) << 22
