"""How uncertainty runs through a formula."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.plan import plan
from sim.plan.formula import ceil, computed, largest, of
from sim.plan.swing import Swing, applied, ranged
from sim.provenance import assumed, sourced
from sim.scenario_file import load_scenario

PEOPLE = assumed("people", 100.0, "people", "a guess", low=50, high=200)
EACH = assumed("each", 10.0, "things", "a guess", low=5, high=20)
EXACT = sourced("exact", 4.0, "things", "a law")

POSITIVE = st.floats(min_value=0.1, max_value=1000)


def test_one_input_moves_a_product_by_its_own_range() -> None:
    line = computed("a.b", "things", "things", of(PEOPLE) * EXACT)
    assert (line.parameter.low, line.value, line.parameter.high) == pytest.approx((200, 400, 800))


def test_two_inputs_combine_as_the_root_of_the_squares_of_their_logarithms() -> None:
    line = computed("a.b", "things", "things", of(PEOPLE) * EACH)
    assert line.parameter.high == pytest.approx(1000 * 2 ** (2**0.5))
    assert line.parameter.low == pytest.approx(1000 / 2 ** (2**0.5))


def test_what_cannot_be_wrong_has_no_range() -> None:
    line = computed("a.b", "things", "things", of(EXACT) * 3.0)
    assert (line.parameter.low, line.parameter.high, line.shown_range) == (None, None, "")


def test_an_input_that_occurs_twice_is_the_same_in_both_places() -> None:
    share = of(PEOPLE) / (of(PEOPLE) + PEOPLE)
    assert (share.swing.low, share.value, share.swing.high) == pytest.approx((0.5, 0.5, 0.5))


def test_a_range_runs_through_the_lines_between() -> None:
    between = computed("a.between", "between", "things", of(PEOPLE) * 2.0)
    line = computed("a.b", "things", "things", of(between) + EACH)
    assert line.swing.movers() == [("people", 110.0, 410.0), ("each", 205.0, 220.0)]


def test_machines_are_whole_at_both_ends_and_at_least_one() -> None:
    line = computed("a.b", "boxes", "servers", ceil(of(EACH) / 7.0))
    assert (line.parameter.low, line.value, line.parameter.high) == (1, 2, 3)


def test_a_share_is_never_above_one() -> None:
    line = computed("a.b", "a share", "share", of(EACH) / (of(EACH) + 1.0) + 0.0)
    assert line.parameter.high is not None
    assert line.parameter.high <= 1


def test_what_no_input_makes_negative_does_not_become_negative() -> None:
    assert largest(of(PEOPLE) - 90.0, of(EACH) - 100.0, 0.0).swing.low == 0


def test_what_an_input_makes_negative_may_be_so() -> None:
    assert (of(EACH) - 8.0).swing.low == pytest.approx(-3)


@given(low=POSITIVE, value=POSITIVE, high=POSITIVE, factor=POSITIVE)
def test_a_value_lies_within_its_range(low: float, value: float, high: float, factor: float) -> None:
    low, value, high = sorted((low, value, high))
    for function in (operator.add, operator.sub, operator.mul, operator.truediv):
        found = applied(function, ranged("one", value, low, high), ranged("other", factor, factor / 2, factor * 2))
        assert found.low <= found.value * (1 + 1e-12) + 1e-12
        assert found.high >= found.value * (1 - 1e-12) - 1e-12


@given(value=POSITIVE, up=st.floats(1, 10), down=st.floats(1, 10))
def test_one_input_alone_gives_exactly_its_ends(value: float, up: float, down: float) -> None:
    found = Swing(value, {"only": (value / down, value * up)})
    assert (found.low, found.high) == pytest.approx((value / down, value * up))


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("traffic.event_peak=21.6", "event peak over mean"),
        ("population.users=3.1bn", "users"),
        ("traffic.media_share=32%", "media share"),
        ("design.heartbeat=285s", "heartbeat"),
        ("traffic.group_size_median=15", "group size median"),
    ],
)
@pytest.mark.parametrize("key", ["kafka.partitions", "redis.nodes_zone_loss", "cost.total", "network.heartbeat_share"])
def test_the_end_of_a_swing_is_the_plan_of_that_setting(setting: str, name: str, key: str) -> None:
    small = ("scale.messages=1e-6", "scale.connections=1e-6", "design.presence_ttl=300s")
    usual, changed = (plan(load_scenario("whatsapp", [*small, *more])) for more in ((), (setting,)))
    low_and_high = usual.line(key).swing.ends.get(name, (usual.line(key).value,))
    assert changed.line(key).value == pytest.approx(low_and_high[-1])
