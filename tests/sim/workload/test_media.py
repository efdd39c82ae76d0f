"""Which messages carry what: shares, sizes and forwards as the scenario says, the same for the same seed."""

from __future__ import annotations

import math
from collections import Counter
from statistics import NormalDist

import numpy as np
import pytest

from sim.plan.payloads import PHOTO_BYTES, VIDEO_BYTES, VIDEO_SHARE, VOICE_BYTES, VOICE_RATIO
from sim.scenario import Traffic
from sim.trace import Action, Trace
from sim.workload.media import MAX_BYTES, SIZE_SIGMA, Medium, media_of
from tests.sim.workload.goodness import anderson_darling

MESSAGES = 40_000


def trace(seed: int = 1, messages: int = MESSAGES) -> Trace:
    return Trace.of((Action(n, "send", 1, 5, f"m{n}", n + 1, 20) for n in range(messages)), seed, 1.0)


def traffic(media: float = 0.1, forwarded: float = 0.2) -> Traffic:
    return Traffic.model_validate({"messages": 1.0, "media_share": media, "media_forward_share": forwarded})


def test_the_shares_are_the_scenarios_and_the_plans() -> None:
    kinds = Counter(medium.type for medium in media_of(trace(), traffic(0.1, 0.0)).values())
    videos = 0.1 * VIDEO_SHARE.value
    expected = {"image/jpeg": 0.1 - videos, "video/mp4": videos, "audio/ogg": 0.1 * VOICE_RATIO.value}
    for kind, share in expected.items():
        assert kinds[kind] / MESSAGES == pytest.approx(share, rel=0.05)


def test_photos_weigh_on_average_what_the_plan_says_and_none_is_larger_than_a_client_takes() -> None:
    found = media_of(trace(), traffic(0.5, 0.0)).values()
    photos = [medium.size_bytes for medium in found if medium.type == "image/jpeg"]
    assert sum(photos) / len(photos) == pytest.approx(PHOTO_BYTES.value, rel=0.03)
    assert max(medium.size_bytes for medium in found) <= MAX_BYTES


@pytest.mark.parametrize(
    ("kind", "mean_bytes"),
    [("image/jpeg", PHOTO_BYTES.value), ("video/mp4", VIDEO_BYTES.value), ("audio/ogg", VOICE_BYTES.value)],
)
def test_sizes_are_log_normal_to_their_tails_up_to_what_a_client_takes(kind: str, mean_bytes: float) -> None:
    sigma = SIZE_SIGMA.value
    log_size = NormalDist(math.log(mean_bytes) - sigma**2 / 2, sigma)
    sizes = np.array(
        [medium.size_bytes for medium in media_of(trace(), traffic(0.5, 0.0)).values() if medium.type == kind]
    )
    taken = log_size.cdf(math.log(MAX_BYTES))
    whole = sizes[sizes < MAX_BYTES].astype(float)
    assert len(whole) > 500
    assert len(sizes) - len(whole) == pytest.approx(len(sizes) * (1 - taken), abs=4 * (len(sizes) * (1 - taken)) ** 0.5)
    assert anderson_darling(whole, lambda x: np.array([log_size.cdf(math.log(value)) / taken for value in x])) < 6


def test_a_forward_is_the_same_content_and_some_are_forwarded_very_often() -> None:
    found = list(media_of(trace(), traffic(0.5, 0.5)).values())
    by_content: dict[int, set[Medium]] = {}
    for medium in found:
        by_content.setdefault(medium.content, set()).add(medium)
    assert {len(same) for same in by_content.values()} == {1}
    assert len(by_content) / len(found) == pytest.approx(0.5, abs=0.02)
    assert Counter(medium.content for medium in found).most_common(1)[0][1] > 50


def test_without_forwards_no_content_comes_twice_and_without_media_there_is_none() -> None:
    found = media_of(trace(), traffic(0.2, 0.0))
    assert len({medium.content for medium in found.values()}) == len(found) > 0
    assert media_of(trace(), traffic(0.0)) == {}


def test_the_same_seed_gives_the_same_media_and_a_longer_trace_begins_like_a_shorter_one() -> None:
    assert media_of(trace(), traffic()) == media_of(trace(), traffic())
    assert media_of(trace(2), traffic()) != media_of(trace(), traffic())
    longer, shorter = media_of(trace(), traffic()), media_of(trace(messages=1_000), traffic())
    assert {uuid: longer[uuid] for uuid in shorter} == shorter
