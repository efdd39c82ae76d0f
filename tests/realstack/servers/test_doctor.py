"""What doctor tells of each provider, with the command that mends it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from realstack.servers import ProcessScope
from realstack.servers.doctor import Finding, diagnose
from realstack.servers.probes import probe_redis
from realstack.servers.redis import LocalRedis, find_redis

PASSWORD = "hunter2"


def finding(name: str) -> Finding:
    return next(each for each in diagnose() if each.name == name)


def test_a_machine_without_an_engine_is_healthy_and_told_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    containers = finding("containers")
    assert containers.ok
    assert "no container engine answers" in containers.detail
    assert containers.mend == "apt-get install docker.io && systemctl start docker"


def test_external_servers_are_no_matter_until_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAFKA", "CASSANDRA", "REDIS"):
        monkeypatch.delenv(f"CHATSCALE_{name}", raising=False)
    assert finding("external") == Finding(
        "external",
        True,
        "no servers named (CHATSCALE_KAFKA, CHATSCALE_CASSANDRA, CHATSCALE_REDIS are not set)",
    )
    monkeypatch.setenv("CHATSCALE_KAFKA", "127.0.0.1:1")
    half = finding("external")
    assert not half.ok
    assert "no address of cassandra and redis" in half.detail


def test_an_external_server_that_is_gone_is_named_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAFKA", "CASSANDRA", "REDIS"):
        monkeypatch.setenv(f"CHATSCALE_{name}", "127.0.0.1:1")
    gone = finding("external redis")
    assert not gone.ok
    assert gone.mend == "start redis there, or unset CHATSCALE_REDIS"


def test_an_external_server_that_asks_for_a_password_is_told_with_the_variables_to_set(
    monkeypatch: pytest.MonkeyPatch, locked_redis: str
) -> None:
    for name in ("KAFKA", "CASSANDRA"):
        monkeypatch.setenv(f"CHATSCALE_{name}", "127.0.0.1:1")
    monkeypatch.setenv("CHATSCALE_REDIS", locked_redis)
    shut = finding("external redis")
    assert not shut.ok
    assert f"{locked_redis} does not let us in with no credentials (AuthenticationError" in shut.detail
    assert shut.mend is not None
    assert "set CHATSCALE_REDIS_USER, CHATSCALE_REDIS_PASSWORD" in shut.mend
    monkeypatch.setenv("CHATSCALE_REDIS_PASSWORD", PASSWORD)
    assert finding("external redis") == Finding("external redis", True, f"{locked_redis} lets us in with password")


@pytest.fixture
def locked_redis(tmp_path: Path) -> Iterator[str]:
    """The address of a Redis that asks for a password."""

    class Locked(LocalRedis):
        def command(self) -> list[str]:
            return [*super().command(), "--requirepass", PASSWORD]

        def probe(self) -> None:
            probe_redis(*self.place.endpoint, password=PASSWORD)

    with ProcessScope() as scope:
        service = Locked(scope, tmp_path, find_redis())
        service.launch()
        yield service.address
