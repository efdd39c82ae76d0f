"""Gateways: servers that hold the sockets, and what each of them carries."""

from __future__ import annotations

import math

from sim.plan import parameters as known
from sim.plan.formula import called, ceil, computed, of, total
from sim.plan.given import Given, given
from sim.plan.line import PlanLine, keyed
from sim.plan.traffic import traffic_lines
from sim.scenario import Scenario


def gateway_lines(scenario: Scenario) -> tuple[PlanLine, ...]:
    """Lines `gateways.*`."""
    has, traffic = given(scenario), keyed(traffic_lines(scenario))
    connected = traffic["traffic.connected"]
    servers = computed(
        "gateways.servers",
        "gateway servers",
        "servers",
        ceil(of(connected) / known.CONNECTIONS_PER_GATEWAY),
        "40,000",
        "the document connects all 2 bn accounts at once, against its own 500 M online users",
    )
    return (servers, *_alternatives(has, connected), *_load(traffic, servers), *_sessions(has, connected))


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


def _load(traffic: dict[str, PlanLine], servers: PlanLine) -> tuple[PlanLine, ...]:
    at_event = (traffic[f"traffic.{flow}_event"] for flow in ("messages", "deliveries", "receipts"))
    frames = total(*at_event, of(traffic["traffic.receipts_event"]), of(traffic["traffic.heartbeats"]))
    return (
        computed(
            "gateways.frames_per_server",
            "frames/s of one gateway at the event peak",
            "frames/s",
            frames / servers,
            "not given",
            "messages in, deliveries out, receipts in and out, heartbeats; LinkedIn's dispatcher does 5,000/s a node",
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
    mean_s = has.session_median.value * math.exp(has.session_sigma.value**2 / 2)
    session = computed(
        "gateways.session",
        "mean session",
        "s",
        called("mean of log-normal", mean_s, has.session_median, has.session_sigma),
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
