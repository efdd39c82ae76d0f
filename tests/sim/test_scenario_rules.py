"""Impossible scenarios are named with the value, the bound and the line."""

from __future__ import annotations

import json
import re

import pytest

from sim.errors import ScenarioError, UsageError
from sim.scenario_file import SCENARIOS, dump_scenario, load_scenario, parse_scenario, with_settings
from sim.settings import config_event
from sim.workload import make_trace

GOOD = """\
name = "peak"

[population]
users = "2bn"

[traffic]
messages = "100bn/day"
"""


SHORT = {"run.duration": "1s", "run.warm_up": "0s"}


def _problems(text: str, *settings: str) -> tuple[str, ...]:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "peak.toml", settings)
    return caught.value.problems


def _problem_of(setting: str, text: str = GOOD) -> str:
    (problem,) = _problems(text, setting)
    return problem


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("population.users=0", "population.users = 0.0: input should be greater than 0"),
        ("population.users=1e300", "population.users = 1e+300: input should be less than or equal to 100000000000"),
        ("population.foreground=0%", "population.foreground = 0.0: input should be greater than 0"),
        ("traffic.messages=0", "traffic.messages = 0.0: input should be greater than 0"),
        ("traffic.messages=1e300", "traffic.messages = 1e+300: input should be less than or equal to 10000000000"),
        ("traffic.hot_share=95%", "traffic.hot_share = 0.95: input should be less than or equal to 0.9"),
        ("traffic.text_letters_mu=1000", "traffic.text_letters_mu = 1000: input should be less than or equal to 9"),
        ("run.duration=-5", "run.duration = -5.0: input should be greater than or equal to 0"),
        ("design.heartbeat=50ms", "design.heartbeat = 0.05: input should be greater than or equal to 0.1"),
        ("people.opens=1e9/s", "people.opens = '1e9/s': "),
        ("people.opens=1bn/s", "people.opens = 1000000000.0: input should be less than or equal to 10"),
        ("people.session_median=1e-9", "people.session_median = 1e-09: input should be greater than or equal to 0.1"),
        ("people.read_delay_median=2days", "people.read_delay_median = 172800.0: input should be less than or equal"),
        ("people.burstiness=1", "people.burstiness = 1: input should be less than or equal to 0.8"),
        ("shocks.rate=100/s", "shocks.rate = 100.0: input should be less than or equal to 1"),
        ("kind=forum", "kind = 'forum': input should be 'messenger', 'workspace' or 'guild'"),
        ("drops=[{at = 5, share = 0}]", "--set drops: drops.0.share = 0.0: input should be greater than 0"),
        ("drops=[{at = 5, shar = 1}]", "unknown key drops.0.shar; did you mean share?"),
        ("bursts=[{at = 5, lasts = 1, factor = 0.5}]", "bursts.0.factor = 0.5: input should be greater than or equal"),
    ],
)
def test_a_value_out_of_bounds_is_named_with_the_bound(setting: str, fault: str) -> None:
    assert fault in "\n".join(_problems(GOOD, setting))


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("traffic.group_size_max=2000", 'traffic.group_size_max (2,000) is over the 1,024 of kind = "messenger"'),
        (
            "design.group_limit=200",
            "traffic.group_size_max (256) is over design.group_limit (200): nobody could join; raise the limit",
        ),
        ("traffic.group_size_median=300", "traffic.group_size_median (300) is over traffic.group_size_max (256)"),
        ("traffic.daily_peak=6", "traffic.daily_peak (6) is over traffic.event_peak (5)"),
        ("kind=guild", 'kind = "guild" needs the table [guilds], such as per_user = 3'),
        ("guilds.per_user=3", '[guilds] is for kind = "guild"; here kind = "messenger"'),
        ("workspaces.size_max=90", '[workspaces] is for kind = "workspace"; here kind = "messenger"'),
        ("run.warm_up=60s", "run.warm_up (60 s) must be shorter than run.duration (60 s)"),
        ("drops=[{at = 60, share = 1}]", "drops.0.at (60 s) must lie within the run, before run.duration (60 s)"),
        (
            "bursts=[{at = 1, lasts = 1, factor = 2}, {at = 99, lasts = 1, factor = 2}]",
            "bursts.1.at (99 s) must lie within the run",
        ),
        (
            "drops=[{at = 5, share = 1, backoff = 30, backoff_max = 20}]",
            "drops.0.backoff (30 s) is longer than drops.0.backoff_max (20 s)",
        ),
    ],
)
def test_values_that_contradict_each_other_are_named_with_both(setting: str, fault: str) -> None:
    assert fault in _problem_of(setting)


@pytest.mark.parametrize(
    ("setting", "rows"),
    [
        ("people.opens=10/s", "people.opens makes 37,920,000 of 38,192,384 rows"),
        ("design.heartbeat=0.1", "design.heartbeat makes 37,920,000 of 38,015,424 rows"),
        ("people.session_median=0.1", "people.session_median makes 75,840,000 of 76,175,584 rows"),
    ],
)
def test_a_trace_that_would_never_end_is_refused_with_what_makes_it_long(setting: str, rows: str) -> None:
    with pytest.raises(
        ScenarioError, match=rf"--set {setting.split('=')[0]}: {rows} of the trace, which may have 20,0"
    ):
        load_scenario("whatsapp", ["scale.connections=1:10_000", setting])


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("storage.retention=30years", "storage.retention (30 years) is longer than Cassandra's longest TTL, 20 years"),
        ("storage.retention=60s", "storage.retention (60 s) must be longer than run.duration (60 s)"),
    ],
)
def test_a_retention_that_cassandra_cannot_keep_is_refused_unless_nothing_deletes(setting: str, fault: str) -> None:
    assert fault in _problem_of(setting)
    kept = load_scenario("whatsapp", [setting, "design.retention=none"])
    assert kept.design.retention == "none"


def test_groups_may_be_as_large_as_the_kind_allows() -> None:
    slack, discord = load_scenario("slack"), load_scenario("discord")
    assert "over the 10,000" in _problem_of("traffic.group_size_max=10001", dump_scenario(slack))
    assert "over the 100,000" in _problem_of("traffic.group_size_max=100001", dump_scenario(discord))


def test_a_workspace_whose_sizes_cross_is_refused() -> None:
    slack = load_scenario("slack")
    crossed = "workspaces.size_median (60) is over workspaces.size_max (50)"
    assert crossed in _problem_of("workspaces.size_max=50", dump_scenario(slack))


def test_a_contradiction_has_the_line_of_the_key_that_it_names() -> None:
    assert _problems(GOOD + '[run]\nduration = "20s"\nwarm_up = "30s"\n') == (
        "peak.toml:10: run.warm_up (30 s) must be shorter than run.duration (20 s)",
    )


def test_a_contradiction_with_a_default_has_the_line_of_the_key_that_is_there() -> None:
    assert _problems(GOOD + '[run]\nduration = "5s"\n')[0].startswith("peak.toml:9: run.warm_up (10 s)")
    assert _problems('kind = "guild"\n' + GOOD)[0].startswith("peak.toml:1: kind = ")


def test_a_contradiction_made_by_a_setting_is_named_as_such() -> None:
    assert _problem_of("run.duration=5s").startswith("--set run.duration: run.warm_up (10 s)")
    assert _problem_of("traffic.daily_peak=6").startswith("--set traffic.daily_peak: ")


def test_every_contradiction_is_told_at_once() -> None:
    text = GOOD + 'daily_peak = 6\n\n[run]\nwarm_up = "1h"\n'
    assert [problem.split(" (")[0] for problem in _problems(text)] == [
        "peak.toml:8: traffic.daily_peak",
        "peak.toml:11: run.warm_up",
    ]


def test_a_fault_in_the_second_of_two_tables_has_the_line_there() -> None:
    drop = '[[drops]]\nat = "5s"\nshare = {}\n'
    assert _problems(GOOD + drop.format(0.5) + drop.format(1.5))[0].startswith("peak.toml:13: drops.1.share = 1.5")
    assert _problems(GOOD + drop.format(0.5) + '[[drops]]\nat = "5s"\n') == ("peak.toml:11: drops.1.share is missing",)


def test_settings_reach_into_arrays_of_tables() -> None:
    storm = load_scenario("reconnect-storm", ["drops.1.share=0.75", "drops.0.away=1s"])
    assert [drop.share for drop in storm.drops] == [0.25, 0.75]
    assert [drop.away_s for drop in storm.drops] == [1.0, 2.0]
    assert with_settings(storm, {"drops": []}).drops == ()


@pytest.mark.parametrize("setting", ["drops.2.share=1", "drops.x.share=1", "drops.0=1"])
def test_a_setting_of_a_table_that_is_not_there_is_refused(setting: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"--set '{setting}'")):
        load_scenario("reconnect-storm", [setting])


def test_the_schema_allows_acks_as_a_number() -> None:
    schema = json.loads((SCENARIOS / "schema.json").read_text(encoding="utf-8"))
    assert schema["$defs"]["Design"]["properties"]["acks"]["enum"] == ["all", "1", 1]


def test_an_anomaly_is_allowed_with_a_reason_that_reaches_the_history() -> None:
    scenario = load_scenario("ci-ordering", ["allowed.wire_duplicate=delivery is at least once"])
    assert scenario.allowed == {"wire_duplicate": "delivery is at least once"}
    config = json.loads(config_event(scenario, make_trace(with_settings(scenario, SHORT)))["detail"])
    assert config["allowed"] == scenario.allowed


def test_what_cannot_be_allowed_is_told_with_its_line() -> None:
    (misspelt,) = _problems(GOOD + '\n[allowed]\nwire_duplicates = "at least once"\n')
    assert misspelt.startswith("peak.toml:10: unknown key allowed.wire_duplicates")
    assert misspelt.endswith("no anomaly is called 'wire_duplicates'; did you mean wire_duplicate?")
    (unexplained,) = _problems(GOOD + '\n[allowed]\nlost = " "\n')
    assert unexplained.startswith("peak.toml:10: allowed.lost = ' '")
