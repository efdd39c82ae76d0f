"""What the members of a cluster are told of each other, without starting one."""

from pathlib import Path

import pytest

from realstack.servers import ProcessScope
from realstack.servers.cassandra import LocalCassandra
from realstack.servers.java import Java
from realstack.servers.kafka import LocalKafka
from realstack.servers.place import Place, Ports, free_places
from realstack.servers.redis import LocalRedis, RedisBinary
from realstack.servers.sentinel import LocalSentinel

BINARY = RedisBinary(Path("redis-server"), "7.2.4", "test")
PLACES = tuple(Place(n, f"127.0.0.{n}", Ports(n * 10, n * 10 + 1, n * 10 + 2, n * 10 + 3)) for n in (1, 2, 3))
TOKENS = (-9223372036854775808, -3074457345618258603, 3074457345618258602)
JAVA = Java(Path("java"), "17", "test")


def config(service: LocalKafka | LocalCassandra | LocalRedis | LocalSentinel, ending: str) -> str:
    """The configuration that the service writes for itself."""
    service.data.mkdir(parents=True)
    if isinstance(service, LocalKafka | LocalCassandra):
        service.arguments()
    else:
        service.command()
    return service.data.with_name(f"{service.name}.{ending}").read_text()


def test_places_have_ports_of_their_own() -> None:
    places = free_places(["127.0.0.1", "127.0.0.2"])
    ports = {port for each in places for port in (each.ports.client, each.ports.internal, each.ports.proxy)}
    assert [(each.number, each.host) for each in places] == [(1, "127.0.0.1"), (2, "127.0.0.2")]
    assert len(ports) == 6


def test_brokers_vote_together_and_keep_three_copies_of_which_two_must_be_in_step(tmp_path: Path) -> None:
    with ProcessScope() as scope:
        broker = LocalKafka(scope, tmp_path, JAVA, [Path("kafka.jar")], PLACES, 2)
        lines = config(broker, "properties").splitlines()
    assert broker.name == "kafka-2"
    assert {
        "node.id=2",
        "controller.quorum.voters=1@127.0.0.1:11,2@127.0.0.2:21,3@127.0.0.3:31",
        "advertised.listeners=CLIENT://127.0.0.2:20,PROXIED://127.0.0.2:22",
        "default.replication.factor=3",
        "offsets.topic.replication.factor=3",
        "min.insync.replicas=2",
    } <= set(lines)


def test_brokers_share_a_cluster_and_have_a_folder_each(tmp_path: Path) -> None:
    with ProcessScope() as scope:
        brokers = [LocalKafka(scope, tmp_path, JAVA, [Path("kafka.jar")], PLACES, each.number) for each in PLACES]
        for broker in brokers:
            config(broker, "properties")
        metas = [(broker.data / "meta.properties").read_text().splitlines() for broker in brokers]
    assert len({meta[1] for meta in metas}) == 1
    assert [meta[2] for meta in metas] == ["node.id=1", "node.id=2", "node.id=3"]
    assert len({meta[3] for meta in metas}) == 3


def test_every_node_of_the_ring_is_a_seed_with_its_part_of_the_ring(tmp_path: Path) -> None:
    with ProcessScope() as scope:
        nodes = [LocalCassandra(scope, tmp_path, JAVA, [Path("c.jar")], PLACES, each.number) for each in PLACES]
        texts = [config(node, "yaml") for node in nodes]
    assert all('seeds: "127.0.0.1:11,127.0.0.2:21,127.0.0.3:31"' in text for text in texts)
    assert [f'initial_token: "{token}"' in text for token, text in zip(TOKENS, texts, strict=True)] == [True] * 3
    assert all("hinted_handoff_enabled: true" in text for text in texts)


@pytest.mark.parametrize(("number", "follows"), [(1, None), (2, "replicaof 127.0.0.1 10")])
def test_of_two_redis_the_second_follows_the_first(number: int, follows: str | None, tmp_path: Path) -> None:
    with ProcessScope() as scope:
        lines = config(LocalRedis(scope, tmp_path, BINARY, PLACES[:2], number), "conf").splitlines()
    assert [line for line in lines if line.startswith("replicaof")] == ([follows] if follows else [])


def test_a_sentinel_knows_the_primary_the_replica_and_the_others(tmp_path: Path) -> None:
    with ProcessScope() as scope:
        sentinels = [LocalSentinel(scope, tmp_path, BINARY, PLACES, each.number, PLACES[:2]) for each in PLACES]
        texts = [config(each, "conf") for each in sentinels]
    ids = [next(line.split()[2] for line in text.splitlines() if "myid" in line) for text in texts]
    assert len(set(ids)) == 3
    assert {
        "sentinel monitor mymaster 127.0.0.1 10 2",
        "sentinel known-replica mymaster 127.0.0.2 20",
        f"sentinel known-sentinel mymaster 127.0.0.2 20 {ids[1]}",
        f"sentinel known-sentinel mymaster 127.0.0.3 30 {ids[2]}",
    } <= set(texts[0].splitlines())
