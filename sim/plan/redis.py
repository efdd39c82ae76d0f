"""Redis: memory is small, the rate of commands decides.

heartbeats ──× 2 (presence: and conn:)──┐
deliveries + receipts (look-ups) ───────┼──► commands/s ──÷ commands per shard──► shards ──× copies──► nodes
opens × members (presence reads) ───────┘
"""

from __future__ import annotations

from sim.plan import parameters as known
from sim.plan.formula import ceil, computed, largest, of
from sim.plan.given import Given, given
from sim.plan.line import PlanLine, keyed
from sim.plan.traffic import traffic_lines
from sim.provenance import Parameter
from sim.scenario import Scenario


def redis_lines(scenario: Scenario) -> tuple[PlanLine, ...]:
    """Lines `redis.*`; `redis.shards` is sized for the event peak."""
    has, traffic = given(scenario), keyed(traffic_lines(scenario))
    memory = _memory(traffic)
    commands = _commands(has, traffic)
    return (
        *memory,
        *commands,
        *_shards(keyed((*memory, *commands))),
        *_document_shards(traffic["traffic.heartbeats_document"]),
        *_presence(has),
    )


def _memory(traffic: dict[str, PlanLine]) -> tuple[PlanLine, ...]:
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


def _commands(has: Given, traffic: dict[str, PlanLine]) -> tuple[PlanLine, ...]:
    writes = computed(
        "redis.writes",
        "Redis writes/s with the refresh of conn:",
        "writes/s",
        of(traffic["traffic.heartbeats"]) * 2.0,
        "33 M/s",
        "the document counts presence: alone, but also refreshes the TTL of conn: on each heartbeat",
    )
    lookups = computed(
        "redis.lookups",
        "look-ups/s of conn: at the event peak",
        "reads/s",
        of(traffic["traffic.deliveries_event"]) + traffic["traffic.receipts_event"],
        "not computed",
        "one for each recipient and one for each receipt's sender",
    )
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
        lookups,
        presence,
        computed("redis.commands", "Redis commands/s at the event peak", "commands/s", of(writes) + lookups + presence),
    )


def _shards(redis: dict[str, PlanLine]) -> tuple[PlanLine, ...]:
    by_rate = computed(
        "redis.shards_by_rate", "Redis shards by rate", "shards", ceil(of(redis["redis.commands"]) / known.SHARD_RATE)
    )
    by_memory = computed(
        "redis.shards_by_memory", "Redis shards by memory", "shards", ceil(of(redis["redis.bytes"]) / known.SHARD_BYTES)
    )
    shards = computed(
        "redis.shards", "Redis shards", "shards", largest(by_rate, by_memory), "shard by user_id", "right"
    )
    nodes = computed("redis.nodes", "Redis nodes", "nodes", of(shards) * known.REDIS_COPIES)
    clusters = computed(
        "redis.clusters",
        "Redis clusters",
        "clusters",
        ceil(of(nodes) / known.REDIS_CLUSTER_NODES),
        "one",
        "a Redis cluster is recommended up to about 1,000 nodes",
    )
    return by_rate, by_memory, shards, nodes, clusters


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
