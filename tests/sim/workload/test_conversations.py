from __future__ import annotations

import numpy as np
import pytest

from sim.scenario import Scenario
from sim.scenario_file import load_scenario
from sim.workload.conversations import Membership, Preference, draw_membership, mean_recipients
from sim.workload.samplers import FloatArray, activities
from sim.workload.streams import Streams
from tests.sim.workload.goodness import chi_square_z

WHATSAPP = load_scenario("whatsapp")


def _world(scenario: Scenario, seed: int = 1) -> tuple[Membership, Preference, FloatArray]:
    streams = Streams.of(seed)
    membership = draw_membership(scenario, streams)
    messages = activities(streams.activity, scenario.box_users, scenario.people.activity_sigma)
    return membership, Preference(scenario, membership, messages), messages


def test_whatsapp_has_two_recipients_a_message() -> None:
    assert mean_recipients(WHATSAPP) == pytest.approx(2.1, abs=0.1)


def test_everybody_has_two_to_four_contacts_and_nobody_talks_alone() -> None:
    membership, _, _ = _world(WHATSAPP)
    members = membership.users_by_conv
    pairs = members[: membership.pair_count]
    contacts = np.bincount(np.ravel(pairs), minlength=2000)
    assert set(contacts.tolist()) <= {2, 3, 4}
    assert len({tuple(pair) for pair in pairs}) == len(pairs)
    assert all(users == sorted(set(users)) for users in members)
    assert all(len(users) >= 3 for users in members[membership.pair_count :])


def test_there_are_two_to_three_conversations_for_each_user() -> None:
    membership, _, _ = _world(WHATSAPP)
    assert 2 <= len(membership.sizes) / 2000 <= 3


def test_no_group_is_larger_than_the_box() -> None:
    scenario = load_scenario(
        "whatsapp", ["scale.connections=1:200_000_000", "traffic.group_size_median=60", "population.connected=100%"]
    )
    membership, _, _ = _world(scenario)
    assert membership.sizes.max() == scenario.box_users == 10


@pytest.mark.parametrize("name", ["whatsapp", "ci-ordering", "slack", "discord"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_expected_recipients_are_those_of_the_scenario(name: str, seed: int) -> None:
    scenario = load_scenario(name)
    membership, preference, messages = _world(scenario, seed)
    weights = messages[preference.user] * preference.probability
    recipients = membership.sizes[preference.conv] - 1
    assert (weights @ recipients) / weights.sum() == pytest.approx(mean_recipients(scenario), rel=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.15, 0.8])
def test_groups_get_their_share_of_the_messages(share: float) -> None:
    membership, preference, messages = _world(load_scenario("whatsapp", [f"traffic.group_share={share}"]))
    weights = messages[preference.user] * preference.probability
    assert weights[preference.conv >= membership.pair_count].sum() / weights.sum() == pytest.approx(share, abs=1e-9)


def test_what_one_user_picks_sums_to_one() -> None:
    _, preference, _ = _world(WHATSAPP)
    assert np.bincount(preference.user, preference.probability).tolist() == pytest.approx([1.0] * 2000)


def test_pairs_of_one_user_are_picked_by_zipf_rank() -> None:
    membership, preference, _ = _world(WHATSAPP)
    own = (preference.user == 5) & (preference.conv < membership.pair_count)
    rank = preference.conv[own] + 1
    odds = preference.probability[own]
    assert (odds / odds[0]).tolist() == pytest.approx((rank[0] / rank).tolist())


def test_picks_follow_the_probabilities() -> None:
    _, preference, _ = _world(load_scenario("whatsapp", ["traffic.popularity=0"]))
    rows = np.flatnonzero((preference.user == 5) & (preference.probability * 20_000 > 5))
    uniforms = Streams.of(3).targets.random(20_000).tolist()
    picked = np.bincount([preference.pick(5, uniform) for uniform in uniforms], minlength=6000)
    observed = picked[preference.conv[rows]].tolist()
    assert sum(observed) == 20_000
    assert chi_square_z(observed, (preference.probability[rows] * 20_000).tolist()) < 3


def test_everybody_picks_among_the_own_conversations_even_at_the_edges() -> None:
    membership, preference, _ = _world(WHATSAPP)
    members = membership.users_by_conv
    for user in range(2000):
        for uniform in (0.0, 0.5, 1 - 2**-53):
            assert user in members[preference.pick(user, uniform)]
