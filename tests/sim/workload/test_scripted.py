from __future__ import annotations

from uuid import UUID

from sim.engine import simulate
from sim.scenario import Scenario
from sim.trace import Action
from sim.workload import make_trace

S = 1_000_000_000
TEN = {"users": 10, "connected": 1}
STORY: list[dict[str, object]] = [
    {"at": "2s", "who": [2, 1], "does": "send", "conv": 5, "times": 2, "every": "10ms", "bytes": 7},
    {"who": [1, 2], "does": "join", "conv": 5},
    {"at": "1s", "who": [1, 2], "does": "connect"},
    {"at": "3s", "who": 2, "does": "read", "conv": 5},
]


def scenario(*script: dict[str, object]) -> Scenario:
    return Scenario.model_validate(
        {
            "name": "story",
            "population": TEN,
            "traffic": {"messages": "1/s"},
            "scale": {"messages": 1, "connections": 1},
            "run": {"duration": 5, "warm_up": 0},
            "script": script,
        }
    )


def test_what_is_written_is_done_and_nothing_else() -> None:
    rows = [Action._make(row) for row in make_trace(scenario(*STORY)).frame.itertuples(index=False, name=None)]
    assert [(row.t_ns, row.action, row.user, row.conv, row.cseq, row.size_bytes) for row in rows] == [
        (0, "join", 1, 5, 0, 0),
        (0, "join", 2, 5, 0, 0),
        (1 * S, "connect", 1, -1, 0, 0),
        (1 * S, "connect", 2, -1, 0, 0),
        (2 * S, "send", 2, 5, 1, 7),
        (2 * S, "send", 1, 5, 1, 7),
        (2 * S + 10_000_000, "send", 2, 5, 2, 7),
        (2 * S + 10_000_000, "send", 1, 5, 2, 7),
        (3 * S, "read", 2, 5, 0, 0),
    ]
    uuids = {UUID(row.uuid) for row in rows if row.uuid}
    assert (len(uuids), {uuid.version for uuid in uuids}) == (4, {4})


def test_a_seed_gives_the_same_story_to_the_byte_and_another_gives_other_uuids() -> None:
    one, again, other = (make_trace(scenario(*STORY), seed) for seed in (1, 1, 2))
    assert one.digest() == again.digest() != other.digest()


def test_the_model_plays_a_script() -> None:
    story = scenario(*STORY)
    history = simulate(story, make_trace(story))
    shown = history.of_kind("deliver")
    assert sorted(zip(shown["user"], shown["cseq"], strict=True)) == [("u1", 1), ("u1", 2), ("u2", 1), ("u2", 2)]
    assert history.quiesced_ns is not None
