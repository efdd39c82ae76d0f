"""The servers as processes of this machine: what they need is found and fetched first, then all start at once.

nodes = 1    kafka      cassandra      redis
nodes = 3    kafka-1…3  cassandra-1…3  redis-1 ─► redis-2, watched by sentinel-1…3
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from realstack.servers import jars
from realstack.servers.cassandra import LocalCassandra
from realstack.servers.java import find_java
from realstack.servers.kafka import LocalKafka
from realstack.servers.local_service import LocalService
from realstack.servers.place import free_places
from realstack.servers.ports import HOST
from realstack.servers.process import ProcessScope
from realstack.servers.redis import LocalRedis, RedisBinary, find_redis
from realstack.servers.sentinel import LocalSentinel, follows
from sim.errors import ServerError

LEAST_FREE_BYTES = 2 * 2**30
# A node of Cassandra is known by its host.
RING_HOSTS = (HOST, "127.0.0.2", "127.0.0.3")


def local_services(
    scope: ProcessScope, folder: Path, on_event: Callable[[str], None], *, durable: bool, nodes: int
) -> list[LocalService]:
    """The services, not started. `ServerMissingError` if nothing can run one, `ServerError` if the disk is full."""
    require_disk(folder)
    require_disk(jars.cache_folder())
    java = find_java()
    redis = find_redis()
    on_event(f"Java {java.version} from {java.source}, Redis {redis.version} from {redis.source}")
    kafka_jars, cassandra_jars = (jars.class_path(each, on_event) for each in ("kafka", "cassandra"))
    if nodes == 1:
        cassandra = LocalCassandra(scope, folder, java, cassandra_jars)
        cassandra.durable = durable
        return [LocalKafka(scope, folder, java, kafka_jars), cassandra, LocalRedis(scope, folder, redis)]
    brokers, ring = free_places([HOST] * nodes), free_places(RING_HOSTS[:nodes])
    return [
        *(LocalKafka(scope, folder, java, kafka_jars, brokers, place.number) for place in brokers),
        *(LocalCassandra(scope, folder, java, cassandra_jars, ring, place.number) for place in ring),
        *_watched_pair(scope, folder, redis),
    ]


def _watched_pair(scope: ProcessScope, folder: Path, binary: RedisBinary) -> list[LocalService]:
    pair, watch = free_places([HOST] * 2), free_places([HOST] * 3)
    return [
        *(LocalRedis(scope, folder, binary, pair, place.number, partial(follows, watch)) for place in pair),
        *(LocalSentinel(scope, folder, binary, watch, place.number, pair) for place in watch),
    ]


def free_bytes(folder: Path) -> int:
    """Free space where a folder is or will be."""
    existing = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    return shutil.disk_usage(existing).free


def require_disk(folder: Path) -> None:
    """`ServerError` if too little is free there for the servers' data."""
    free = free_bytes(folder)
    if free < LEAST_FREE_BYTES:
        raise ServerError(
            f"{folder}: {free / 2**30:.1f} GiB free, the servers need {LEAST_FREE_BYTES / 2**30:.0f} GiB; "
            f"free some space or put the run elsewhere"
        )
