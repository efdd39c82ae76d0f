"""Who follows which conversation here: sessions of members of conversations that are read, not pushed.

A gateway tells the registry which conversations it has followers of, before they read what they missed, and again now
and then: the entry of a gateway that is gone ends by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from realstack.chat.connection import Connection
from realstack.chat.registry import Registry

_AT_ONCE = 256


class Followers:
    """The followers at one gateway."""

    def __init__(self, registry: Registry, gateway: str) -> None:
        self._registry = registry
        self._gateway = gateway
        self._of: dict[int, set[Connection]] = {}

    async def follow(self, connection: Connection, convs: Iterable[int]) -> None:
        """The session follows these from now on."""
        convs = list(convs)
        for conv in convs:
            self._of.setdefault(conv, set()).add(connection)
        await self._registry.follow(convs, self._gateway)

    def forget(self, connection: Connection) -> None:
        """The session has ended."""
        for conv in [conv for conv, here in self._of.items() if connection in here]:
            self._of[conv].discard(connection)
            if not self._of[conv]:
                del self._of[conv]

    async def tell(self, conv: int, frame: bytes) -> None:
        """Push a frame to all followers of a conversation, with a breath for others in between."""
        for count, connection in enumerate(list(self._of.get(conv, ())), 1):
            connection.push(frame)
            if count % _AT_ONCE == 0:
                await asyncio.sleep(0)

    async def renew(self) -> None:
        """Tell the registry again."""
        await self._registry.follow(list(self._of), self._gateway)
