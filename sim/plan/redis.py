"""Redis: memory is small, the rate of commands decides.

heartbeats ──× 2 (presence: and conn:)──┐
deliveries + receipts (look-ups) ───────┼──► commands/s ──÷ commands per shard──► shards ──× copies──► nodes
opens × members (presence reads) ───────┘
"""

from __future__ import annotations

from sim.plan import parameters as known
from sim.plan.formula import Term, ceil, computed, largest, of, total
from sim.plan.given import Given, given
from sim.plan.line import Lines, PlanLine, keyed
from sim.plan.traffic import LOAD_NAMES, LOADS, key_at
from sim.plan.zones import after_zone_loss
from sim.provenance import Parameter
from sim.scenario import Scenario


def redis_lines(scenario: Scenario, lines: Lines) -> tuple[PlanLine, ...]:
    """Lines `redis.*`; bare `redis.shards` is sized for the event peak."""
    has, memory = given(scenario), _memory(lines)
    commands = _commands(has, lines)
    sized = keyed((*memory, *commands))
    return (
        *memory,
        *commands,
        *_shards(sized),
        *_zone_loss(sized["redis.commands"], lines["gateways.reconnects_zone_loss"]),
        *_document_shards(lines["traffic.heartbeats_document"]),
        *_presence(has),
    )


def _memory(traffic: Lines) -> tuple[PlanLine, ...]:
    both_keys = of(known.PRESENCE_KEY_BYTES) + known.CONN_KEY_BYTES
    connected = traffic["traffic.connected"]
    return (
        computed(
            "redis.bytes",
            "bytes of presence: and conn: keys",
            "bytes",
            of(connected) * both_keys,
            "not given",
            "fits on few servers: memory is not the limit",
        ),
        computed(
            "redis.bytes_document",
            "bytes of both keys for 500 M online users",
            "bytes",
            of(known.DOCUMENT_ONLINE) * both_keys,
        ),
        computed("redis.bytes_packed", "bytes in packed hashes", "bytes", of(connected) * known.PACKED_BYTES),
    )


def _commands(has: Given, traffic: Lines) -> tuple[PlanLine, ...]:
    writes = computed(
        "redis.writes",
        "Redis writes/s with the refresh of conn:",
        "writes/s",
        of(traffic["traffic.heartbeats"]) * 2.0,
        "33 M/s",
        "the document counts presence: alone, but also refreshes the TTL of conn: on each heartbeat",
    )
    lookups = {load: _lookups(traffic, load) for load in LOADS}
    presence = computed(
        "redis.presence_reads",
        "presence reads/s",
        "reads/s",
        of(traffic["traffic.connected"]) * has.opens * traffic["traffic.recipients"],
        "not computed",
        "a conversation that is opened asks for all its members",
    )
    return (
        computed(
            "redis.writes_presence",
            "Redis writes/s without the refresh of conn:",
            "writes/s",
            of(traffic["traffic.heartbeats"]),
        ),
        writes,
        *lookups.values(),
        presence,
        *(_all_commands(load, total(writes, lookups[load], presence)) for load in LOADS),
    )


def _lookups(traffic: Lines, load: str) -> PlanLine:
    return computed(
        key_at("redis.lookups", load),
        f"look-ups/s of conn: at the {LOAD_NAMES[load]}",
        "reads/s",
        of(traffic[f"traffic.deliveries_{load}"]) + traffic[f"traffic.receipts_{load}"],
        "not computed",
        "one for each recipient and one for each receipt's sender",
    )


def _all_commands(load: str, commands: Term) -> PlanLine:
    return computed(
        key_at("redis.commands", load), f"Redis commands/s at the {LOAD_NAMES[load]}", "commands/s", commands
    )


def _shards(redis: Lines) -> tuple[PlanLine, ...]:
    by_memory = computed(
        "redis.shards_by_memory", "Redis shards by memory", "shards", ceil(of(redis["redis.bytes"]) / known.SHARD_BYTES)
    )
    by_rate = computed(
        "redis.shards_by_rate", "Redis shards by rate", "shards", ceil(of(redis["redis.commands"]) / known.SHARD_RATE)
    )
    quieter = (
        computed(
            f"redis.shards_{load}",
            f"Redis shards at the {LOAD_NAMES[load]}",
            "shards",
            ceil(largest(by_memory, of(redis[f"redis.commands_{load}"]) / known.SHARD_RATE)),
        )
        for load in LOADS[:-1]
    )
    shards = computed(
        "redis.shards", "Redis shards", "shards", largest(by_rate, by_memory), "shard by user_id", "right"
    )
    nodes = computed("redis.nodes", "Redis nodes", "nodes", of(shards) * known.REDIS_COPIES)
    return by_rate, by_memory, *quieter, shards, nodes, _clusters("redis.clusters", "Redis clusters", nodes)


def _clusters(key: str, name: str, nodes: PlanLine) -> PlanLine:
    note = "a Redis cluster is recommended up to about 1,000 nodes"
    return computed(key, name, "clusters", ceil(of(nodes) / known.REDIS_CLUSTER_NODES), "one", note)


def _zone_loss(commands: PlanLine, reconnects: PlanLine) -> tuple[PlanLine, ...]:
    """Copies in the other zones take over, so shards stay; reconnects come on top, and lost copies are made again."""
    shards = computed(
        "redis.shards_zone_loss",
        "Redis shards that carry the event peak and the reconnects of one zone",
        "shards",
        ceil((of(commands) + of(reconnects) * 2.0) / known.SHARD_RATE),
        "not given",
    )
    nodes = computed(
        "redis.nodes_zone_loss",
        "Redis nodes that hold all copies without one zone",
        "nodes",
        after_zone_loss(of(shards) * known.REDIS_COPIES),
        "not given",
    )
    clusters = _clusters("redis.clusters_zone_loss", "Redis clusters with room for the loss of a zone", nodes)
    return shards, nodes, clusters


def _document_shards(heartbeats: PlanLine) -> tuple[PlanLine, ...]:
    writes = computed(
        "redis.writes_document",
        "Redis writes/s with the refresh of conn:, 500 M online users",
        "writes/s",
        of(heartbeats) * 2.0,
        "33 M/s",
        "twice as many, by the document's own rule that a heartbeat refreshes conn: too",
    )
    return (
        writes,
        computed(
            "redis.shards_document_presence",
            "Redis shards for presence: of 500 M online users",
            "shards",
            ceil(of(heartbeats) / known.SHARD_RATE),
        ),
        computed(
            "redis.shards_document",
            "Redis shards for presence: and conn: of 500 M online users",
            "shards",
            ceil(of(writes) / known.SHARD_RATE),
        ),
    )


def _presence(has: Given) -> tuple[PlanLine, ...]:
    return (
        *_presence_times("", "", has.presence_ttl, has.heartbeat, has.conn_ttl),
        *_presence_times(
            "_document",
            ", document",
            known.DOCUMENT_PRESENCE_TTL,
            known.DOCUMENT_HEARTBEAT,
            known.DOCUMENT_CONN_TTL,
        ),
    )


def _presence_times(
    suffix: str, design: str, presence_ttl: Parameter, heartbeat: Parameter, conn_ttl: Parameter
) -> tuple[PlanLine, ...]:
    return (
        computed(
            f"redis.presence_ttl_in_beats{suffix}",
            f"presence TTL in heartbeats{design}",
            "heartbeats",
            of(presence_ttl) / heartbeat,
            "30 s / 15 s = 2",
            "exactly two leaves no margin: after one lost beat the next is due as the key expires",
        ),
        computed(
            f"redis.offline_after_min{suffix}",
            f"soonest that a lost user looks offline{design}",
            "s",
            of(presence_ttl) - heartbeat,
        ),
        computed(
            f"redis.offline_after_max{suffix}", f"latest that a lost user looks offline{design}", "s", of(presence_ttl)
        ),
        computed(
            f"redis.stale_route{suffix}",
            f"time a dead route outlives presence{design}",
            "s",
            largest(of(conn_ttl) - presence_ttl, 0.0),
            "300 s − 30 s",
            "pushes go to a dead socket and no push notification is sent, unless the gateway refuses them",
        ),
    )
