"""Which conversation holds which media: who may fetch the bytes, and what a message may refer to.

    media   ((conv, digest))  type, size_bytes        written once the bytes are kept

The bytes are stored once for all conversations; this is what tells them apart.
"""

from __future__ import annotations

from cassandra.cluster import Session

from realstack.chat.cql import ask
from realstack.chat.media_ref import MediaRef

_TABLE = """CREATE TABLE IF NOT EXISTS {keyspace}.media (conv int, digest text, type text, size_bytes int,
            PRIMARY KEY ((conv, digest)))"""


def create_table(session: Session, keyspace: str) -> None:
    """Create the table in a keyspace that is there."""
    session.execute(_TABLE.format(keyspace=keyspace))


class Shelf:
    """The statements, awaitable. Raises the driver's errors."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self._session = session
        self._insert = session.prepare(
            f"INSERT INTO {keyspace}.media (conv, digest, type, size_bytes) VALUES (?, ?, ?, ?)"
        )
        self._find = session.prepare(f"SELECT type, size_bytes FROM {keyspace}.media WHERE conv = ? AND digest = ?")

    async def put(self, conv: int, ref: MediaRef) -> None:
        """The conversation holds this medium from now on."""
        await ask(self._session, self._insert, (conv, ref.digest, ref.type, ref.size_bytes))

    async def find(self, conv: int, digest: str) -> MediaRef | None:
        """The medium of a digest, if the conversation holds it."""
        rows = await ask(self._session, self._find, (conv, digest))
        return MediaRef(digest, *rows[0]) if rows else None
