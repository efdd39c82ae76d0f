"""Design choices and what each does to the history."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from sim.engine import BOX, simulate
from sim.history import History
from sim.hops import deliveries, hop_times_s
from sim.trace import Action, Trace
from tests.sim.engine.worlds import SECOND, exact, people, scenario, story

MS = 1_000_000
USERS = (1, 2, 3)
CONNECTED = [Action(0, "connect", user) for user in USERS]


def burst(count: int, gap_ns: int = 10 * MS, senders: tuple[int, ...] = (1, 2)) -> Trace:
    """Messages in one conversation, one each `gap_ns`, senders in turn."""
    sends = [
        Action(SECOND + n * gap_ns, "send", senders[n % len(senders)], 5, f"uuid-{n}", 1 + n // len(senders), 20)
        for n in range(count)
    ]
    return people(*CONNECTED, *sends, users=USERS)


def mean_hop_s(history: History, hop: str) -> float:
    return float(hop_times_s(deliveries(history))[hop].mean())


def presence_of(history: History, reader: str) -> list[str]:
    rows = history.of_kind("presence.read")
    return rows[rows["reader"] == reader]["state"].tolist()


def test_with_a_sequence_every_reader_sees_rising_numbers_without_its_own() -> None:
    shown = simulate(scenario(), burst(20)).of_kind("deliver")
    assert shown[shown["device"] == "u3"]["seq"].tolist() == list(range(1, 21))
    assert shown[shown["device"] == "u1"]["seq"].tolist() == list(range(2, 21, 2))


def test_with_message_ids_there_are_no_sequence_numbers_and_nothing_is_held() -> None:
    history = simulate(scenario(cursor="message-id"), burst(20))
    shown, wired = history.of_kind("deliver"), history.of_kind("wire.deliver")
    assert shown["seq"].isna().all()
    assert shown["t_ns"].tolist() == wired["t_ns"].tolist()


def test_message_ids_hold_their_gateway_and_rise_at_each() -> None:
    history = simulate(scenario(), burst(40, gap_ns=MS))
    logged = history.of_kind("log.append").sort_values("offset")
    senders = history.of_kind("send.invoke").set_index("uuid")["user"].astype(str)
    for user, gateway in (("u1", 2), ("u2", 1)):  # users are spread by their number
        ids = logged[logged["uuid"].map(senders) == user]["message_id"]
        assert ids.is_monotonic_increasing
        assert {value >> 12 & 1023 for value in ids} == {gateway}


def test_a_lightweight_transaction_stores_four_times_as_long_in_cassandra() -> None:
    plain = simulate(scenario(dedup="none"), burst(1), exact())
    lwt = simulate(scenario(dedup="lwt"), burst(1), exact())
    extra_s = mean_hop_s(lwt, "store") - mean_hop_s(plain, "store")
    assert extra_s == pytest.approx(3 * BOX.cpu_s("cassandra.write"), abs=1e-8)


def test_buckets_cost_a_look_up_at_the_first_message_of_a_conversation_and_none_later() -> None:
    plain = simulate(scenario(bucket="none"), burst(2), exact())
    monthly, ten_days = (simulate(scenario(bucket=bucket), burst(2), exact()) for bucket in ("month", "10-days"))
    extra_s = [
        hop_times_s(deliveries(one))["store"] - hop_times_s(deliveries(plain))["store"] for one in (monthly, ten_days)
    ]
    once = BOX.cpu_s("cassandra.read") + BOX.cpu_s("cassandra.write")
    assert extra_s[0].tolist() == pytest.approx([once, once, 0, 0], abs=1e-8)
    assert extra_s[0].tolist() == extra_s[1].tolist()


def test_an_index_for_search_costs_cassandra_a_little_more_for_each_message() -> None:
    plain, indexed = (simulate(scenario(search=search), burst(4), exact()) for search in ("none", "sai"))
    assert mean_hop_s(indexed, "store") - mean_hop_s(plain, "store") == pytest.approx(BOX.cpu_s("cassandra.index"))


def test_linger_delays_the_log_by_itself() -> None:
    at_once = simulate(scenario(), burst(1), exact())
    lingering = simulate(scenario(linger="20ms"), burst(1), exact())
    assert mean_hop_s(lingering, "log") - mean_hop_s(at_once, "log") == pytest.approx(0.020, abs=1e-8)


def test_a_conversation_has_one_partition_unless_keys_are_random() -> None:
    assert simulate(scenario(), burst(30)).of_kind("log.append")["partition"].nunique() == 1
    assert simulate(scenario(partition_key="random"), burst(30)).of_kind("log.append")["partition"].nunique() > 5


def test_offsets_count_each_partition_from_0() -> None:
    logged = simulate(scenario(partition_key="random", partitions=3), burst(30)).of_kind("log.append")
    for _, rows in logged.groupby("partition"):
        assert sorted(rows["offset"]) == list(range(len(rows)))


def test_random_keys_make_two_workers_number_one_conversation() -> None:
    stored = simulate(scenario(partition_key="random"), burst(30, gap_ns=100 * MS)).of_kind("store.row")
    assert len(stored) < 30, "numbers collided, and a later row took the place of an earlier one"


def test_one_worker_numbers_even_random_keys_without_collision() -> None:
    stored = simulate(scenario(partition_key="random", workers=1), burst(30)).of_kind("store.row")
    assert sorted(stored["seq"]) == list(range(1, 31))


@pytest.mark.parametrize(("gateways", "workers"), [(1, 1), (3, 2), (4, 5)])
def test_there_are_as_many_processes_as_the_design_says(gateways: int, workers: int) -> None:
    rows = simulate(scenario(gateways=gateways, workers=workers), burst(1)).of_kind("sample")
    names = set(rows["target"].astype(str))
    assert len([name for name in names if name.startswith("gateway-")]) == gateways
    assert len([name for name in names if name.startswith("worker-")]) == workers


@pytest.mark.parametrize(("asked_s", "state"), [(34, "online"), (36, "offline")])
def test_presence_ends_a_ttl_after_the_last_renewal(asked_s: int, state: str) -> None:
    ask = Action(asked_s * SECOND, "open", 1, 5)
    history = simulate(scenario(presence_ttl="35s"), people(*CONNECTED, ask, users=USERS, duration_s=40))
    assert presence_of(history, "u2") == [state]


def test_a_heartbeat_renews_presence() -> None:
    beat, ask = Action(20 * SECOND, "heartbeat", 2), Action(50 * SECOND, "open", 1, 5)
    history = simulate(scenario(), people(*CONNECTED, beat, ask, users=USERS, duration_s=55))
    assert presence_of(history, "u2") == ["online"]
    assert presence_of(history, "u3") == ["offline"]
    assert story(history, "heartbeat.sent", "heartbeat.stored") == [
        ("heartbeat.sent", "u2"),
        ("heartbeat.stored", "u2"),
    ]


@pytest.mark.parametrize("end", ["disconnect", "crash"])
def test_a_session_that_ends_takes_its_presence_along(end: str) -> None:
    trace = people(*CONNECTED, Action(2 * SECOND, end, 2), Action(3 * SECOND, "open", 1, 5), users=USERS)
    history = simulate(scenario(), trace)
    assert presence_of(history, "u2") == ["offline"]
    assert history.of_kind("conn.close")["cause"].tolist() == [end]


def test_an_expired_connection_is_pushed_to_nobody() -> None:
    late = Action(95 * SECOND, "send", 1, 5, "uuid-1", 1, 20)
    beats = [Action(n * 15 * SECOND, "heartbeat", 2) for n in range(1, 7)]
    trace = people(*CONNECTED, *beats, late, users=USERS, duration_s=97)
    history = simulate(scenario(conn_ttl="90s"), trace)
    before_the_end = history.frame[history.frame["t_ns"] < history.quiesced_ns]
    pushed, notified = (before_the_end[before_the_end["kind"] == kind] for kind in ("deliver", "push"))
    assert pushed["user"].tolist() == ["u2"]
    assert notified["user"].tolist() == ["u3"]


@pytest.mark.parametrize(("registry", "state"), [("user", "offline"), ("device", "online")])
def test_a_late_clean_up_deletes_the_newer_session_only_where_nobody_asks(registry: str, state: str) -> None:
    # The gateway still answers the old session's questions while the device is back: the goodbye comes last.
    crash, back = Action(2 * SECOND, "crash", 2), Action(2 * SECOND + MS, "connect", 2)
    busy = [Action(2 * SECOND - MS, "open", 2, 5)] * 40
    trace = people(*CONNECTED, *busy, crash, back, Action(4 * SECOND, "open", 1, 5), users=USERS)
    assert presence_of(simulate(scenario(registry=registry), trace, exact()), "u2")[-1] == state


def resumed_late(gap_hold: str) -> History:
    """User 3 comes late, to a gateway that is slow to ask the store: a pushed message overtakes what was missed."""
    missed = [Action(SECOND + n * MS, "send", 2, 5, f"missed-{n}", 1 + n, 20) for n in range(3)]
    comes, live = Action(3 * SECOND, "connect", 3), Action(3 * SECOND + 10 * MS, "send", 2, 5, "live", 4, 20)
    slow = replace(BOX.cpu["gateway.query"], value=0.03, high=None)
    profile = replace(exact(), cpu={**BOX.cpu, "gateway.query": slow})
    trace = people(*CONNECTED[:2], *missed, comes, live, users=USERS)
    return simulate(scenario(gap_hold=gap_hold), trace, profile)


def at_user_3(history: History, kind: str) -> list[str]:
    rows = history.of_kind(kind)
    return rows[rows["device"] == "u3"]["uuid"].tolist()


def test_a_message_is_held_until_the_gap_before_it_is_filled() -> None:
    history = resumed_late("2s")
    assert at_user_3(history, "wire.deliver")[0] == "live"
    assert at_user_3(history, "deliver") == ["missed-0", "missed-1", "missed-2", "live"]


def test_it_is_not_given_up_while_what_was_missed_is_on_its_way() -> None:
    history = resumed_late("5ms")
    assert at_user_3(history, "wire.deliver")[0] == "live"
    assert at_user_3(history, "deliver") == ["missed-0", "missed-1", "missed-2", "live"]


def test_hops_add_up_to_the_total() -> None:
    times = hop_times_s(deliveries(simulate(scenario(), burst(20))))
    assert len(times) == 40
    assert times.drop(columns="total").sum(axis=1).tolist() == pytest.approx(times["total"].tolist())
    assert (times >= 0).all().all()
    assert isinstance(times, pd.DataFrame)


def told(history: History, device: str) -> list[tuple[str, str, float]]:
    """Whom the device was told of after it had asked: user, state and second."""
    rows = history.of_kind("presence.change")
    rows = rows[rows["device"] == device]
    return list(zip(rows["user"].astype(str), rows["state"].astype(str), (rows["t_ns"] / SECOND).round(1), strict=True))


@pytest.mark.parametrize(("presence", "count"), [("on-open", 0), ("subscription", 3)])
def test_a_subscriber_is_told_who_goes_who_comes_and_who_falls_silent(presence: str, count: int) -> None:
    acts = [
        *(Action(0, "connect", user) for user in (1, 2)),
        Action(SECOND, "open", 1, 5),
        Action(2 * SECOND, "disconnect", 2),
        Action(3 * SECOND, "connect", 2),
        Action(4 * SECOND, "connect", 3),
    ]
    history = simulate(scenario(presence=presence), people(*acts, users=USERS))
    expected = [("u2", "offline", 2.0), ("u2", "online", 3.0), ("u3", "online", 4.0)]
    assert told(history, "u1") == expected[:count]
    assert told(history, "u2") == told(history, "u3") == []


def test_whoever_falls_silent_is_told_when_the_ttl_is_over_and_a_heartbeat_puts_it_off() -> None:
    acts = [*CONNECTED, Action(SECOND, "open", 1, 5), Action(10 * SECOND, "heartbeat", 2)]
    acts += [Action(t_s * SECOND, "heartbeat", 1) for t_s in (10, 20, 30, 40)]
    design = scenario(presence="subscription", presence_ttl="12s", heartbeat="10s")
    history = simulate(design, people(*acts, users=USERS, duration_s=45))
    assert told(history, "u1") == [("u3", "offline", 12.0), ("u2", "offline", 22.0)]


@pytest.mark.parametrize("end", ["open", "disconnect"])
def test_a_subscription_ends_with_the_next_conversation_and_with_the_session(end: str) -> None:
    joins = [Action(0, "join", user, 6) for user in (1, 3)]
    acts = [*CONNECTED, Action(SECOND, "open", 1, 5), Action(2 * SECOND, end, 1, 6 if end == "open" else -1)]
    acts += [Action(3 * SECOND, "disconnect", user) for user in (2, 3)]
    history = simulate(scenario(presence="subscription"), people(*joins, *acts, users=USERS))
    # At the end everybody comes back once.
    expected = [("u3", "offline"), ("u3", "online")] if end == "open" else []
    assert [row[:2] for row in told(history, "u1")] == expected


def test_receipts_wait_for_company_on_their_way_to_the_log_and_messages_do_not() -> None:
    history = simulate(scenario(), burst(1), exact())
    sent, seen = history.of_kind("receipt.send")["t_ns"].min(), history.of_kind("receipt.seen")["t_ns"].min()
    assert 0.050 < (seen - sent) / 1e9 < 0.055
    assert mean_hop_s(history, "log") < 0.005
