"""What a device missed: the rows after its cursor, page by page, of the conversations whose head is beyond it.

The registration stands in Redis before the first row is read, and a worker stores a row before it looks the recipient
up. So a message is pushed, or read here, or both; never neither.
"""

from __future__ import annotations

import asyncio

from realstack.chat.connection import Connection
from realstack.chat.frames import Message, Resume, Resumed
from realstack.chat.media_ref import MediaRef
from realstack.chat.message_service import NotAMemberError
from realstack.chat.store import PAGE, Row, Store

_CONVERSATIONS_AT_ONCE = 4


async def resume(connection: Connection, request: Resume, store: Store, *, sequenced: bool) -> None:
    """Send everything after the cursors, then `resumed`. Raises NotAMemberError for a foreign conversation."""
    own = set(await store.memberships(connection.user))
    if foreign := set(request.cursors) - own:
        raise NotAMemberError(f"you are not a member of conversation {min(foreign)}")
    limit = asyncio.Semaphore(_CONVERSATIONS_AT_ONCE)

    async def one(conv: int) -> int:
        async with limit:
            return await _catch_up(connection, conv, request.cursors.get(conv, 0), store, sequenced)

    wanted = sorted(own if request.everything else set(request.cursors))
    heads = await store.heads(wanted)
    behind = [conv for conv in wanted if heads.get(conv, 0) > request.cursors.get(conv, 0)]
    counts = await asyncio.gather(*(one(conv) for conv in behind))
    connection.send(Resumed(sum(counts)))


async def _catch_up(connection: Connection, conv: int, cursor: int, store: Store, sequenced: bool) -> int:
    count = 0
    shown = read = cursor
    while True:
        rows = await store.after(conv, read)
        for row in rows:
            read = row.position
            if row.sender == connection.user:
                continue
            connection.send(_as_message(row, prev=shown if sequenced else -1))
            shown = row.position
            count += 1
        if len(rows) < PAGE:
            return count
        await connection.flushed()


def _as_message(row: Row, prev: int) -> Message:
    return Message(
        conv=row.conv,
        uuid=row.uuid,
        sender=row.sender,
        cseq=row.cseq,
        message_id=row.message_id,
        position=row.position,
        prev=prev,
        text=row.content,
        via="resume",
        media=MediaRef(*row.media) if row.media else None,
        accepted_ns=row.accepted_ns,
    )
