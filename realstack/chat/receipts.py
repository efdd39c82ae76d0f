"""Receipts on their way back: kept in the store, pushed to the senders who are connected.

Of a conversation that is read, not pushed, they are each member's cursor and told to nobody.

A batch of one partition is taken together: one write a (conversation, reader, state), one lookup for all senders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from realstack.chat.frames import Seen, encode
from realstack.chat.links import Link, Links
from realstack.chat.patience import patiently
from realstack.chat.records import ReceiptRecord
from realstack.chat.registry import Registry
from realstack.chat.store import Store
from sim.addresses import user_of


class Receipts:
    """Hands receipts to the senders. Batches of one partition must not overlap."""

    def __init__(self, store: Store, registry: Registry, links: Links) -> None:
        self._store = store
        self._registry = registry
        self._links = links

    async def hand_back(self, batch: Sequence[ReceiptRecord]) -> None:
        """Store and push a batch, in its order."""
        links = await patiently(lambda: self._keep_and_route(batch))
        for record in batch:
            _push(record, links)

    async def _keep_and_route(self, batch: Sequence[ReceiptRecord]) -> dict[int, Link | None]:
        await self._keep(batch)
        senders = sorted({item.sender for record in batch if record.told for item in record.items})
        routes = await self._registry.routes(senders) if senders else {}
        return {address: await self._links.to(gateway) for address, gateway in routes.items()}

    async def _keep(self, batch: Sequence[ReceiptRecord]) -> None:
        furthest: dict[tuple[int, int, str], int] = {}
        for record in batch:
            key = (record.conv, record.reader, record.state)
            furthest[key] = max([furthest.get(key, 0), *(item.position for item in record.items)])
        await asyncio.gather(
            *(
                self._store.receipt(conv, reader, state, position)
                for (conv, reader, state), position in furthest.items()
            )
        )


def _push(record: ReceiptRecord, links: Mapping[int, Link | None]) -> None:
    if not record.told:
        return
    by_sender: dict[int, list[str]] = {}
    for item in record.items:
        by_sender.setdefault(item.sender, []).append(item.uuid)
    for address, link in links.items():
        if link is not None and (uuids := by_sender.get(user_of(address))):
            link.push(encode(Seen(record.conv, record.reader, record.state, uuids)), [address], stamped=False)
