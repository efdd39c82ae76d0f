"""The three servers as processes of this machine: what they need is found and fetched first, then all start at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from realstack.servers import jars
from realstack.servers.cassandra import LocalCassandra
from realstack.servers.java import find_java
from realstack.servers.kafka import LocalKafka
from realstack.servers.local_service import LocalService
from realstack.servers.process import ProcessScope
from realstack.servers.redis import LocalRedis, find_redis
from sim.errors import ServerError

LEAST_FREE_BYTES = 2 * 2**30


def local_services(
    scope: ProcessScope, folder: Path, on_event: Callable[[str], None], *, durable: bool
) -> list[LocalService]:
    """The services, not started. `ServerMissingError` if nothing can run one, `ServerError` if the disk is full."""
    require_disk(folder)
    require_disk(jars.cache_folder())
    java = find_java()
    redis = find_redis()
    on_event(f"Java {java.version} from {java.source}, Redis {redis.version} from {redis.source}")
    cassandra = LocalCassandra(scope, folder, java, jars.class_path("cassandra", on_event))
    cassandra.durable = durable
    return [
        LocalKafka(scope, folder, java, jars.class_path("kafka", on_event)),
        cassandra,
        LocalRedis(scope, folder, redis),
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
