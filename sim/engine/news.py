"""News of conversations that their members read: at most one notice an interval to each gateway with followers.

    stored ─► tell(c5, 17) ─┐                      ┌─► gateway-1
    stored ─► tell(c5, 18) ─┴─ a notice, again at ─┴─► gateway-2
                               the earliest in 0.2 s

A message is done when a notice that covers it was taken; a gateway that does not answer is told again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

import simpy

from sim.engine.context import Context, Process
from sim.engine.frames import News as Notice
from sim.engine.gateway import Delivery
from sim.engine.link import Link
from sim.engine.presence import Registry

INTERVAL_S = 0.2
_BACK_OFF_S = (0.02, 2.0)


class News:
    """One worker's notices."""

    def __init__(self, context: Context, registry: Registry, links: Mapping[int, Link]) -> None:
        self._context = context
        self._registry = registry
        self._links = links
        self._due: dict[int, tuple[int, list[Callable[[], None]]]] = {}
        self._telling: set[int] = set()

    def tell(self, conv: int, position: int, done: Callable[[], None]) -> None:
        """Announce a message; `done` is called when a notice that covers it was taken."""
        highest, waiting = self._due.get(conv, (0, []))
        self._due[conv] = (max(highest, position), [*waiting, done])
        if conv not in self._telling:
            self._telling.add(conv)
            self._context.env.process(self._tell(conv))

    def _tell(self, conv: int) -> Process:
        while conv in self._due:
            position, waiting = self._due.pop(conv)
            limit_s = _BACK_OFF_S[0]
            while not (yield from self._notice(conv, position)):
                yield self._context.env.timeout(self._context.back_off_s(limit_s))
                limit_s = min(2 * limit_s, _BACK_OFF_S[1])
            for done in waiting:
                done()
            yield self._context.env.timeout(INTERVAL_S)
        self._telling.discard(conv)

    def _notice(self, conv: int, position: int) -> Generator[simpy.Event, Any, bool]:
        gateways = yield from self._registry.followed_at(conv)
        links = [self._links[gateway] for gateway in gateways]
        yield self._context.env.all_of([link.push(Delivery((), Notice(conv, position))) for link in links])
        return not any(link.failed for link in links)
