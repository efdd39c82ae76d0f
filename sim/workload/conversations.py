"""Who talks with whom, and what a person picks among the own conversations.

    messenger   1:1      two random rings through everybody: each user has four contacts (fewer where rings coincide)
                groups   one for every two users, of log-normal size, members drawn without favour
    workspace   the same within each workspace, no group larger than it
    guild       1:1 as above; the groups are the channels of the guilds, each with all members of its guild
    any         one viral group, where the scenario has a hot share

A person picks a group with one probability for all, and within a kind by popularity. Left alone, that favours large
groups, since each member may pick them: a message would reach more people than the scenario says. So a group weighs

    popularity · size^-tilt

with the tilt for which a group message has, in expectation over the senders, as many recipients as an average group.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.random import Generator

from sim.scenario import Scenario, Traffic
from sim.workload.circles import draw_guilds, draw_workspaces
from sim.workload.samplers import FloatArray, IntArray, group_sizes, mean_group_size, zipf_weights
from sim.workload.streams import Streams

_TILT_MAX = 8.0


@dataclass(frozen=True)
class Membership:
    """Rows (conv, user), ordered by both. Conversations below `pair_count` are 1:1, the rest are groups.

    Within each kind a lower number is more popular.
    """

    conv: IntArray
    user: IntArray
    pair_count: int

    @cached_property
    def sizes(self) -> IntArray:
        """Members of each conversation."""
        return np.bincount(self.conv)

    @property
    def users_by_conv(self) -> list[list[int]]:
        """Members of each conversation, ascending."""
        return [users.tolist() for users in np.split(self.user, np.cumsum(self.sizes)[:-1])]


def draw_membership(scenario: Scenario, streams: Streams) -> Membership:
    """The conversations of the box, but for the viral group: two and a half for each user of a messenger."""
    traffic, everybody = scenario.traffic, np.arange(scenario.box_users)
    if scenario.guilds is not None:
        pairs = _ring_pairs(streams.pairs, everybody)
        guilds = draw_guilds(streams.circles, scenario.guilds, traffic, scenario.box_users)
        groups = _mixed(streams.groups, guilds * scenario.guilds.channels)
    elif scenario.workspaces is not None:
        circles = draw_workspaces(streams.circles, scenario.workspaces, scenario.box_users)
        pairs = streams.pairs.permutation(np.concatenate([_ring_pairs(streams.pairs, circle) for circle in circles]))
        groups = [group for circle in circles for group in _groups(streams.groups, traffic, circle)]
        groups = _mixed(streams.groups, groups)
    else:
        pairs, groups = _ring_pairs(streams.pairs, everybody), _groups(streams.groups, traffic, everybody)
    convs = np.repeat(np.arange(len(pairs) + len(groups)), [2] * len(pairs) + [len(group) for group in groups])
    return Membership(convs, np.concatenate([pairs.ravel(), *groups]), len(pairs))


def with_viral_group(scenario: Scenario, streams: Streams, membership: Membership) -> Membership:
    """The membership with one more group, the last, of the largest size there is."""
    users, conv = scenario.box_users, len(membership.sizes)
    members = np.sort(streams.viral.choice(users, _size_cap(scenario.traffic, users), replace=False))
    convs = np.concatenate([membership.conv, np.full(len(members), conv)])
    return Membership(convs, np.concatenate([membership.user, members]), membership.pair_count)


def mean_recipients(scenario: Scenario) -> float:
    """Recipients of one message in expectation: 2.1 for the shipped `whatsapp`, as in 2014 (19 bn in, 40 bn out)."""
    traffic, users = scenario.traffic, scenario.box_users
    usual = 1 - traffic.group_share + traffic.group_share * (_mean_size(traffic, users) - 1)
    return usual + traffic.hot_share * (_size_cap(traffic, users) - 1 - usual)


def _size_cap(traffic: Traffic, users: int) -> int:
    return min(traffic.group_size_max, users)


def _mean_size(traffic: Traffic, users: int) -> float:
    return mean_group_size(traffic.group_size_median, traffic.group_size_sigma, _size_cap(traffic, users))


def _groups(rng: Generator, traffic: Traffic, circle: IntArray) -> list[IntArray]:
    """Groups within a circle of people, one for every two of them."""
    people = len(circle)
    sizes = group_sizes(
        rng, people // 2, traffic.group_size_median, traffic.group_size_sigma, _size_cap(traffic, people)
    )
    return [circle[np.sort(rng.choice(people, size, replace=False))] for size in sizes.tolist()]


def _mixed(rng: Generator, groups: list[IntArray]) -> list[IntArray]:
    """In random order: the popular ones, which come first, are those of no circle in particular."""
    return [groups[place] for place in rng.permutation(len(groups)).tolist()]


def _ring_pairs(rng: Generator, circle: IntArray) -> IntArray:
    """Neighbours in two random rings through the circle, as rows (lower, higher) without repeats, in random order."""
    rings = [circle[rng.permutation(len(circle))] for _ in range(2)]
    pairs = np.concatenate([np.column_stack([ring, np.roll(ring, 1)]) for ring in rings])
    return rng.permutation(np.unique(np.sort(pairs, axis=1), axis=0))


class Preference:
    """What each user picks. `probability` is one value a row of `rows`, which are the membership ordered by user."""

    def __init__(self, scenario: Scenario, membership: Membership, messages: FloatArray) -> None:
        """`messages` is how many messages each user is expected to send, up to a factor."""
        order = np.argsort(membership.user, kind="stable")
        self.user, self.conv = membership.user[order], membership.conv[order]
        self._messages = messages
        self._sizes = membership.sizes[self.conv].astype(np.float64)
        self._is_group = self.conv >= membership.pair_count
        popularity = _popularity(membership, scenario.traffic.popularity)[self.conv]
        wanted_size = _mean_size(scenario.traffic, scenario.box_users)
        weights = popularity * np.where(self._is_group, self._sizes ** -self._tilt(popularity, wanted_size), 1.0)
        self.probability = self._mixed(weights, scenario.traffic.group_share)
        self._first = np.searchsorted(self.user, np.arange(len(messages) + 1)).tolist()
        self._cumulative = np.cumsum(self.probability).tolist()
        self._convs = self.conv.tolist()

    def pick(self, user: int, uniform: float) -> int:
        """The conversation that `uniform` in [0, 1) chooses for a user."""
        # The probabilities of one user sum to 1, so the block of user u covers u … u + 1 of the cumulative sum.
        return int(
            self._convs[bisect_right(self._cumulative, user + uniform, self._first[user], self._first[user + 1] - 1)]
        )

    def _tilt(self, popularity: FloatArray, wanted_size: float) -> float:
        """The tilt by bisection; its bound where no tilt reaches the size, as with very few groups."""
        low, high = -_TILT_MAX, _TILT_MAX
        for _ in range(40):
            middle = (low + high) / 2
            shares = self._shares(popularity * self._sizes**-middle, self._is_group) * self._messages[self.user]
            low, high = (middle, high) if shares @ self._sizes > wanted_size * shares.sum() else (low, middle)
        # Rounded, so that the order in which a processor's vector unit adds does not reach the trace.
        return round(low, 9)

    def _mixed(self, weights: FloatArray, group_share: float) -> FloatArray:
        """Groups with one probability for all who have any, such that the share of messages is `group_share`."""
        has_group = np.bincount(self.user, self._is_group, len(self._messages)) > 0
        covered = (self._messages * has_group).sum() / self._messages.sum()
        group_odds = has_group * min(1.0, group_share / covered) if covered else np.zeros(len(has_group))
        in_kind = self._shares(weights, self._is_group) + self._shares(weights, ~self._is_group)
        return in_kind * np.where(self._is_group, group_odds[self.user], 1 - group_odds[self.user])

    def _shares(self, weights: FloatArray, chosen: np.typing.NDArray[np.bool_]) -> FloatArray:
        """Weights of the chosen rows over their sum for each user; 0 for other rows."""
        kept = weights * chosen
        totals = np.bincount(self.user, kept, len(self._messages))[self.user]
        return np.divide(kept, totals, out=np.zeros_like(kept), where=totals > 0)


def _popularity(membership: Membership, exponent: float) -> FloatArray:
    pairs = membership.pair_count
    groups = len(membership.sizes) - pairs
    return np.concatenate([zipf_weights(pairs, exponent), zipf_weights(groups, exponent)])
