"""Messages, membership and receipts in Cassandra.

    messages     (conv, position DESC)   one partition a conversation, `position` is what the design orders by:
                                         the gateway's message id, or the sequence number
    members      (conv, user)            memberships (user, conv)
    receipts     (conv, reader)          how far a member has got; the higher position wins

The driver has an IO thread of its own: `ask` brings its answers to the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.connection import DefaultEndPoint, DefaultEndPointFactory
from cassandra.policies import ConstantReconnectionPolicy, DCAwareRoundRobinPolicy, TokenAwarePolicy
from msgspec.structs import astuple

from realstack.chat.records import MessageRecord
from realstack.chat.settings import Settings
from realstack.endpoints import endpoints

PAGE = 50
HEADS = 100
_RECONNECT_EVERY_S = 0.5
_CONSISTENCY = {"ONE": ConsistencyLevel.LOCAL_ONE, "QUORUM": ConsistencyLevel.LOCAL_QUORUM}

_TABLES = (
    """CREATE TABLE IF NOT EXISTS {keyspace}.messages (conv int, position bigint, message_id bigint, uuid text,
       sender int, cseq int, content text, accepted_ns bigint, log_partition int, log_offset bigint,
       media frozen<tuple<text, text, int>>, PRIMARY KEY (conv, position))
       WITH CLUSTERING ORDER BY (position DESC)""",
    "CREATE TABLE IF NOT EXISTS {keyspace}.members (conv int, user int, PRIMARY KEY (conv, user))",
    "CREATE TABLE IF NOT EXISTS {keyspace}.memberships (user int, conv int, PRIMARY KEY (user, conv))",
    """CREATE TABLE IF NOT EXISTS {keyspace}.receipts (conv int, reader int, delivered bigint, read bigint,
       PRIMARY KEY (conv, reader))""",
)
_COLUMNS = "conv, position, message_id, uuid, sender, cseq, content, accepted_ns, log_partition, log_offset, media"


class Row(NamedTuple):
    """One stored message."""

    conv: int
    position: int
    message_id: int
    uuid: str
    sender: int
    cseq: int
    content: str
    accepted_ns: int
    log_partition: int
    log_offset: int
    media: tuple[str, str, int] | None = None


def connect(settings: Settings) -> Cluster:
    """A cluster object for the settings' Cassandra; the caller shuts it down."""
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy()),  # the data centre of the first node
        consistency_level=_CONSISTENCY[settings.choices.consistency],
        serial_consistency_level=ConsistencyLevel.LOCAL_SERIAL,
        request_timeout=10.0,
    )
    return Cluster(
        [DefaultEndPoint(*settings.way_to(*each)) for each in endpoints(settings.cassandra)],
        endpoint_factory=_Ways(settings),
        protocol_version=5,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        connect_timeout=10,
        # The default doubles up to ten minutes, during which a node that is back would not be used.
        reconnection_policy=ConstantReconnectionPolicy(_RECONNECT_EVERY_S, max_attempts=None),
        **settings.access_to("cassandra").cassandra_options(),
    )


class _Ways(DefaultEndPointFactory):  # type: ignore[misc]
    """Where the driver connects to the nodes that it learns of from others."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def create(self, row: Any) -> DefaultEndPoint:
        """See the driver's `EndPointFactory`."""
        direct = super().create(row)
        return DefaultEndPoint(*self._settings.way_to(direct.address, direct.port))


def create_tables(session: Session, keyspace: str, replication: int = 1) -> None:
    """Create keyspace and tables. Raises the driver's AlreadyExists."""
    session.execute(
        f"CREATE KEYSPACE {keyspace} WITH replication = "
        f"{{'class': 'SimpleStrategy', 'replication_factor': {replication}}}"
    )
    for table in _TABLES:
        session.execute(table.format(keyspace=keyspace))


def keyspaces_there(session: Session, keyspace: str) -> list[str]:
    """The keyspace's name, if there is one of it."""
    rows = session.execute("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = %s", (keyspace,))
    return [row[0] for row in rows]


def drop_tables(session: Session, keyspace: str) -> None:
    """Remove the keyspace with everything in it."""
    session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}")


def scan_messages(session: Session, keyspace: str) -> Iterable[Row]:
    """Every stored message, in no order."""
    for row in session.execute(f"SELECT {_COLUMNS} FROM {keyspace}.messages"):
        yield Row(*row)


class Store:
    """The statements of the chat system, awaitable. Raises the driver's errors."""

    def __init__(self, session: Session, keyspace: str, *, if_not_exists: bool = False) -> None:
        self._session = session
        self._if_not_exists = if_not_exists
        self._insert = session.prepare(
            f"INSERT INTO {keyspace}.messages ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            + (" IF NOT EXISTS" if if_not_exists else "")
        )
        self._after = session.prepare(
            f"SELECT {_COLUMNS} FROM {keyspace}.messages WHERE conv = ? AND position > ? ORDER BY position ASC LIMIT ?"
        )
        self._latest = session.prepare(f"SELECT {_COLUMNS} FROM {keyspace}.messages WHERE conv = ? LIMIT ?")
        self._heads = session.prepare(
            f"SELECT conv, position FROM {keyspace}.messages WHERE conv IN ? PER PARTITION LIMIT 1"
        )
        self._members = session.prepare(f"SELECT user FROM {keyspace}.members WHERE conv = ?")
        self._memberships = session.prepare(f"SELECT conv FROM {keyspace}.memberships WHERE user = ?")
        # The position is the write's timestamp, so that a late, lower receipt can never overwrite a higher one.
        self._receipts = {
            state: session.prepare(
                f"UPDATE {keyspace}.receipts USING TIMESTAMP ? SET {state} = ? WHERE conv = ? AND reader = ?"
            )
            for state in ("delivered", "read")
        }

    async def insert(self, message: MessageRecord, position: int, partition: int, offset: int) -> bool:
        """Store a message; False when `IF NOT EXISTS` found one at that position."""
        values = (message.conv, position, message.message_id, message.uuid, message.sender, message.cseq, message.text)
        media = message.media and astuple(message.media)
        rows = await ask(self._session, self._insert, (*values, message.accepted_ns, partition, offset, media))
        return bool(rows[0][0]) if self._if_not_exists else True

    async def after(self, conv: int, position: int, limit: int = PAGE) -> list[Row]:
        """The next page of a conversation after a position, oldest first."""
        return [Row(*row) for row in await ask(self._session, self._after, (conv, position, limit))]

    async def latest(self, conv: int, limit: int = PAGE) -> list[Row]:
        """The newest messages of a conversation, newest first."""
        return [Row(*row) for row in await ask(self._session, self._latest, (conv, limit))]

    async def heads(self, convs: Sequence[int]) -> dict[int, int]:
        """The newest position of each conversation that has messages, in one request for `HEADS` of them."""
        found: dict[int, int] = {}
        for start in range(0, len(convs), HEADS):
            rows = await ask(self._session, self._heads, (list(convs[start : start + HEADS]),))
            found.update((row[0], row[1]) for row in rows)
        return found

    async def members(self, conv: int) -> tuple[int, ...]:
        """Members of a conversation; empty when there is none."""
        return tuple(row[0] for row in await ask(self._session, self._members, (conv,)))

    async def memberships(self, user: int) -> tuple[int, ...]:
        """Conversations of a user."""
        return tuple(row[0] for row in await ask(self._session, self._memberships, (user,)))

    async def receipt(self, conv: int, reader: int, state: str, position: int) -> None:
        """Remember how far a reader has got."""
        await ask(self._session, self._receipts[state], (position, position, conv, reader))


async def ask(session: Session, statement: Any, values: Sequence[Any]) -> list[Any]:
    """The rows that a prepared statement answers with. Raises the driver's errors."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Any]] = loop.create_future()

    def settle(result: list[Any] | None, error: BaseException | None) -> None:
        if answer.cancelled():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result or [])

    session.execute_async(statement, values).add_callbacks(
        lambda rows: loop.call_soon_threadsafe(settle, rows, None),
        lambda error: loop.call_soon_threadsafe(settle, None, error),
    )
    return await answer
