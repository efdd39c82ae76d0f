"""Receipts on their way back: kept in the store, pushed to the senders who are connected.

They are kept before anybody is looked up, so a sender who comes back, or finds no registration left, reads what was
pushed to nobody (`resume`). Of a conversation that is read, not pushed, they are each member's cursor and told to
nobody.

A batch of one partition is taken together: one write a (conversation, reader, state), one lookup for all senders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

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
        self._dropping: set[asyncio.Task[None]] = set()

    async def hand_back(self, batch: Sequence[ReceiptRecord]) -> None:
        """Store and push a batch, in its order."""
        routes, links = await patiently(lambda: self._keep_and_route(batch))
        for record in batch:
            if record.told:
                self._push(record, routes, links)

    async def _keep_and_route(
        self, batch: Sequence[ReceiptRecord]
    ) -> tuple[Mapping[int, str], Mapping[str, Link | None]]:
        await self._keep(batch)
        senders = sorted({item.sender for record in batch if record.told for item in record.items})
        routes = await self._registry.routes(senders) if senders else {}
        return routes, {gateway: await self._links.to(gateway) for gateway in sorted(set(routes.values()))}

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

    def _push(self, record: ReceiptRecord, routes: Mapping[int, str], links: Mapping[str, Link | None]) -> None:
        by_sender: dict[int, dict[str, int]] = {}
        for item in record.items:
            by_sender.setdefault(item.sender, {})[item.uuid] = item.position
        for address, gateway in routes.items():
            if (places := by_sender.get(user_of(address))) is None:
                continue
            if (link := links[gateway]) is None:
                self._drop([address], gateway)
                continue
            frame = encode(Seen(record.conv, record.reader, record.state, places))
            link.push(frame, [address], stamped=False).add_done_callback(partial(self._answered, link, gateway))

    def _answered(self, link: Link, gateway: str, absent: asyncio.Future[list[int]]) -> None:
        if link.failed and not absent.cancelled():
            self._drop(absent.result(), gateway)

    def _drop(self, absent: Sequence[int], gateway: str) -> None:
        """Whoever is connected there all the same learns from the next heartbeat to ask for what was missed."""
        task = asyncio.create_task(patiently(partial(self._registry.drop, absent, gateway)))
        self._dropping.add(task)
        task.add_done_callback(self._dropping.discard)
