"""A round trip per server as a client makes it, and what a fault leaves behind."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import redis
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.connection import DefaultEndPoint
from cassandra.policies import RoundRobinPolicy
from redis.backoff import NoBackoff
from redis.retry import Retry

from realstack.endpoints import endpoints
from realstack.servers import Servers, start_servers
from sim.errors import ServerLostError, UsageError

pytestmark = pytest.mark.real


def test_each_server_tells_its_version(servers: Servers) -> None:
    assert servers.versions.keys() == {"kafka", "cassandra", "redis"}
    assert servers.versions["kafka"] == "4.3.1"
    assert servers.versions["cassandra"] == "5.0.8"
    assert re.fullmatch(r"(Valkey )?\d+\.\d+\.\d+", servers.versions["redis"])
    servers.check()


def test_each_server_uses_memory_and_tells_how_long_it_took(servers: Servers) -> None:
    assert all(rss_bytes > 0 for _, rss_bytes in servers.usage().values())
    assert servers.ready_s.keys() == {"kafka", "cassandra", "redis", "all"}


def test_kafka_keeps_its_records_when_it_is_killed_and_restarted(servers: Servers) -> None:
    asyncio.run(write(servers.addresses.kafka, "kept", [b"1", b"2", b"3"]))
    servers.services["kafka"].kill()
    servers.services["kafka"].restart()
    assert asyncio.run(read(servers.addresses.kafka, "kept", 3)) == [b"1", b"2", b"3"]


def test_cassandra_keeps_its_rows_when_it_is_restarted(servers: Servers) -> None:
    with session(servers) as cql:
        cql.execute("CREATE KEYSPACE kept WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
        cql.execute("CREATE TABLE kept.rows (key int PRIMARY KEY, value text)")
        cql.execute("INSERT INTO kept.rows (key, value) VALUES (1, 'one')")
    servers.services["cassandra"].restart()
    with session(servers) as cql:
        assert [tuple(row) for row in cql.execute("SELECT key, value FROM kept.rows")] == [(1, "one")]
        cql.execute("DROP KEYSPACE kept")


def test_a_paused_redis_answers_nothing_and_forgets_nothing(servers: Servers) -> None:
    host, port = endpoints(servers.addresses.redis)[0]
    with redis.Redis(host, port) as client:
        client.set("paused", "kept")
    servers.services["redis"].pause()
    with (
        redis.Redis(host, port, socket_timeout=0.2, retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.TimeoutError),
    ):
        client.get("paused")
    servers.check()
    servers.services["redis"].resume()
    with redis.Redis(host, port) as client:
        assert client.get("paused") == b"kept"


def test_a_server_that_dies_is_named_with_its_log(servers: Servers) -> None:
    service = servers.services["redis"]
    assert service.pid is not None
    psutil.Process(service.pid).kill()
    while service.pid is not None:
        pass
    with pytest.raises(ServerLostError, match=r"redis at .* ended with status -9[^$]*Ready to accept connections"):
        servers.check()
    service.restart()
    servers.check()


def test_given_addresses_are_used_and_left_alone(servers: Servers, tmp_path: Path) -> None:
    here = servers.addresses
    text = ",".join(f"{name}={service.address}" for name, service in servers.services.items())
    with start_servers(text, tmp_path) as given:
        assert given.addresses == replace(here, elsewhere=True)
        assert given.versions == {**servers.versions, "kafka": "unknown"}
        given.check()
        with pytest.raises(UsageError, match=r"kafka at .* is not ours, it is not paused"):
            given.services["kafka"].pause()
    servers.check()


def test_redis_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = """
import sys, time
from pathlib import Path
from realstack.servers.process import ProcessScope
from realstack.servers.redis import LocalRedis, find_redis
folder = Path(sys.argv[1])
redis = LocalRedis(ProcessScope(folder / "data"), folder, find_redis())
redis.launch()
print(redis.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        process = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert psutil.wait_procs([process], timeout=30) == ([process], [])


async def write(bootstrap: str, topic: str, values: list[bytes]) -> None:
    """Make a topic of one partition and write to it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        for value in values:
            await producer.send_and_wait(topic, value)


async def read(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    """The first values of a topic."""
    async with AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        return [(await consumer.getone()).value for _ in range(count)]


@contextmanager
def session(servers: Servers) -> Iterator[Session]:
    """A CQL session."""
    profile = ExecutionProfile(load_balancing_policy=RoundRobinPolicy())
    cluster = Cluster(
        [DefaultEndPoint(*endpoints(servers.addresses.cassandra)[0])],
        protocol_version=5,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
    )
    try:
        yield cluster.connect()
    finally:
        cluster.shutdown()
