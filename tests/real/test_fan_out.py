"""Fan-out on read on real servers: large channels are announced, pulled by each member, and nobody misses anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from realstack.drive import drive
from realstack.servers import Servers
from reports.checks import check_history
from sim.errors import UsageError
from sim.history import History
from sim.scenario import Scenario
from sim.scenario_file import load_scenario
from sim.trace import Action, Trace
from sim.verdict import Outcome

pytestmark = pytest.mark.real

S = 1_000_000_000
CHANNEL, PAIR = 5, 6
MEMBERS = 10_000
CONNECTED = tuple(range(1, 25))


def scenario(**settings: object) -> Scenario:
    laid_over = {"design.fan_out": "hybrid", "design.group_limit": MEMBERS, **settings}
    return load_scenario("ci-ordering", [f"{key}={value}" for key, value in laid_over.items()])


def channel() -> Iterator[Action]:
    """A channel of 10,000 members of whom 24 are there; three write 150 messages. Two of them are a pair besides.

    The last one of the 24 goes for a while and comes back.
    """
    yield from (Action(0, "join", user, CHANNEL) for user in range(1, MEMBERS + 1))
    yield from (Action(0, "join", user, PAIR) for user in (1, 2))
    yield from (Action(S // 10, "connect", user) for user in CONNECTED)
    for number in range(150):
        yield say(1 + 0.015 * number, 1 + number % 3, CHANNEL, 1 + number // 3)
    yield say(2, 1, PAIR, 1)
    yield Action(round(1.7 * S), "crash", CONNECTED[-1])
    yield Action(round(2.5 * S), "connect", CONNECTED[-1])
    yield Action(round(3.8 * S), "read", 2, CHANNEL)


def say(t_s: float, user: int, conv: int, cseq: int) -> Action:
    return Action(
        round(t_s * S), "send", user, conv, f"00000000-0000-4000-8000-{user:04d}{conv:04d}{cseq:04d}", cseq, 20
    )


def vias(history: History, conv: int) -> set[str]:
    rows = history.of_kind("deliver")
    return set(rows[rows["conv"] == f"c{conv}"]["via"].astype(str))


def test_a_channel_of_10_000_is_pulled_in_order_and_a_pair_beside_it_is_pushed(
    servers: Servers, tmp_path: Path
) -> None:
    trace = Trace.of(channel(), seed=0, duration_s=4.0)
    history = drive(servers, scenario(**{"design.reads": "coalesced"}), trace, tmp_path, final_read=False)
    shown = history.of_kind("deliver").query(f"conv == 'c{CHANNEL}'")
    everything = history.of_kind("store.row").query(f"conv == 'c{CHANNEL}'").sort_values("seq")["uuid"].tolist()
    assert len(everything) == 150
    for user in CONNECTED:
        own = f"-8000-{user:04d}"
        assert shown[shown["device"] == f"u{user}"]["uuid"].tolist() == [u for u in everything if own not in u], user
    assert vias(history, CHANNEL) == {"pull", "resume"}
    assert vias(history, PAIR) == {"push"}
    assert set(history.of_kind("receipt.seen")["conv"].astype(str)) == {f"c{PAIR}"}
    assert history.of_kind("push").empty
    assert [(v.check, v.summary) for v in check_history(history) if wrong(v.outcome, v.check)] == []


def test_the_10_001st_member_is_refused_before_anything_starts(servers: Servers, tmp_path: Path) -> None:
    crowd = [*channel(), Action(0, "join", MEMBERS + 1, CHANNEL)]
    with pytest.raises(UsageError, match="u10001 is one too many at the group limit of 10,000"):
        drive(servers, scenario(), Trace.of(crowd, seed=0, duration_s=4.0), tmp_path)


def wrong(outcome: Outcome, check: str) -> bool:
    """What no run may show; lateness is for benchmarks to judge."""
    return outcome is Outcome.FAIL and check != "slo_miss"
