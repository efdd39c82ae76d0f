"""The pytest plugin, seen from a suite that uses it. Servers are stand-ins here; `tests/real` has the real ones."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from sim.history import History
from tests.chatscale.test_assertions import CLEAN, LOST

pytest_plugins = "pytester"

ROOT = Path(__file__).parents[2]
# An installation from before the entry point needs the plugin named; named twice it would be refused.
INSTALLED = any(point.name == "chatscale" for point in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "chatscale.pytest_plugin")

STAND_INS = """
    import pathlib
    from contextlib import contextmanager

    import realstack.drive
    import realstack.servers
    from sim.history import History

    @contextmanager
    def start_servers(wanted, folder):
        print("started", wanted)
        yield "three servers"
        print("ended")

    def drive(servers, scenario, trace, folder):
        print("drove", scenario.name, scenario.run.duration_s, trace.seed, "on", servers)
        return History.load(pathlib.Path("clean.jsonl"))

    realstack.servers.start_servers = start_servers
    realstack.drive.drive = drive
"""
USES = """
    from chatscale import assert_holds

    def test_order(chatscale_run):
        assert_holds(chatscale_run("ci-ordering", {"run.duration": "5s"}, seed=3), "ordered", "no_loss")

    def test_again(chatscale_run, chatscale_stack):
        assert_holds(chatscale_run(settings={"run.duration": "4s"}), "ordered")
"""


@pytest.fixture(autouse=True)
def _our_own_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def printed(result: pytest.RunResult, word: str) -> list[str]:
    return [line[line.index(word) :] for line in result.outlines if word in line]


def test_a_run_is_a_fixture_and_the_servers_are_started_once(pytester: pytest.Pytester) -> None:
    History.of(CLEAN).save(pytester.path / "clean.jsonl")
    pytester.makeconftest(STAND_INS)
    pytester.makepyfile(USES)
    result = pytester.runpytest_subprocess(*PLUGIN, "-s", "--chatscale-servers=local")
    result.assert_outcomes(passed=2)
    assert printed(result, "started local") == ["started local"]
    assert printed(result, "drove") == [
        "drove ci-ordering 5.0 3 on three servers",
        "drove ci-ordering 4.0 11 on three servers",
    ]
    assert printed(result, "ended") == ["ended"]


def test_without_a_test_that_needs_them_nothing_is_started(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(STAND_INS)
    pytester.makepyfile("def test_nothing(): pass")
    result = pytester.runpytest_subprocess(*PLUGIN, "-s")
    result.assert_outcomes(passed=1)
    assert printed(result, "started local") == []


def test_a_broken_guarantee_is_told_by_its_counterexample(pytester: pytest.Pytester) -> None:
    History.of(LOST).save(pytester.path / "lost.jsonl")
    pytester.makepyfile("""
        from chatscale import assert_holds

        def test_loss():
            assert_holds("lost.jsonl", "no_loss")
    """)
    result = pytester.runpytest_subprocess(*PLUGIN)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E*AssertionError: no_loss does not hold", "E*▸ #*← never shown on u3: stored-not-pushed"]
    )


def test_the_plugin_loads_nothing_heavy() -> None:
    heavy = "{'numpy', 'pandas', 'numba', 'simpy', 'pydantic', 'sim', 'reports', 'realstack'}"
    code = f"import sys, chatscale.pytest_plugin; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_pytest_finds_it_by_its_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"chatscale": "chatscale.pytest_plugin"}
