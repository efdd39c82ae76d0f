"""Who follows which conversation at one gateway: sessions of members of conversations that are read, not pushed."""

from __future__ import annotations

from collections.abc import Iterable

from sim.engine.context import Context, Process
from sim.engine.presence import Registry
from sim.engine.session import Session

_RENEW_EVERY_S = 2.0


class Followers:
    """The followers at gateway `number`, which the registry is told of at once and again now and then."""

    def __init__(self, context: Context, registry: Registry, number: int) -> None:
        self._context = context
        self._registry = registry
        self._number = number
        self._of: dict[int, dict[str, Session]] = {}

    def of(self, conv: int) -> Iterable[Session]:
        """The followers of a conversation who are here."""
        return list(self._of.get(conv, {}).values())

    def follow(self, session: Session, convs: Iterable[int]) -> Process:
        """The session follows these from now on."""
        convs = [conv for conv in convs if self._is_read(conv)]
        for conv in convs:
            self._of.setdefault(conv, {})[session.name] = session
        yield from self._registry.follow(convs, self._number)

    def _is_read(self, conv: int) -> bool:
        return self._context.design.is_served_on_read(len(self._context.members[conv]))

    def forget(self, session: Session) -> None:
        """The session has ended."""
        for conv in [conv for conv, here in self._of.items() if session.name in here]:
            del self._of[conv][session.name]
            if not self._of[conv]:
                del self._of[conv]

    def renew(self) -> Process:
        """For ever: tell the registry again."""
        while True:
            yield self._context.env.timeout(_RENEW_EVERY_S)
            if self._of:
                yield from self._registry.follow(list(self._of), self._number)
