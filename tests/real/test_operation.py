"""The backend's processes as whoever runs them sees them: health, metrics and logs, on real servers."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from realstack.chat.tokens import KEY_VARIABLE
from realstack.drive import drive
from realstack.driver.events import text_of
from realstack.scrape import ask
from realstack.servers import Servers
from realstack.stack import ChatStack
from sim.scenario_file import load_scenario
from sim.trace import Action, Trace
from sim.workload import make_trace

pytestmark = pytest.mark.real

PROCESSES = ("gateway-1", "gateway-2", "worker-1", "worker-2")
WITH_MEDIA = ("gateway-1", "gateway-2", "media-1", "worker-1", "worker-2")


def test_every_process_is_live_and_ready_and_a_drained_one_ends_in_order(servers: Servers, tmp_path: Path) -> None:
    trace = Trace.of([Action(0, "join", user, 5) for user in (1, 2)], seed=0, duration_s=1.0)
    with ChatStack(servers, load_scenario("ci-ordering", ["design.media=store"]), trace, tmp_path) as stack:
        assert sorted(stack.health_ports) == list(WITH_MEDIA)
        for port in stack.health_ports.values():
            assert (ask(port, "/live"), ask(port, "/ready")) == ((200, "live\n"), (200, "ready\n"))
        for name in ("gateway-2", "worker-2", "media-1"):
            stack.drain(name)
            assert stack.processes[name].wait(15.0) == 0
            with pytest.raises(OSError, match="refused"):
                ask(stack.health_ports[name], "/live")
        stack.check()
        stack.replace("worker-2")
        assert ask(stack.health_ports["worker-2"], "/ready") == (200, "ready\n")


def test_a_run_keeps_what_its_processes_counted_and_logs_without_secrets(servers: Servers, tmp_path: Path) -> None:
    quiet = load_scenario("ci-ordering", ["run.duration=6s", "run.warm_up=1s", "scale.messages=1:60_000"])
    trace = make_trace(quiet)
    history = drive(servers, quiet, trace, tmp_path)

    counted: dict[str, float] = defaultdict(float)
    for name in PROCESSES:
        for family in text_string_to_metric_families((tmp_path / "metrics" / f"{name}.prom").read_text()):
            for sample in family.samples:
                counted[" ".join([sample.name, *sample.labels.values()])] += sample.value
    assert counted["chatscale_messages_total delivered"] == trace.message_count
    assert counted["chatscale_frames_total send"] == trace.message_count
    assert counted["chatscale_append_seconds_count"] == trace.message_count
    assert counted["chatscale_pushes_total"] >= (history.of_kind("deliver")["via"] == "push").sum()

    lines = [line for log in (tmp_path / "logs").glob("*.log") for line in log.read_text().splitlines()]
    events = [json.loads(line) for line in lines]
    assert {event["process"] for event in events} >= {"worker-1", "worker-2"}
    assert {"time", "level", "process", "logger", "event"} <= set.intersection(*(set(event) for event in events))
    sent = trace.frame[trace.frame["action"] == "send"]
    texts = [text_of(uuid, size) for uuid, size in zip(sent["uuid"], sent["size_bytes"], strict=True)]
    everything = "\n".join(lines)
    assert KEY_VARIABLE not in everything
    telling = [text for text in texts if len(text) >= 12]  # a shorter one may stand anywhere by chance
    assert len(telling) > len(texts) / 2
    assert not [text for text in telling if text in everything]
