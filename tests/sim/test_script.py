"""A script in a scenario file: what it may say, and how what it may not say is refused."""

from __future__ import annotations

import pytest

from sim.errors import ScenarioError
from sim.scenario import Scenario
from sim.scenario_file import dump_scenario, parse_scenario

TOML = """\
name = "story"
script = [
    {who = [1, 2], does = "join", conv = 5},
    {at = "1s", who = [1, 2], does = "connect"},
    {at = "2s", who = 1, does = "send", conv = 5, times = 3, every = "20ms"},
    LINE
]

[population]
users = "2bn"

[traffic]
messages = "100bn/day"

[run]
duration = "10s"
warm_up = 0
"""


def story(line: str = "") -> Scenario:
    return parse_scenario(TOML.replace("LINE", line), "story.toml")


def problems(line: str) -> tuple[str, ...]:
    with pytest.raises(ScenarioError) as caught:
        story(line)
    return caught.value.problems


def test_one_user_may_stand_without_brackets() -> None:
    assert [step.who for step in story().script] == [(1, 2), (1, 2), (1,)]
    assert story().script[2].end_s == pytest.approx(2.04)


def test_a_script_survives_a_dump() -> None:
    assert parse_scenario(dump_scenario(story())) == story()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{who = 1, does = "send"}', "script.3: send needs 'conv'"),
        ('{who = 1, does = "crash", conv = 5}', "script.3: crash has no 'conv'"),
        ('{who = 1, does = "heartbeat", times = 2}', "script.3: 'times' (2) and 'every' (0 s) come together"),
        ('{who = 1, does = "heartbeat", every = "1s"}', "script.3: 'times' (1) and 'every' (1 s) come together"),
        (
            '{at = "1s", who = 3, does = "join", conv = 5}',
            "script.3: join is membership, and comes before the run: at 0 s, once, not until 1 s",
        ),
        ('{at = "10s", who = 1, does = "crash"}', "script.3.at: it goes on until 10 s, and the run ends at 10 s"),
        (
            '{who = 3, does = "open", conv = 5}',
            'script.3.conv (5): user 3 would open there without being a member; add {who = 3, does = "join", conv = 5}',
        ),
    ],
)
def test_what_cannot_be_is_told_with_its_place_and_the_next_step(line: str, message: str) -> None:
    (told,) = problems(line)
    assert told == f"story.toml:2: {message}"


def test_what_befalls_a_crowd_does_not_go_with_a_script() -> None:
    crowded = TOML.replace("LINE", "") + '\n[[bursts]]\nat = "1s"\nlasts = "1s"\nfactor = 2\n'
    with pytest.raises(ScenarioError, match="bursts happen to a crowd, and script has none"):
        parse_scenario(crowded)
