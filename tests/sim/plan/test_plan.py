"""What a user of the plan can ask of it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sim.errors import UsageError
from sim.plan import COMPONENTS, HEADLINE, Plan, plan
from sim.scenario_file import load_scenario


@pytest.fixture(scope="module")
def whatsapp() -> Plan:
    return plan(load_scenario("whatsapp"))


def test_an_unknown_line_names_the_near_ones(whatsapp: Plan) -> None:
    with pytest.raises(UsageError, match=r"'kafka\.partitons'; did you mean kafka\.partitions"):
        whatsapp.line("kafka.partitons")


def test_a_line_far_from_all_names_the_components(whatsapp: Plan) -> None:
    with pytest.raises(UsageError, match=f"components: {', '.join(COMPONENTS)}"):
        whatsapp.line("?")


def test_the_same_scenario_gives_the_same_plan(whatsapp: Plan) -> None:
    assert plan(load_scenario("whatsapp")) == whatsapp


def test_components_hold_every_line_once(whatsapp: Plan) -> None:
    parts = whatsapp.components()
    assert tuple(parts) == tuple(COMPONENTS)
    assert tuple(line for lines in parts.values() for line in lines) == whatsapp.lines


def test_the_dictionary_survives_json_and_refers_only_to_what_it_holds(whatsapp: Plan) -> None:
    document = whatsapp.to_dict()
    assert json.loads(json.dumps(document)) == document
    assert tuple(document["headline"]) == HEADLINE
    known = document["lines"].keys() | document["parameters"].keys()
    assert {item for line in document["lines"].values() for item in line["inputs"]} <= known
    assert document["lines"]["kafka.partitions"]["value"] == 24_802


def test_an_explanation_goes_down_to_the_sources(whatsapp: Plan) -> None:
    assert whatsapp.explain("gateways.servers_large").splitlines() == [
        "gateway servers at 1 M connections each: 632 servers [derived, 73 to 980]",
        "  = ⌈connected users ÷ connections per large server⌉",
        "  = ⌈632 M ÷ 1 M⌉",
        "  document: not considered; WhatsApp held 1 M connections a server in 2011, 2 to 3 M by 2015",
        "  connected users: 632 M users [derived, 100 M to 980 M]",
        "    = users × connected share",
        "    = 2 bn × 31.6 %",
        "    document: 500 M online; the document does not tell connected from looking at the screen; "
        "the scenario connects 31.6% of users",
        "    users: 2 bn users [sourced, 2 bn to 3.1 bn]",
        "      the design document; WhatsApp had 2 bn in 2020, over 3 bn in 2025 (menafn.com)",
        "    connected share: 31.6 % [assumed, 5 % to 31.6 %]",
        "      147 M of 465 M monthly users at peak, early 2014 (highscalability.com, from memory); the document 25 %",
        "  connections per large server: 1 M connections [sourced, 1 M to 3 M]",
        "    WhatsApp blog 2011 (copy at vuink.com); 2 to 3 M by 2015 (freebsdfoundation.org/testimonial/whatsapp)",
        "moved most by",
        "  connected share: 100 to 632",
        "  connections per large server: 211 to 632",
        "  users: 632 to 980",
    ]


def test_a_line_says_what_moves_it_and_how_far(whatsapp: Plan) -> None:
    moved = whatsapp.to_dict()["lines"]["gateways.servers_large"]["moved_by"]
    assert [mover["name"] for mover in moved] == ["connected share", "connections per large server", "users"]
    assert (moved[0]["low"], moved[0]["high"]) == (100, 632)


def test_the_range_of_a_line_is_in_the_dictionary(whatsapp: Plan) -> None:
    line = whatsapp.to_dict()["lines"]["gateways.servers_large"]
    assert (line["low"], line["value"], line["high"]) == (73, 632, 980)


def test_an_explanation_tells_each_thing_once(whatsapp: Plan) -> None:
    text = whatsapp.explain("redis.commands")
    assert text.count("147 M of 465 M") == 1
    assert "explained above" in text


def test_every_line_can_be_explained(whatsapp: Plan) -> None:
    assert len(whatsapp.lines) > 200
    for line in whatsapp.lines:
        assert whatsapp.explain(line.key).startswith(f"{line.name}: {line.shown}")


def test_a_part_of_the_plan_is_asked_for_by_component_or_by_line(whatsapp: Plan) -> None:
    lines = whatsapp.only("budget", "kafka.partitions")
    assert lines[:-1] == whatsapp.components()["budget"]
    assert lines[-1] == whatsapp.line("kafka.partitions")
    assert lines._repr_html_().count("<tr>") == len(lines) + 1
    with pytest.raises(UsageError, match="did you mean"):
        whatsapp.only("kafka.partitons")


def test_a_notebook_shows_every_claim(whatsapp: Plan) -> None:
    html = whatsapp.claims._repr_html_()
    assert html.count("<tr>") == len(whatsapp.claims) + 1
    assert "message delivery latency &lt; 500 ms" in html


def test_a_notebook_shows_every_line_escaped(whatsapp: Plan) -> None:
    html = whatsapp._repr_html_()
    assert html.count("<tr>") == len(whatsapp.lines) + 1
    assert "&lt; 500 ms" in html


def test_the_plan_loads_no_numerical_library() -> None:
    script = "import sys, sim.plan; print(sorted({'numpy', 'pandas', 'scipy', 'simpy'} & sys.modules.keys()))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
