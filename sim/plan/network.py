"""Bytes a second: from phones, to phones, and between zones.

phones ──messages, receipts, heartbeats──► gateways ──deliveries, receipts, acks, answers──► phones
                                 gateways ═ Kafka ═ workers ═ Cassandra, Redis      two of three calls leave their zone
"""

from __future__ import annotations

from sim.plan import parameters as known
from sim.plan import payloads
from sim.plan.formula import computed, of, total
from sim.plan.line import Lines, PlanLine
from sim.plan.traffic import LOAD_NAMES, LOADS
from sim.plan.zones import crossing_share
from sim.scenario import Scenario
from sim.units import DAY_S


def network_lines(_: Scenario, lines: Lines) -> tuple[PlanLine, ...]:
    """Lines `network.*`."""
    heartbeats = computed(
        "network.heartbeats",
        "bytes/s of heartbeats, each way",
        "bytes/s",
        of(lines["traffic.heartbeats"]) * payloads.HEARTBEAT_FRAME,
        "not computed",
        "and as many of their answers",
    )
    chat = {load: _egress(lines, load) for load in LOADS}
    return (
        heartbeats,
        *(_ingress(lines, load) for load in LOADS),
        *chat.values(),
        computed(
            "network.heartbeat_share",
            "share of heartbeats in what leaves for phones, mean of the day",
            "share",
            of(heartbeats) / (of(heartbeats) + chat["mean"]),
        ),
        *_media(lines["storage.media_per_day"], lines["traffic.recipients"]),
        *_cross_zone(lines),
    )


def _ingress(traffic: Lines, load: str) -> PlanLine:
    return computed(
        f"network.ingress_{load}",
        f"bytes/s of messages and receipts from phones at the {LOAD_NAMES[load]}",
        "bytes/s",
        of(traffic[f"traffic.messages_{load}"]) * payloads.MESSAGE_FRAME
        + of(traffic[f"traffic.receipts_{load}"]) * payloads.RECEIPT_FRAME,
    )


def _egress(traffic: Lines, load: str) -> PlanLine:
    acks_and_receipts = of(traffic[f"traffic.messages_{load}"]) + traffic[f"traffic.receipts_{load}"]
    return computed(
        f"network.egress_{load}",
        f"bytes/s of deliveries, receipts and acks to phones at the {LOAD_NAMES[load]}",
        "bytes/s",
        of(traffic[f"traffic.deliveries_{load}"]) * payloads.MESSAGE_FRAME + acks_and_receipts * payloads.RECEIPT_FRAME,
    )


def _media(per_day: PlanLine, recipients: PlanLine) -> tuple[PlanLine, ...]:
    uploads = computed("network.media_ingress", "bytes/s of media from phones", "bytes/s", of(per_day) / DAY_S)
    return (
        uploads,
        computed(
            "network.media_egress",
            "bytes/s of media to phones",
            "bytes/s",
            of(uploads) * recipients,
            "CDN",
            "if every recipient fetches every photo, video and voice message once",
        ),
    )


def _cross_zone(lines: Lines) -> tuple[PlanLine, ...]:
    """At the mean of the day, as that is what is paid for; one replica a zone, callers and called spread evenly."""
    logged = of(lines["kafka.ingest_mean"]) + lines["kafka.receipt_ingest_mean"]
    rows = of(lines["traffic.messages_mean"]) + lines["traffic.receipts_mean"]
    calls = of(lines["traffic.deliveries_mean"]) + lines["traffic.receipts_mean"]
    registry = of(lines["redis.commands_mean"]) * crossing_share() + lines["redis.writes"]
    copies = of(known.ZONES) - 1.0
    parts = tuple(
        computed(f"network.cross_zone_{key}", f"bytes/s between zones for {name}", "bytes/s", term)
        for key, name, term in (
            ("kafka", "the log: in, copies, out", logged * (crossing_share() * 2.0 + copies)),
            ("cassandra", "copies of rows", rows * copies * payloads.MUTATION_BYTES),
            ("redis", "the registry: commands, copies of writes", registry * payloads.REDIS_COMMAND_BYTES),
            ("calls", "calls to gateways", calls * crossing_share() * known.RECORD_BYTES),
        )
    )
    return (*parts, computed("network.cross_zone", "bytes/s between zones", "bytes/s", total(*parts)))
