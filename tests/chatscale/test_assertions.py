"""Guarantees as assertions: silent where they hold, and where they do not, the message is the counter-example."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chatscale import assert_holds
from chatscale.assertions import GUARANTEES
from reports.checks import CHECKS
from sim.errors import UsageError
from tests.reports.checks.story import clean_story, is_, without

CLEAN = clean_story().events
LOST = without(CLEAN, is_("deliver", "wire.deliver", "receipt.send", uuid="e2", device="u3"))


def test_a_clean_history_keeps_every_guarantee() -> None:
    assert_holds(CLEAN)
    for guarantee in GUARANTEES:
        assert_holds(CLEAN, guarantee)


def test_the_message_is_the_counterexample() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_holds(LOST, "ordered", "no_loss")
    told = str(caught.value).splitlines()
    assert told[:3] == ["no_loss does not hold", "lost: 1 lost among 19 deliveries owed", "  c1 is u1, u3"]
    assert told[-2].startswith("▸ #")
    assert told[-2].endswith("← never shown on u3: stored-not-pushed")
    assert len(told) <= 14


def test_two_broken_guarantees_are_both_named() -> None:
    with pytest.raises(AssertionError, match=r"^no_loss and true_receipts do not hold"):
        assert_holds(LOST, "no_loss", "causal", "true_receipts")


def test_a_check_is_a_guarantee_by_its_name() -> None:
    assert_holds(LOST, "duplicated")
    with pytest.raises(AssertionError, match=r"^lost does not hold"):
        assert_holds(LOST, "lost")


def test_what_is_unknown_does_not_hold() -> None:
    with pytest.raises(AssertionError, match="lost: unknown: the run did not end quietly"):
        assert_holds(without(CLEAN, is_("quiesce")), "no_loss")


def test_what_is_allowed_breaks_nothing() -> None:
    assert_holds(LOST, "no_loss", allowed={"lost": "a lossy link"})


def test_a_history_that_contradicts_itself_keeps_no_guarantee(tmp_path: Path) -> None:
    backwards = tmp_path / "backwards.jsonl"
    backwards.write_text("".join(json.dumps(event) + "\n" for event in reversed(CLEAN)))
    with pytest.raises(AssertionError, match=r"bad_input: unknown: .* out of order"):
        assert_holds(backwards, "causal")


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no guarantee or check is called 'orderd'; guarantees: ordered, causal"):
        assert_holds(CLEAN, "orderd")


def test_guarantees_are_made_of_checks() -> None:
    assert {check for checks in GUARANTEES.values() for check in checks} <= CHECKS.keys()


def test_the_history_in_the_readme_is_one(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", readme, re.DOTALL)
    (tmp_path / "readme.jsonl").write_text(example, encoding="utf-8")
    assert_holds(tmp_path / "readme.jsonl", "ordered", "no_loss", "no_duplicates", "no_phantoms")
