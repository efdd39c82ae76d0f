from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest
from numpy.random import PCG64, Generator

from sim.scenario import Scenario
from sim.scenario_file import load_scenario
from sim.workload.circles import draw_guilds, draw_workspaces
from sim.workload.conversations import draw_membership
from sim.workload.samplers import IntArray
from sim.workload.streams import Streams
from tests.sim.workload.goodness import chi_square_z

SLACK = load_scenario("slack")
DISCORD = load_scenario("discord")


def _workspaces(scenario: Scenario, rng: Generator | None = None) -> list[IntArray]:
    assert scenario.workspaces is not None
    return draw_workspaces(rng or Generator(PCG64(1)), scenario.workspaces, scenario.box_users)


def _guilds(scenario: Scenario, rng: Generator | None = None) -> list[IntArray]:
    assert scenario.guilds is not None
    return draw_guilds(rng or Generator(PCG64(1)), scenario.guilds, scenario.traffic, scenario.box_users)


def _z_of_sizes(circles: list[IntArray], edges: list[int], shares: list[float]) -> float:
    """Chi-square of the sizes but for the last, which takes what is left."""
    sizes = [len(circle) for circle in circles[:-1]]
    observed, _ = np.histogram(sizes, edges)
    return chi_square_z(observed.tolist(), [len(sizes) * share for share in shares])


def test_everybody_is_in_exactly_one_workspace() -> None:
    people = np.concatenate(_workspaces(SLACK))
    assert sorted(people.tolist()) == list(range(SLACK.box_users))


def test_sizes_of_workspaces_are_log_normal() -> None:
    big = load_scenario("slack", ["scale.connections=1:100", "workspaces.size_max=100000"])
    circles = _workspaces(big)
    edges = [3, 8, 15, 30, 60, 120, 250, 100_000]
    log_size = NormalDist(math.log(60), 1.5)
    below = [0.0, *(log_size.cdf(math.log(edge)) for edge in edges[1:-1]), 1.0]
    assert len(circles) > 500
    assert _z_of_sizes(circles, edges, [high - low for low, high in pairwise(below)]) < 3


@pytest.mark.parametrize("seed", range(20))
def test_no_circle_is_too_small_for_a_conversation_nor_larger_than_the_largest(seed: int) -> None:
    small = load_scenario("slack", ["workspaces.size_median=3", "workspaces.size_max=20"])
    sizes = [len(circle) for circle in _workspaces(small, Generator(PCG64(seed)))]
    assert min(sizes) >= 3
    assert max(sizes) <= 22


def test_everybody_is_in_as_many_guilds_as_the_scenario_says_but_for_seams() -> None:
    counts = Counter(np.concatenate(_guilds(DISCORD)).tolist())
    assert set(counts) == set(range(DISCORD.box_users))
    assert set(counts.values()) <= {2, 3}
    assert sum(counts.values()) > 2.95 * DISCORD.box_users


def test_seen_from_its_members_a_guild_has_the_group_size_of_the_scenario() -> None:
    most = 300
    big = load_scenario("discord", ["scale.connections=1:1000", f"traffic.group_size_max={most}"])
    log_size = NormalDist(math.log(15), 1.5)
    below = [0.0, *(log_size.cdf(math.log(size)) for size in range(4, most + 1)), 1.0]
    weights = [(high - low) / size for size, (low, high) in enumerate(pairwise(below), 3)]
    edges = [3, 4, 5, 7, 10, 20, 40, 100, most + 1]
    shares = [sum(weights[low - 3 : high - 3]) / sum(weights) for low, high in pairwise(edges)]
    assert _z_of_sizes(_guilds(big), edges, shares) < 3


def _conversations(scenario: Scenario) -> tuple[list[list[int]], int]:
    membership = draw_membership(scenario, Streams.of(1))
    return membership.users_by_conv, membership.pair_count


def test_conversations_of_a_workspace_do_not_leave_it() -> None:
    conversations, pairs = _conversations(SLACK)
    home = {user: n for n, circle in enumerate(_workspaces(SLACK, Streams.of(1).circles)) for user in circle.tolist()}
    assert all(len({home[user] for user in users}) == 1 for users in conversations)
    assert set(home) == {user for users in conversations[:pairs] for user in users}


def test_popular_conversations_are_those_of_no_workspace_in_particular() -> None:
    conversations, pairs = _conversations(SLACK)
    home = {user: n for n, circle in enumerate(_workspaces(SLACK, Streams.of(1).circles)) for user in circle.tolist()}
    assert len({home[users[0]] for users in conversations[pairs : pairs + 50]}) > 5
    assert len({home[users[0]] for users in conversations[:50]}) > 5


def test_every_channel_of_a_guild_has_all_its_members() -> None:
    conversations, pairs = _conversations(DISCORD)
    channels = Counter(tuple(users) for users in conversations[pairs:])
    drawn = {tuple(circle.tolist()) for circle in _guilds(DISCORD, Streams.of(1).circles)}
    assert set(channels) == drawn
    assert set(channels.values()) == {3}
