"""The command line: what it answers, and with which exit code."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import click
import pytest

from chatscale.cli import COMMANDS, cli, run_cli
from sim.verdict import Outcome
from tests.reports.checks.story import Event, clean_story, is_

SMALL = ["--set", "run.duration=4s", "--set", "run.warm_up=1s"]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are looked for and left below the working folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The folder of a short simulation, and its exit code."""
    folder = tmp_path_factory.mktemp("run") / "out"
    return folder, run_cli(["simulate", "ci-ordering", *SMALL, "--seed", "3", "--out", str(folder)])


def write_events(path: Path, events: Sequence[Event]) -> str:
    in_order = sorted(events, key=lambda event: event["t_ns"])
    path.write_text("".join(json.dumps(event) + "\n" for event in in_order), encoding="utf-8")
    return str(path)


def test_an_unknown_scenario_is_refused_with_the_near_names(capsys: Captured) -> None:
    assert run_cli(["plan", "watsapp"]) == 4
    assert capsys.readouterr().err == "chatscale: no scenario called 'watsapp'; did you mean whatsapp?\n"


def test_every_bad_setting_is_told_at_once(capsys: Captured) -> None:
    bad = ["traffic.daily_peek=2", "population.users=2bm", "run.duration=soon"]
    assert run_cli(["plan", "whatsapp", *(word for setting in bad for word in ("--set", setting))]) == 4
    told = capsys.readouterr().err
    assert "unknown key traffic.daily_peek; did you mean daily_peak?" in told
    assert "--set population.users" in told
    assert "--set run.duration" in told
    assert "3 errors, nothing was run" in told


@pytest.mark.parametrize("setting", ["traffic.messages", "=5", "run=5", "run.seed.deep=1"])
def test_a_setting_that_is_none_is_refused(setting: str, capsys: Captured) -> None:
    assert run_cli(["plan", "whatsapp", "--set", setting]) == 4
    assert setting.partition("=")[0].partition(".")[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["dance"],
        ["plan"],
        ["plan", "whatsapp", "--loudly"],
        ["simulate", "whatsapp", "--seed", "-1"],
        ["simulate", "whatsapp", "--profile", "nowhere.json"],
        ["bench", "real", "--start", "0"],
    ],
)
def test_wrong_usage_is_4_and_says_how_to_get_help(arguments: list[str], capsys: Captured) -> None:
    assert run_cli(arguments) == 4
    assert "--help" in capsys.readouterr().err


def test_help_and_version_are_0(capsys: Captured) -> None:
    assert [run_cli(["--help"]), run_cli(["plan", "-h"]), run_cli(["--version"])] == [0, 0, 0]
    told = capsys.readouterr().out
    assert "Exit codes: 0 pass, 1 failed, 2 unknown" in told
    assert "Size the full system" in told


def test_every_command_has_a_help_text() -> None:
    ours = {
        "plan",
        "simulate",
        "limit",
        "sweep",
        "sensitivity",
        "run",
        "verify",
        "selftest",
        "endure",
        "compare",
        "report",
        "doctor",
        "bench",
    }
    assert set(COMMANDS) == ours
    context = click.Context(cli)
    assert all((command := cli.get_command(context, name)) is not None and command.help for name in COMMANDS)


def test_help_imports_nothing_heavy() -> None:
    heavy = ["numpy", "pandas", "simpy", "aiokafka", "cassandra", "rich", "pydantic", "matplotlib", "pyarrow"]
    program = (
        "import sys; from chatscale.cli import run_cli; code = run_cli(['--help']); "
        f"print(code, [name for name in {heavy} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-1] == "0 []"


def test_a_plan_is_a_document_with_every_line(capsys: Captured) -> None:
    assert run_cli(["plan", "whatsapp", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["scenario"] == "whatsapp"
    assert set(document["headline"]) <= set(document["lines"])
    wanted = {"key", "component", "name", "value", "unit", "shown", "mark", "source", "inputs", "document"}
    assert all(wanted <= set(line) for line in document["lines"].values())


def test_a_plan_is_a_table_for_people(capsys: Captured) -> None:
    assert run_cli(["plan", "whatsapp"]) == 0
    assert "kafka.partitions" in capsys.readouterr().out


def test_a_number_can_be_explained(capsys: Captured) -> None:
    assert run_cli(["plan", "whatsapp", "--explain", "kafka.partitions"]) == 0
    assert "partitions" in capsys.readouterr().out


def test_an_unknown_number_cannot_and_the_near_ones_are_told(capsys: Captured) -> None:
    assert run_cli(["plan", "whatsapp", "--explain", "kafka.partitons"]) == 4
    assert "kafka.partitions" in capsys.readouterr().err


def test_a_simulation_leaves_a_whole_run_folder(simulated: tuple[Path, int]) -> None:
    folder, code = simulated
    assert code in (0, 2)
    assert {"result.json", "report.html", "junit.xml", "facts.json", "scenario.toml", "trace.parquet"} <= {
        path.name for path in folder.iterdir()
    }
    result = json.loads((folder / "result.json").read_text())
    assert Outcome(result["outcome"]).exit_code == code
    assert ET.parse(folder / "junit.xml").getroot().tag == "testsuites"
    facts = json.loads((folder / "facts.json").read_text())
    assert facts["seed"] == 3
    assert facts["replay"] == f"chatscale simulate ci-ordering {' '.join(SMALL)} --seed 3"


def test_a_folder_with_something_in_it_is_not_written_to(simulated: tuple[Path, int], capsys: Captured) -> None:
    folder, _ = simulated
    before = sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())
    assert run_cli(["simulate", "ci-ordering", *SMALL, "--out", str(folder)]) == 4
    assert f"{folder} exists and is not empty; choose another --out" in capsys.readouterr().err
    assert sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir()) == before


def test_one_world_cannot_be_compared(simulated: tuple[Path, int], capsys: Captured) -> None:
    assert run_cli(["compare", str(simulated[0])]) == 4
    assert "holds one world only; `chatscale run` makes both" in capsys.readouterr().err


def test_a_report_can_be_made_again(simulated: tuple[Path, int], capsys: Captured) -> None:
    folder, code = simulated
    (folder / "report.html").unlink()
    assert run_cli(["report", str(folder), "--json"]) == code
    assert json.loads(capsys.readouterr().out)["outcome"] in ("pass", "unknown")
    assert (folder / "report.html").is_file()


def test_a_run_folder_is_verified_by_its_history(simulated: tuple[Path, int], capsys: Captured) -> None:
    folder, _ = simulated
    assert run_cli(["verify", str(folder), "--json"]) in (0, 2)
    assert json.loads(capsys.readouterr().out)["history"] == str(folder / "history-sim.parquet")


def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sim.trace.Trace.save", full)
    assert run_cli(["simulate", "ci-ordering", *SMALL, "--out", str(tmp_path / "out")]) == 4
    assert "No space left on device; make room" in capsys.readouterr().err


def test_a_clean_history_passes(tmp_path: Path, capsys: Captured) -> None:
    path = write_events(tmp_path / "clean.jsonl", clean_story().events)
    assert run_cli(["verify", path]) == 0
    assert "outcome pass, exit code 0" in capsys.readouterr().out


def test_a_lost_message_fails_with_the_events_that_convict(tmp_path: Path, capsys: Captured) -> None:
    events = [e for e in clean_story().events if not (e["kind"] in ("wire.deliver", "deliver") and e["uuid"] == "a1")]
    assert run_cli(["verify", write_events(tmp_path / "lost.jsonl", events), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    lost = next(verdict for verdict in document["verdicts"] if verdict["check"] == "lost")
    assert (document["outcome"], document["exit_code"], lost["outcome"]) == ("fail", 1, "fail")
    assert any("a1" in line for evidence in lost["evidence"] for line in evidence)


def test_what_did_not_end_quietly_is_unknown(tmp_path: Path, capsys: Captured) -> None:
    events = [event for event in clean_story().events if event["kind"] != "quiesce"]
    assert run_cli(["verify", write_events(tmp_path / "cut.jsonl", events)]) == 2
    assert "outcome unknown, exit code 2" in capsys.readouterr().out


def without_deliveries(*uuids: str) -> list[Event]:
    arrivals = ("wire.deliver", "deliver")
    return [e for e in clean_story().events if not (e["kind"] in arrivals and e["uuid"] in uuids)]


def test_an_anomaly_that_is_allowed_passes_and_is_told_apart(tmp_path: Path, capsys: Captured) -> None:
    path = write_events(tmp_path / "lost.jsonl", without_deliveries("d0"))
    assert run_cli(["verify", "--history", path, "--check", "lost"]) == 1
    assert run_cli(["verify", "--history", path, "--check", "lost", "--allow", "lost"]) == 0
    assert "· lost" in capsys.readouterr().out


def test_examples_are_the_worst_few_unless_all_are_asked_for(tmp_path: Path, capsys: Captured) -> None:
    every = [event["uuid"] for event in clean_story().events if event["kind"] == "send.invoke"]
    path = write_events(tmp_path / "lost.jsonl", without_deliveries(*every))
    shown = []
    for more in ((), ("--all",)):
        assert run_cli(["verify", "--history", path, "--check", "lost", "--json", *more]) == 1
        shown.append(len(json.loads(capsys.readouterr().out)["verdicts"][0]["examples"]))
    assert shown == [8, 19]


def test_verify_saves_counterexamples_that_it_convicts_again(tmp_path: Path, capsys: Captured) -> None:
    events = [e for e in clean_story().events if not is_("deliver", "wire.deliver", uuid="a2", device="u3")(e)]
    whole, folder = write_events(tmp_path / "lost.jsonl", events), tmp_path / "few"
    assert run_cli(["verify", whole, "--counterexamples", str(folder)]) == 1
    assert f"counter-examples in {folder}" in " ".join(capsys.readouterr().out.split("\n"))
    for few in folder.glob("*.jsonl"):
        assert run_cli(["verify", "--history", str(few), "--check", few.stem]) == 1
    assert {few.stem for few in folder.glob("*.jsonl")} == {"lost", "skipped", "sender_gap", "receipt_regress"}


def test_verify_without_a_history_says_what_it_needs(capsys: Captured) -> None:
    assert run_cli(["verify"]) == 4
    assert "--history FILE" in capsys.readouterr().err


def test_brackets_in_a_history_are_printed_as_they_are(tmp_path: Path, capsys: Captured) -> None:
    renamed = json.loads(json.dumps(clean_story().events).replace('"a1"', '"[/a]"'))
    events = [e for e in renamed if not (e["kind"] in ("wire.deliver", "deliver") and e["uuid"] == "[/a]")]
    assert run_cli(["verify", write_events(tmp_path / "odd.jsonl", events)]) == 1
    assert "[/a]" in capsys.readouterr().out


def test_a_history_cut_short_is_refused(simulated: tuple[Path, int], tmp_path: Path, capsys: Captured) -> None:
    whole = (simulated[0] / "history-sim.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    assert run_cli(["verify", str(tmp_path / "cut.parquet")]) == 4
    assert "cannot be read, it may be cut short" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"t_ns": 1, "kind": "conn.op', "odd.jsonl:1: not a JSON object, the file may be cut short"),
        (
            '{"t_ns": 1, "kind": "quiesce"}\n{"t_ns": 1, "kind": "teleport"}\n{"t_ns": 2, "kind": "teleport"}\n',
            "odd.jsonl:2: 2 of 3 events are of unknown kinds: 'teleport' (2)",
        ),
        ('{"chatscale.history": 9}\n{"t_ns": 1, "kind": "quiesce"}\n', "has history schema 9, this chatscale reads 1"),
        ('{"chatscale.history": 1}\n', "holds no events"),
        ('{"t_ns": "soon", "kind": "quiesce"}\n', "odd.jsonl:1: t_ns must be whole nanoseconds, not"),
        ('{"t_ns": 1.5, "kind": "quiesce"}\n', "odd.jsonl:1: t_ns must be whole nanoseconds, not"),
        ("[1, 2]\n", "odd.jsonl:1: an event needs 'kind' and 't_ns'"),
        ('{"t_ns": 1, "kind": "quiesce", "colour": "red"}\n', "unknown event fields: colour"),
        ("", "holds no events"),
    ],
)
def test_what_is_no_history_is_refused_with_the_place(
    content: str, told: str, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "odd.jsonl").write_text(content)
    assert run_cli(["verify", str(tmp_path / "odd.jsonl")]) == 4
    assert told in capsys.readouterr().err


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize("command", ["verify", "compare", "report"])
def test_a_run_that_does_not_exist_is_refused_with_the_next_step(command: str, capsys: Captured) -> None:
    assert run_cli([command, "whatsapp"]) == 4
    assert "make one with: chatscale run whatsapp" in capsys.readouterr().err


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize("servers", ["moon", "kafka=1"])
def test_servers_that_cannot_be_named_are_refused(servers: str, capsys: Captured) -> None:
    assert run_cli(["run", "ci-ordering", *SMALL, "--servers", servers]) == 4
    assert "chatscale: " in capsys.readouterr().err


def test_an_interrupted_run_is_130(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("chatscale.commands.asking.load_scenario", interrupted)
    assert run_cli(["plan", "whatsapp"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_an_error_of_our_own_is_shown_and_proves_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("chatscale.commands.asking.load_scenario", broken)
    assert run_cli(["plan", "whatsapp"]) == 2
    assert "ZeroDivisionError" in capsys.readouterr().err
