"""Pushed to each member, or announced and read by each: everybody gets everything in one order either way."""

from __future__ import annotations

import pytest

from sim.engine import BOX, simulate
from sim.history import History
from sim.trace import Action, Trace
from tests.sim.engine.worlds import SECOND, exact, people, scenario

MS = 1_000_000
USERS = tuple(range(1, 9))


def channel(count: int = 60, gap_ns: int = 25 * MS) -> Trace:
    """Eight members of whom the first two write in turn."""
    connects = [Action(0, "connect", user) for user in USERS]
    sends = [Action(SECOND + n * gap_ns, "send", 1 + n % 2, 5, f"uuid-{n}", 1 + n // 2, 20) for n in range(count)]
    return people(*connects, *sends, users=USERS)


def shown(history: History) -> dict[str, list[str]]:
    """By device, in order."""
    rows = history.of_kind("deliver")
    return {str(device): group["uuid"].tolist() for device, group in rows.groupby("device", observed=True)}


@pytest.mark.parametrize("cursor", ["sequence", "message-id"])
@pytest.mark.parametrize("reads", ["each", "coalesced"])
def test_members_who_read_get_what_members_who_are_pushed_to_get(cursor: str, reads: str) -> None:
    written = simulate(scenario(cursor=cursor), channel())
    read = simulate(scenario(cursor=cursor, fan_out="read", reads=reads), channel())
    assert {device: set(uuids) for device, uuids in shown(read).items()} == {
        device: set(uuids) for device, uuids in shown(written).items()
    }
    assert shown(read)["u3"] == [f"uuid-{n}" for n in range(60)] == shown(read)["u8"]
    assert read.of_kind("deliver")["via"].unique().tolist() == ["pull"]
    assert read.quiesced_ns is not None


@pytest.mark.parametrize(("limit", "via"), [(7, "pull"), (8, "push")])
def test_a_hybrid_reads_above_its_limit_and_pushes_up_to_it(limit: int, via: str) -> None:
    history = simulate(scenario(fan_out="hybrid", fan_out_limit=limit), channel(4))
    assert history.of_kind("deliver")["via"].unique().tolist() == [via]


def test_notices_come_at_a_bounded_rate_so_a_fast_channel_is_pulled_in_batches() -> None:
    history = simulate(scenario(fan_out="read"), channel(), exact())
    at_user_3 = history.of_kind("deliver").query("device == 'u3'")["t_ns"]
    batches = (at_user_3.diff() > 100 * MS).sum() + 1
    # 1.5 s of messages at five notices a second, the first at once.
    assert 7 <= batches <= 9
    assert history.of_kind("receipt.seen").empty


def test_a_member_who_comes_back_resumes_and_then_pulls() -> None:
    away = [Action(SECOND + 200 * MS, "crash", 3), Action(2 * SECOND, "connect", 3)]
    trace = channel()
    trace = Trace.of([*(Action(*row) for row in trace.frame.itertuples(index=False)), *away], 1, 10.0)
    history = simulate(scenario(fan_out="read"), trace)
    assert shown(history)["u3"] == [f"uuid-{n}" for n in range(60)]
    vias = history.of_kind("deliver").query("device == 'u3'")["via"].tolist()
    assert [via for n, via in enumerate(vias) if n == 0 or via != vias[n - 1]] == ["pull", "resume", "pull"]


def test_one_read_for_all_costs_cassandra_less_than_a_read_for_each() -> None:
    each, coalesced = (
        simulate(scenario(fan_out="read", reads=reads), channel(), exact()) for reads in ("each", "coalesced")
    )
    cpu_s = [
        float(one.of_kind("sample").query("target == 'cassandra' and state == 'cpu_s'")["value"].max())
        for one in (each, coalesced)
    ]
    assert cpu_s[0] - cpu_s[1] > 40 * BOX.cpu_s("cassandra.read")
