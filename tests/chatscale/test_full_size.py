"""The full-size model on the command line, on a system small enough for a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chatscale import bench_sim as bench
from chatscale.cli import run_cli
from sim.scenario_file import load_scenario
from tests.sim.experiments.worlds import TINY_WORDS
from tests.sim.fast.worlds import small_scenario

Captured = pytest.CaptureFixture[str]
SMALL = [
    *("--set", "population.users=2000000", "--set", "traffic.messages=100m/day"),
    *("--set", "scale.connections=1:1000", "--set", "scale.messages=1:10"),
]
KEYS = {
    *("messages", "deliveries", "stage_events", "simulated_s", "wall_s", "real_time_factor", "peak_rss_mb"),
    *("speedup_vs_simpy", "max_abs_diff_vs_simpy"),
}


def test_a_full_run_is_a_document_with_thresholds(capsys: Captured) -> None:
    code = run_cli(["simulate", "whatsapp", *SMALL, "--full", "--seconds", "2", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert code == document["exit_code"] == 0
    assert document["thresholds"] == {"delivery_p99": "pass", "ack_p99": "pass"}
    assert document["counts"]["messages"] > 3_000


def test_a_full_run_is_a_table_for_people(capsys: Captured) -> None:
    assert run_cli(["simulate", "whatsapp", *SMALL, "--full", "--seconds", "1", "--set", "thresholds.ack_p99=1ms"]) == 1
    told = capsys.readouterr().out
    assert "delivery" in told
    assert "bottleneck: " in told
    assert "fail     ack_p99 < 1 ms" in told


def test_an_overloaded_system_shows_growth_and_fails(capsys: Captured) -> None:
    viral = ["--set", "traffic.hot_share=0.25", "--set", "traffic.group_size_max=20"]
    assert run_cli(["simulate", "whatsapp", *SMALL, *viral, "--full", "--seconds", "1"]) == 1
    told = capsys.readouterr().out
    assert "no steady state: a backlog grows" in told
    assert "/s" in told


def test_a_full_run_takes_no_folder(tmp_path: Any, capsys: Captured) -> None:
    assert run_cli(["simulate", "whatsapp", "--full", "--out", str(tmp_path / "run")]) == 4
    assert "leave out --out" in capsys.readouterr().err


def test_a_storm_is_told_beside_the_messages(capsys: Captured) -> None:
    words = ["simulate", "zone-loss", *SMALL, "--full", "--seconds", "2"]
    assert run_cli(words) == 0
    assert "sockets of 4 gateways go (every device of 4 gateways kept)" in capsys.readouterr().out
    assert run_cli([*words, "--json"]) == 0
    (wave,) = json.loads(capsys.readouterr().out)["waves"]
    assert wave["back_p50_s"]["mean"] > 20, "nobody is back before the zone is"
    assert wave["sockets"] == pytest.approx(632_000 / 3, rel=0.1)


def test_what_feeds_back_is_sent_to_the_other_engine(capsys: Captured) -> None:
    pause = "faults=[{kind='pause', target='kafka', at=10, for=5}]"
    assert run_cli(["simulate", "whatsapp", "--full", "--set", pause]) == 4
    assert "`chatscale simulate` without --full" in capsys.readouterr().err


def test_the_bench_has_its_keys_and_no_difference(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(bench, "load_scenario", lambda _: small_scenario())
    monkeypatch.setattr(bench, "_SAMPLE_SHARE", 0.2)
    monkeypatch.setattr(bench, "_PIPELINE_MESSAGES", 500)
    code = run_cli(["bench", "sim", "--seconds", "1", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert set(found) >= KEYS
    assert found["max_abs_diff_vs_simpy"] == 0
    assert found["messages"] > 1_500
    assert {"fast", "simpy"} <= set(found["engines"])
    assert all(engine["max_abs_diff_s"] < 1e-9 for engine in found["engines"].values())
    day = found["whole_day"]
    assert day["cores_for_real_time"] == pytest.approx(day["core_hours"] / 24, abs=0.01)


def test_the_sample_of_the_shipped_scenario_equals_simpy() -> None:
    agreement = bench.sample(load_scenario("whatsapp"))
    assert agreement.largest_s == 0
    assert agreement.messages > 1_000


def test_a_bench_is_told_to_people(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    found = dict.fromkeys((*KEYS, "receipts", "heartbeats", "threads", "speedup_vs_simpy_per_core"), 2)
    found |= dict.fromkeys(("times_compared", "redis_shards", "redis_shards_kept", "redis_p99_error"), 1)
    engines = {"fast": {"messages_per_s": 9.0, "max_abs_diff_s": 0.0}}
    day = dict.fromkeys(("messages", "core_hours", "cores_for_real_time", "cores_for_one_hour"), 3.0)
    whole = {**found, "scenario": "whatsapp", "engines": engines, "whole_day": day}
    monkeypatch.setattr("chatscale.commands.bench_sim.bench_sim", lambda *_, **__: whole)
    assert run_cli(["bench", "sim"]) == 1
    assert "2 times SimPy" in capsys.readouterr().out


def test_a_day_keeps_its_windows_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr("sim.fast.day.WINDOW_S", 0.1)
    monkeypatch.setattr("sim.fast.day.STRATA", 3)
    words = ["simulate", "whatsapp", *SMALL, "--full", "--day", "--out", str(tmp_path), "--json"]
    code = run_cli(words)
    document = json.loads(capsys.readouterr().out)
    assert code == document["exit_code"]
    assert document["counts"]["messages"]["half_width"] > 0
    assert json.loads((tmp_path / "day.json").read_text()) == document
    ledger = tmp_path / "replications.jsonl"
    lines = ledger.read_text().splitlines(keepends=True)
    assert len(lines) == 3 * 4
    # As a kill leaves it: some windows, the last one cut short.
    ledger.write_text("".join(lines[:5]) + lines[5][:100])
    assert run_cli(words) == code
    assert json.loads(capsys.readouterr().out) == document
    assert ledger.read_text().splitlines(keepends=True)[:5] == lines[:5]


def test_a_day_is_a_table_for_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr("sim.fast.day.WINDOW_S", 0.1)
    monkeypatch.setattr("sim.fast.day.STRATA", 3)
    run_cli(["simulate", "whatsapp", *SMALL, "--full", "--day", "--out", str(tmp_path)])
    told = capsys.readouterr().out
    assert "from 12 windows" in told
    assert "08:00" in told
    assert "delivery_p99 < 500 ms" in told


def test_a_scenario_with_shocks_is_played_without_being_told_to(capsys: Captured) -> None:
    shocks = ["--set", "shocks.rate=0.5/s", "--set", "run.duration=3s", "--set", "run.warm_up=1s"]
    assert run_cli(["simulate", "whatsapp", *SMALL, *shocks, "--full", "--json"]) in (0, 2)
    document = json.loads(capsys.readouterr().out)
    assert document["load"] == "run"
    assert document["simulated_s"] == 3
    assert document["surge"]["messages_per_s"] > 1157


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["whatsapp", "--day"], "add --full"),
        (["whatsapp", "--full", "--day", "--load", "peak"], "leave out --load and --seconds"),
        (["whatsapp", "--full", "--precision", "5%"], "leave out --replications and --precision"),
        (["new-year", "--full", "--load", "peak"], "`--full --load run` plays the whole run"),
        (["new-year", "--full", "--day"], "which the steady day leaves out"),
        (["new-year", "--full", "--seconds", "5"], "as long as the scenario's run"),
    ],
)
def test_what_makes_no_sense_at_full_size_is_refused(words: list[str], told: str, capsys: Captured) -> None:
    assert run_cli(["simulate", *words]) == 4
    assert told in capsys.readouterr().err


def test_a_box_in_several_replications_has_intervals(tmp_path: Path, capsys: Captured) -> None:
    words = [*TINY_WORDS, "--replications", "4", "--jobs", "1", "--out", str(tmp_path), "--json"]
    code = run_cli(["simulate", "ci-ordering", *words])
    document = json.loads(capsys.readouterr().out)
    assert code == document["exit_code"]
    assert document["replications"] == 4
    assert document["statistics"]["delivery_p99"]["half_width"] > 0
    assert document["statistics"]["receipt_p99"]["mean"] > 0
    assert document["replay"].endswith("--replications 4")
