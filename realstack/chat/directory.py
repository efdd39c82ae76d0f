"""The directory: which time buckets a conversation has, so that nobody reads the months in which nobody wrote.

    buckets (conv, bucket DESC) → first     positions `first` … up to the next bucket's first stand in this bucket

A bucket is entered before its first message is stored, so a row is never where no reader looks. Entries outlive the
messages of their bucket: an emptied bucket may still be listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cassandra.cluster import Session

from realstack.chat.buckets import LONGEST_S, bucket_of, first_id
from realstack.chat.cql import ask
from realstack.chat.settings import Choices

TABLE = """CREATE TABLE IF NOT EXISTS {keyspace}.buckets (conv int, bucket int, first bigint,
    PRIMARY KEY (conv, bucket))
    WITH CLUSTERING ORDER BY (bucket DESC) AND default_time_to_live = {ttl_s}"""
_LOWEST_WINS = 1 << 62


class Entry(NamedTuple):
    """A bucket and the lowest position in it."""

    bucket: int
    first: int


class Directory:
    """The buckets of all conversations; without buckets everything is in bucket 0 and nothing is asked."""

    def __init__(self, session: Session, keyspace: str, choices: Choices) -> None:
        self._session = session
        self._length = choices.bucket
        self._sequenced = choices.sequenced
        self._known: dict[int, set[int]] = {}
        # Whoever enters a bucket again, later and with a higher position, must not hide what is below it.
        self._enter = session.prepare(
            f"INSERT INTO {keyspace}.buckets (conv, bucket, first) VALUES (?, ?, ?) USING TIMESTAMP ?"
        )
        self._all = session.prepare(f"SELECT bucket, first FROM {keyspace}.buckets WHERE conv = ?")
        self._newest = session.prepare(
            f"SELECT conv, bucket FROM {keyspace}.buckets WHERE conv IN ? PER PARTITION LIMIT 1"
        )

    async def place(self, conv: int, message_id: int, position: int) -> int:
        """The bucket for a new message, entered when it is the first of it."""
        if self._length == "none":
            return 0
        if conv not in self._known:
            await self.entries(conv)
        known = self._known[conv]
        bucket = bucket_of(self._length, message_id)
        # Gateways' clocks differ: at the turn of a month a later position may have an earlier time.
        bucket = max(bucket, *known) if self._sequenced and known else bucket
        if bucket not in known:
            await ask(self._session, self._enter, (conv, bucket, position, _LOWEST_WINS - position))
            known.add(bucket)
        return bucket

    async def entries(self, conv: int) -> list[Entry]:
        """The buckets of a conversation, newest first."""
        if self._length == "none":
            return [Entry(0, 0)]
        found = [Entry(*row) for row in await ask(self._session, self._all, (conv,))]
        self._known[conv] = {entry.bucket for entry in found}
        return found if self._sequenced else [Entry(one.bucket, first_id(self._length, one.bucket)) for one in found]

    async def newest(self, convs: Sequence[int]) -> dict[int, list[int]]:
        """Conversations by their newest bucket; those without any are in none."""
        if self._length == "none":
            return {0: list(convs)}
        by_bucket: dict[int, list[int]] = {}
        for conv, bucket in await ask(self._session, self._newest, (list(convs),)):
            by_bucket.setdefault(bucket, []).append(conv)
        return by_bucket


def entry_ttl_s(length: str, retention_s: int) -> int:
    """How long an entry is kept: as long as the last message that its bucket may get; 0 is for ever."""
    return retention_s + LONGEST_S[length] if retention_s else 0
