"""The full-size model on the command line, on a system small enough for a test."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatscale import bench_sim as bench
from chatscale.cli import run_cli
from sim.scenario_file import load_scenario
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


def test_what_feeds_back_is_sent_to_the_other_engine(capsys: Captured) -> None:
    assert run_cli(["simulate", "reconnect-storm", "--full"]) == 4
    assert "`chatscale simulate` without --full" in capsys.readouterr().err


def test_the_bench_has_its_keys_and_no_difference(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(bench, "load_scenario", lambda _: small_scenario())
    monkeypatch.setattr(bench, "_SAMPLE_SHARE", 0.2)
    code = run_cli(["bench", "sim", "--seconds", "1", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert set(found) >= KEYS
    assert found["max_abs_diff_vs_simpy"] == 0
    assert found["messages"] > 1_500


def test_the_sample_of_the_shipped_scenario_equals_simpy() -> None:
    agreement = bench.sample(load_scenario("whatsapp"))
    assert agreement.largest_s == 0
    assert agreement.messages > 1_000


def test_a_bench_is_told_to_people(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    found = dict.fromkeys((*KEYS, "receipts", "heartbeats", "threads", "speedup_vs_simpy_per_core"), 2)
    found |= dict.fromkeys(("times_compared", "redis_shards", "redis_shards_kept", "redis_p99_error"), 1)
    monkeypatch.setattr("chatscale.commands.bench_sim.bench_sim", lambda *_, **__: {**found, "scenario": "whatsapp"})
    assert run_cli(["bench", "sim"]) == 1
    assert "2 times SimPy" in capsys.readouterr().out
