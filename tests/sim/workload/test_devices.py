"""Second devices come and go by themselves, and what their owners write is spread over both."""

from __future__ import annotations

import pandas as pd
import pytest

from sim.scenario_file import load_scenario
from sim.trace import Action, Trace
from sim.workload import make_trace


@pytest.fixture(scope="module")
def trace() -> Trace:
    return make_trace(load_scenario("ci-ordering", ["population.second_device=40%", "scale.connections=1:5_000_000"]))


def rows(trace: Trace, *actions: str) -> pd.DataFrame:
    return trace.frame[trace.frame["action"].isin(actions)]


def test_as_many_people_as_the_scenario_says_have_a_second_device(trace: Trace) -> None:
    owners = rows(trace, "connect").query("device == 1")["user"].nunique()
    # 400 people, of whom 40 % own one; of these not all are connected within the run.
    assert 70 <= owners <= 160


def test_a_message_has_a_number_of_its_device(trace: Trace) -> None:
    sends = rows(trace, "send")
    assert set(sends["device"]) == {0, 1}
    for _, numbers in sends.groupby(["user", "conv", "device"])["cseq"]:
        assert numbers.tolist() == list(range(1, len(numbers) + 1))


def test_a_second_device_only_connects_keeps_alive_and_writes(trace: Trace) -> None:
    actions = set(trace.frame.query("device == 1")["action"].astype(str))
    assert actions == {"connect", "disconnect", "crash", "heartbeat", "send"}


def test_it_writes_only_while_it_is_connected(trace: Trace) -> None:
    connected: set[int] = set()
    for action in Action.all_of(trace.frame.query("device == 1")):
        if action.action == "connect":
            connected.add(action.user)
        elif action.action in ("disconnect", "crash"):
            connected.remove(action.user)
        else:
            assert action.user in connected, action


def test_first_devices_do_what_they_did_without_the_second_ones() -> None:
    plain, doubled = (make_trace(load_scenario("ci-ordering", [f"population.second_device={n}%"])) for n in (0, 40))
    kept = ["t_ns", "action", "user", "conv", "cseq"]
    first = rows(doubled, "connect", "disconnect", "crash", "heartbeat", "open", "read").query("device == 0")
    before = rows(plain, "connect", "disconnect", "crash", "heartbeat", "open", "read")
    assert first[kept].values.tolist() == before[kept].values.tolist()
