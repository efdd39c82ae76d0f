from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.design import PRESETS
from sim.errors import ScenarioError, UsageError
from sim.scenario import Scenario
from sim.scenario_file import SCENARIOS, dump_scenario, find_scenario, load_scenario, parse_scenario, scenario_names

GOOD = """\
name = "peak"

[population]
users = "2bn"

[traffic]
messages = "100bn/day"
"""


def _problems(text: str, *settings: str) -> tuple[str, ...]:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "peak.toml", settings)
    return caught.value.problems


def test_the_shipped_whatsapp_is_two_thousand_users_and_116_messages_a_second() -> None:
    whatsapp = load_scenario("whatsapp")
    assert (whatsapp.box_users, whatsapp.box_connected) == (2000, 632)
    assert whatsapp.box_messages_per_s == pytest.approx(115.74, abs=0.01)
    assert whatsapp.thresholds == {"delivery_p99": 0.5, "ack_p99": 0.2}


@pytest.mark.parametrize("name", scenario_names())
def test_every_shipped_scenario_survives_a_dump(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert parse_scenario(dump_scenario(scenario)) == scenario
    assert dump_scenario(parse_scenario(dump_scenario(scenario))) == dump_scenario(scenario)


@given(st.text())
def test_any_description_survives_a_dump(description: str) -> None:
    scenario = parse_scenario(GOOD).model_copy(update={"description": description})
    assert parse_scenario(dump_scenario(scenario)).description == description


def test_the_committed_schema_is_fresh() -> None:
    fresh = json.dumps(Scenario.model_json_schema(by_alias=True), indent=2) + "\n"
    assert (SCENARIOS / "schema.json").read_text(encoding="utf-8") == fresh


def test_the_schema_requires_nothing_that_has_a_default() -> None:
    schema = Scenario.model_json_schema(by_alias=True)
    required = {name: part["required"] for name, part in schema["$defs"].items() if "required" in part}
    assert schema["required"] == ["name", "population", "traffic"]
    assert required == {
        "Population": ["users"],
        "Traffic": ["messages"],
        "Burst": ["at", "lasts", "factor"],
        "Drop": ["at", "share"],
        "Step": ["who", "does"],
        "Fault": ["at", "kind", "target"],
    }


def test_a_good_text_is_read() -> None:
    scenario = parse_scenario(GOOD)
    assert scenario.population.users == 2e9
    assert scenario.thresholds == {"delivery_p99": 0.5}


def test_a_fault_is_named_with_its_line_and_value_and_an_example() -> None:
    assert _problems(GOOD.replace("2bn", "2bm")) == (
        "peak.toml:4: population.users = '2bm': expected a count such as 2_000_000_000 or \"2bn\"",
    )


def test_a_key_close_to_a_known_one_is_offered_that_one() -> None:
    assert _problems(GOOD + "daily_peek = 2\n") == (
        "peak.toml:8: unknown key traffic.daily_peek; did you mean daily_peak?",
    )
    assert _problems(GOOD + "[traficc]\n") == ("peak.toml:8: unknown key traficc; did you mean traffic?",)


def test_a_key_like_no_other_is_offered_all() -> None:
    (problem,) = _problems(GOOD + "[run]\nxyz = 2\n")
    assert problem == "peak.toml:9: unknown key run.xyz; known: duration, warm_up, seed"


def test_every_fault_is_told_at_once() -> None:
    text = GOOD.replace("2bn", "2bm").replace("100bn/day", "100bn") + "[rum]\n"
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "peak.toml")
    assert [problem.split(": ")[0] for problem in caught.value.problems] == [
        "peak.toml:4",
        "peak.toml:7",
        "peak.toml:8",
    ]
    assert str(caught.value).endswith("\n3 errors, nothing was run")
    assert caught.value.exit_code == 4


def test_missing_parts_are_named() -> None:
    assert _problems('[population]\nconnected = "10%"\n') == (
        "peak.toml: name is missing",
        "peak.toml:1: population.users is missing",
        "peak.toml: traffic is missing",
    )


def test_a_fault_in_an_inline_table_has_the_line_of_the_table() -> None:
    (problem,) = _problems('name = "peak"\npopulation = {users = "2bm"}\ntraffic.messages = "1bn/day"\n')
    assert problem.startswith("peak.toml:2: population.users = '2bm'")


def test_an_unknown_threshold_is_told_what_a_threshold_is() -> None:
    (problem,) = _problems(GOOD + '[thresholds]\ndelivery_p98 = "1s"\n')
    assert problem.startswith("peak.toml:9: unknown key thresholds.delivery_p98: expected <delivery|ack|receipt>_<")
    assert problem.endswith("such as delivery_p99")


@pytest.mark.parametrize("value", ["inf", "nan"])
@pytest.mark.parametrize("key", ["users", "connected"])
def test_endless_quantities_are_refused(key: str, value: str) -> None:
    text = re.sub(r"users = .*", f"users = 2e9\nconnected = 0.5\n{key} = {value}", GOOD)
    text = text.replace("users = 2e9\n" if key == "users" else "connected = 0.5\n", "")
    (problem,) = _problems(text)
    assert problem.endswith(f"population.{key} = {value}: input should be a finite number")


@pytest.mark.parametrize("text", ['name = "peak\n', "name =", "name = 1\nname = 2\n"])
def test_text_that_is_no_toml_is_refused(text: str) -> None:
    (problem,) = _problems(text)
    assert problem.startswith("peak.toml")
    assert ": not valid TOML: " in problem


def test_a_fault_of_syntax_has_its_line() -> None:
    assert _problems('name = "peak"\nusers = ?\n')[0].startswith("peak.toml:2: not valid TOML: ")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("run.warm_up=60s", "run.warm_up (60 s) must be shorter than run.duration (60 s)"),
        (
            "scale.connections=1:1_000_000_000",
            "scale.connections leaves 2 users on the box; choose one for 10 to 200,000",
        ),
        ("scale.messages=1:10", "scale.messages leaves 115,741 messages/s on the box; one box drives at most 20,000/s"),
        ("design.heartbeat=40s", "design.heartbeat (40 s) is longer than design.presence_ttl (35 s)"),
    ],
)
def test_a_box_that_cannot_be_is_refused_with_the_next_step(setting: str, message: str) -> None:
    (problem,) = _problems(GOOD, setting)
    assert message in problem


def test_at_least_one_user_is_connected() -> None:
    scenario = parse_scenario(GOOD, settings=["population.connected=0.001%"])
    assert scenario.box_connected == 1


def test_settings_are_laid_over_the_file() -> None:
    scenario = parse_scenario(
        GOOD,
        settings=["run.duration=20s", "traffic.messages=50bn/day", "design.gateways=3", "run.seed = 9", "name=other"],
    )
    assert (scenario.run.duration_s, scenario.run.seed) == (20.0, 9)
    assert scenario.traffic.messages_per_s == 50e9 / 86_400
    assert (scenario.design.gateways, scenario.name) == (3, "other")


def test_a_fault_in_a_setting_is_named_as_such() -> None:
    assert _problems(GOOD, "population.users=2bm", "traffic.mesages=1") == (
        "--set population.users: population.users = '2bm': expected a count such as 2_000_000_000 or \"2bn\"",
        "--set traffic.mesages: unknown key traffic.mesages; did you mean messages?",
    )


@pytest.mark.parametrize("setting", ["run.duration", "=5", "run..seed=5"])
def test_a_setting_without_key_or_value_is_refused(setting: str) -> None:
    with pytest.raises(UsageError, match="expected key=value, such as traffic"):
        parse_scenario(GOOD, settings=[setting])


def test_a_setting_below_a_plain_value_is_refused() -> None:
    with pytest.raises(UsageError, match="name is not a table"):
        parse_scenario(GOOD, settings=["name.first=x"])


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_fills_the_design_and_single_choices_override_it(preset: str) -> None:
    design = parse_scenario(GOOD, settings=[f"design.preset={preset}", "design.conn_ttl=50s"]).design
    filled = {**PRESETS[preset], "conn_ttl": 50.0}
    assert {key: value for key, value in design.model_dump(by_alias=True).items() if key in filled} == filled


@pytest.mark.parametrize("setting", ["design.acks=1", 'design.acks="1"'])
def test_acks_may_be_written_as_a_number(setting: str) -> None:
    assert parse_scenario(GOOD, settings=[setting]).design.acks == "1"


def test_a_near_miss_of_a_name_is_offered_the_scenario() -> None:
    with pytest.raises(UsageError, match=r"no scenario called 'watsapp'; did you mean whatsapp\?"):
        load_scenario("watsapp")
    with pytest.raises(UsageError, match=r"no scenario called 'zzz'; the shipped ones are: ci-ordering, "):
        load_scenario("zzz")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no scenario file at .*mine\.toml; the shipped ones are: "):
        load_scenario(tmp_path / "mine.toml")


def test_a_scenario_is_found_by_name_or_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert find_scenario("whatsapp") == SCENARIOS / "whatsapp.toml"
    assert load_scenario(path) == load_scenario(str(path)) == parse_scenario(GOOD)


def test_a_fault_in_a_file_is_located_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace("2bn", "2bm"), encoding="utf-8")
    with pytest.raises(ScenarioError, match=re.escape(f"{path}:4: population.users")):
        load_scenario(path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b'name = "\xff"')
    with pytest.raises(ScenarioError, match=r"mine\.toml: not UTF-8 text, byte 8 is 0xff"):
        load_scenario(path)
