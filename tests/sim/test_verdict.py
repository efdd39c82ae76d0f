from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.verdict import Outcome, Verdict, Verdicts, worst

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([PASS, PASS], PASS),
        ([PASS, UNKNOWN], UNKNOWN),
        ([PASS, UNKNOWN, FAIL], FAIL),
        ([], UNKNOWN),
    ],
)
def test_the_worst_wins_and_nothing_is_unknown(outcomes: list[Outcome], expected: Outcome) -> None:
    assert worst(outcomes) is expected


@given(st.lists(st.sampled_from((PASS, FAIL, UNKNOWN))), st.sampled_from((PASS, FAIL, UNKNOWN)))
def test_one_more_verdict_never_makes_it_better(outcomes: list[Outcome], more: Outcome) -> None:
    order = [PASS, UNKNOWN, FAIL]
    if outcomes:
        assert order.index(worst([*outcomes, more])) >= order.index(worst(outcomes))
    assert order.index(worst([*outcomes, more])) >= order.index(more)


def test_exit_codes_tell_the_three_apart() -> None:
    assert {outcome.value: outcome.exit_code for outcome in (PASS, FAIL, UNKNOWN)} == {
        "pass": 0,
        "fail": 1,
        "unknown": 2,
    }


@given(st.lists(st.sampled_from((PASS, FAIL, UNKNOWN)), min_size=1))
def test_what_does_not_apply_weighs_nothing(outcomes: list[Outcome]) -> None:
    assert worst([*outcomes, Outcome.NOT_APPLICABLE]) is worst(outcomes)
    assert worst([Outcome.NOT_APPLICABLE]) is UNKNOWN


def test_verdicts_show_themselves_and_are_as_bad_as_their_worst() -> None:
    found = Verdicts(
        [Verdict("lost", Outcome.PASS, 0, 10, "none of 10"), Verdict("order", Outcome.FAIL, 1, 10, "1 of <10>")]
    )
    assert found.outcome is Outcome.FAIL
    assert found._repr_html_().count("<tr>") == 3
    assert "1 of &lt;10&gt;" in found._repr_html_()
    assert repr(found).splitlines()[1].split() == ["fail", "order", "1", "of", "<10>"]
