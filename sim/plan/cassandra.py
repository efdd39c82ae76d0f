"""Cassandra with everything in it: bytes, nodes, rings, and the rows a day that a partition takes without a bucket.

rows/day × bytes × days kept ──× replication──► data ──÷ fill──► disk
                                                 └──÷ data per node──► nodes ──÷ nodes per ring──► clusters

The same with a hot year only, and by the rate of writes and reads: `sim.plan.cassandra_hot`.
"""

from __future__ import annotations

from sim.plan import hops
from sim.plan import parameters as known
from sim.plan.cassandra_hot import hot_lines
from sim.plan.formula import ceil, computed, of
from sim.plan.given import Given, given
from sim.plan.line import Lines, PlanLine, keyed
from sim.plan.traffic import LOAD_NAMES
from sim.provenance import Parameter
from sim.scenario import Scenario
from sim.units import DAY_S


def cassandra_lines(scenario: Scenario, lines: Lines) -> tuple[PlanLine, ...]:
    """Lines `cassandra.*`."""
    has, stored = given(scenario), _bytes(given(scenario))
    return (
        *stored,
        *_nodes(keyed(stored)),
        *hot_lines(has, lines, keyed(stored)["cassandra.bytes_per_day_replicated"]),
        *_partition(has),
        *_transactions(has, lines),
    )


def _bytes(has: Given) -> tuple[PlanLine, ...]:
    rows = computed("cassandra.rows_per_day", "rows per day", "rows/day", of(has.messages) * DAY_S)
    per_day = computed("cassandra.bytes_per_day", "bytes per day", "bytes/day", of(rows) * has.message_bytes)
    logical = computed(
        "cassandra.bytes",
        "Cassandra bytes kept, one copy",
        "bytes",
        of(per_day) * has.retention,
        "not computed",
        "7 years, never summed up in the document",
    )
    replicated = computed(
        "cassandra.bytes_replicated",
        "Cassandra bytes kept, all copies",
        "bytes",
        of(logical) * has.replication,
        "not computed",
        "replication is not mentioned",
    )
    return (
        rows,
        computed("cassandra.rows_kept", "rows kept", "rows", of(rows) * has.retention),
        per_day,
        computed(
            "cassandra.bytes_per_day_replicated",
            "bytes per day, all copies",
            "bytes/day",
            of(per_day) * has.replication,
        ),
        logical,
        replicated,
        computed("cassandra.disk_bytes", "Cassandra disk", "bytes", of(replicated) * known.COMPRESSION / known.FILL),
    )


def _nodes(stored: Lines) -> tuple[PlanLine, ...]:
    lines: list[PlanLine] = []
    for suffix, density in (("", known.DENSITY), ("_netflix", known.DENSITY_NETFLIX), ("_dense", known.DENSITY_HIGH)):
        lines += _nodes_at(suffix, density, stored["cassandra.bytes_replicated"])
    return tuple(lines)


def _nodes_at(suffix: str, density: Parameter, replicated: PlanLine) -> tuple[PlanLine, PlanLine]:
    note = "a ring is bounded, so the design is many clusters, which the document never says"
    nodes = computed(
        f"cassandra.nodes{suffix}",
        f"Cassandra nodes at {density.value / 1e12:.3g} TB each",
        "nodes",
        ceil(of(replicated) * known.COMPRESSION / density),
        "not given",
        "a matter of bytes: see the range of data per node",
    )
    clusters = computed(
        f"cassandra.clusters{suffix}",
        f"Cassandra clusters at {density.value / 1e12:.3g} TB a node",
        "clusters",
        ceil(of(nodes) / known.NODES_PER_RING),
        "not given",
        note,
    )
    return nodes, clusters


def _partition(has: Given) -> tuple[PlanLine, ...]:
    # What is kept for less than a day still fills its partition with up to a day's rows.
    kept = of(has.retention) if has.retention.value >= 1 else of(1.0)
    note = "the document buckets only extremely active conversations; a 40-member group with 100 a day needs it already"
    return (
        computed(
            "cassandra.unbucketed_rows_per_day",
            "rows per day that an unbucketed partition takes",
            "rows/day",
            of(known.PARTITION_ROWS) / kept,
            "unbounded partition",
            note,
        ),
        computed(
            "cassandra.unbucketed_rows_per_day_by_bytes",
            "rows per day that an unbucketed partition takes, by bytes",
            "rows/day",
            of(known.PARTITION_BYTES) / has.message_bytes / kept,
        ),
        computed(
            "cassandra.month_bucket_rows_per_day",
            "rows per day that a month bucket takes",
            "rows/day",
            of(known.PARTITION_ROWS) / known.MONTH_BUCKET,
            "(conversation_id, year_month, message_id)",
            "right, and needed from the first day for every group",
        ),
    )


def _transactions(has: Given, traffic: Lines) -> tuple[PlanLine, ...]:
    plain_insert, _ = hops.STORE
    per_lwt = of(known.LWT_ROUND_TRIPS) * 2.0 * has.replication
    lwt = (
        computed(
            f"cassandra.lwt_messages_{load}",
            f"messages/s between nodes for INSERT IF NOT EXISTS at the {LOAD_NAMES[load]}",
            "messages/s",
            of(traffic[f"traffic.messages_{load}"]) * per_lwt,
        )
        for load in ("mean", "event")
    )
    hot = computed(
        "cassandra.lwt_partition_rate",
        "INSERT IF NOT EXISTS/s of one partition at most",
        "rows/s",
        1 / (of(plain_insert) * known.LWT_ROUND_TRIPS),
        "INSERT IF NOT EXISTS",
        "not needed: the same primary key twice is one row; and it does not stop a resend with a new id",
    )
    return (*lwt, hot)
