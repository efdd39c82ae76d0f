"""The latency budget: what each hop may take of the 500 ms, at the median and at the 99th percentile.

    uplink → gateway → log → queue → store → route → rpc → downlink
    └ phone ┘└───────────────── servers ─────────────────┘└ phone ┘

Percentiles do not add: the p99 of the whole is that of a sum of independent log-normals, and the sum of the
p99s stands beside it as the case where everything is slow at once.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from sim.plan import hops, sizes
from sim.plan import parameters as known
from sim.plan.formula import Term, called, computed, of, total
from sim.plan.given import Given, given
from sim.plan.line import Lines, PlanLine
from sim.provenance import Parameter
from sim.scenario import Scenario


class HopBudget(NamedTuple):
    """One hop at the median and at the 99th percentile."""

    median: PlanLine
    p99: PlanLine


def budget_lines(scenario: Scenario, lines: Lines) -> tuple[PlanLine, ...]:
    """Lines `budget.*`."""
    has = given(scenario)
    server_hops = (
        _known_hop("gateway", hops.GATEWAY),
        _log(has),
        _queue(lines["kafka.serial_work"]),
        _store(scenario),
        _known_hop("route", hops.ROUTE),
        _known_hop("rpc", hops.RPC),
    )
    all_hops = (_leg("uplink"), *server_hops, _leg("downlink"))
    server, end_to_end = (
        _sums("server", "servers alone,", server_hops),
        _sums("total", "end to end, radios awake,", all_hops),
    )
    return (
        *(line for hop in all_hops for line in hop),
        *server,
        *end_to_end,
        *_against_target(has, server[1], end_to_end[1]),
        *_outside(has, end_to_end[1]),
    )


def _known_hop(name: str, times: tuple[Parameter, Parameter]) -> HopBudget:
    median, p99 = times
    return HopBudget(PlanLine(f"budget.{name}_median", median), PlanLine(f"budget.{name}_p99", p99))


def _leg(name: str) -> HopBudget:
    """Half a round trip of the phone's network."""
    median, p99 = (of(rtt) / 2.0 for rtt in hops.MOBILE_RTT)
    return _computed_hop(name, median, p99)


def _computed_hop(name: str, median: Term, p99: Term) -> HopBudget:
    return HopBudget(
        computed(f"budget.{name}_median", f"{name} median", "s", median),
        computed(f"budget.{name}_p99", f"{name} p99", "s", p99),
    )


def _log(has: Given) -> HopBudget:
    if has.linger.value == 0:
        return _known_hop("log", hops.LOG)
    median, p99 = (of(time) + has.linger for time in hops.LOG)
    return _computed_hop("log", median, p99)


def _store(scenario: Scenario) -> HopBudget:
    if scenario.design.dedup != "lwt":
        return _known_hop("store", hops.STORE)
    median, p99 = (of(time) * known.LWT_ROUND_TRIPS for time in hops.STORE)
    return _computed_hop("store", median, p99)


def _queue(work: PlanLine) -> HopBudget:
    """Waiting in the worker behind earlier records of the partition, at the load the partitions are sized for."""
    return HopBudget(
        *(
            computed(
                f"budget.queue_{statistic}",
                f"queue {statistic}",
                "s",
                called(
                    f"{statistic} waiting time of M/M/1", partial(sizes.mm1_wait, share), work, known.PARTITION_LOAD
                ),
            )
            for statistic, share in (("median", 0.5), ("p99", 0.99))
        )
    )


def _sums(key: str, name: str, over: tuple[HopBudget, ...]) -> tuple[PlanLine, PlanLine, PlanLine]:
    times = [time for hop in over for time in hop]
    p99 = called("p99 of the sum of log-normals by medians and p99s", _sum_p99, *times)
    said = ("< 500 ms", "no percentile is given") if key == "total" else (None, None)
    return (
        computed(f"budget.{key}_median", f"{name} median", "s", total(*(hop.median for hop in over))),
        computed(f"budget.{key}_p99", f"{name} p99", "s", p99, *said),
        computed(f"budget.{key}_p99_sum", f"{name} all hops at p99", "s", total(*(hop.p99 for hop in over))),
    )


def _sum_p99(*times_s: float) -> float:
    return sizes.log_normal_sum_p99(list(zip(times_s[::2], times_s[1::2], strict=True)))


def _against_target(has: Given, server: PlanLine, end_to_end: PlanLine) -> tuple[PlanLine, ...]:
    return (
        PlanLine(
            "budget.target",
            has.target,
            (),
            "< 500 ms",
            "neither a percentile, nor end points, nor a population is given; taken here as p99, online to online",
        ),
        computed("budget.server_left", "left of the target beyond the servers, p99", "s", of(has.target) - server),
        computed("budget.total_left", "left of the target, p99", "s", of(has.target) - end_to_end),
    )


def _outside(has: Given, end_to_end: PlanLine) -> tuple[PlanLine, ...]:
    awake = 1 - of(hops.RADIO_WAKE)
    return (
        computed("budget.ocean_p99", "to another continent, p99", "s", of(end_to_end) + hops.OCEAN),
        computed(
            "budget.radio_share",
            "deliveries that wait for a radio",
            "share",
            1 - awake * awake,
            None,
            "0.3 to 1.5 s more; where this share is above 1 %, it alone decides the p99 end to end",
        ),
        PlanLine(
            "budget.push_p95",
            hops.PUSH_P95,
            (),
            "< 500 ms",
            "a recipient without a socket is reached by APNs or FCM and cannot make the target",
        ),
        computed(
            "budget.push_share",
            "recipients reached by push notification only",
            "share",
            1 - of(has.connected),
            "not counted",
            "if who receives does not depend on who is connected; those who chat are connected more often",
        ),
    )
