"""The scenario's own run at full size: its day curve, its bursts and its shocks, every message of it.

    rate ┤      ╭─╮            part 1   a quarter of the shards of each kind, with all that they carry
         │  ▁▃▅▇│ │▇▅▃▁        part 2   the next quarter …
         └──────┴─┴──────      parts side by side are the whole; what backs up in a burst is there after it

A message and its receipts stay within a part, where they go to shards at random as in the whole. Parts are
independent replications of a quarter of the system at the load per shard of all. The viral group is in the first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np

from sim.errors import ModelError
from sim.fast.flow import STAGES
from sim.fast.layout import Layout
from sim.fast.path import HOPS
from sim.fast.slice import Seen
from sim.fast.source import Course, course_of
from sim.scenario import Scenario
from sim.workload.samplers import FloatArray
from sim.workload.streams import Streams
from sim.workload.surges import TrafficClock, draw_clock

STEP_S = 0.05
# Reads trail their deliveries: beyond this many medians nothing much comes (sigma 1: 0.2 %).
_TRAIL_MEDIANS = 20


def clock_of(scenario: Scenario, seed: int) -> TrafficClock:
    """The clock of the box's run from the same seed: its shocks come at the same moments."""
    return draw_clock(scenario, Streams.of(seed).shocks)


def message_course(clock: TrafficClock, warm_up_s: float) -> Course:
    """Messages over the mean of the day, from `warm_up_s` before the run on, in steps of 50 ms."""
    duration_s = warm_up_s + clock.day.duration_s
    return course_of(lambda t_s: clock.intensity(max(t_s - warm_up_s, 0.0)), duration_s, round(duration_s / STEP_S))


def read_course(messages: Course, median_s: float, sigma: float) -> Course:
    """Reads over the mean of the day: each as long after its delivery as people take, a log-normal; before, steady."""
    steps = math.ceil(_TRAIL_MEDIANS * median_s / STEP_S)
    shares = np.diff([_not_later(step * STEP_S, median_s, sigma) for step in range(steps + 1)])
    before: FloatArray = np.full(steps - 1, messages.factors[0])
    smooth = np.convolve(np.concatenate([before, messages.factors]), shares / shares.sum(), mode="valid")
    return Course(messages.ends_s, smooth)


def parts(layout: Layout, count: int) -> list[Layout]:
    """The layout in so many parts, each with every `count`-th shard of a kind.

    Raises ModelError for a system that has fewer shards than that of some kind.
    """
    fewest = min(len(loads) for loads in (layout.gateways, layout.partitions, layout.receipt_partitions))
    if fewest < count:
        raise ModelError(
            f"a system with {fewest} shards of a kind does not come in {count} parts; it is small enough for "
            "`chatscale simulate` without --full"
        )
    usual_per_s = layout.messages_per_s - layout.viral_per_s
    return [_part(layout, number, count, usual_per_s) for number in range(count)]


def side_by_side(seen: Sequence[Seen]) -> Seen:
    """The parts of a run as one: shard k of the whole is in part k mod the number of parts."""
    shards = {stage: sum(len(one.busy_s[stage]) for one in seen) for stage in STAGES}
    busy_s = {stage: np.empty(count) for stage, count in shards.items()}
    for number, one in enumerate(seen):
        for stage in STAGES:
            busy_s[stage][number :: len(seen)] = one.busy_s[stage]
    hops = {hop: reduce(add, (one.hops[hop] for one in seen)) for hop in HOPS}
    return Seen(seen[0].window_s, hops, busy_s)


def _part(layout: Layout, number: int, count: int, usual_per_s: float) -> Layout:
    mine = layout.partitions[number::count]
    viral_per_s = layout.viral_per_s if number == 0 else 0.0
    messages_per_s = usual_per_s * float(mine.sum() / layout.partitions.sum()) + viral_per_s
    return replace(
        layout,
        messages_per_s=messages_per_s,
        gateways=layout.gateways[number::count],
        partitions=mine,
        receipt_partitions=layout.receipt_partitions[number::count],
        brokers=max(1, round(layout.brokers / count)),
        hot_share=viral_per_s / messages_per_s,
        hot_recipients=layout.hot_recipients if viral_per_s else 0,
    )


def _not_later(t_s: float, median_s: float, sigma: float) -> float:
    if t_s <= 0 or sigma == 0:
        return float(t_s > median_s)
    return (1 + math.erf(math.log(t_s / median_s) / sigma / math.sqrt(2))) / 2
