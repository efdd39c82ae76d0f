"""Nothing is lost, nothing comes twice, order holds: over whole runs with the people's own behaviour."""

from __future__ import annotations

import itertools
from functools import cache

import pandas as pd
import pytest

from sim.engine import BOX, simulate
from sim.history import History
from sim.scenario_file import load_scenario
from sim.trace import Trace
from sim.workload import make_trace


@cache
def run(preset: str, seed: int, slowness: float) -> tuple[Trace, History]:
    """Five busy seconds; slow processes bring long queues, and sessions that end before their messages arrive."""
    settings = [f"design.preset={preset}", f"run.seed={seed}", "run.duration=5s", "run.warm_up=1s"]
    scenario = load_scenario("ci-ordering", [*settings, "people.session_median=2s"])
    trace = make_trace(scenario)
    profile = BOX.scaled(dict.fromkeys(("gateway", "worker", "driver", "kafka"), slowness))
    return trace, simulate(scenario, trace, profile)


HARDENED = [("hardened", 1, 1.0), ("hardened", 2, 1.0), ("hardened", 3, 3.0)]
RUNS = [*HARDENED, ("seed", 1, 1.0), ("seed", 3, 3.0)]


@pytest.mark.parametrize("world", RUNS)
def test_every_acknowledged_message_is_logged_and_stored(world: tuple[str, int, float]) -> None:
    _, history = run(*world)
    acknowledged = set(history.of_kind("send.ok")["uuid"])
    assert acknowledged
    for kind in ("log.append", "store.row"):
        assert acknowledged <= set(history.of_kind(kind)["uuid"])


@pytest.mark.parametrize("world", HARDENED)
def test_a_message_is_stored_once_however_often_it_was_sent(world: tuple[str, int, float]) -> None:
    _, history = run(*world)
    assert history.of_kind("store.row")["uuid"].is_unique


def test_slow_answers_make_messages_come_twice_where_the_design_does_not_recognise_them() -> None:
    _, history = run("seed", 3, 3.0)
    assert history.of_kind("log.append")["uuid"].duplicated().any()
    assert history.of_kind("store.row")["uuid"].duplicated().any()


@pytest.mark.parametrize("world", HARDENED)
def test_nobody_sees_a_message_twice(world: tuple[str, int, float]) -> None:
    _, history = run(*world)
    assert not history.of_kind("deliver").duplicated(["device", "uuid"]).any()


@pytest.mark.parametrize("world", RUNS)
def test_nobody_sees_its_own_message(world: tuple[str, int, float]) -> None:
    _, history = run(*world)
    shown = history.of_kind("deliver")
    senders = history.of_kind("send.invoke").set_index("uuid")["device"].astype(str)
    assert not (shown["uuid"].map(senders) == shown["device"].astype(str)).any()


@pytest.mark.parametrize("world", HARDENED)
def test_every_recipient_of_a_logged_message_sees_it_in_order(world: tuple[str, int, float]) -> None:
    trace, history = run(*world)
    logged = history.of_kind("log.append")[["uuid", "conv"]].astype(str)
    senders = history.of_kind("send.invoke").set_index("uuid")["user"].astype(str)
    members = {f"c{conv}": {f"u{user}" for user in users} for conv, users in trace.members.items()}
    expected = {
        (user, uuid)
        for uuid, conv in zip(logged["uuid"], logged["conv"], strict=True)
        for user in members[conv] - {senders[uuid]}
    }
    shown = history.of_kind("deliver")
    assert set(zip(shown["user"].astype(str), shown["uuid"], strict=True)) == expected
    for _, rows in shown.groupby(["device", "conv"], observed=True):
        assert rows["seq"].is_monotonic_increasing


@pytest.mark.parametrize("world", RUNS)
def test_a_message_is_shown_as_it_was_sent(world: tuple[str, int, float]) -> None:
    _, history = run(*world)
    sent = history.of_kind("send.invoke").set_index("uuid")["hash"].astype(str)
    for kind in ("deliver", "store.row"):
        rows = history.of_kind(kind)
        assert (rows["uuid"].map(sent) == rows["hash"].astype(str)).all()


@pytest.mark.parametrize("world", HARDENED)
def test_receipts_speak_of_what_was_shown_and_read_follows_delivered(world: tuple[str, int, float]) -> None:
    _, history = run(*world)
    shown = history.of_kind("deliver").set_index(["device", "uuid"])["t_ns"]
    said = history.of_kind("receipt.send")
    delivered, read = (
        said[said["state"] == state].set_index(["device", "uuid"])["t_ns"] for state in ("delivered", "read")
    )
    assert not delivered.index.has_duplicates
    assert not read.index.has_duplicates
    assert (delivered >= shown.reindex(delivered.index)).all()
    assert (read >= shown.reindex(read.index)).all()
    seen = history.of_kind("receipt.seen")
    assert set(zip(seen["reader"].astype(str), seen["uuid"], seen["state"].astype(str), strict=True)) <= set(
        zip(said["user"].astype(str), said["uuid"], said["state"].astype(str), strict=True)
    )


@pytest.mark.parametrize("world", RUNS)
def test_stamps_of_a_push_rise_along_the_way(world: tuple[str, int, float]) -> None:
    _, history = run(*world)
    pushed = history.of_kind("deliver")
    pushed = pushed[pushed["via"] == "push"]
    way = ["accepted_ns", "polled_ns", "started_ns", "stored_ns", "routed_ns", "pushed_ns", "t_ns"]
    assert len(pushed)
    for earlier, later in itertools.pairwise(way):
        assert (pushed[earlier] <= pushed[later]).all()


@pytest.mark.parametrize("world", RUNS)
def test_sessions_open_before_they_close_and_carry_every_delivery(world: tuple[str, int, float]) -> None:
    _, history = run(*world)
    opened, closed = (history.of_kind(kind).set_index("session")["t_ns"] for kind in ("conn.open", "conn.close"))
    opened.index, closed.index = opened.index.astype(str), closed.index.astype(str)
    assert opened.index.is_unique
    assert len(closed)
    assert (closed >= opened.reindex(closed.index)).all()
    shown = history.of_kind("deliver")
    ends = shown["session"].astype(str).map(closed).astype("Int64").fillna(pd.NA)
    assert (shown["t_ns"] >= shown["session"].astype(str).map(opened)).all()
    assert (shown["t_ns"] <= ends.fillna(history.frame["t_ns"].max())).all()
