from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.partition import murmur2, partition_of, worker_partitions


# Signed values that Kafka's own clients give for these keys.
@pytest.mark.parametrize(
    ("key", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"abc", 479470107),
    ],
)
def test_murmur2_agrees_with_kafka(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed % 2**32


@given(conv=st.integers(0, 10**6), partitions=st.integers(1, 200))
def test_a_conversation_has_one_of_the_partitions(conv: int, partitions: int) -> None:
    assert 0 <= partition_of(conv, partitions) < partitions


@given(workers=st.integers(1, 8), partitions=st.integers(1, 200))
def test_every_partition_has_one_worker_and_shares_differ_by_one_at_most(workers: int, partitions: int) -> None:
    shares = [worker_partitions(worker, workers, partitions) for worker in range(workers)]
    assert [partition for share in shares for partition in share] == list(range(partitions))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
