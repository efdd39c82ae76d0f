"""Messages, membership and receipts in Cassandra.

    messages     ((conv, bucket), position DESC)   one partition a conversation and time bucket (see `directory`);
                                                   `position` is what the design orders by: the gateway's message
                                                   id, or the sequence number
    members      (conv, user), conv → size         memberships (user, conv)
    receipts     (conv, reader)                    how far a member has got; the higher position wins

What is older than the design keeps is deleted by Cassandra itself, row by row (TTL). With `search = sai` each row has
the set of its words, too, and an index on it; a search asks one partition after the other, from the newest back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.connection import DefaultEndPoint, DefaultEndPointFactory
from cassandra.policies import ConstantReconnectionPolicy, DCAwareRoundRobinPolicy, TokenAwarePolicy
from cassandra.query import PreparedStatement, tuple_factory
from msgspec.structs import astuple

from realstack.chat.cql import Writes, ask
from realstack.chat.directory import TABLE as DIRECTORY
from realstack.chat.directory import Directory, entry_ttl_s
from realstack.chat.records import MessageRecord
from realstack.chat.settings import Settings
from realstack.chat.words import words_of
from realstack.endpoints import endpoints

PAGE = 50
HEADS = 100
NEWEST = 2**63 - 1
EMPTY_BUCKETS = 4
SEARCHED_BUCKETS = 24
MOST_TERMS = 5
_LETTERS_TOGETHER = 500
_RECONNECT_EVERY_S = 0.5
_CONSISTENCY = {"ONE": ConsistencyLevel.LOCAL_ONE, "QUORUM": ConsistencyLevel.LOCAL_QUORUM}

_TABLES = (
    """CREATE TABLE IF NOT EXISTS {keyspace}.messages (conv int, bucket int, position bigint, message_id bigint,
       uuid text, sender int, cseq int, content text, accepted_ns bigint, log_partition int, log_offset bigint,
       media frozen<tuple<text, text, int>>, device int, words set<text>,
       PRIMARY KEY ((conv, bucket), position))
       WITH CLUSTERING ORDER BY (position DESC) AND default_time_to_live = {ttl_s}""",
    "CREATE TABLE IF NOT EXISTS {keyspace}.members (conv int, user int, size int static, PRIMARY KEY (conv, user))",
    "CREATE TABLE IF NOT EXISTS {keyspace}.memberships (user int, conv int, PRIMARY KEY (user, conv))",
    """CREATE TABLE IF NOT EXISTS {keyspace}.receipts (conv int, reader int, delivered bigint, read bigint,
       PRIMARY KEY (conv, reader))""",
)
_INDEX = "CREATE INDEX IF NOT EXISTS message_words ON {keyspace}.messages (words) USING 'sai'"
_COLUMNS = (
    "conv, position, message_id, uuid, sender, cseq, content, accepted_ns, log_partition, log_offset, media, device"
)


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
    device: int = 0


class Page(NamedTuple):
    """Messages, newest first, and the position before which to go on; 0 when there are none before."""

    rows: list[Row]
    before: int


def connect(settings: Settings) -> Cluster:
    """A cluster object for the settings' Cassandra; the caller shuts it down."""
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy()),  # the data centre of the first node
        consistency_level=_CONSISTENCY[settings.choices.consistency],
        serial_consistency_level=ConsistencyLevel.LOCAL_SERIAL,
        request_timeout=10.0,
        # The default makes a class of named tuples anew for every answer.
        row_factory=tuple_factory,
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


def create_tables(session: Session, settings: Settings) -> None:
    """Create keyspace and tables. Raises the driver's AlreadyExists."""
    keyspace, kept_s, replication = settings.keyspace, settings.retention_s, settings.choices.copies
    session.execute(
        f"CREATE KEYSPACE {keyspace} WITH replication = "
        f"{{'class': 'SimpleStrategy', 'replication_factor': {replication}}}"
    )
    for table in _TABLES:
        session.execute(table.format(keyspace=keyspace, ttl_s=kept_s))
    if settings.choices.search == "sai":
        session.execute(_INDEX.format(keyspace=keyspace))
    session.execute(DIRECTORY.format(keyspace=keyspace, ttl_s=entry_ttl_s(settings.choices.bucket, kept_s)))


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

    def __init__(self, session: Session, settings: Settings) -> None:
        keyspace = self.keyspace = settings.keyspace
        self._session = session
        self._directory = Directory(session, keyspace, settings.choices)
        self._if_not_exists = settings.choices.dedup == "lwt"
        # On several nodes each row goes to one that has it, without a detour.
        self._writes = Writes(session) if settings.choices.nodes == 1 else None
        self.searchable = settings.choices.search == "sai"
        columns = f"bucket, {_COLUMNS}" + (", words" if self.searchable else "")
        values = ", ".join("?" * len(columns.split(",")))
        self._insert = session.prepare(
            f"INSERT INTO {keyspace}.messages ({columns}) VALUES ({values})"
            + (" IF NOT EXISTS" if self._if_not_exists else "")
        )
        of_bucket = f"SELECT {_COLUMNS} FROM {keyspace}.messages WHERE conv = ? AND bucket = ?"
        self._after = session.prepare(f"{of_bucket} AND position > ? ORDER BY position ASC LIMIT ?")
        self._before = session.prepare(f"{of_bucket} AND position < ? LIMIT ?")
        self._search = {
            terms: session.prepare(f"{of_bucket} AND position < ?{' AND words CONTAINS ?' * terms} LIMIT ?")
            for terms in range(1, MOST_TERMS + 1)
            if self.searchable
        }
        self._heads = session.prepare(
            f"SELECT conv, position FROM {keyspace}.messages WHERE conv IN ? AND bucket = ? PER PARTITION LIMIT 1"
        )
        self._members = session.prepare(f"SELECT user FROM {keyspace}.members WHERE conv = ?")
        self._sizes = session.prepare(
            f"SELECT conv, size FROM {keyspace}.members WHERE conv IN ? PER PARTITION LIMIT 1"
        )
        self._memberships = session.prepare(f"SELECT conv FROM {keyspace}.memberships WHERE user = ?")
        self._reached = session.prepare(
            f"SELECT conv, reader, delivered, read FROM {keyspace}.receipts WHERE conv IN ?"
        )
        # The position is the write's timestamp, so that a late, lower receipt can never overwrite a higher one.
        self._receipts = {
            state: session.prepare(
                f"UPDATE {keyspace}.receipts USING TIMESTAMP ? SET {state} = ? WHERE conv = ? AND reader = ?"
            )
            for state in ("delivered", "read")
        }

    async def insert(self, message: MessageRecord, position: int, partition: int, offset: int) -> bool:
        """Store a message; False when `IF NOT EXISTS` found one at that position."""
        bucket = await self._directory.place(message.conv, message.message_id, position)
        key = (bucket, message.conv, position, message.message_id, message.uuid, message.sender, message.cseq)
        media = message.media and astuple(message.media)
        rest = (message.text, message.accepted_ns, partition, offset, media, message.device)
        words = (set(words_of(message.text)),) if self.searchable else ()
        values = (*key, *rest, *words)
        if self._if_not_exists:
            return bool((await ask(self._session, self._insert, values))[0][0])
        # Cassandra refuses a batch of over 50 KiB.
        await self._write(self._insert, values, together=len(message.text) <= _LETTERS_TOGETHER)
        return True

    async def _write(self, statement: PreparedStatement, values: Sequence[Any], *, together: bool = True) -> None:
        if self._writes is not None and together:
            await self._writes.write(statement, values)
        else:
            await ask(self._session, statement, values)

    async def after(self, conv: int, position: int, limit: int = PAGE) -> list[Row]:
        """The next page of a conversation after a position, oldest first; a short one is the last."""
        entries = await self._directory.entries(conv)
        # A bucket has nothing after the position when the next one begins at or before it.
        passed = sum(1 for newer, _ in pairwise(entries) if newer.first <= position + 1)
        rows: list[Row] = []
        for entry in reversed(entries[: len(entries) - passed]):
            found = await ask(self._session, self._after, (conv, entry.bucket, position, limit - len(rows)))
            rows += [Row(*row) for row in found]
            if len(rows) == limit:
                break
        return rows

    async def before(self, conv: int, position: int, limit: int = PAGE) -> Page:
        """The page of a conversation before a position; a short one is not the last while it says where to go on.

        So one request never reads more than `EMPTY_BUCKETS` buckets in which nothing is left.
        """
        return await self._walk(self._before, conv, position, (), limit, EMPTY_BUCKETS)

    async def search(self, conv: int, terms: Sequence[str], position: int, limit: int = PAGE) -> Page:
        """The messages before a position that have all of these words (one to `MOST_TERMS`), as `before` pages them."""
        return await self._walk(self._search[len(terms)], conv, position, terms, limit, SEARCHED_BUCKETS)

    async def _walk(
        self, query: PreparedStatement, conv: int, position: int, terms: Sequence[str], limit: int, most_empty: int
    ) -> Page:
        rows: list[Row] = []
        empty = 0
        for entry in await self._directory.entries(conv):
            if entry.first >= position:
                continue
            found = await ask(self._session, query, (conv, entry.bucket, position, *terms, limit - len(rows)))
            rows += [Row(*row) for row in found]
            empty += not found
            if len(rows) == limit:
                return Page(rows, rows[-1].position)
            if empty == most_empty:
                return Page(rows, entry.first)
        return Page(rows, 0)

    async def latest(self, conv: int, limit: int = PAGE) -> list[Row]:
        """The newest messages of a conversation, newest first."""
        page = await self.before(conv, NEWEST, limit)
        rows = page.rows
        while page.before and len(rows) < limit:
            page = await self.before(conv, page.before, limit - len(rows))
            rows += page.rows
        return rows

    async def heads(self, convs: Sequence[int]) -> dict[int, int]:
        """The newest position of each conversation that has messages, in one request for `HEADS` of them."""
        found: dict[int, int] = {}
        for start in range(0, len(convs), HEADS):
            for bucket, of_bucket in (await self._directory.newest(convs[start : start + HEADS])).items():
                rows = await ask(self._session, self._heads, (of_bucket, bucket))
                found.update((row[0], row[1]) for row in rows)
        return found

    async def members(self, conv: int) -> tuple[int, ...]:
        """Members of a conversation; empty when there is none."""
        return tuple(row[0] for row in await ask(self._session, self._members, (conv,)))

    async def sizes(self, convs: Sequence[int]) -> dict[int, int]:
        """How many members each of these conversations has."""
        found: dict[int, int] = {}
        for start in range(0, len(convs), HEADS):
            rows = await ask(self._session, self._sizes, (list(convs[start : start + HEADS]),))
            found.update((conv, size or 0) for conv, size in rows)
        return found

    async def memberships(self, user: int) -> tuple[int, ...]:
        """Conversations of a user."""
        return tuple(row[0] for row in await ask(self._session, self._memberships, (user,)))

    async def reached(self, convs: Sequence[int]) -> dict[int, dict[int, tuple[int, int]]]:
        """How far each reader of these conversations has got, delivered and read."""
        found: dict[int, dict[int, tuple[int, int]]] = {}
        for start in range(0, len(convs), HEADS):
            for conv, reader, *reached in await ask(self._session, self._reached, (convs[start : start + HEADS],)):
                delivered, read = (position or 0 for position in reached)
                found.setdefault(conv, {})[reader] = (delivered, read)
        return found

    async def receipt(self, conv: int, reader: int, state: str, position: int) -> None:
        """Remember how far a reader has got."""
        await self._write(self._receipts[state], (position, position, conv, reader))
