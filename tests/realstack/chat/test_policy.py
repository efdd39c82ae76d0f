"""How fast one connection may speak."""

from __future__ import annotations

import pytest

from realstack.chat.policy import FrameBucket, TooFastError


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def taken(bucket: FrameBucket) -> int:
    """Frames that go through at once."""
    count = 0
    while True:
        try:
            bucket.take()
        except TooFastError:
            return count
        count += 1


def test_a_burst_goes_through_and_then_the_rate() -> None:
    clock = Clock()
    bucket = FrameBucket(rate_per_s=500, burst=5_000, now_s=clock)
    assert taken(bucket) == 5_000
    clock.now_s += 0.5
    assert taken(bucket) == 250
    clock.now_s += 3_600
    assert taken(bucket) == 5_000


def test_a_device_at_the_rate_never_meets_the_limit() -> None:
    clock = Clock()
    bucket = FrameBucket(rate_per_s=500, burst=2, now_s=clock)
    for _ in range(10_000):
        bucket.take()
        clock.now_s += 1 / 500


def test_the_error_says_the_limit() -> None:
    bucket = FrameBucket(rate_per_s=500, burst=1, now_s=Clock())
    bucket.take()
    with pytest.raises(TooFastError, match=r"over 500 frames/s after a burst of 1; slow down"):
        bucket.take()
