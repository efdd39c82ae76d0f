"""What each step takes at full size: the figures of the plan's hops, and the few that a queue needs beside them.

A hop's median and 99th percentile fix a log-normal. What only waits (a network, another product's own queues) is a
delay; what occupies a server of ours (a gateway's thread, a partition's worker, a Redis shard) is a service.
"""

from __future__ import annotations

from sim.fast.draws import constant, exponential_table, log_normal, table_mean
from sim.fast.steps import Times
from sim.plan import hops
from sim.plan import parameters as known
from sim.provenance import Parameter, assumed
from sim.scenario import Scenario
from sim.workload.samplers import FloatArray

Pair = tuple[Parameter, Parameter]

FRAME = (
    assumed("gateway frame median", 40e-6, "s", "read or write, decode, route; no published figure", 10e-6, 110e-6),
    assumed("gateway frame p99", 200e-6, "s", "five times the median, as for the other hops", 50e-6, 500e-6),
)
FETCH = assumed(
    "round trip of a consumer's fetch",
    0.001,
    "s",
    "within a zone; what is appended meanwhile waits for the next fetch",
    0.0005,
    0.002,
)
RECIPIENT_WORK = assumed(
    "worker's work per recipient", 30e-6, "s", "encode and queue one delivery; half of a gateway's frame", 10e-6, 60e-6
)
REDIS_REQUEST = assumed(
    "Redis time of a request",
    5e-6,
    "s",
    "read and write the socket; one by one a server does 100,000 commands/s (antirez, gist 1892983)",
    2e-6,
    20e-6,
)
REDIS_COMMAND = assumed(
    "Redis time of a command",
    5e-6,
    "s",
    "180,000 commands/s in pipelines of 16, measured on 2 vCPU shared with the client",
    2e-6,
    10e-6,
)

PARAMETERS: tuple[Parameter, ...] = (
    *(
        figure
        for pair in (hops.MOBILE_RTT, hops.GATEWAY, hops.LOG, hops.STORE, hops.ROUTE, hops.RPC)
        for figure in pair
    ),
    *FRAME,
    FETCH,
    RECIPIENT_WORK,
    known.BATCHED_WORK,
    known.LWT_ROUND_TRIPS,
    REDIS_REQUEST,
    REDIS_COMMAND,
)


def production(scenario: Scenario, shard: FloatArray | None = None) -> Times:
    """The times of this design at full size. `shard` is the time at a Redis shard, by default that of an idle one."""
    leg = _log_normal(hops.MOBILE_RTT, 0.5)
    trips = known.LWT_ROUND_TRIPS.value if scenario.design.dedup == "lwt" else 1.0
    return Times(
        uplink=leg,
        downlink=leg,
        frame=_log_normal(FRAME),
        gateway=_log_normal(hops.GATEWAY),
        log=_log_normal(hops.LOG),
        store=_log_normal(hops.STORE, trips),
        route=_log_normal(hops.ROUTE),
        shard=constant(REDIS_REQUEST.value + REDIS_COMMAND.value) if shard is None else shard,
        rpc=_log_normal(hops.RPC),
        receipt=exponential_table(known.BATCHED_WORK.value),
        recipient_s=RECIPIENT_WORK.value,
        linger_s=scenario.design.linger_s,
        fetch_s=FETCH.value,
    )


def serial_work_s(times: Times, recipients: float) -> float:
    """Mean work of a partition's worker for one record, but for the slowest of several look-ups, which is small."""
    parts = (times.store, times.route, times.shard)
    return sum(table_mean(table) for table in parts) + recipients * times.recipient_s


def receipt_work_s(times: Times) -> float:
    """Mean work of a receipt partition's worker for one record."""
    return table_mean(times.receipt) + table_mean(times.shard)


def _log_normal(pair: Pair, factor: float = 1.0) -> FloatArray:
    median, p99 = pair
    return log_normal(median.value * factor, p99.value * factor)
