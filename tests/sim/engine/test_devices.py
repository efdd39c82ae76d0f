"""A user with two devices: each shows every message, hears of every receipt, and either keeps its user online."""

from __future__ import annotations

import pytest

from sim.engine import simulate
from sim.history import History
from sim.trace import Action
from tests.sim.engine.worlds import SECOND, people, scenario

ANNA, BERT = 1, 2
PHONE, COMPUTER = 0, 1
BOTH = [Action(0, "connect", ANNA, device=device) for device in (PHONE, COMPUTER)]
HELLO = Action(SECOND, "send", BERT, 5, "hello", 1, 20)


def uuids(history: History, device: str, kind: str = "deliver") -> list[str]:
    rows = history.of_kind(kind)
    return rows[rows["device"] == device]["uuid"].tolist()


def states(history: History, reader: str) -> list[str]:
    rows = history.of_kind("presence.read")
    return rows[rows["reader"] == reader]["state"].tolist()


def test_each_device_shows_what_others_write_and_what_is_written_on_the_other_one() -> None:
    mine = [
        Action(2 * SECOND, "send", ANNA, 5, "from the phone", 1, 20, PHONE),
        Action(3 * SECOND, "send", ANNA, 5, "from the computer", 1, 20, COMPUTER),
        Action(4 * SECOND, "send", BERT, 5, "goodbye", 2, 20),
    ]
    history = simulate(scenario(), people(*BOTH, Action(0, "connect", BERT), HELLO, *mine))
    assert uuids(history, "u1") == ["hello", "from the computer", "goodbye"]
    assert uuids(history, "u1/1") == ["hello", "from the phone", "goodbye"]
    assert uuids(history, "u2") == ["from the phone", "from the computer"]
    assert set(history.of_kind("receipt.send")["user"]) == {"u1", "u2"}
    assert set(uuids(history, "u1", "receipt.send")) == {"hello", "goodbye"}


def test_receipts_reach_every_device_of_the_sender_but_for_none_twice() -> None:
    sends = [Action(SECOND, "send", ANNA, 5, "from the phone", 1, 20, PHONE)]
    history = simulate(scenario(), people(*BOTH, Action(0, "connect", BERT), *sends))
    for device in ("u1", "u1/1"):
        assert uuids(history, device, "receipt.seen") == ["from the phone"]


def test_a_device_that_was_away_reads_what_was_written_on_the_other_one() -> None:
    late = [Action(0, "connect", ANNA), Action(5 * SECOND, "connect", ANNA, device=COMPUTER)]
    sends = [Action(SECOND, "send", ANNA, 5, "from the phone", 1, 20, PHONE)]
    history = simulate(scenario(), people(*late, Action(0, "connect", BERT), HELLO, *sends))
    assert set(uuids(history, "u1/1")) == {"hello", "from the phone"}


@pytest.mark.parametrize(("ends", "state"), [((PHONE,), "online"), ((PHONE, COMPUTER), "offline")])
def test_a_user_is_online_while_any_device_is(ends: tuple[int, ...], state: str) -> None:
    gone = [Action(2 * SECOND, "disconnect", ANNA, device=device) for device in ends]
    ask = Action(3 * SECOND, "open", BERT, 5)
    history = simulate(scenario(), people(*BOTH, Action(0, "connect", BERT), *gone, ask))
    assert states(history, "u1") == [state]


def test_whoever_is_away_was_last_seen_when_the_last_device_went() -> None:
    gone = [Action((2 + device) * SECOND, "disconnect", ANNA, device=device) for device in (PHONE, COMPUTER)]
    asks = [Action(at * SECOND, "open", BERT, 5) for at in (1, 4)]
    history = simulate(scenario(), people(*BOTH, Action(0, "connect", BERT), *gone, *asks))
    told = history.of_kind("presence.read").query("reader == 'u1'")
    assert told["state"].tolist() == ["online", "offline"]
    assert told["last_seen_ns"].isna().tolist() == [True, False]
    assert told["last_seen_ns"].iloc[1] / SECOND == pytest.approx(3, abs=0.1)


def test_nobody_is_notified_while_one_device_is_reached() -> None:
    phone = Action(0, "connect", ANNA)
    history = simulate(scenario(), people(phone, Action(0, "connect", BERT), HELLO))
    assert history.of_kind("push").empty


def test_one_entry_a_user_pushes_only_to_the_device_that_connected_last() -> None:
    later = [Action(0, "connect", ANNA), Action(SECOND // 2, "connect", ANNA, device=COMPUTER)]
    history = simulate(scenario(registry="user"), people(*later, Action(0, "connect", BERT), HELLO))
    rows = history.of_kind("deliver")
    pushed = rows[(rows["via"] == "push") & (rows["user"] == "u1")]
    assert pushed["device"].tolist() == ["u1/1"]
