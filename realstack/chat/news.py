"""News of conversations that their members read for themselves (fan-out on read): there is something up to here.

    message ─► stored ─► tell(c5, 17) ─┐                         ┌─► gateway-1 ─► members of c5 who are here
    message ─► stored ─► tell(c5, 18) ─┴─ one notice, at most ───┴─► gateway-2 ─► …     each pulls from its own cursor
                                          every `INTERVAL_S`

However many members there are and messages come, a conversation costs its worker five notices a second to each gateway.
A message is not done before a notice of it, or of a later one, was taken by every gateway with followers.
"""

from __future__ import annotations

import asyncio
from functools import partial

from realstack.chat.frames import News as Notice
from realstack.chat.frames import encode
from realstack.chat.links import Links
from realstack.chat.patience import patiently
from realstack.chat.registry import Registry

INTERVAL_S = 0.2


class NotTakenError(Exception):
    """A gateway did not answer; its followers would not know."""


class News:
    """Tells gateways at a bounded rate, the first notice at once and the last one surely."""

    def __init__(self, registry: Registry, links: Links, interval_s: float = INTERVAL_S) -> None:
        self._registry = registry
        self._links = links
        self._interval_s = interval_s
        self._due: dict[int, int] = {}
        self._told: dict[int, asyncio.Future[None]] = {}
        self._telling: dict[int, asyncio.Task[None]] = {}

    def tell(self, conv: int, position: int) -> asyncio.Future[None]:
        """Announce a message; the future is done when a notice that covers it was taken."""
        self._due[conv] = max(position, self._due.get(conv, 0))
        if conv not in self._told:
            self._told[conv] = asyncio.get_running_loop().create_future()
        if conv not in self._telling:
            self._telling[conv] = asyncio.create_task(self._tell(conv))
        return self._told[conv]

    async def _tell(self, conv: int) -> None:
        while conv in self._due:
            position, told = self._due.pop(conv), self._told.pop(conv)
            # Again until the gateway answers, or its followers' entry has ended.
            await patiently(partial(self._notice, conv, position))
            told.set_result(None)
            await asyncio.sleep(self._interval_s)
        del self._telling[conv]

    async def _notice(self, conv: int, position: int) -> None:
        frame = encode(Notice(conv, position))
        links = [await self._links.to(gateway) for gateway in await self._registry.followed_at(conv)]
        sent = [(link, link.push(frame, (), stamped=False, conv=conv)) for link in links if link is not None]
        for link, answer in sent:
            await answer
            if link.failed:
                raise NotTakenError(f"a gateway did not take the news of conversation {conv}")

    def cancel(self) -> None:
        """Tell nothing more."""
        for task in self._telling.values():
            task.cancel()
