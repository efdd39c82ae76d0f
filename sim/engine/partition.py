"""Which partition a conversation has, and which worker a partition has: the same as with Kafka's clients.

Keys go to partitions by MurmurHash2 (Appleby, 2008) with the seed of Kafka's default partitioner, so that the
conversations that share a partition and a worker are the same in the model as on the real servers.
"""

from __future__ import annotations

_SEED = 0x9747B28C
_MIX = 0x5BD1E995
_WORD = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """32-bit MurmurHash2 of `data`, unsigned."""
    value = _SEED ^ len(data)
    whole = len(data) - len(data) % 4
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * _MIX & _WORD
        word = (word ^ word >> 24) * _MIX & _WORD
        value = value * _MIX & _WORD ^ word
    if rest := data[whole:]:
        value = (value ^ int.from_bytes(rest, "little")) * _MIX & _WORD
    value = (value ^ value >> 13) * _MIX & _WORD
    return value ^ value >> 15


def partition_of(conv: int, partitions: int) -> int:
    """Partition of a conversation's records, whose key is `c5`."""
    return (murmur2(b"c%d" % conv) & 0x7FFFFFFF) % partitions


def worker_partitions(worker: int, workers: int, partitions: int) -> range:
    """Partitions of worker 0, 1 …: ranges the first workers may have one more (Kafka's range assignment)."""
    each, longer = divmod(partitions, workers)
    start = worker * each + min(worker, longer)
    return range(start, start + each + (worker < longer))
