"""Which messages of a trace carry a photo, a video or a voice message, and which content it is.

    send ─► photo | video | voice | none ─┬─► a new content, its size log-normal
                                          └─► one that was sent before: any earlier sending is equally likely, so
                                              what was forwarded often is forwarded more, as viral pictures are

A function of the trace's seed and of the shares alone: it draws one row a message, in the order of the trace, and
leaves the trace as it is. Equal numbers of contents are equal bytes. (Choosing so is Yule's and Simon's process.)
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence

from sim.plan.payloads import PHOTO_BYTES, VIDEO_BYTES, VIDEO_SHARE, VOICE_BYTES, VOICE_RATIO
from sim.provenance import assumed
from sim.scenario import Scenario, Traffic
from sim.trace import Trace

SIZE_SIGMA = assumed("log-normal sigma of a medium's size", 0.6, "", "nothing published", low=0.3, high=1.0)
# What a messenger's client lets through.
MAX_BYTES = 16_000_000
_MEDIA = 0x3ED1A
_NORMAL = NormalDist()


class Medium(NamedTuple):
    """What goes with a message."""

    content: int
    type: str
    size_bytes: int


def media_of(trace: Trace, traffic: Traffic) -> dict[str, Medium]:
    """The media of a trace's messages, by UUID, at full size."""
    uuids = trace.frame.loc[trace.frame["action"] == "send", "uuid"].tolist()
    # With a word of its own: the trace spawns its streams from the seed alone.
    rng = Generator(PCG64(SeedSequence([trace.seed, _MEDIA])))
    kinds = _kinds(traffic.media_share)
    found: dict[str, Medium] = {}
    sent: list[Medium] = []
    # One row of uniforms a message, whatever it carries: a share that changes does not reshuffle the others.
    for uuid, (kind, forward, which, size) in zip(uuids, rng.random((len(uuids), 4)).tolist(), strict=True):
        medium = _drawn(kinds, kind, size, len(sent))
        if medium is None:
            continue
        if sent and forward < traffic.media_forward_share:
            medium = sent[int(which * len(sent))]
        sent.append(medium)
        found[uuid] = medium
    return found


def media_on_the_box(trace: Trace, scenario: Scenario) -> dict[str, Medium]:
    """The same at the size that the box carries; none where the design leaves media to somebody else."""
    if scenario.design.media == "none":
        return {}
    return {
        uuid: medium._replace(size_bytes=max(1, round(medium.size_bytes * scenario.scale.media)))
        for uuid, medium in media_of(trace, scenario.traffic).items()
    }


def _kinds(media_share: float) -> list[tuple[float, str, float]]:
    """Photos, videos and voice messages: the share of messages up to this kind, its type, its mean size."""
    videos = VIDEO_SHARE.value
    shares = np.cumsum([media_share * (1 - videos), media_share * videos, media_share * VOICE_RATIO.value])
    types = ("image/jpeg", "video/mp4", "audio/ogg")
    means = (PHOTO_BYTES.value, VIDEO_BYTES.value, VOICE_BYTES.value)
    return list(zip(shares.tolist(), types, means, strict=True))


def _drawn(kinds: list[tuple[float, str, float]], kind: float, size: float, content: int) -> Medium | None:
    for share, of_type, mean_bytes in kinds:
        if kind < share:
            return Medium(content, of_type, _size_bytes(mean_bytes, size))
    return None


def _size_bytes(mean_bytes: float, probability: float) -> int:
    sigma = SIZE_SIGMA.value
    # Never quite 0 or 1, where the normal's quantile has no end.
    z = _NORMAL.inv_cdf(min(max(probability, 1e-9), 1 - 1e-9))
    return round(min(MAX_BYTES, mean_bytes * math.exp(sigma * z - sigma**2 / 2)))
