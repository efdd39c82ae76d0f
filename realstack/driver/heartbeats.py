"""Heartbeats that get lost on the way: the device sends one, its gateway never hears of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import msgspec


class Loss(msgspec.Struct, frozen=True):
    """A `share` of the heartbeats to a gateway is lost between two times of the trace."""

    gateway: str
    start_s: float
    end_s: float
    share: float


class HeartbeatLoss:
    """Tells of each heartbeat whether it gets lost; the same seed and questions give the same answers."""

    def __init__(self, losses: Sequence[Loss], seed: int, now_s: Callable[[], float]) -> None:
        self._losses = losses
        self._random = random.Random(seed)
        self._now_s = now_s

    def hits(self, gateway: str) -> bool:
        """Whether the heartbeat that a gateway should get now is lost."""
        now_s = self._now_s()
        shares = [loss.share for loss in self._losses if loss.gateway == gateway and loss.start_s <= now_s < loss.end_s]
        return any(self._random.random() < share for share in shares)
