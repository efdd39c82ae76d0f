"""Kafka, Cassandra and Redis, started once for all tests that need them."""

from collections.abc import Iterator

import pytest

from realstack.servers import Servers, start_servers


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Ready local servers. A test that pauses or kills one brings it back."""
    with start_servers("local", tmp_path_factory.mktemp("a folder with spaces")) as started:
        yield started


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Three brokers, three nodes, a watched pair of Redis. A test that kills one brings it back."""
    with start_servers("local", tmp_path_factory.mktemp("cluster"), nodes=3) as started:
        yield started
