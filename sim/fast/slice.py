"""One slice of time of the full-size path, chunk after chunk: all shards, every message, in the memory of a chunk.

    ├── warm-up ──┼──────────── window ────────────┤        each chunk goes through all stages, first to last
    └─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┘

Slices are independent: each has streams of its own, begins empty, and records after its warm-up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import SeedSequence

from sim.fast import path
from sim.fast.draws import Stream, streams
from sim.fast.flow import STAGES, deliveries_carried
from sim.fast.histogram import BINS, Histogram
from sim.fast.layout import Layout
from sim.fast.path import HOPS, Bank, Book
from sim.fast.source import STEADY, Course, expected, source
from sim.fast.steps import Picks, Times
from sim.fast.watermark import Desk, Items, items, with_room
from sim.workload.samplers import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What to simulate: the window is `window_s` long, after `warm_up_s`. Results do not depend on `chunk_s`.

    `course` is the rate over that of the layout, from the start of the warm-up on; `reads` that of the reads.
    """

    layout: Layout
    times: Times
    seed: SeedSequence
    window_s: float
    warm_up_s: float
    chunk_s: float = 0.03
    course: Course = STEADY
    reads: Course = STEADY


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one slice recorded: a histogram a hop, and the seconds that every shard of each stage worked."""

    window_s: float
    hops: dict[str, Histogram]
    busy_s: dict[str, FloatArray]


def run_slice(job: Job) -> Seen:
    """Simulate one slice."""
    line = Line(job)
    while line.now_s < line.end_s:
        line.advance()
    return line.seen()


class Line:
    """The stages of one slice with their state."""

    def __init__(self, job: Job) -> None:
        layout, self.times = job.layout, job.times
        deliveries_per_s, viral = deliveries_carried(layout, self.times)
        self.picks: Picks = layout.picks(viral)
        self.end_s = job.warm_up_s + job.window_s
        self.now_s = 0.0
        self._job = job
        self._chunk = 0
        named = iter(streams(job.seed, len(STAGES) + 4))
        self.banks = _banks(layout, self.times, named)
        self.messages = source(next(named), layout.messages_per_s, job.course)
        self.reads = source(next(named), deliveries_per_s, job.reads)
        self.read_stream, self.viral_stream = next(named), next(named)
        self.book = Book(
            np.zeros((len(HOPS), BINS), np.int64), np.zeros(len(HOPS)), np.array([job.warm_up_s, self.end_s])
        )
        self._held = {stage: items(1 << 12) for stage in STAGES[1:]}
        self._desk = Desk(1 << 12)

    def advance(self) -> None:
        """One chunk of time through all stages."""
        since_s, self.now_s = self.now_s, self._border()
        self._accept()
        self._deliver(self._take("worker", since_s))
        due = self._take("push", since_s)
        back = self._room("receipt_gateway", int(due.used[0]))
        path.push(due, self.banks["push"], self.times, self.book, back)
        self._read()
        due = self._take("receipt_gateway", since_s)
        out = self._room("receipt_worker", int(due.used[0]))
        path.receive(due, self.banks["receipt_gateway"], self.picks, self.times, self.book, out)
        due = self._take("receipt_worker", since_s)
        out = self._room("receipt_push", int(due.used[0]))
        path.hand_back(due, self.banks["receipt_worker"], self.times, self.book, out)
        path.see(self._take("receipt_push", since_s), self.banks["receipt_push"], self.times, self.book)

    def seen(self) -> Seen:
        """What was recorded."""
        hops = {name: Histogram(self.book.counts[hop], float(self.book.sums_s[hop])) for hop, name in enumerate(HOPS)}
        return Seen(self._job.window_s, hops, {name: bank.busy_s for name, bank in self.banks.items()})

    def _border(self) -> float:
        """The end of the next chunk; one chunk ends where the window begins, one where it ends."""
        self._chunk += 1
        borders_s = (self._chunk * self._job.chunk_s, self._job.warm_up_s, self.end_s)
        return min(border_s for border_s in borders_s if border_s > self.now_s)

    def _room(self, stage: str, more: int) -> Items:
        self._held[stage] = with_room(self._held[stage], more)
        return self._held[stage]

    def _take(self, stage: str, since_s: float) -> Items:
        return self._desk.take(self._held[stage], since_s, self.now_s)

    def _accept(self) -> None:
        while self.messages.next_s[0] <= self.now_s:
            most = expected(self.messages, self.now_s)
            out = self._room("worker", most)
            path.accept(self.messages, self.now_s, most, self.banks["gateway"], self.picks, self.times, self.book, out)

    def _deliver(self, due: Items) -> None:
        served, most = 0, max(len(self.picks.recipients.other), self.picks.hot_recipients)
        while served < due.used[0]:
            out = self._room("push", 3 * (int(due.used[0]) - served) + 2 * most)
            served = path.deliver(
                due, served, self.banks["worker"], self.viral_stream, self.picks, self.times, self.book, out
            )

    def _read(self) -> None:
        while self.reads.next_s[0] <= self.now_s:
            most = expected(self.reads, self.now_s)
            out = self._room("receipt_gateway", most)
            path.read(self.reads, self.now_s, most, self.read_stream, self.picks, self.times, out)


def _banks(layout: Layout, times: Times, named: Iterator[Stream]) -> dict[str, Bank]:
    gateways, partitions, receipts = (
        len(loads) for loads in (layout.gateways, layout.partitions, layout.receipt_partitions)
    )
    doors = gateways * layout.brokers if times.linger_s > 0 else 0
    sizes = (
        (gateways, doors),
        (partitions, partitions),
        (gateways, 0),
        (gateways, doors),
        (receipts, receipts),
        (gateways, 0),
    )
    return {
        stage: Bank(np.zeros(servers), np.full(gates, -np.inf), np.zeros(servers), next(named))
        for stage, (servers, gates) in zip(STAGES, sizes, strict=True)
    }
