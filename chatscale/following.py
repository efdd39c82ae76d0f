"""Who follows a run: a terminal, a log, or nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from realstack.driver.replay import Progress
    from sim.trace import Trace


class Watcher(Protocol):
    """Who follows a run: a terminal, a log, nobody."""

    def step(self, text: str) -> None:
        """A new step begins."""

    def note(self, text: str) -> None:
        """Something worth a line happened within the step."""

    def drive(self, progress: Progress, trace: Trace) -> None:
        """The drive is this far."""


class Nobody:
    """Watches nothing."""

    def step(self, text: str) -> None:
        """Ignore it."""

    def note(self, text: str) -> None:
        """Ignore it."""

    def drive(self, progress: Progress, trace: Trace) -> None:
        """Ignore it."""
