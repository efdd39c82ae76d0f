"""One random stream a purpose, all from one seed: a change of one parameter does not reshuffle what others draw."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

from numpy.random import PCG64, Generator, SeedSequence


@dataclass(frozen=True, slots=True)
class Streams:
    """Independent generators. New purposes go to the end: the order decides which child of the seed a stream gets."""

    pairs: Generator
    groups: Generator
    activity: Generator
    presence: Generator
    sessions: Generator
    gaps: Generator
    targets: Generator
    texts: Generator
    uuids: Generator
    opens: Generator
    reads: Generator
    attention: Generator
    shocks: Generator
    drops: Generator
    circles: Generator
    viral: Generator
    viral_gaps: Generator
    devices: Generator
    device_sessions: Generator

    @classmethod
    def of(cls, seed: int) -> Self:
        """The streams of a seed (≥ 0)."""
        children = SeedSequence(seed).spawn(len(fields(cls)))
        # Not default_rng: numpy may choose another default, and traces must stay what they are.
        return cls(*(Generator(PCG64(child)) for child in children))
