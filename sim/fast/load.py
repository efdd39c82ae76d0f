"""How busy each stage is: what it is offered, what it did, and how fast a backlog grows where it is offered too much.

offered   arrival rate × mean service, of each shard (utilisation law), known before anything is simulated
busy      seconds worked over seconds passed, as simulated
growth    records a second by which the work left at the end exceeds that at the start, over the overloaded shards
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.fast.draws import table_mean
from sim.fast.layout import RECEIPTS_PER_DELIVERY, Layout
from sim.fast.production import receipt_work_s, serial_work_s
from sim.fast.slice import STAGES, Seen, Stage
from sim.fast.steps import Times
from sim.workload.samplers import FloatArray


@dataclass(frozen=True, slots=True)
class StageLoad:
    """Utilisation of a stage's shards: mean and hottest as simulated, and the highest that is offered.

    `growth_per_s` is records a second over the `overloaded` shards, those that are offered 1 or more.
    """

    shards: int
    mean: float
    hottest: float
    hottest_shard: int
    offered_hottest: float
    overloaded: int
    growth_per_s: float


def stage_loads(layout: Layout, times: Times, seen: Sequence[Seen]) -> dict[str, StageLoad]:
    """The loads of all stages over all slices, in the order of the path."""
    arriving, work_s = arrival_rates_per_s(layout), mean_work_s(layout, times)
    return {
        name: _stage_load(
            arriving[name] * work_s[name], work_s[name], [one.stages[name] for one in seen], seen[0].window_s
        )
        for name in STAGES
    }


def arrival_rates_per_s(layout: Layout) -> dict[str, FloatArray]:
    """Items a second that come to every shard of each stage."""
    to_gateway = layout.gateways / layout.gateways.sum()
    deliveries = layout.deliveries_per_s
    receipts = RECEIPTS_PER_DELIVERY * deliveries
    return {
        "gateway": layout.messages_per_s * to_gateway,
        "worker": layout.partition_rates_per_s(),
        "push": deliveries * to_gateway,
        "receipt_gateway": receipts * to_gateway,
        "receipt_worker": layout.receipt_rates_per_s(),
        "receipt_push": receipts * to_gateway,
    }


def mean_work_s(layout: Layout, times: Times) -> Mapping[str, float]:
    """Mean service time of one item at each stage."""
    frame_s = table_mean(times.frame)
    worker_s, receipt_s = serial_work_s(times, layout.mean_recipients), receipt_work_s(times)
    return dict(zip(STAGES, (frame_s, worker_s, frame_s, frame_s, receipt_s, frame_s), strict=True))


def _stage_load(offered: FloatArray, work_s: float, slices: Sequence[Stage], window_s: float) -> StageLoad:
    passed_s = window_s * len(slices)
    busy = np.sum([one.busy_s for one in slices], axis=0) / passed_s
    # A server that never rests has been given more than it did: services are noted when they are handed over.
    busy = np.minimum(busy, 1.0)
    growing = offered >= 1
    left_s = sum(float((one.left_after_s - one.left_before_s)[growing].sum()) for one in slices)
    return StageLoad(
        shards=len(offered),
        mean=float(busy.mean()),
        hottest=float(busy.max()),
        hottest_shard=int(busy.argmax()),
        offered_hottest=float(offered.max()),
        overloaded=int(growing.sum()),
        growth_per_s=left_s / work_s / passed_s,
    )
