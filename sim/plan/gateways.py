"""Gateways: servers that hold the sockets, and what each of them carries."""

from __future__ import annotations

import math

from sim.plan import parameters as known
from sim.plan.formula import called, ceil, computed, largest, of, total
from sim.plan.given import Given, given
from sim.plan.line import Lines, PlanLine
from sim.plan.traffic import LOAD_NAMES, LOADS, key_at
from sim.plan.zones import after_zone_loss
from sim.scenario import Scenario


def gateway_lines(scenario: Scenario, lines: Lines) -> tuple[PlanLine, ...]:
    """Lines `gateways.*`; bare `gateways.servers` is sized for the event peak."""
    has, connected = given(scenario), lines["traffic.connected"]
    frames = {load: _frames(lines, load) for load in LOADS}
    servers = {load: _servers(connected, frames[load], load) for load in LOADS}
    return (
        *servers.values(),
        *frames.values(),
        *_alternatives(has, connected),
        *_one_server(frames["event"], servers["event"]),
        *_zone_loss(connected, servers["event"]),
        *_sessions(has, connected),
    )


def _frames(traffic: Lines, load: str) -> PlanLine:
    # A receipt comes in from one phone and goes out to another.
    flows = (traffic[f"traffic.{flow}_{load}"] for flow in ("messages", "deliveries", "receipts", "receipts"))
    return computed(
        f"gateways.frames_{load}",
        f"frames/s of all gateways at the {LOAD_NAMES[load]}",
        "frames/s",
        total(*flows, traffic["traffic.heartbeats"]),
    )


def _servers(connected: PlanLine, frames: PlanLine, load: str) -> PlanLine:
    by_connections = of(connected) / known.CONNECTIONS_PER_GATEWAY
    servers = ceil(largest(by_connections, of(frames) / known.FRAMES_PER_GATEWAY))
    name = f"gateway servers at the {LOAD_NAMES[load]}"
    note = "the document connects all 2 bn accounts at once, against its own 500 M online users"
    return computed(key_at("gateways.servers", load), name, "servers", servers, "40,000", note)


def _zone_loss(connected: PlanLine, servers: PlanLine) -> tuple[PlanLine, ...]:
    return (
        computed(
            "gateways.servers_zone_loss",
            "gateway servers that carry the event peak without one zone",
            "servers",
            after_zone_loss(servers),
            "not given",
            "the document names no zones",
        ),
        computed(
            "gateways.reconnects_zone_loss",
            "reconnects/s after the loss of a zone",
            "connects/s",
            of(connected) / known.ZONES / known.RECONNECT_SPREAD,
            "not given",
            "all sockets of a zone at once, if clients wait at random over the spread; without it, as fast as they can",
        ),
    )


def _alternatives(has: Given, connected: PlanLine) -> tuple[PlanLine, ...]:
    return (
        computed(
            "gateways.servers_all_accounts",
            "gateway servers if every account were connected",
            "servers",
            ceil(of(has.users) / known.CONNECTIONS_PER_GATEWAY),
            "40,000",
            "right as a division, wrong as a size: accounts are not connections",
        ),
        computed(
            "gateways.servers_document_online",
            "gateway servers for 500 M online users",
            "servers",
            ceil(of(known.DOCUMENT_ONLINE) / known.CONNECTIONS_PER_GATEWAY),
            "40,000",
            "what the document's own online users need",
        ),
        computed(
            "gateways.servers_large",
            "gateway servers at 1 M connections each",
            "servers",
            ceil(of(connected) / known.CONNECTIONS_PER_LARGE_SERVER),
            "not considered",
            "WhatsApp held 1 M connections a server in 2011, 2 to 3 M by 2015",
        ),
        computed(
            "gateways.servers_large_document",
            "gateway servers at 1 M connections each for 500 M online users",
            "servers",
            ceil(of(known.DOCUMENT_ONLINE) / known.CONNECTIONS_PER_LARGE_SERVER),
        ),
    )


def _one_server(frames: PlanLine, servers: PlanLine) -> tuple[PlanLine, ...]:
    return (
        computed(
            "gateways.frames_per_server",
            "frames/s of one gateway at the event peak",
            "frames/s",
            of(frames) / servers,
            "not given",
            "LinkedIn's dispatcher does 5,000/s a node",
        ),
        computed(
            "gateways.stale_routes",
            "routes left behind by one lost gateway",
            "routes",
            of(known.CONNECTIONS_PER_GATEWAY),
            "gateways are stateless",
            "each holds its sockets: a lost gateway leaves these routes and as many reconnects at once",
        ),
    )


def _sessions(has: Given, connected: PlanLine) -> tuple[PlanLine, ...]:
    session = computed(
        "gateways.session",
        "mean session",
        "s",
        called("mean of log-normal", _mean_log_normal, has.session_median, has.session_sigma),
    )
    return (
        session,
        computed(
            "gateways.connects",
            "connects/s",
            "connects/s",
            of(connected) / session,
            "not given",
            "WhatsApp saw 230,000 logins/s for 147 M connected in 2014, one in 640 s a user",
        ),
    )


def _mean_log_normal(median: float, sigma: float) -> float:
    return median * math.exp(sigma**2 / 2)
