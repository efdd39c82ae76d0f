"""Circles: the people who can share a conversation, where not everybody can with everybody.

    deck     3 0 4 1 2 │ 1 4 0 2 3          one shuffle of all people for each circle that a person is in
    circles  └──┬──┘ └──┬──┘ └─┬─┘          cut off by sizes drawn from the scenario

Workspaces are cut from one shuffle: everybody is in exactly one. Guilds are cut from `per_user` shuffles: everybody is
in that many, or in one less where a guild reaches over the seam and would hold somebody twice.

The scenario's group size is that of the guild which a message goes to. Of S members each may write, so a guild of
S is drawn 1/S times as often as that law says: seen from its members, and from a message, the law is the scenario's.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from sim.scenario import Guilds, Traffic, Workspaces
from sim.workload.samplers import GROUP_SIZE_MIN, IntArray, group_sizes


def draw_workspaces(rng: Generator, workspaces: Workspaces, users: int) -> list[IntArray]:
    """People of each workspace of `users` in all, ascending."""
    most = min(workspaces.size_max, users)
    return _cut(rng.permutation(users), _sizes(rng, workspaces.size_median, workspaces.size_sigma, most))


def draw_guilds(rng: Generator, guilds: Guilds, traffic: Traffic, users: int) -> list[IntArray]:
    """Members of each guild of `users` in all, ascending."""
    deck = np.concatenate([rng.permutation(users) for _ in range(guilds.per_user)])
    most = min(traffic.group_size_max, users)
    sizes = _sizes(rng, traffic.group_size_median, traffic.group_size_sigma, most)
    return _cut(deck, (size for size in sizes if rng.random() * size < GROUP_SIZE_MIN))


def _sizes(rng: Generator, median: float, sigma: float, most: int) -> Iterator[int]:
    while True:
        yield int(group_sizes(rng, 1, median, sigma, most)[0])


def _cut(deck: IntArray, sizes: Iterator[int]) -> list[IntArray]:
    """Circles of those sizes; the last takes what is left."""
    circles, start = [], 0
    while start < len(deck):
        end = start + next(sizes)
        # One or two alone could have no conversation.
        end = len(deck) if len(deck) - end < GROUP_SIZE_MIN else end
        circles.append(np.unique(deck[start:end]))
        start = end
    return circles
