"""Which Python `make setup` takes."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from realstack.servers import interpreter


def compiled_with(monkeypatch: pytest.MonkeyPatch, arguments: str) -> None:
    known = {"CONFIG_ARGS": arguments, "BINDIR": "/somewhere/bin"}
    monkeypatch.setattr(sysconfig, "get_config_var", known.get)


def system_that_ends_with(monkeypatch: pytest.MonkeyPatch, folder: Path, status: int) -> str:
    path = folder / "python3"
    path.write_text(f"#!/bin/sh\nexit {status}\n")
    path.chmod(0o755)
    monkeypatch.setattr(interpreter, "SYSTEM", str(path))
    return str(path)


def test_an_optimised_python_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiled_with(monkeypatch, "'--prefix=/opt' '--enable-optimizations'")
    system_that_ends_with(monkeypatch, tmp_path, 0)
    assert interpreter.best() == sys.executable


def test_one_without_optimisation_gives_way_to_the_system_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiled_with(monkeypatch, "'--prefix=/opt' '--enable-shared'")
    system = system_that_ends_with(monkeypatch, tmp_path, 0)
    assert interpreter.best() == system


def test_but_not_to_one_that_is_too_old_or_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiled_with(monkeypatch, "'--prefix=/opt' '--enable-shared'")
    system_that_ends_with(monkeypatch, tmp_path, 1)
    assert interpreter.best() == sys.executable
    monkeypatch.setattr(interpreter, "SYSTEM", str(tmp_path / "none"))
    assert interpreter.best() == sys.executable


def test_it_needs_nothing_but_python() -> None:
    said = subprocess.run(
        [sys.executable, "-IS", interpreter.__file__], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert subprocess.run([said, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]).returncode == 0
