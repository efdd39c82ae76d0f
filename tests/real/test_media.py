"""Media on real servers: uploaded over HTTP, referred to by a message, fetched by who gets it, gone with the run."""

from __future__ import annotations

import asyncio
import hashlib
import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from cassandra.cluster import Session
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import ClientConnection, connect

from realstack.chat import frames
from realstack.chat.frames import decode_to_device, encode
from realstack.chat.media import headers_of
from realstack.chat.media_ref import SEALED_TYPE, MediaRef
from realstack.chat.store import Row, scan_messages
from realstack.chat.tokens import KEY_VARIABLE, Tokens
from realstack.drive import drive
from realstack.servers import Servers
from realstack.stack import ChatStack
from reports.checks import check_history
from sim.history import History
from sim.scenario import Scenario
from sim.scenario_file import load_scenario
from sim.trace import Action, Trace
from sim.verdict import Outcome
from sim.workload import make_trace
from sim.workload.media import media_of
from tests.realstack.chat.s3 import BUCKET, SECRET, S3Server, s3_server

pytestmark = pytest.mark.real

ANNA, BERT, EVE = 1, 2, 66
VIDEO = random.Random(3).randbytes(7 << 20)
REF = MediaRef(hashlib.sha256(VIDEO).hexdigest(), "video/mp4", len(VIDEO))


async def arrived(socket: ClientConnection, kind: type[frames.Frame]) -> frames.Frame:
    while not isinstance(frame := decode_to_device(await socket.recv()), kind):
        pass
    return frame


async def session(stack: ChatStack, url: str, user: int) -> ClientConnection:
    socket = await connect(url, compression=None, max_size=None)
    await socket.send(encode(frames.Hello(user, 1, tokens_of(stack).sign(user))))
    await arrived(socket, frames.Welcome)
    return socket


def tokens_of(stack: ChatStack) -> Tokens:
    return Tokens(stack.secrets[KEY_VARIABLE])


class Client:
    """Puts and gets for any user."""

    def __init__(self, stack: ChatStack, http: ClientSession) -> None:
        self._tokens = tokens_of(stack)
        self._http = http

    async def put(self, user: int, conv: int, data: bytes) -> int:
        headers = {"Content-Type": REF.type, **headers_of(user, self._tokens.sign(user))}
        body = io.BytesIO(data)
        async with self._http.put(f"/conversations/{conv}/media/{REF.digest}", data=body, headers=headers) as answer:
            status: int = answer.status
            return status

    async def get(self, user: int, conv: int) -> tuple[int, bytes]:
        headers = headers_of(user, self._tokens.sign(user))
        async with self._http.get(f"/conversations/{conv}/media/{REF.digest}", headers=headers) as answer:
            return answer.status, await answer.read()


async def send(socket: ClientConnection, uuid: str, media: MediaRef) -> frames.Frame:
    await socket.send(encode(frames.Send(5, uuid, 1, "look", media)))
    return await arrived(socket, frames.Refused | frames.Sent)  # type: ignore[arg-type]


async def scene(stack: ChatStack) -> None:
    async with (
        ClientSession(stack.media) as http,
        await session(stack, stack.gateways[0], ANNA) as anna,
        await session(stack, stack.gateways[1], BERT) as bert,
    ):
        client = Client(stack, http)
        assert await client.put(ANNA, 5, VIDEO[1:] + b"?") == 422
        assert isinstance(await send(anna, "too-early", REF), frames.Refused)
        assert await client.put(ANNA, 5, VIDEO) == 201
        assert isinstance(await send(anna, "a-message", REF), frames.Sent)

        pushed = await arrived(bert, frames.Message)
        await bert.send(encode(frames.Resume({})))
        resumed = await arrived(bert, frames.Message)
        assert [(m.uuid, m.via, m.media) for m in (pushed, resumed) if isinstance(m, frames.Message)] == [
            ("a-message", "push", REF),
            ("a-message", "resume", REF),
        ]
        assert await client.get(BERT, 5) == (200, VIDEO)
        assert (await client.get(EVE, 5))[0] == 403
        assert (await client.get(ANNA, 6))[0] == 404

        assert await client.put(ANNA, 6, VIDEO) == 200
        assert (await client.get(EVE, 6))[0] == 200
        async with http.get("/counts") as answer:
            assert await answer.json() == {
                "uploads": 2,
                "uploaded_bytes": 2 * len(VIDEO),
                "stored": 1,
                "stored_bytes": len(VIDEO),
            }


def test_a_video_goes_to_the_store_and_to_who_gets_the_message(servers: Servers, tmp_path: Path) -> None:
    joins = [Action(0, "join", user, conv) for conv, user in ((5, ANNA), (5, BERT), (6, ANNA), (6, EVE))]
    trace = Trace.of(joins, seed=0, duration_s=1.0)
    folder = tmp_path / "a run"
    with ChatStack(servers, load_scenario("ci-ordering", ["design.media=store"]), trace, folder) as stack:
        asyncio.run(asyncio.wait_for(scene(stack), 60))
        assert [path.name for path in (folder / "media").rglob("*") if path.is_file()] == [REF.digest]
        stack.check()
    assert [path for path in folder.rglob("*") if path.name == REF.digest] == []


LIVELY = ["run.duration=6s", "run.warm_up=1s", "scale.messages=1:60_000", "people.crash_share=0%"]
MEDIA = ["traffic.media_share=40%", "traffic.media_forward_share=50%", "scale.media=1:1_000", "design.media=store"]


def assert_nothing_wrong(history: History) -> None:
    verdicts = {verdict.check: verdict.outcome for verdict in check_history(history)}
    assert {check for check, outcome in verdicts.items() if outcome is Outcome.FAIL} <= {"slo_miss"}
    assert verdicts["content_mismatch"] is Outcome.PASS


def counts(history: History) -> dict[str, float]:
    samples = history.of_kind("sample")
    return dict(zip(samples["state"].astype(str), samples["value"].tolist(), strict=True))


@pytest.fixture
def media_in_s3(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """An S3 server that a run is told of, with its key."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("CHATSCALE_MEDIA_URL", f"s3://{BUCKET}/runs")
        yield server


def test_the_media_of_a_trace_are_uploaded_once_each_and_fetched_by_who_gets_them(
    servers: Servers, tmp_path: Path
) -> None:
    scenario = load_scenario("ci-ordering", [*LIVELY, *MEDIA])
    trace = make_trace(scenario)
    history = drive(servers, scenario, trace, tmp_path)
    assert_all_media_went_their_way(history, trace, scenario, tmp_path)


def test_a_run_leaves_neither_media_in_an_s3_server_nor_its_secret_in_the_folder(
    servers: Servers, media_in_s3: S3Server, tmp_path: Path
) -> None:
    scenario = load_scenario("ci-ordering", [*LIVELY, *MEDIA])
    trace = make_trace(scenario)
    history = drive(servers, scenario, trace, tmp_path)
    assert_all_media_went_their_way(history, trace, scenario, tmp_path)
    assert [path for path in media_in_s3.bucket.rglob("*") if path.is_file()] == []
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert not any(SECRET.encode() in content for content in written)


def assert_all_media_went_their_way(history: History, trace: Trace, scenario: Scenario, folder: Path) -> None:
    expected = media_of(trace, scenario.traffic)
    put, got = history.of_kind("media.put"), history.of_kind("media.get")
    assert set(put["uuid"]) == set(expected)
    assert got["cause"].isna().all()
    shown = history.of_kind("deliver")
    assert sorted(got["uuid"]) == sorted(shown[shown["uuid"].isin(set(expected))]["uuid"])

    counted = counts(history)
    assert counted["uploads"] == len(expected)
    assert counted["stored"] == len({medium.content for medium in expected.values()}) < len(expected)
    assert counted["stored_bytes"] < counted["uploaded_bytes"] == put["size_bytes"].sum()
    scraped = text_string_to_metric_families((folder / "metrics" / "media-1.prom").read_text())
    samples = next(family.samples for family in scraped if family.name == "chatscale_media_bytes")
    bytes_of = {one.labels["direction"]: one.value for one in samples if one.name == "chatscale_media_bytes_total"}
    assert bytes_of["uploaded"] == counted["uploaded_bytes"]
    assert bytes_of["stored"] == counted["stored_bytes"]
    assert bytes_of["downloaded"] == got["size_bytes"].sum()
    assert_nothing_wrong(history)


def test_end_to_end_the_ends_read_what_was_written_and_the_servers_nothing(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[Row] = []

    def scan(session: Session, keyspace: str) -> list[Row]:
        stored.extend(scan_messages(session, keyspace))
        return stored

    monkeypatch.setattr("realstack.witness.scan_messages", scan)
    scenario = load_scenario("ci-ordering", [*LIVELY, *MEDIA, "design.encryption=e2e"])
    trace = make_trace(scenario)
    history = drive(servers, scenario, trace, tmp_path)

    assert len(stored) == trace.message_count
    assert not [row for row in stored if row.uuid[:8] in row.content]
    assert {row.media[1] for row in stored if row.media} == {SEALED_TYPE}
    assert history.of_kind("media.get")["cause"].isna().all()
    counted = counts(history)
    assert counted["stored"] == counted["uploads"] == len(media_of(trace, scenario.traffic))
    assert_nothing_wrong(history)
