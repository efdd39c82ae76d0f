"""Cassandra with a hot year: nodes by the bytes it holds and by the work it does, whichever needs more.

hot days × bytes × replication ──÷ data per node──► nodes by bytes ──┐
writes + reads ──× CPU time ÷ load──► cores ──÷ cores per node───────┴─ max ──► nodes ──÷ nodes per ring──► clusters
"""

from __future__ import annotations

from sim.plan import parameters as known
from sim.plan.formula import Term, ceil, computed, largest, of, smallest
from sim.plan.given import Given
from sim.plan.line import Lines, PlanLine
from sim.plan.traffic import LOAD_NAMES, LOADS, key_at
from sim.plan.zones import extra_after_zone_loss


def hot_lines(has: Given, traffic: Lines, replicated_per_day: PlanLine) -> tuple[PlanLine, ...]:
    """Lines of `cassandra.*` about writes, reads and the hot year; `replicated_per_day` is bytes a day, all copies."""
    hot_days = computed("cassandra.hot_days", "days in Cassandra", "days", smallest(has.retention, known.HOT_TIME))
    hot_bytes = computed(
        "cassandra.hot_bytes_replicated",
        "Cassandra bytes of the hot year, all copies",
        "bytes",
        of(replicated_per_day) * hot_days,
    )
    by_bytes = computed(
        "cassandra.hot_nodes_by_bytes",
        "Cassandra nodes of the hot year by bytes",
        "nodes",
        ceil(of(hot_bytes) * known.COMPRESSION / known.DENSITY),
    )
    writes, reads = ({load: flow(traffic, load) for load in LOADS} for flow in (_write_cores, _read_cores))
    nodes = (_nodes(load, of(writes[load]) + reads[load], by_bytes) for load in LOADS)
    zone_loss = _nodes_without_zone(writes["event"], reads["event"], by_bytes)
    clusters = ceil(of(zone_loss) / known.NODES_PER_RING)
    return (
        *(hot_days, hot_bytes, by_bytes, *writes.values(), *reads.values(), *nodes, zone_loss),
        computed("cassandra.hot_clusters", "Cassandra clusters of the hot year", "clusters", clusters, "not given"),
    )


def _write_cores(traffic: Lines, load: str) -> PlanLine:
    rows = of(traffic[f"traffic.messages_{load}"]) + traffic[f"traffic.receipts_{load}"]
    return computed(
        f"cassandra.write_cores_{load}",
        f"cores for writes of messages and receipts at the {LOAD_NAMES[load]}",
        "cores",
        rows * known.WRITE_CPU,
        "not computed",
        "receipts are most of the writes: two for each delivery",
    )


def _read_cores(traffic: Lines, load: str) -> PlanLine:
    return computed(
        f"cassandra.read_cores_{load}",
        f"cores for reads at the {LOAD_NAMES[load]}",
        "cores",
        of(traffic[f"traffic.messages_{load}"]) * known.READS_PER_MESSAGE * known.READ_CPU,
    )


def _nodes(load: str, cores: Term, by_bytes: PlanLine) -> PlanLine:
    name = f"Cassandra nodes of the hot year at the {LOAD_NAMES[load]}"
    needed = largest(by_bytes, ceil(_by_cores(cores)))
    return computed(key_at("cassandra.hot_nodes", load), name, "nodes", needed, "not given")


def _nodes_without_zone(writes: PlanLine, reads: PlanLine, by_bytes: PlanLine) -> PlanLine:
    """Every zone has a replica of every row and takes every write already; only reads move to the others."""
    cores = of(writes) + of(reads) * extra_after_zone_loss()
    return computed(
        "cassandra.hot_nodes_zone_loss",
        "Cassandra nodes of the hot year that carry the event peak without one zone",
        "nodes",
        largest(by_bytes, ceil(_by_cores(cores))),
        "not given",
        "with one replica a zone, a quorum of two of three survives the loss of one",
    )


def _by_cores(cores: Term) -> Term:
    return cores / known.NODE_LOAD / known.NODE_CORES
