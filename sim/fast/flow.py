"""What every shard of each stage is offered: arrival rate × mean work, known before anything is simulated.

    offered ≥ 1     no steady state: the backlog grows by arrival rate − 1 ÷ work, and 1 ÷ work goes on to the next

So a partition that cannot keep up sends its recipients no more than its worker can do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.fast.draws import table_mean
from sim.fast.layout import RECEIPTS_PER_DELIVERY, Layout
from sim.fast.production import receipt_work_s, serial_work_s
from sim.fast.steps import Times
from sim.workload.samplers import FloatArray

# Where a server can be busy, in the order of the path.
STAGES = ("gateway", "worker", "push", "receipt_gateway", "receipt_worker", "receipt_push")


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """Items a second that come to every shard of a stage, and the mean work of one item there, in seconds."""

    rates_per_s: FloatArray
    work_s: FloatArray

    @property
    def offered(self) -> FloatArray:
        """Utilisation that is asked for; no server gives more than 1."""
        return self.rates_per_s * self.work_s

    @property
    def growth_per_s(self) -> FloatArray:
        """Items a second by which each shard's backlog grows; 0 where it keeps up."""
        return np.where(self.offered >= 1, self.rates_per_s - self.carried_per_s, 0.0)

    @property
    def carried_per_s(self) -> FloatArray:
        """Items a second that leave each shard."""
        return np.minimum(self.rates_per_s, 1 / self.work_s)


def flows(layout: Layout, times: Times) -> Mapping[str, Flow]:
    """The flow of every stage, in the order of the path."""
    to_gateway = layout.gateways / layout.gateways.sum()
    frame_s = np.full(len(to_gateway), table_mean(times.frame))
    deliveries, viral = deliveries_carried(layout, times)
    receipts = RECEIPTS_PER_DELIVERY * deliveries
    partitions = receipts * layout.receipt_weights(viral)
    receipt = Flow(partitions, np.full(len(partitions), receipt_work_s(times)))
    return {
        "gateway": Flow(layout.messages_per_s * to_gateway, frame_s),
        "worker": worker_flow(layout, times),
        "push": Flow(deliveries * to_gateway, frame_s),
        "receipt_gateway": Flow(receipts * to_gateway, frame_s),
        "receipt_worker": receipt,
        "receipt_push": Flow(float(receipt.carried_per_s.sum()) * to_gateway, frame_s),
    }


def worker_flow(layout: Layout, times: Times) -> Flow:
    """Messages at the partitions' workers; those of the viral group take longer, by their recipients."""
    rates = layout.partition_rates_per_s()
    viral = layout.viral_per_s / rates[0]
    work_s = np.full(len(rates), serial_work_s(times, layout.usual_recipients))
    work_s[0] += viral * (serial_work_s(times, layout.hot_recipients) - work_s[0])
    return Flow(rates, work_s)


def deliveries_carried(layout: Layout, times: Times) -> tuple[float, float]:
    """Deliveries a second that leave the workers, and the viral group's share of them."""
    carried = worker_flow(layout, times).carried_per_s
    viral_messages = float(carried[0]) * layout.viral_per_s / float(layout.partition_rates_per_s()[0])
    viral = viral_messages * layout.hot_recipients
    deliveries = (float(carried.sum()) - viral_messages) * layout.usual_recipients + viral
    return deliveries, viral / deliveries
