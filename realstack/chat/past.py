"""The past of a conversation, for its members: page by page back from the newest message.

fetch(conv)            ─► page: 120 … 71, before 71
fetch(conv, before 71) ─► page:  70 … 21, before 21
fetch(conv, before 21) ─► page:  20 …  1, before 0
"""

from __future__ import annotations

from typing import Literal

from realstack.chat.frames import Fetch, Found, Message, Page, Search
from realstack.chat.media_ref import MediaRef
from realstack.chat.message_service import Membership
from realstack.chat.store import MOST_TERMS, NEWEST, Row, Store
from realstack.chat.store import Page as StoredPage
from realstack.chat.words import words_of


class BadRequestError(Exception):
    """A request that nobody can honour; `code` is the frame's."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


async def fetch(user: int, request: Fetch, membership: Membership, store: Store) -> Page:
    """The page asked for. Raises NotAMemberError, and BadRequestError for a place that the conversation has not got."""
    await membership.require(request.conv, user)
    page = await store.before(request.conv, await _position(request, store))
    return Page(request.conv, _as_messages(page), page.before)


async def search(user: int, request: Search, membership: Membership, store: Store) -> Found:
    """The newest messages with all these words. Raises as `fetch`, and BadRequestError for what is no search."""
    await membership.require(request.conv, user)
    if not store.searchable:
        raise BadRequestError("no-search", 'messages are not indexed here: design.search is "none"')
    terms = words_of(request.words)
    if not 1 <= len(terms) <= MOST_TERMS:
        raise BadRequestError("bad-search", f"{len(terms)} words to search for; give 1 to {MOST_TERMS} whole words")
    page = await store.search(request.conv, terms, await _position(request, store))
    return Found(request.conv, _as_messages(page), page.before)


async def _position(request: Fetch | Search, store: Store) -> int:
    if request.before is None:
        return NEWEST
    newest = (await store.heads([request.conv])).get(request.conv, 0)
    if request.before > newest + 1:
        detail = f"before={request.before} is in the future, the newest message is {newest}; leave it out to begin"
        raise BadRequestError("bad-cursor", detail)
    return request.before


def _as_messages(page: StoredPage) -> list[Message]:
    return [as_message(row, "history") for row in page.rows]


def as_message(row: Row, via: Literal["pull", "resume", "history"], prev: int = -1) -> Message:
    """A stored message as a frame."""
    return Message(
        conv=row.conv,
        uuid=row.uuid,
        sender=row.sender,
        cseq=row.cseq,
        message_id=row.message_id,
        position=row.position,
        prev=prev,
        text=row.content,
        via=via,
        media=MediaRef(*row.media) if row.media else None,
        accepted_ns=row.accepted_ns,
    )
