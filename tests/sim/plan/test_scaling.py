"""How the plan moves when the scenario moves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.plan import Plan, plan
from sim.scenario_file import load_scenario

FEW = settings(max_examples=15, deadline=None)
MILLIONS = st.integers(min_value=100, max_value=10_000)
FACTORS = st.floats(min_value=1.0, max_value=10.0)

PER_USER = (
    "gateways.servers",
    "gateways.connects",
    "traffic.heartbeats",
    "redis.writes",
    "redis.bytes",
    "redis.shards",
    "redis.nodes",
)
PER_MESSAGE = (
    "traffic.deliveries_event",
    "traffic.receipts_mean",
    "kafka.partitions",
    "kafka.brokers",
    "kafka.ingest_event",
    "cassandra.bytes",
    "cassandra.nodes",
    "cassandra.clusters",
    "redis.commands",
)


def planned(*changes: str) -> Plan:
    return plan(load_scenario("whatsapp", ["scale.messages=1e-6", "scale.connections=1e-6", *changes]))


@FEW
@given(fewer=MILLIONS, factor=FACTORS)
def test_more_users_never_need_less(fewer: int, factor: float) -> None:
    few = planned(f"population.users={fewer}m")
    many = planned(f"population.users={fewer * factor:.6f}m")
    for key in PER_USER:
        assert many.line(key).value >= few.line(key).value


@FEW
@given(fewer=MILLIONS, factor=FACTORS)
def test_more_messages_never_need_less(fewer: int, factor: float) -> None:
    few = planned(f"traffic.messages={fewer}m/day")
    many = planned(f"traffic.messages={fewer * factor:.6f}m/day")
    for key in PER_MESSAGE:
        assert many.line(key).value >= few.line(key).value


@FEW
@given(users=MILLIONS)
def test_users_do_not_change_what_depends_on_messages_alone(users: int) -> None:
    keys = ("kafka.partitions", "cassandra.nodes", "traffic.deliveries_event")
    some, others = planned(f"population.users={users}m"), planned()
    assert [some.line(key).value for key in keys] == [others.line(key).value for key in keys]


@FEW
@given(factor=st.integers(min_value=2, max_value=50))
def test_bytes_are_proportional_to_messages_retention_and_row_size(factor: int) -> None:
    one = planned("traffic.messages=1bn/day", "storage.retention=100days", "storage.message=100B")
    expected = pytest.approx(factor * one.line("cassandra.bytes").value)
    for setting in (
        f"traffic.messages={factor}bn/day",
        f"storage.retention={factor * 100}days",
        f"storage.message={factor * 100}B",
    ):
        more = planned("traffic.messages=1bn/day", "storage.retention=100days", "storage.message=100B", setting)
        assert more.line("cassandra.bytes").value == expected


@FEW
@given(share=st.floats(min_value=0, max_value=1), largest=st.integers(min_value=3, max_value=1024))
def test_recipients_lie_between_one_and_the_largest_group(share: float, largest: int) -> None:
    recipients = planned(
        f"traffic.group_share={share}",
        "traffic.group_size_median=3",
        f"traffic.group_size_max={largest}",
        "design.group_limit=1024",
    ).line("traffic.recipients")
    assert 1 - 1e-9 <= recipients.value <= largest - 1


@FEW
@given(mean=MILLIONS)
def test_an_event_is_never_sized_below_the_daily_peak_nor_that_below_the_mean(mean: int) -> None:
    sized = planned(f"traffic.messages={mean}m/day")
    counts = [sized.line(key).value for key in ("kafka.partitions_mean", "kafka.partitions_peak", "kafka.partitions")]
    assert counts == sorted(counts)


def test_a_scenario_that_keeps_nothing_and_has_no_groups_can_be_planned() -> None:
    bare = planned("storage.retention=0", "design.retention=none", "traffic.group_share=0", "people.opens=0")
    assert bare.line("traffic.recipients").value == 1
    assert bare.line("cassandra.bytes").value == 0
    assert bare.line("cassandra.unbucketed_rows_per_day").value == 100_000
    assert bare.line("redis.presence_reads").value == 0


@FEW
@given(mean=MILLIONS)
def test_counts_of_machines_are_whole_and_at_least_one(mean: int) -> None:
    for line in planned(f"traffic.messages={mean}m/day").lines:
        if line.parameter.unit in ("servers", "partitions", "brokers", "nodes", "clusters", "shards"):
            assert line.value >= 1
            assert line.value == int(line.value)
