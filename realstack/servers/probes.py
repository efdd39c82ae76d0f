"""A real round trip for each server, as its clients make it: ready is what answers this, not an open port.

A greeting is less: it connects, with credentials if there are any, and changes nothing.

Each raises whatever its client raises while the server cannot yet serve.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

TIMEOUT_S = 10.0


def probe_kafka(bootstrap: str, copies: int = 1, **options: Any) -> None:
    """Create a topic of so many copies, write a record with acks=all and idempotence, read it, delete the topic."""
    asyncio.run(asyncio.wait_for(_kafka_round_trip(copies, bootstrap_servers=bootstrap, **options), TIMEOUT_S))


def greet_kafka(bootstrap: str, **options: Any) -> None:
    """Connect to a broker and learn of the others."""

    async def greet() -> None:
        from aiokafka.admin import AIOKafkaAdminClient

        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **options)
        try:
            await admin.start()
        finally:
            await admin.close()

    asyncio.run(asyncio.wait_for(greet(), TIMEOUT_S))


async def _kafka_round_trip(copies: int, **options: Any) -> None:
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    topic = f"chatscale-probe-{secrets.token_hex(4)}"
    admin = AIOKafkaAdminClient(**options)
    try:
        await admin.start()
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=copies)])
        try:
            await _write_and_read(topic, **options)
        finally:
            await admin.delete_topics([topic])
    finally:
        await admin.close()


async def _write_and_read(topic: str, **options: Any) -> None:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    producer = AIOKafkaProducer(**options, acks="all", enable_idempotence=True)
    try:
        await producer.start()
        await producer.send_and_wait(topic, b"probe")
    finally:
        await producer.stop()
    consumer = AIOKafkaConsumer(topic, **options, auto_offset_reset="earliest")
    try:
        await consumer.start()
        await consumer.getone()
    finally:
        await consumer.stop()


def probe_cassandra(host: str, port: int, *, in_ring: bool = False, **options: Any) -> str:
    """Read and give the release version, such as "5.0.8"; of a node `in_ring` only once it works with a majority."""
    from cassandra import ConsistencyLevel
    from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
    from cassandra.policies import WhiteListRoundRobinPolicy

    profile = ExecutionProfile(
        load_balancing_policy=WhiteListRoundRobinPolicy([host]),
        consistency_level=ConsistencyLevel.QUORUM,
        request_timeout=TIMEOUT_S,
    )
    cluster = Cluster(
        [host],
        port=port,
        protocol_version=5,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        schema_metadata_enabled=False,
        **options,
    )
    try:
        session = cluster.connect()
        if in_ring:
            # A table of Cassandra's own that it keeps three copies of.
            session.execute("SELECT * FROM system_distributed.view_build_status LIMIT 1")
        return str(session.execute("SELECT release_version FROM system.local").one().release_version)
    finally:
        cluster.shutdown()


def probe_redis(host: str, port: int, **options: Any) -> str:
    """Write and read a key that expires, or find a replica in step; the version, with the name in front if Valkey."""
    import redis

    key, value = f"chatscale-probe-{secrets.token_hex(4)}", secrets.token_hex(4)
    with redis.Redis(host=host, port=port, socket_timeout=TIMEOUT_S, decode_responses=True, **options) as client:
        replication = client.info("replication")
        if replication["role"] == "master":
            client.set(key, value, ex=5)
            if client.get(key) != value:
                raise ConnectionError(f"redis at {host}:{port} forgot a key at once")
            client.delete(key)
        elif replication["master_link_status"] != "up":
            raise ConnectionError(f"redis at {host}:{port} is not in step with its primary yet")
        return redis_label(client.info("server"))


def greet_redis(host: str, port: int, **options: Any) -> None:
    """Connect and ping."""
    import redis

    with redis.Redis(host=host, port=port, socket_timeout=TIMEOUT_S, **options) as client:
        client.ping()


def redis_label(info: dict[str, object]) -> str:
    """The version that `INFO server` tells: Valkey gives itself as redis 7.2.4 too, but is not shown as such."""
    valkey = info.get("valkey_version")
    return f"Valkey {valkey}" if valkey else str(info["redis_version"])
