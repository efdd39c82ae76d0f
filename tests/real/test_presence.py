"""A device that opened a conversation is told on real servers who comes, who goes and who falls silent."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from realstack.drive import drive
from realstack.servers import Servers
from reports.checks import check_history
from sim.faults import Fault
from sim.history import History
from sim.scenario_file import load_scenario
from sim.trace import Action, Trace
from sim.verdict import Outcome

pytestmark = pytest.mark.real

S = 1_000_000_000
ANNA, BERT, CARL, CONV = 1, 2, 3, 5
TTL_S = 6.0
PRESENCE = ("stale_online", "false_offline", "presence_flap")


def at(t_s: float, action: str, user: int) -> Action:
    return Action(round(t_s * S), action, user, CONV if action == "open" else -1)


def told(
    servers: Servers, folder: Path, duration_s: float, actions: Iterable[Action], *faults: dict[str, object]
) -> tuple[History, list[tuple[str, str, float]]]:
    """The history, and whom Anna's device was told of until everybody is called back: user, state and second."""
    joins = [Action(0, "join", user, CONV) for user in (ANNA, BERT, CARL)]
    trace = Trace.of([*joins, *actions], seed=0, duration_s=duration_s)
    choices = {"presence": "subscription", "presence_ttl": f"{TTL_S}s", "heartbeat": "3s"}
    scenario = load_scenario(
        "ci-ordering",
        [*(f"design.{name}={value}" for name, value in choices.items()), "run.duration=30s", "run.warm_up=1s"],
    )
    scenario = scenario.model_copy(update={"faults": tuple(Fault.model_validate(fault) for fault in faults)})
    history = drive(servers, scenario, trace, folder)
    rows = history.of_kind("presence.change")
    rows = rows[(rows["device"] == "u1") & (rows["user"] != "u1") & (rows["t_ns"] < duration_s * S)]
    return history, list(
        zip(rows["user"].astype(str), rows["state"].astype(str), (rows["t_ns"] / S).tolist(), strict=True)
    )


def test_a_device_is_told_at_once_who_comes_and_goes_and_after_its_ttl_who_crashed(
    servers: Servers, tmp_path: Path
) -> None:
    # Bert's gateway stands still when his phone dies: nobody takes his key away but its TTL.
    history, changes = told(
        servers,
        tmp_path,
        12.0,
        [
            *(at(0.1, "connect", user) for user in (ANNA, BERT)),
            at(1.0, "open", ANNA),
            at(2.0, "connect", CARL),
            at(3.0, "disconnect", CARL),
            *(at(t_s, "heartbeat", ANNA) for t_s in (3.0, 6.0, 9.0)),
            at(3.5, "heartbeat", BERT),
            at(4.5, "crash", BERT),
        ],
        {"at": 4, "kind": "pause", "target": "gateway-1", "for": 7},
    )
    assert [change[:2] for change in changes] == [("u3", "online"), ("u3", "offline"), ("u2", "offline")]
    renewed_s = history.of_kind("heartbeat.stored").query("user == 'u2'")["t_ns"].iloc[-1] / S
    came_s, went_s, expired_s = (t_s for _, _, t_s in changes)
    print(f"came +{came_s - 2:.3f} s, went +{went_s - 3:.3f} s, expired TTL +{expired_s - renewed_s - TTL_S:.3f} s")
    assert 2.0 < came_s < 3.0 < went_s < 2.0 + TTL_S
    assert renewed_s + TTL_S < expired_s < 11.0
    verdicts = {verdict.check: verdict.outcome for verdict in check_history(history, PRESENCE)}
    assert verdicts["stale_online"] is Outcome.PASS
    assert Outcome.FAIL not in verdicts.values()


def test_a_redis_that_restarts_has_the_subscriptions_again(servers: Servers, tmp_path: Path) -> None:
    _, changes = told(
        servers,
        tmp_path,
        12.0,
        [
            *(at(0.1, "connect", user) for user in (ANNA, BERT)),
            at(1.0, "open", ANNA),
            *(at(t_s, "heartbeat", user) for t_s in (1.5, 8.0, 11.0) for user in (ANNA, BERT)),
            at(10.0, "connect", CARL),
            at(11.0, "disconnect", CARL),
        ],
        {"at": 3, "kind": "kill", "target": "redis", "for": 2},
    )
    assert [change[:2] for change in changes] == [
        ("u2", "offline"),  # the new Redis has never heard of him,
        ("u2", "online"),  # until his next heartbeat
        ("u3", "online"),
        ("u3", "offline"),
    ]
    print("told at", [round(t_s, 3) for _, _, t_s in changes])
    forgot_s, back_s, came_s, went_s = (t_s for _, _, t_s in changes)
    assert 4.0 < forgot_s < 8.0 < back_s < 10.0 < came_s < 11.0 < went_s
