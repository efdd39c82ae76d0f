"""The design document, claim by claim."""

from __future__ import annotations

import re

import pytest

from sim.plan import Claim, Plan, plan
from sim.plan.document import CLAIMS
from sim.scenario_file import load_scenario


@pytest.fixture(scope="module")
def whatsapp() -> Plan:
    return plan(load_scenario("whatsapp"))


def finding(of_plan: Plan, number: str) -> Claim:
    return next(claim for claim in of_plan.claims if claim.number == number)


def test_there_are_30_claims_and_one_aside() -> None:
    assert [claim.number for claim in CLAIMS if claim.number != "4b"] == [str(number) for number in range(1, 31)]
    assert len(CLAIMS) == 31


def test_every_verdict_occurs_and_every_claim_has_a_finding() -> None:
    assert {claim.verdict for claim in CLAIMS} == {"right", "corrected", "contradictory", "unstated"}
    assert all(claim.claim and len(claim.finding) > 40 for claim in CLAIMS)


def test_all_quoted_numbers_are_put_in(whatsapp: Plan) -> None:
    assert not [claim for claim in whatsapp.claims if re.search("[{}]", claim.finding)]


def test_claims_that_can_be_computed_quote_the_plan() -> None:
    computed = {"1", "2", "3", "4", "4b", "5", "6", "7", "10", "15", "17", "18", "19", "21", "23", "24", "26"}
    computed |= {"27", "28", "29", "30"}
    assert {claim.number for claim in CLAIMS if claim.keys} == computed


@pytest.mark.parametrize(
    ("number", "figure"),
    [
        ("1", "1.16 M messages/s"),
        ("3", "12,640 servers"),
        ("4", "66.7 M writes/s"),
        ("5", "556 shards"),
        ("6", "15 s to 30 s"),
        ("10", "139 M messages/s"),
        ("15", "24,802 partitions"),
        ("17", "39.1 rows/day"),
        ("21", "196 PB"),
        ("27", "17.8 EB"),
        ("28", "42 clusters"),
        ("29", "18,960 servers"),
        ("30", "130 USD"),
    ],
)
def test_findings_carry_the_figures(whatsapp: Plan, number: str, figure: str) -> None:
    assert figure in finding(whatsapp, number).finding


def test_findings_follow_the_scenario() -> None:
    half = plan(load_scenario("whatsapp", ["population.users=1bn"]))
    assert "6,320 servers" in finding(half, "3").finding


def test_a_quoted_line_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"kafka\.nothing"):
        Claim("0", "a claim", "right", "as {kafka.nothing} shows").quoted({})
