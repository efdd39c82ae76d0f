"""The three servers as containers of the official images, through testcontainers.

    kafka       apache/kafka     CHATSCALE_KAFKA_IMAGE          KAFKA_… is server.properties, key by key
    cassandra   cassandra:5.0    CHATSCALE_CASSANDRA_IMAGE      CASSANDRA_…, MAX_HEAP_SIZE, JVM_EXTRA_OPTS
    redis       redis:7.2        CHATSCALE_REDIS_IMAGE          options of redis-server

A mirror is named by testcontainers' own TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from testcontainers.core.container import DockerContainer

from realstack.servers import jars
from realstack.servers.cassandra import AT_ONCE, LocalCassandra
from realstack.servers.container_service import ContainerService
from realstack.servers.engine import connect_engine, require_image
from realstack.servers.kafka import LocalKafka, properties
from realstack.servers.local_service import render
from realstack.servers.place import Place, Ports
from realstack.servers.ports import HOST
from realstack.servers.probes import probe_cassandra, probe_kafka, probe_redis
from realstack.servers.process import ProcessScope

IMAGES = {"kafka": f"apache/kafka:{jars.version('kafka')}", "cassandra": "cassandra:5.0", "redis": "redis:7.2"}
KAFKA_DATA = "/var/lib/kafka/data"
CONTROLLER_PORT = 9093
CASSANDRA_PORT = 9042
REDIS_PORT = 6379


class KafkaContainer(ContainerService):
    """One broker that is its own controller. It listens on the same port inside as outside: clients learn that one."""

    kind = "kafka"
    client_loggers = ("aiokafka", "aiokafka.conn")

    def configure(self, container: DockerContainer, port: int) -> int:
        """See `ContainerService`."""
        place = Place(1, HOST, Ports(port, CONTROLLER_PORT, port, port))
        container.with_envs(**as_environment(render("kafka.properties", **properties(place, [place]), data=KAFKA_DATA)))
        # No proxy stands before a container, so that nobody needs the listener for what comes through one.
        container.with_env("KAFKA_LISTENERS", f"CLIENT://0.0.0.0:{port},CONTROLLER://{HOST}:{CONTROLLER_PORT}")
        container.with_env("KAFKA_ADVERTISED_LISTENERS", f"CLIENT://{HOST}:{port}")
        container.with_env("KAFKA_HEAP_OPTS", f"-Xms256m -Xmx{LocalKafka.heap}")
        container.with_env("KAFKA_JVM_PERFORMANCE_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        return port

    def probe(self, port: int) -> None:
        """See `ContainerService`."""
        probe_kafka(f"{HOST}:{port}")


class CassandraContainer(ContainerService):
    """A single node with one token, without the waits that a ring needs."""

    kind = "cassandra"
    client_loggers = ("cassandra.cluster", "cassandra.connection", "cassandra.pool")

    def configure(self, container: DockerContainer, port: int) -> int:
        """See `ContainerService`."""
        container.with_envs(
            CASSANDRA_CLUSTER_NAME="chatscale",
            CASSANDRA_NUM_TOKENS="1",
            MAX_HEAP_SIZE=LocalCassandra.heap,
            HEAP_NEWSIZE="200m",
            JVM_EXTRA_OPTS=" ".join(("-XX:TieredStopAtLevel=1", *AT_ONCE)),
        )
        return CASSANDRA_PORT

    def probe(self, port: int) -> str:
        """See `ContainerService`."""
        return probe_cassandra(HOST, port)


class RedisContainer(ContainerService):
    """Presence and connections only: nothing is kept over a restart."""

    kind = "redis"

    def configure(self, container: DockerContainer, port: int) -> int:
        """See `ContainerService`."""
        options = "--save '' --appendonly no --databases 1 --maxmemory 256mb --maxmemory-policy noeviction"
        container.with_command(f"redis-server {options}")
        return REDIS_PORT

    def probe(self, port: int) -> str:
        """See `ContainerService`."""
        return probe_redis(HOST, port)


def as_environment(properties: str) -> dict[str, str]:
    """Kafka's server.properties as the variables that its image reads: `log.dirs=x` is KAFKA_LOG_DIRS=x."""
    lines = (line.partition("=") for line in properties.splitlines() if line.strip() and not line.startswith("#"))
    return {f"KAFKA_{key.upper().replace('.', '_')}": value for key, _, value in lines}


def image_names() -> dict[str, str]:
    """The image of each server, before a mirror's prefix."""
    return {name: os.environ.get(variable_of(name)) or image for name, image in IMAGES.items()}


def variable_of(name: str) -> str:
    """The environment variable that names another image."""
    return f"CHATSCALE_{name.upper()}_IMAGE"


def container_services(scope: ProcessScope, folder: Path, on_event: Callable[[str], None]) -> list[ContainerService]:
    """The services, not started, their images here. `ServerMissingError` without an engine or an image."""
    images = image_names()
    client = connect_engine()
    try:
        services: list[ContainerService] = [
            KafkaContainer(scope, folder, images["kafka"]),
            CassandraContainer(scope, folder, images["cassandra"]),
            RedisContainer(scope, folder, images["redis"]),
        ]
        for service in services:
            require_image(client, service.image, variable_of(service.name), on_event)
        on_event(f"container engine {client.version()['Version']}: {', '.join(each.image for each in services)}")
        return services
    finally:
        client.close()
