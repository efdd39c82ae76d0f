"""Receipts on their way back to the senders: kept in the store, then pushed to those who are connected.

The receipts of one partition that were polled together are worked on together: one write a (conversation, reader,
state), one lookup for all senders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import simpy

from sim.addresses import user_of
from sim.engine.context import Context, Process
from sim.engine.frames import Message, Receipt
from sim.engine.gateway import Delivery
from sim.engine.link import Link
from sim.engine.presence import Registry
from sim.engine.store import Reach
from sim.engine.writes import Writes


class Receipts:
    """One worker's way back. `work(operation, times)` is CPU work on the worker's event loop."""

    def __init__(
        self,
        context: Context,
        work: Callable[[str, int], simpy.Event],
        writes: Writes,
        registry: Registry,
        links: Mapping[int, Link],
    ) -> None:
        self._env = context.env
        self._work = work
        self._writes = writes
        self._registry = registry
        self._links = links

    def hand_back(self, batch: Sequence[Receipt]) -> Process:
        """Store and push a batch, in its order."""
        kept: dict[tuple[int, int, str], int] = {}
        for receipt in batch:
            key = (receipt.conv, receipt.reader, receipt.state)
            kept[key] = max([kept.get(key, 0), *(message.position for message in receipt.messages)])
        yield self._work("receipt", len(kept))
        rows = [Reach(*key, position) for key, position in sorted(kept.items())]
        yield self._env.all_of([self._env.process(self._writes.receipt(row)) for row in rows])
        told = [receipt for receipt in batch if receipt.told]
        senders = sorted({message.sender for receipt in told for message in receipt.messages})
        yield self._work("seen", len(senders))
        routes = yield from self._registry.routes(senders)
        for receipt in told:
            by_sender = _by_sender(receipt)
            for address, gateway in routes.items():
                if (messages := by_sender.get(user_of(address))) is not None:
                    self._links[gateway].push(Delivery((address,), receipt._replace(messages=tuple(messages))))


def _by_sender(receipt: Receipt) -> dict[int, list[Message]]:
    found: dict[int, list[Message]] = {}
    for message in receipt.messages:
        found.setdefault(message.sender, []).append(message)
    return found
