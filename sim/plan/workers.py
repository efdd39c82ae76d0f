"""Delivery workers: cores that read the log, insert, look up and call the gateways.

(messages + deliveries + receipts)/s × CPU time ÷ planned load ──► cores ──÷ cores per server──► servers

How many may share the work is bounded by Kafka: one partition has one consumer.
"""

from __future__ import annotations

from sim.plan import parameters as known
from sim.plan.formula import ceil, computed, of, total
from sim.plan.line import Lines, PlanLine
from sim.plan.traffic import LOAD_NAMES, LOADS, key_at
from sim.plan.zones import after_zone_loss
from sim.scenario import Scenario


def worker_lines(scenario: Scenario, lines: Lines) -> tuple[PlanLine, ...]:
    """Lines `workers.*`; bare `workers.servers` is sized for the event peak."""
    cores = {load: _cores(lines, load) for load in LOADS}
    servers = {load: _servers(cores[load], load) for load in LOADS}
    return (
        *cores.values(),
        *servers.values(),
        computed(
            "workers.servers_zone_loss",
            "worker servers that carry the event peak without one zone",
            "servers",
            after_zone_loss(servers["event"]),
            "not given",
        ),
    )


def _cores(traffic: Lines, load: str) -> PlanLine:
    handled = total(*(traffic[f"traffic.{flow}_{load}"] for flow in ("messages", "deliveries", "receipts")))
    return computed(
        f"workers.cores_{load}",
        f"worker cores at the {LOAD_NAMES[load]}",
        "cores",
        handled * known.WORKER_CPU / known.WORKER_LOAD,
    )


def _servers(cores: PlanLine, load: str) -> PlanLine:
    name = f"worker servers at the {LOAD_NAMES[load]}"
    needed = ceil(of(cores) / known.SERVER_CORES)
    return computed(key_at("workers.servers", load), name, "servers", needed, "not given")
