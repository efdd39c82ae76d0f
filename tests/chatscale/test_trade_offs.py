"""Trade-offs: one choice apart at a time, the base beside the first of each, figures from a history alone."""

from __future__ import annotations

from collections import Counter

import pytest

from chatscale import show
from chatscale.trade_offs import Trial, answered, channels, figures, trials
from sim.engine import simulate
from sim.scenario_file import load_scenario, with_settings

TRIALS = list(trials())


def test_each_trial_of_people_differs_from_the_base_in_its_own_choice() -> None:
    base, *others = [trial for trial in TRIALS if trial.members is None]
    assert base.choice == "hardened"
    for trial in others:
        design, before = trial.scenario.design.model_dump(), base.scenario.design.model_dump()
        assert {key: value for key, value in design.items() if value != before[key]} == {trial.question: trial.choice}
        assert trial.trace.digest() == base.trace.digest()


def test_fan_out_is_tried_both_ways_at_every_size() -> None:
    tried = [(trial.members, trial.choice) for trial in TRIALS if trial.question == "fan_out"]
    assert tried == [(size, choice) for size in (10, 256, 10_000) for choice in ("write", "read")]


@pytest.mark.parametrize(("members", "there", "count"), [(10, 10, 8), (256, 128, 1), (10_000, 128, 1)])
def test_channels_have_their_members_and_everyone_who_is_there_may_write(members: int, there: int, count: int) -> None:
    trace = channels(members)
    assert [len(users) for users in trace.members.values()] == [members] * count
    connected = trace.frame.query("action == 'connect'")["user"]
    sends = trace.frame.query("action == 'send'")
    assert len(connected) == connected.nunique() == there * count
    assert set(sends["user"]) <= set(connected)
    numbers = sends.groupby(["user", "conv"])["cseq"].agg(list)
    assert all(cseqs == list(range(1, len(cseqs) + 1)) for cseqs in numbers)


def test_the_base_stands_beside_every_choice_that_it_answers() -> None:
    found = answered([{"question": trial.question, "choice": trial.choice} for trial in TRIALS])
    sides = [(one["question"], one["choice"]) for one in found if one["question"] != "fan_out"]
    assert sides == [
        ("dedup", "client-id-key"),
        ("dedup", "lwt"),
        ("bucket", "month"),
        ("bucket", "none"),
        ("bucket", "10-days"),
        ("registry", "device"),
        ("registry", "user"),
    ]
    assert Counter(one["question"] for one in found)["fan_out"] == 6


def test_figures_and_their_table_come_from_a_history(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = with_settings(load_scenario("ci-ordering"), {"run.duration": 10, "run.warm_up": 3, "design.workers": 1})
    trial = Trial("fan_out", "write", scenario, 10)
    found = {"question": "fan_out", "choice": "write", "members": 10, **figures(simulate(scenario, trial.trace))}
    assert found["violations"] == []
    assert found["sent_per_s"] == pytest.approx(40, abs=1)
    assert found["deliveries_per_s"] == pytest.approx(9 * found["sent_per_s"], rel=0.02)
    assert found["cpu_ms_per_message"] == pytest.approx(1e3 * sum(found["cpu_cores"].values()) / 40, rel=0.03)
    assert 0 < found["delivery_p50_ms"] <= found["delivery_p99_ms"]
    show.trade_offs([{**found, "others_cores": 0.31}])
    told = capsys.readouterr().out
    assert "fan_out = write" in told
    assert "0.31" in told
