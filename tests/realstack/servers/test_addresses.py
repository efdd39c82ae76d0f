from pathlib import Path

import pytest

from realstack.endpoints import endpoints
from realstack.servers.addresses import Addresses, parse_addresses
from sim.errors import UsageError

HERE = Addresses(kafka="k:9092", cassandra="c:9042", redis="r:6379", elsewhere=True)


def test_one_string_gives_all_three() -> None:
    assert parse_addresses("kafka=k:9092,cassandra=c:9042,redis=r:6379", {}) == HERE


def test_a_port_may_be_left_out() -> None:
    assert parse_addresses("kafka=k,cassandra=c,redis=r", {}) == HERE


def test_a_cluster_has_several_addresses_and_its_redis_sentinels() -> None:
    cluster = parse_addresses("kafka=a:1,b:2,cassandra=c,d:5,redis=r,sentinel=s:1,t", {})
    assert cluster == Addresses("a:1,b:2", "c:9042,d:5", "r:6379", "s:1,t:26379", elsewhere=True)


def test_an_ipv6_address_keeps_its_brackets_as_text_only() -> None:
    addresses = parse_addresses("kafka=[::1]:9,cassandra=[::1]:7,redis=[::1]", {})
    assert (addresses.kafka, addresses.cassandra, addresses.redis) == ("[::1]:9", "[::1]:7", "[::1]:6379")
    assert endpoints(addresses.kafka) == [("::1", 9)]


def test_the_environment_gives_what_no_argument_does() -> None:
    environment = {"CHATSCALE_KAFKA": "k", "CHATSCALE_CASSANDRA": "c", "CHATSCALE_REDIS": "r", "OTHER": "x"}
    assert parse_addresses(None, environment) == HERE


def test_a_toml_file_gives_all_three(tmp_path: Path) -> None:
    path = tmp_path / "servers.toml"
    path.write_text('kafka = "k:9092"\ncassandra = "c:9042"\nredis = "r:6379"\n')
    assert parse_addresses(str(path), {}) == HERE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kafka=k,redis=r", "no address of cassandra"),
        ("kafka=k,casandra=c,redis=r", "did you mean cassandra"),
        ("kafka=k,cassandra=c:port,redis=r", "cassandra address 'c:port' is not HOST:PORT"),
        ("kafka=k,cassandra=c:70000,redis=r", "'c:70000' is not HOST:PORT"),
        ("kafka=k,cassandra=c,redis=r/0", "'r/0' is not HOST:PORT"),
        ("nowhere,kafka=k", "'nowhere' has no name"),
        ("missing.toml", "missing.toml: cannot be read"),
    ],
)
def test_a_wrong_address_is_told_with_its_text(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_addresses(text, {})


def test_an_empty_environment_names_the_variables_to_set() -> None:
    with pytest.raises(UsageError, match="set CHATSCALE_KAFKA, CHATSCALE_CASSANDRA, CHATSCALE_REDIS"):
        parse_addresses(None, {})


def test_a_toml_value_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "servers.toml"
    path.write_text("kafka = 9092\n")
    with pytest.raises(UsageError, match="kafka = 9092 is not an address"):
        parse_addresses(str(path), {})
