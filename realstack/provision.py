"""A namespace in every server: made before a run, with the membership of its trace, and removed after it.

    chatscale-1a2b3c4d-messages, -receipts    chatscale_1a2b3c4d    chatscale-1a2b3c4d:…
    topics                                    keyspace              keys

Nothing else is touched. What bears such a name already is not ours: then nothing is made, and nothing removed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from aiokafka.errors import KafkaError
from cassandra import DriverException
from cassandra.cluster import Cluster, NoHostAvailable, Session
from cassandra.concurrent import execute_concurrent
from cassandra.query import BatchStatement, BatchType, PreparedStatement
from redis.exceptions import RedisError

from realstack.chat.log import create_topics, delete_topics, topics_there
from realstack.chat.redis_client import connect_redis
from realstack.chat.registry import delete_namespace
from realstack.chat.settings import Settings
from realstack.chat.shelf import create_table as create_shelf
from realstack.chat.store import connect, create_tables, drop_tables, keyspaces_there
from sim.errors import ServerLostError, UsageError
from sim.trace import Trace

SERVER_ERRORS = (DriverException, NoHostAvailable, KafkaError, RedisError, OSError)
_CONCURRENCY = 64
_BATCH_ROWS = 50


def require_unused(settings: Settings) -> None:
    """Raise UsageError if anything bears the namespace's name, ServerLostError when a server does not answer."""
    try:
        there = asyncio.run(_topics_and_keys(settings))
        cluster = connect(settings)
        try:
            there += keyspaces_there(cluster.connect(), settings.keyspace)
        finally:
            cluster.shutdown()
    except SERVER_ERRORS as error:
        raise ServerLostError(f"could not look at the servers before the run: {error!r}") from error
    if there:
        raise UsageError(f"{', '.join(there)}: there already, and not made by this run; nothing was touched, run again")


async def _topics_and_keys(settings: Settings) -> list[str]:
    redis = connect_redis(settings)
    try:
        keys = [key async for key in redis.scan_iter(match=f"{settings.namespace}:*", count=1000)]
    finally:
        await redis.aclose()
    return [*await topics_there(settings), *keys[:1]]


def make_namespace(settings: Settings, trace: Trace) -> None:
    """Topics, tables and the membership. Raises ServerLostError when a server does not answer."""
    if settings.choices.media == "store":
        # Only here, so that whoever keeps no media needs no object store.
        from realstack.chat.vault import require_usable

        require_usable(settings.media_url, settings.namespace)
    try:
        asyncio.run(create_topics(settings))
        cluster = connect(settings)
        try:
            session = cluster.connect()
            create_tables(session, settings)
            if settings.choices.media == "store":
                create_shelf(session, settings.keyspace)
            _write_membership(session, settings.keyspace, trace)
        finally:
            cluster.shutdown()
    except SERVER_ERRORS as error:
        raise ServerLostError(f"could not prepare the servers for the run: {error!r}") from error


def _write_membership(session: Session, keyspace: str, trace: Trace) -> None:
    conversations: dict[int, list[int]] = {}
    for conv, users in trace.members.items():
        for user in users:
            conversations.setdefault(user, []).append(conv)
    # The size is a static column: one for all rows of a conversation, whichever of them brings it.
    rows: dict[str, list[list[tuple[int, ...]]]] = {
        "members (conv, user, size) VALUES (?, ?, ?)": [
            [(conv, user, len(users)) for user in users] for conv, users in trace.members.items()
        ],
        "memberships (user, conv) VALUES (?, ?)": [
            [(user, conv) for conv in convs] for user, convs in conversations.items()
        ],
    }
    for table, partitions in rows.items():
        insert = session.prepare(f"INSERT INTO {keyspace}.{table}")
        batches = [(_batch(insert, chunk), ()) for rows in partitions for chunk in _chunks(rows)]
        execute_concurrent(session, batches, concurrency=_CONCURRENCY)


def _batch(insert: PreparedStatement, rows: Iterable[tuple[int, ...]]) -> BatchStatement:
    """Rows of one partition in one request: the one case in which a batch is cheaper than its parts."""
    batch = BatchStatement(BatchType.UNLOGGED)
    for row in rows:
        batch.add(insert, row)
    return batch


def _chunks(rows: list[tuple[int, ...]]) -> Iterator[list[tuple[int, ...]]]:
    for start in range(0, len(rows), _BATCH_ROWS):
        yield rows[start : start + _BATCH_ROWS]


def remove_namespace(settings: Settings) -> None:
    """Remove what `make_namespace` and the run made. Raises ServerLostError when a server does not answer."""
    try:
        asyncio.run(_remove_keys_and_topics(settings))
        cluster: Cluster = connect(settings)
        try:
            drop_tables(cluster.connect(), settings.keyspace)
        finally:
            cluster.shutdown()
    except SERVER_ERRORS as error:
        raise ServerLostError(f"could not remove {settings.namespace} from the servers: {error!r}") from error
    if settings.choices.media == "store":
        from realstack.chat.vault import empty

        empty(settings.media_url, settings.namespace)


async def _remove_keys_and_topics(settings: Settings) -> None:
    redis = connect_redis(settings)
    try:
        await delete_namespace(redis, settings.namespace)
    finally:
        await redis.aclose()
    await delete_topics(settings)
