"""Fake jars: only what the lock holds is ever run."""

import hashlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from realstack.servers import jars
from sim.errors import ServerError, ServerMissingError

CONTENT = b"a jar"


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache, a lock of one jar, and a network that gives it; the jar as the network has it."""
    source = tmp_path / "network" / "fake-1.0.jar"
    source.parent.mkdir()
    source.write_bytes(CONTENT)
    lock = tmp_path / "jars.lock"
    lock.write_text(jars.Jar(hashlib.sha256(CONTENT).hexdigest(), "fake", "org.example", "fake", "1.0", "").line())

    def download(locked: Sequence[jars.Jar], repository: Path) -> list[Path]:
        repository.mkdir()
        return [Path(shutil.copy(source, repository))]

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(jars, "COORDINATES", {"fake": ("org.example:fake:1.0", "org.example:other:2.0")})
    monkeypatch.setattr(jars, "LOCK_FILE", lock)
    monkeypatch.setattr(jars, "download", download)
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
        lock.write(jars.Jar("0" * 64, "fake", "org.example", "absent", "2.0", "linux").line())
    with pytest.raises(ServerError, match=r"absent-2\.0-linux\.jar is missing"):
        jars.class_path("fake")


def test_the_lock_is_read_as_it_is_written(fetched: Path) -> None:
    locked = jars.read_lock(jars.LOCK_FILE, "fake")
    assert "".join(jar.line() for jar in locked) == jars.LOCK_FILE.read_text()
    assert [jar.file_name for jar in locked] == ["fake-1.0.jar"]


@pytest.mark.parametrize("server", jars.COORDINATES)
def test_the_committed_lock_holds_each_coordinate_and_no_file_twice(server: str) -> None:
    locked = jars.read_lock(jars.LOCK_FILE, server)
    assert {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in locked} >= set(jars.COORDINATES[server])
    assert len({jar.file_name for jar in locked}) == len(locked)


def test_without_jgo_the_error_holds_the_command_that_mends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    with pytest.raises(ServerMissingError, match=r"pip install 'chatscale\[local\]'"):
        jars.download([], tmp_path)
