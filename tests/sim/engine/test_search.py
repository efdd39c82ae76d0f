"""A random search for a world in which the hardened design breaks a promise.

What it finds is a flaw of the design: it is mended, and its smallest form stays here as a test of its own. More than
the usual forty examples: CHATSCALE_EXAMPLES=500.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

from sim.engine import simulate
from tests.sim.engine.faulty import PROMISES, broken
from tests.sim.engine.search import Found, worlds

EXAMPLES = int(os.environ.get("CHATSCALE_EXAMPLES", "40"))
# Receipts are not acknowledged, so that one may be lost: no promise. Neither is a latency, or being seen while Redis is
# away.
KEPT = (
    *PROMISES,
    *("skipped", "duplicate_row", "content_mismatch", "id_collision", "cursor_regress", "causality", "early_ack"),
    *("partition_split", "misrouted", "bad_input", "unseen_tail"),
)


@settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES == 40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(worlds())
def test_no_world_breaks_a_promise_of_the_hardened_design(found: Found) -> None:
    history = simulate(found.scenario, found.trace)
    assert broken(history, KEPT) == {}
    assert set(history.of_kind("send.invoke")["uuid"]) == set(history.of_kind("store.row")["uuid"])


@pytest.mark.parametrize(
    ("planted", "mended", "promise"),
    [
        ({"dedup": "none"}, {"dedup": "client-id-key"}, "duplicated"),
        # No fault is needed for this one: `test_flaws` has its smallest form.
        (
            {"cursor": "message-id", "dedup": "lwt", "gateways": 2, "fan_out": "read", "linger": 0.02},
            {"cursor": "sequence", "dedup": "client-id-key"},
            "lost",
        ),
    ],
    ids=["no dedup", "cursor by message id"],
)
def test_the_search_finds_a_flaw_that_is_there_and_its_mending_is_what_mends_it(
    planted: dict[str, Any], mended: dict[str, Any], promise: str
) -> None:
    found = find(
        worlds(**planted),
        lambda world: promise in broken(simulate(world.scenario, world.trace), [promise]),
        settings=settings(
            max_examples=300,
            phases=[Phase.generate],
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    same = found._replace(design={**found.design, **mended})
    assert broken(simulate(same.scenario, same.trace), [promise]) == {}
