"""Media on real servers: uploaded over HTTP, referred to by a message, fetched by who gets it, gone with the run."""

from __future__ import annotations

import asyncio
import hashlib
import io
import random
from pathlib import Path

import pytest
from aiohttp import ClientSession
from websockets.asyncio.client import ClientConnection, connect

from realstack.chat import frames
from realstack.chat.frames import decode_to_device, encode
from realstack.chat.media import headers_of
from realstack.chat.media_ref import MediaRef
from realstack.chat.tokens import KEY_VARIABLE, Tokens
from realstack.servers import Servers
from realstack.stack import ChatStack
from sim.scenario_file import load_scenario
from sim.trace import Action, Trace

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
