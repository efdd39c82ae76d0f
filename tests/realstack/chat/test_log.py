"""Where records go: by the partitions that a topic has, or by those that it began with."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import DefaultPartitioner

from realstack.chat.log import FixedPartitioner
from realstack.chat.records import partition_key
from sim.engine.partition import partition_of

CONVERSATIONS = range(200)


def test_partitions_that_were_added_get_nothing() -> None:
    fixed = FixedPartitioner(4)
    assert [fixed(partition_key(conv), range(6), range(6)) for conv in CONVERSATIONS] == [
        partition_of(conv, 4) for conv in CONVERSATIONS
    ]
    assert {fixed(None, range(6), range(6)) for _ in CONVERSATIONS} == {0, 1, 2, 3}


@pytest.mark.parametrize("count", [1, 4, 6])
def test_the_model_and_the_client_agree_on_the_partition_of_a_conversation(count: int) -> None:
    default = DefaultPartitioner()
    partitions = list(range(count))
    assert [default(partition_key(conv), partitions, partitions) for conv in CONVERSATIONS] == [
        partition_of(conv, count) for conv in CONVERSATIONS
    ]
