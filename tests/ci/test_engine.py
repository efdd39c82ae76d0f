"""`.ci/engine` gives a command a container engine where it can, and runs it with its own exit code where it cannot.

The real one is tried by the tests of servers in containers; here the commands that it needs are in our hands.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ENGINE = Path(__file__).parents[2] / ".ci" / "engine"
TOOLS = ("cat", "find", "grep", "ldd", "mktemp", "rm", "sh", "sleep", "tail", "tar", "timeout")
COMMAND = ("sh", "-c", 'echo "engine: $DOCKER_HOST"; exit 7')


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of commands: root on Debian, where nothing answers yet."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(str(shutil.which(tool)))
    put(folder, "id", "echo 0")
    put(folder, "python3", "exit 1")
    put(folder, "apt-get", "echo nothing to be had; exit 100")
    return folder


def put(folder: Path, name: str, script: str) -> None:
    """A command that does this."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def run(machine: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    bash = str(shutil.which("bash"))
    environment |= {"PATH": str(machine), "TMPDIR": str(machine.parent)}
    return subprocess.run([bash, ENGINE, *COMMAND], env=environment, capture_output=True, text=True, timeout=60)


def test_an_engine_that_is_named_is_taken_as_it_is(machine: Path) -> None:
    done = run(machine, DOCKER_HOST="unix:///somewhere.sock")
    assert (done.returncode, done.stdout, done.stderr) == (7, "engine: unix:///somewhere.sock\n", "")


def test_who_is_not_root_is_told_and_the_command_runs(machine: Path) -> None:
    put(machine, "id", "echo 1000")
    done = run(machine)
    assert (done.returncode, done.stdout) == (7, "engine: \n")
    assert "only root on Debian starts one" in done.stderr


def test_what_cannot_be_installed_is_told_and_the_command_runs(machine: Path) -> None:
    done = run(machine)
    assert (done.returncode, done.stdout) == (7, "engine: \n")
    assert "docker.io iproute2 could not be installed within 120 s: nothing to be had" in done.stderr


def test_an_engine_that_its_package_has_started_is_taken(machine: Path) -> None:
    put(machine, "apt-get", "echo > $TMPDIR/started")
    put(machine, "python3", "[ -e $TMPDIR/started ]")
    done = run(machine)
    assert (done.returncode, done.stdout, done.stderr) == (7, "engine: \n", "")


def with_engine(machine: Path, unshare: str, docker: str = "cat > /dev/null") -> None:
    """What the packages bring; `unshare` stands for the engine, which answers once there is a file `up`."""
    put(machine, "dockerd", "")
    put(machine, "ip", "")
    put(machine, "docker", docker)
    put(machine, "unshare", unshare)
    put(machine, "python3", f'case "$2" in /var/run/*) exit 1;; esac; [ -e {machine.parent / "up"} ]')


def test_an_engine_that_does_not_come_up_is_told_and_nothing_of_it_stays(machine: Path) -> None:
    with_engine(machine, "echo unshare failed: Operation not permitted >&2; exit 1")
    done = run(machine)
    assert (done.returncode, done.stdout) == (7, "engine: \n")
    assert "dockerd did not answer: unshare failed: Operation not permitted" in done.stderr
    assert [each.name for each in machine.parent.iterdir()] == ["bin"]


RUNS = f"echo > $TMPDIR/up; exec {shutil.which('sleep')} 600"


def test_an_engine_that_runs_no_container_is_told_and_nothing_of_it_stays(machine: Path) -> None:
    with_engine(machine, RUNS, 'cat > /dev/null; [ "$3" != run ] || { echo cgroups: read-only file system; exit 125; }')
    done = run(machine)
    assert (done.returncode, done.stdout) == (7, "engine: \n")
    assert "dockerd answers but runs no container: cgroups: read-only file system" in done.stderr
    assert sorted(each.name for each in machine.parent.iterdir()) == ["bin", "up"]


def test_an_engine_that_comes_up_is_the_commands_and_ends_with_it(machine: Path) -> None:
    with_engine(machine, RUNS)
    done = run(machine)
    assert done.returncode == 7
    assert done.stdout.startswith(f"engine: unix://{machine.parent}/tmp.")
    assert done.stderr == ""
    assert sorted(each.name for each in machine.parent.iterdir()) == ["bin", "up"]
