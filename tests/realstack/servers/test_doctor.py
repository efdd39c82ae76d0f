"""What doctor tells of each provider, with the command that mends it."""

from pathlib import Path

import pytest

from realstack.servers.doctor import Finding, diagnose


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
