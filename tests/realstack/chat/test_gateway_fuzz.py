"""Whatever is said to a gateway, it answers what it cannot read, and nothing of it stays behind.

Random bytes, damaged frames and well-formed nonsense, by thousands a session, over many sessions.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
from collections import Counter
from collections.abc import Iterator

import msgspec
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection

from realstack.chat import frames
from realstack.chat.frames import Error, ReceiptItem, Sent, decode_to_device, decode_to_gateway, encode
from realstack.chat.policy import BURST_FRAMES
from tests.realstack.chat.house import ANNA, BERT, House, in_a_house
from tests.realstack.chat.test_frames import json_values

A_SESSION = 4_000
MOST_GROWTH_BYTES = 24 << 20
SAID = (
    frames.Send(5, "m1", 1, "hello"),
    frames.Receipt(5, "read", [ReceiptItem("m1", BERT, 1)]),
    frames.Resume({5: 3}),
    frames.Open(5),
    frames.Heartbeat(),
    frames.Hello(ANNA, 1, "token"),
)
UNREADABLE = {"bad-frame", "too-large"}


def nonsense(rng: random.Random) -> bytes | str:
    """Random bytes, a frame that is too large, or a valid frame with some of its bytes changed, cut off or doubled."""
    draw = rng.random()
    if draw < 0.3:
        return rng.randbytes(rng.randrange(200))
    if draw < 0.301:
        return rng.randbytes(frames.MAX_FRAME_BYTES + rng.randrange(1, 1_000))
    data = bytearray(encode(rng.choice(SAID)))
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(data))
        match rng.randrange(3):
            case 0:
                data[place] = rng.randrange(256)
            case 1:
                del data[place : place + rng.randrange(1, 9)]
            case _:
                data[place:place] = data[: rng.randrange(9)]
        data = data or bytearray(b"{")
    return data.decode(errors="replace") if rng.random() < 0.5 else bytes(data)


def is_unreadable(said: bytes | str) -> bool:
    data = said.encode() if isinstance(said, str) else said
    if len(data) > frames.MAX_FRAME_BYTES:
        return True
    try:
        decode_to_gateway(data)
    except msgspec.DecodeError:
        return True
    return False


async def errors_for(socket: ClientConnection, said: Iterator[bytes | str]) -> tuple[int, Counter[str]]:
    """Say everything; how much of it was unreadable, and which errors came back."""
    codes: Counter[str] = Counter()

    async def listen() -> None:
        async for data in socket:
            match decode_to_device(data):
                case Error(code=code):
                    codes[code] += 1
                case Sent(uuid="the last"):
                    return

    listening = asyncio.create_task(listen())
    unreadable = 0
    for one in said:
        unreadable += is_unreadable(one)
        await socket.send(one)
    await socket.send(encode(frames.Send(5, "the last", 1, "hello")))
    await listening
    return unreadable, codes


def forget(house: House) -> None:
    """The stand-ins note everything, which is no leak of the gateway."""
    house.producer.sent.clear()
    house.producer.appended.clear()
    house.registry.heartbeats.clear()
    house.store.asked.clear()


async def left_over(house: House) -> tuple[int, int, int, int]:
    """Tasks, sockets, sessions and registrations once everybody has gone."""
    while house.registry.homes or house.gateway._sessions:
        await asyncio.sleep(0.005)
    gc.collect()
    tasks = len(asyncio.all_tasks())
    return tasks, len(house.server.connections), len(house.gateway._sessions), len(house.gateway._tasks)


@pytest.mark.parametrize("count", [20_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_every_unreadable_frame_of_thousands_gets_an_error_and_none_leaves_anything_behind(
    count: int, caplog: pytest.LogCaptureFixture
) -> None:
    rng = random.Random(count)

    async def scene(house: House) -> None:
        before, fds = await left_over(house), psutil.Process().num_fds()
        resident_bytes: list[int] = []
        for epoch in range(1, count // A_SESSION + 1):
            socket = await house.visit(epoch=epoch)
            unreadable, codes = await errors_for(socket, (nonsense(rng) for _ in range(A_SESSION)))
            assert unreadable > A_SESSION / 2
            assert sum(codes[code] for code in UNREADABLE) == unreadable
            assert set(codes) <= {*UNREADABLE, "not-a-member", "no-hello"}
            await socket.close()
            forget(house)
            assert await left_over(house) == before
            resident_bytes.append(psutil.Process().memory_info().rss)
        assert psutil.Process().num_fds() == fds
        assert resident_bytes[-1] - resident_bytes[0] < MOST_GROWTH_BYTES

    assert BURST_FRAMES > A_SESSION, "who says nonsense is not too fast besides"
    with caplog.at_level(logging.WARNING):
        in_a_house(scene, limit_s=120.0)
    assert caplog.records == []


readable = st.one_of(
    st.builds(frames.Send, st.just(5), st.text(min_size=1, max_size=64), st.integers(0, 9), st.text()),
    st.builds(frames.Resume, st.dictionaries(st.integers(0, 9), st.integers(0, 9)), st.booleans()),
    st.sampled_from(SAID),
).map(encode)
said = st.one_of(st.binary(), st.text(), json_values.map(msgspec.json.encode), readable)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(said, min_size=1, max_size=60))
def test_no_sequence_of_frames_ends_a_session(sequence: list[bytes | str]) -> None:
    async def scene(house: House) -> None:
        socket = await house.visit()
        unreadable, codes = await errors_for(socket, iter(sequence))
        assert sum(codes[code] for code in UNREADABLE) == unreadable
        await socket.close()
        await left_over(house)

    in_a_house(scene)
