"""Fake jars: only what the lock holds is ever run."""

import hashlib
from pathlib import Path

import pytest

from realstack.servers import jars
from sim.errors import ServerError, ServerMissingError

CONTENT = b"a jar"


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache, a lock of one jar, and a network that gives it; the jar as fetched."""
    source = tmp_path / "network" / "fake-1.0.jar"
    source.parent.mkdir()
    source.write_bytes(CONTENT)
    lock = tmp_path / "jars.lock"
    lock.write_text(f"{hashlib.sha256(CONTENT).hexdigest()}  fake/fake-1.0.jar\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(jars, "COORDINATES", {"fake": "org.example:fake:1.0+org.example:other:2.0"})
    monkeypatch.setattr(jars, "LOCK_FILE", lock)
    monkeypatch.setattr(jars, "resolve", lambda *_: [source])
    return source


def test_a_jar_is_fetched_once_and_then_taken_from_the_cache(fetched: Path) -> None:
    events: list[str] = []
    first = jars.class_path("fake", events.append)
    fetched.unlink()
    assert jars.class_path("fake", events.append) == first == [jars.jar_folder("fake") / "fake-1.0.jar"]
    assert first[0].read_bytes() == CONTENT
    assert events == ["fetching fake 1.0: 1 jars, once"]


def test_a_fetched_jar_with_another_checksum_is_refused_by_name(fetched: Path) -> None:
    fetched.write_bytes(b"something else")
    with pytest.raises(ServerError, match=r"fake-1\.0\.jar has SHA-256"):
        jars.class_path("fake")
    assert not jars.cached("fake")


def test_a_cached_jar_that_changed_is_refused_by_name(fetched: Path) -> None:
    jars.class_path("fake")[0].write_bytes(b"something else")
    with pytest.raises(ServerError, match=r"fake-1\.0\.jar has SHA-256 .* remove .* and run again"):
        jars.class_path("fake")


def test_a_jar_of_the_lock_that_the_network_does_not_give_is_told(fetched: Path) -> None:
    with jars.LOCK_FILE.open("a") as lock:
        lock.write(f"{'0' * 64}  fake/absent-2.0.jar\n")
    with pytest.raises(ServerError, match=r"absent-2\.0\.jar is missing"):
        jars.class_path("fake")


def test_every_server_of_the_coordinates_is_in_the_committed_lock() -> None:
    assert jars.read_lock(jars.LOCK_FILE).keys() == jars.COORDINATES.keys()


def test_without_jgo_the_error_holds_the_command_that_mends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "jgo", None)
    with pytest.raises(ServerMissingError, match=r"pip install 'chatscale\[local\]'"):
        jars.resolve("org.example:fake:1.0", tmp_path)
