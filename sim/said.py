"""What a device has said in its session and is not sure that its gateway has heard: its receipts, which nobody answers.

    said r1 ─ said r2 ─ heartbeat ► ◄ answered ─ said r3 ─ heartbeat ► ◄ answered      r1 and r2 have been heard: what
                                                                                       came before a heartbeat was taken

Of a session that breaks, the rest is said again in the next one. Who hears it twice takes it once.
"""

from __future__ import annotations

from typing import Generic, TypeVar

_Frame = TypeVar("_Frame")


class Said(Generic[_Frame]):
    """One device's. What was said between a heartbeat and its answer may not have been heard: it waits for the next."""

    def __init__(self) -> None:
        self._before: list[_Frame] = []
        self._since: list[_Frame] = []

    def say(self, frame: _Frame) -> None:
        """It goes out now."""
        self._since.append(frame)

    def answered(self) -> None:
        """A heartbeat was."""
        self._before, self._since = self._since, []

    def take(self) -> list[_Frame]:
        """Everything that may not have been heard, in order; it counts as said no more."""
        unsure = [*self._before, *self._since]
        self._before, self._since = [], []
        return unsure
