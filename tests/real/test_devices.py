"""A user with two devices on real servers: both show everything and hear of receipts, either keeps the user online."""

from __future__ import annotations

from pathlib import Path

import pytest

from realstack.drive import drive
from realstack.servers import Servers
from reports.checks import check_history
from sim.history import History
from sim.scenario_file import load_scenario
from sim.trace import Action, Trace
from sim.verdict import Outcome

pytestmark = pytest.mark.real

S = 1_000_000_000
ANNA, BERT, CONV = 1, 2, 5
PHONE, COMPUTER = 0, 1


def say(t_s: float, user: int, cseq: int, device: int = PHONE) -> Action:
    uuid = f"{user}-{device}-{cseq}"
    return Action(round(t_s * S), "send", user, CONV, uuid, cseq, 20, device)


def at(t_s: float, action: str, user: int, device: int = PHONE) -> Action:
    conv = CONV if action in ("open", "read") else -1
    return Action(round(t_s * S), action, user, conv, device=device)


def uuids(history: History, kind: str, device: str) -> list[str]:
    rows = history.of_kind(kind)
    return rows[rows["device"] == device]["uuid"].tolist()


def test_two_devices_of_one_user_are_both_up_to_date_and_either_keeps_it_online(
    servers: Servers, tmp_path: Path
) -> None:
    trace = Trace.of(
        [
            *(Action(0, "join", user, CONV) for user in (ANNA, BERT)),
            at(0.1, "connect", ANNA, PHONE),
            at(0.1, "connect", ANNA, COMPUTER),
            at(0.1, "connect", BERT),
            say(1.0, BERT, 1),
            say(1.4, ANNA, 1, PHONE),
            say(1.8, ANNA, 1, COMPUTER),
            at(2.2, "crash", ANNA, PHONE),
            say(2.6, BERT, 2),
            say(2.8, ANNA, 2, COMPUTER),
            at(3.0, "open", BERT),
            at(3.4, "connect", ANNA, PHONE),
            at(3.6, "disconnect", ANNA, PHONE),
            at(3.7, "disconnect", ANNA, COMPUTER),
            at(3.9, "open", BERT),
        ],
        seed=0,
        duration_s=4.0,
    )
    history = drive(servers, load_scenario("ci-ordering"), trace, tmp_path)
    assert uuids(history, "deliver", "u1/1") == ["2-0-1", "1-0-1", "2-0-2"]
    assert uuids(history, "deliver", "u1") == ["2-0-1", "1-1-1", "2-0-2", "1-1-2"]
    assert uuids(history, "deliver", "u2") == ["1-0-1", "1-1-1", "1-1-2"]
    assert set(uuids(history, "receipt.seen", "u1/1")) == {"1-0-1", "1-1-1", "1-1-2"}
    answers = history.of_kind("presence.read")
    told = answers[answers["reader"] == "u1"]
    assert told["state"].tolist() == ["online", "offline"]
    assert 3.6 * S < told["last_seen_ns"].iloc[1] < 3.95 * S
    assert history.of_kind("push").empty
    failed = [(v.check, v.summary) for v in check_history(history) if v.outcome is Outcome.FAIL]
    assert [one for one in failed if one[0] != "slo_miss"] == []
