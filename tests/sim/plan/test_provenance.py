"""No number without an origin, for every shipped scenario."""

from __future__ import annotations

import pytest

from sim.plan import COMPONENTS, HEADLINE, Plan, PlanLine, parameters, payloads, plan, prices
from sim.plan.given import given
from sim.provenance import Parameter
from sim.scenario_file import load_scenario, scenario_names


@pytest.fixture(scope="module", params=scenario_names())
def any_plan(request: pytest.FixtureRequest) -> Plan:
    return plan(load_scenario(request.param))


def test_every_line_has_a_unit_a_mark_and_a_source(any_plan: Plan) -> None:
    for line in any_plan.lines:
        assert line.parameter.unit
        assert line.parameter.mark in ("sourced", "measured", "assumed", "derived")
        assert len(line.parameter.source) > 10


def test_every_derived_line_shows_its_formula_in_words_and_numbers_and_has_inputs(any_plan: Plan) -> None:
    derived = [line for line in any_plan.lines if line.parameter.mark == "derived"]
    assert len(derived) > 150
    for line in derived:
        assert line.parameter.source.count(" = ") == 1
        assert line.inputs


def test_every_assumption_has_a_range_with_room_in_it(any_plan: Plan) -> None:
    assumptions = [parameter for parameter in any_plan.parameters() if parameter.mark == "assumed"]
    assert len(assumptions) > 20
    for parameter in assumptions:
        assert parameter.low is not None
        assert parameter.high is not None
        assert parameter.low < parameter.high


def test_every_input_is_a_line_of_the_plan_or_a_parameter_that_is_not_derived(any_plan: Plan) -> None:
    lines = {line.key: line for line in any_plan.lines}
    for line in any_plan.lines:
        for item in line.inputs:
            if isinstance(item, PlanLine):
                assert lines[item.key] == item
            else:
                assert item.mark != "derived"


def test_keys_are_unique_and_start_with_their_component(any_plan: Plan) -> None:
    keys = [line.key for line in any_plan.lines]
    assert len(set(keys)) == len(keys)
    assert {line.component for line in any_plan.lines} == set(COMPONENTS)


def test_names_identify_a_number(any_plan: Plan) -> None:
    origins: dict[str, set[Parameter]] = {}
    for line in any_plan.lines:
        origins.setdefault(line.name, set()).add(line.parameter)
        for item in line.inputs:
            parameter = item.parameter if isinstance(item, PlanLine) else item
            origins.setdefault(parameter.name, set()).add(parameter)
    assert {name for name, parameters in origins.items() if len(parameters) > 1} == set()


def test_the_headline_is_stable(any_plan: Plan) -> None:
    assert HEADLINE == (
        "traffic.messages_mean",
        "traffic.messages_event",
        "traffic.deliveries_mean",
        "redis.writes",
        "gateways.servers",
        "kafka.partitions",
        "cassandra.bytes_replicated",
        "cassandra.nodes",
        "budget.total_p99",
        "cost.total",
        "cost.per_million_messages",
    )
    assert tuple(line.key for line in any_plan.headline()) == HEADLINE


def test_a_document_note_never_stands_without_explaining_something(any_plan: Plan) -> None:
    for line in any_plan.lines:
        assert line.document_note is None or len(line.document_note) >= 5
        assert line.document is None or line.document_note or line.document == "not given"


def test_a_scenario_that_keeps_the_published_value_keeps_its_source() -> None:
    users = given(load_scenario("whatsapp")).users
    assert users.mark == "sourced"
    assert "design document" in users.source


def test_a_scenario_that_sets_another_value_is_marked_as_its_own_assumption() -> None:
    users = given(load_scenario("whatsapp", ["population.users=4bn"])).users
    assert (users.mark, users.value, users.low, users.high) == ("assumed", 4e9, 2e9, 4e9)
    assert "scenario whatsapp" in users.source
    assert "2e+09" in users.source


def test_parameters_of_the_parts_have_distinct_names() -> None:
    modules = (parameters, payloads, prices)
    names = [value.name for module in modules for value in vars(module).values() if isinstance(value, Parameter)]
    assert len(names) > 60
    assert len(set(names)) == len(names)
