"""The chat backend on real Kafka, Cassandra and Redis, by traces small enough to know every event."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest
from websockets.asyncio.client import connect

from realstack.chat.frames import MAX_FRAME_BYTES
from realstack.chat.tokens import KEY_VARIABLE, Tokens, new_key
from realstack.drive import drive
from realstack.endpoints import endpoints
from realstack.servers import Servers
from realstack.stack import ChatStack
from reports.checks import check_history
from sim.faults import Fault
from sim.history import History
from sim.scenario import Scenario
from sim.scenario_file import load_scenario
from sim.trace import Action, Trace
from sim.verdict import Outcome
from sim.workload import make_trace

pytestmark = pytest.mark.real

ANNA, BERT, CARL = 1, 2, 3
S = 1_000_000_000


def scenario(**settings: object) -> Scenario:
    return load_scenario("ci-ordering", [f"{key.replace('__', '.')}={value}" for key, value in settings.items()])


def with_faults(of: Scenario, *faults: dict[str, object]) -> Scenario:
    return of.model_copy(update={"faults": tuple(Fault.model_validate(fault) for fault in faults)})


def say(t_s: float, user: int, cseq: int, conv: int = 5, text_bytes: int = 20) -> Action:
    uuid = f"00000000-0000-4000-8000-{user:04d}{conv:04d}{cseq:04d}"
    return Action(round(t_s * S), "send", user, conv, uuid, cseq, text_bytes)


def at(t_s: float, action: str, user: int, conv: int = -1) -> Action:
    return Action(round(t_s * S), action, user, conv)


def members(conv: int, *users: int) -> list[Action]:
    return [Action(0, "join", user, conv) for user in users]


def history_of(servers: Servers, folder: Path, actions: Iterable[Action], of: Scenario | None = None) -> History:
    trace = Trace.of(actions, seed=0, duration_s=4.0)
    return drive(servers, of or scenario(), trace, folder)


def kinds(history: History, *kinds: str) -> list[tuple[str, ...]]:
    rows = history.of_kind(*kinds)
    return [(str(r.kind), str(r.device)) for r in rows.itertuples()]


def outcomes(history: History) -> dict[str, Outcome]:
    """Every verdict but lateness, which is for benchmarks to judge."""
    return {v.check: v.outcome for v in check_history(history) if v.check != "slo_miss"}


def assert_nothing_wrong(history: History) -> None:
    wrong = [
        (v.check, v.summary) for v in check_history(history) if v.outcome is Outcome.FAIL and v.check != "slo_miss"
    ]
    assert wrong == []
    assert outcomes(history)["lost"] is Outcome.PASS


def test_a_message_goes_its_whole_way_and_its_receipts_come_back(servers: Servers, tmp_path: Path) -> None:
    history = history_of(
        servers,
        tmp_path,
        [
            *members(5, ANNA, BERT),
            at(0.1, "connect", ANNA),
            at(0.1, "connect", BERT),
            say(1.0, ANNA, 1),
            at(2.0, "read", BERT, 5),
            at(2.2, "open", ANNA, 5),
            at(2.4, "heartbeat", BERT),
        ],
    )
    delivered = history.of_kind("deliver").iloc[0]
    assert (delivered.device, delivered.conv, delivered.via, delivered.seq) == ("u2", "c5", "push", 1)
    stamps = history.of_kind("deliver")[
        ["accepted_ns", "polled_ns", "started_ns", "stored_ns", "routed_ns", "pushed_ns", "t_ns"]
    ].iloc[0]
    assert stamps.is_monotonic_increasing
    assert kinds(history, "receipt.seen") == [("receipt.seen", "u1"), ("receipt.seen", "u1")]
    assert history.of_kind("receipt.seen")["state"].tolist() == ["delivered", "read"]
    assert history.of_kind("presence.read")[["reader", "state"]].values.tolist() == [["u1", "online"], ["u2", "online"]]
    assert len(history.of_kind("heartbeat.stored")) == 1
    row, sent, logged = (history.of_kind(kind).iloc[0] for kind in ("store.row", "send.invoke", "log.append"))
    assert row.hash == sent.hash == delivered.hash
    assert logged.message_id == row.message_id == delivered.message_id
    assert_nothing_wrong(history)


def test_a_sender_who_was_away_learns_on_return_who_has_got_and_read_their_messages(
    servers: Servers, tmp_path: Path
) -> None:
    history = history_of(
        servers,
        tmp_path,
        [
            *members(5, ANNA, BERT),
            at(0.1, "connect", ANNA),
            say(0.5, ANNA, 1),
            say(0.6, ANNA, 2),
            at(1.0, "disconnect", ANNA),
            at(1.2, "connect", BERT),
            at(2.0, "read", BERT, 5),
            at(3.0, "connect", ANNA),
        ],
    )
    learnt = history.of_kind("receipt.seen")
    assert learnt["device"].unique().tolist() == ["u1"]
    assert learnt["state"].tolist() == ["delivered", "delivered", "read", "read"]
    assert_nothing_wrong(history)
    assert outcomes(history)["receipt_lost"] is Outcome.PASS


def test_who_is_away_is_notified_and_finds_everything_in_order_on_return(servers: Servers, tmp_path: Path) -> None:
    sends = [say(0.5 + 0.01 * n, ANNA, n) for n in range(1, 121)]
    history = history_of(
        servers, tmp_path, [*members(5, ANNA, BERT), at(0.1, "connect", ANNA), *sends, at(3.0, "connect", BERT)]
    )
    shown = history.of_kind("deliver")
    assert shown["via"].unique().tolist() == ["resume"]
    assert shown["cseq"].tolist() == list(range(1, 121))
    assert set(history.of_kind("push")["user"]) == {"u2"}
    assert len(history.of_kind("push")) == 120
    assert_nothing_wrong(history)


def test_every_member_of_a_group_sees_one_order(servers: Servers, tmp_path: Path) -> None:
    users = range(1, 9)
    sends = [say(1.0 + 0.004 * n, 1 + n % 8, 1 + n // 8) for n in range(240)]
    history = history_of(
        servers, tmp_path, [*members(5, *users), *(at(0.1, "connect", user) for user in users), *sends]
    )
    orders = [tuple(rows["uuid"]) for _, rows in history.of_kind("deliver").groupby("device", observed=True)]
    everything = history.of_kind("store.row").sort_values("seq")["uuid"].tolist()
    own = {user: {f"00000000-0000-4000-8000-{user:04d}0005{n:04d}" for n in range(1, 31)} for user in users}
    assert len(orders) == 8
    for order in orders:
        missing = set(everything) - set(order)
        assert missing in own.values()
        assert list(order) == [uuid for uuid in everything if uuid not in missing]
    assert_nothing_wrong(history)


def test_a_worker_that_is_killed_costs_nothing_but_time(servers: Servers, tmp_path: Path) -> None:
    busy = scenario(run__duration="8s", run__warm_up="2s", scale__messages="1:30_000")
    trace = make_trace(busy)
    history = drive(servers, with_faults(busy, {"at": 3, "kind": "kill", "target": "worker-1"}), trace, tmp_path)
    assert history.of_kind("fault.start")["target"].tolist() == ["worker-1"]
    assert len(history.of_kind("store.row")) == trace.message_count
    assert_nothing_wrong(history)


def test_devices_of_a_gateway_that_is_killed_go_on_elsewhere(servers: Servers, tmp_path: Path) -> None:
    busy = scenario(run__duration="8s", run__warm_up="2s", scale__messages="1:30_000", people__crash_share="0%")
    trace = make_trace(busy)
    history = drive(servers, with_faults(busy, {"at": 3, "kind": "kill", "target": "gateway-2"}), trace, tmp_path)
    closes = history.of_kind("conn.close")
    killed_ns = int(history.of_kind("fault.start")["t_ns"].iloc[0])
    assert len(closes[(closes["gateway"] == "gateway-2") & (closes["cause"] == "lost")]) > 0
    opens = history.of_kind("conn.open")
    assert set(opens[opens["t_ns"] > killed_ns + S // 10]["gateway"]) == {"gateway-1"}
    assert len(history.of_kind("send.ok")) == trace.message_count
    assert_nothing_wrong(history)


def test_the_document_taken_literally_still_delivers_a_quiet_conversation(servers: Servers, tmp_path: Path) -> None:
    seed = scenario(design__preset="seed")
    history = history_of(
        servers,
        tmp_path,
        [
            *members(5, ANNA, BERT),
            at(0.1, "connect", ANNA),
            at(0.1, "connect", BERT),
            *(say(1 + 0.2 * n, ANNA, n) for n in range(1, 6)),
        ],
        of=seed,
    )
    shown = history.of_kind("deliver")
    assert shown["cseq"].tolist() == [1, 2, 3, 4, 5]
    assert shown["seq"].isna().all()
    assert_nothing_wrong(history)


def test_a_gateway_answers_every_unreadable_frame_and_lives_on(servers: Servers, tmp_path: Path) -> None:
    trace = Trace.of(members(5, ANNA, BERT), seed=0, duration_s=1.0)
    with ChatStack(servers, scenario(), trace, tmp_path) as stack:
        asyncio.run(_abuse(stack.gateways[0], Tokens(stack.secrets[KEY_VARIABLE])))
        stack.check()


async def _abuse(url: str, tokens: Tokens) -> None:
    random_bytes = random.Random(4)
    async with connect(url, compression=None) as socket:
        await socket.send(json.dumps({"t": "hello", "user": ANNA, "epoch": 1, "token": tokens.sign(ANNA)}))
        assert json.loads(await socket.recv())["t"] == "welcome"
        for frame, code in (
            ("not json", "bad-frame"),
            ('{"t": "send", "conv": "five"}', "bad-frame"),
            ('{"t": "welcome"}', "bad-frame"),
            (b"\xff\xfe\x00", "bad-frame"),
            (random_bytes.randbytes(300), "bad-frame"),
            ("x" * (MAX_FRAME_BYTES + 1), "too-large"),
            ('{"t": "hello", "user": 1, "epoch": 2, "token": ""}', "no-hello"),
            ('{"t": "open", "conv": 6}', "not-a-member"),
            ('{"t": "send", "conv": 6, "uuid": "a", "cseq": 1, "text": "x"}', "not-a-member"),
            ('{"t": "resume", "cursors": {"6": 0}}', "not-a-member"),
        ):
            await socket.send(frame)
            answer = json.loads(await socket.recv())
            assert (answer["t"], answer["code"]) == ("error", code), frame
        await socket.send('{"t": "send", "conv": 5, "uuid": "still-alive", "cseq": 1, "text": "x"}')
        assert json.loads(await socket.recv())["t"] == "sent"


def test_only_who_has_a_token_of_the_run_gets_in_and_no_file_of_the_run_tells_the_key(
    servers: Servers, tmp_path: Path
) -> None:
    trace = Trace.of(members(5, ANNA, BERT), seed=0, duration_s=1.0)
    with ChatStack(servers, scenario(), trace, tmp_path) as stack:
        key = stack.secrets[KEY_VARIABLE]
        own, foreign = Tokens(key), Tokens(new_key())
        url = stack.gateways[0]
        answers = [
            asyncio.run(_first_answer(url, ANNA, token))
            for token in (own.sign(ANNA), foreign.sign(ANNA), own.sign(ANNA, life_s=-1.0), own.sign(BERT))
        ]
        stack.check()
    assert answers == [("welcome", None), *[("bad-token", 1008)] * 3]
    told = [path for path in tmp_path.rglob("*") if path.is_file() and key in path.read_text(errors="replace")]
    assert told == []


async def _first_answer(url: str, user: int, token: str) -> tuple[str, int | None]:
    async with connect(url, compression=None) as socket:
        await socket.send(json.dumps({"t": "hello", "user": user, "epoch": 1, "token": token}))
        answer = json.loads(await socket.recv())
        if answer["t"] != "error":
            return answer["t"], None
        await socket.wait_closed()
        return answer["code"], socket.close_code


def test_nothing_of_a_run_is_left_in_the_servers(servers: Servers, tmp_path: Path) -> None:
    from cassandra.cluster import Cluster
    from cassandra.connection import DefaultEndPoint
    from redis import Redis

    history_of(servers, tmp_path, [*members(5, ANNA, BERT), at(0.1, "connect", ANNA), say(0.5, ANNA, 1)])
    where = servers.addresses
    with Redis(*endpoints(where.redis)[0], decode_responses=True) as redis:
        assert list(redis.scan_iter("chatscale-*")) == []
    cluster = Cluster([DefaultEndPoint(*endpoints(where.cassandra)[0])], protocol_version=5)
    try:
        keyspaces = pd.DataFrame(cluster.connect().execute("SELECT keyspace_name FROM system_schema.keyspaces"))
    finally:
        cluster.shutdown()
    assert not keyspaces["keyspace_name"].str.startswith("chatscale").any()
