"""The 10,001st member of a group that takes 10,000."""

from __future__ import annotations

import re

import pytest

from sim.crowds import refuse_crowds
from sim.errors import UsageError
from sim.trace import Action, Trace
from tests.sim.engine.worlds import scenario


def group_of(members: int) -> Trace:
    return Trace.of([Action(0, "join", user, 5) for user in range(1, members + 1)], seed=1, duration_s=1.0)


def test_a_group_may_have_as_many_members_as_the_limit_says() -> None:
    refuse_crowds(group_of(10_000), scenario(group_limit=10_000).design)


def test_one_more_is_refused_by_name() -> None:
    told = "conversation c5 has 10,001 members; u10001 is one too many at the group limit of 10,000: raise design."
    with pytest.raises(UsageError, match=re.escape(told)):
        refuse_crowds(group_of(10_001), scenario(group_limit=10_000).design)
