"""The media service over HTTP: members put and get, everybody else gets an error, and what is wrong is not kept."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from realstack.chat.media import USER_HEADER, MediaService, headers_of
from realstack.chat.media_ref import MediaRef
from realstack.chat.message_service import Membership
from realstack.chat.metrics import MediaMetrics
from realstack.chat.tokens import Tokens, new_key
from realstack.chat.vault import Vault, open_store
from tests.realstack.chat.fakes import MemoryShelf, MemoryStore

ANNA, BERT, EVE = 1, 2, 66
PHOTO = b"\xff\xd8 not much of a photo"
DIGEST = hashlib.sha256(PHOTO).hexdigest()
TOKENS = Tokens(new_key())


def said_by(user: int) -> dict[str, str]:
    return headers_of(user, TOKENS.sign(user))


class House:
    """A media service with conversation 5 of Anna and Bert, and 6 of Anna and Eve."""

    def __init__(self, shelf: MemoryShelf | None = None) -> None:
        self.shelf = shelf or MemoryShelf()
        self.vault = Vault(open_store("memory:///"), "test")
        membership = Membership(MemoryStore({5: (ANNA, BERT), 6: (ANNA, EVE)}))
        self.metrics = MediaMetrics()
        self.service = MediaService(membership, self.shelf, self.vault, TOKENS, self.metrics)
        self.client: TestClient[Any, Any]

    async def put(
        self, user: int, data: bytes = PHOTO, *, conv: int = 5, digest: str = DIGEST, of_type: str = "image/jpeg"
    ) -> ClientResponse:
        return await self.client.put(
            f"/conversations/{conv}/media/{digest}",
            data=io.BytesIO(data),
            headers={"Content-Type": of_type, **said_by(user)},
        )

    async def get(self, user: int, *, conv: int = 5, digest: str = DIGEST) -> ClientResponse:
        return await self.client.get(f"/conversations/{conv}/media/{digest}", headers=said_by(user))


def in_a_house(scene: Callable[[House], Awaitable[None]], shelf: MemoryShelf | None = None) -> House:
    async def main() -> None:
        async with TestClient(TestServer(house.service.application())) as house.client:
            await scene(house)

    house = House(shelf)
    asyncio.run(asyncio.wait_for(main(), 30))
    return house


async def refusal(answer: ClientResponse) -> tuple[int, str]:
    said = await answer.json()
    assert said["detail"]
    return answer.status, said["code"]


def test_a_member_gets_what_another_put() -> None:
    async def scene(house: House) -> None:
        assert (await house.put(ANNA)).status == 201
        answer = await house.get(BERT)
        assert (answer.status, await answer.read(), answer.content_type) == (200, PHOTO, "image/jpeg")
        assert "immutable" in answer.headers["Cache-Control"]
        assert house.shelf.held == {(5, DIGEST): MediaRef(DIGEST, "image/jpeg", len(PHOTO))}

    in_a_house(scene)


def test_a_forward_into_another_conversation_is_put_there_and_stored_once() -> None:
    async def scene(house: House) -> None:
        assert [(await house.put(ANNA, conv=conv)).status for conv in (5, 6)] == [201, 200]
        assert await (await house.get(EVE, conv=6)).read() == PHOTO
        counted = await (await house.client.get("/counts")).json()
        assert counted == {
            "uploads": 2,
            "uploaded_bytes": 2 * len(PHOTO),
            "stored": 1,
            "stored_bytes": len(PHOTO),
        }

    in_a_house(scene)


def test_who_is_no_member_neither_puts_nor_gets() -> None:
    async def scene(house: House) -> None:
        assert await refusal(await house.put(EVE)) == (403, "not-a-member")
        assert house.vault.counts.uploads == 0
        await house.put(ANNA)
        assert await refusal(await house.get(EVE)) == (403, "not-a-member")

    in_a_house(scene)


def test_a_conversation_gives_only_what_was_put_into_it() -> None:
    """Eve is in a conversation with Anna and has heard of the digest of what Anna sent to Bert."""

    async def scene(house: House) -> None:
        await house.put(ANNA, conv=5)
        assert await refusal(await house.get(EVE, conv=6)) == (404, "not-found")

    in_a_house(scene)


@pytest.mark.parametrize(
    ("put", "expected"),
    [
        ({"digest": "0" * 64}, (422, "wrong-digest")),
        ({"digest": "no-digest"}, (400, "bad-request")),
        ({"digest": DIGEST.upper()}, (400, "bad-request")),
        ({"conv": 2**31}, (400, "bad-request")),
        ({"of_type": "application/x-msdownload"}, (415, "unknown-type")),
        ({"data": b"", "digest": hashlib.sha256().hexdigest()}, (400, "bad-request")),
        ({"data": bytes((5 << 20) + 1)}, (413, "too-large")),
    ],
    ids=["other bytes", "no digest", "not the one spelling", "no conversation", "unknown type", "empty", "too large"],
)
def test_an_upload_that_is_not_fit_gets_its_error_and_nothing_is_kept(
    put: dict[str, Any], expected: tuple[int, str]
) -> None:
    async def scene(house: House) -> None:
        assert await refusal(await house.put(ANNA, **put)) == expected
        assert (house.vault.counts.uploads, house.shelf.held) == (0, {})

    in_a_house(scene)


def test_an_upload_says_how_long_it_is() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield PHOTO

    async def scene(house: House) -> None:
        answer = await house.client.put(
            f"/conversations/5/media/{DIGEST}",
            data=endless(),
            headers={"Content-Type": "image/jpeg", **said_by(ANNA)},
        )
        assert await refusal(answer) == (411, "no-length")

    in_a_house(scene)


NOBODY = {
    "nothing": {},
    "no number": headers_of(ANNA, TOKENS.sign(ANNA)) | {USER_HEADER: "anna"},
    "no token": {USER_HEADER: str(ANNA)},
    "no such token": headers_of(ANNA, "token"),
    "another's token": headers_of(ANNA, TOKENS.sign(BERT)),
    "an old token": headers_of(ANNA, TOKENS.sign(ANNA, life_s=-1.0)),
    "another run's token": headers_of(ANNA, Tokens(new_key()).sign(ANNA)),
}


@pytest.mark.parametrize("headers", NOBODY.values(), ids=NOBODY)
def test_who_does_not_prove_who_they_are_gets_nothing(headers: dict[str, str]) -> None:
    async def scene(house: House) -> None:
        answer = await house.client.get(f"/conversations/5/media/{DIGEST}", headers=headers)
        assert await refusal(answer) == (401, "unauthorized")

    in_a_house(scene)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/counts", 405)])
def test_an_unknown_address_gets_an_error_of_the_same_form(method: str, path: str, status: int) -> None:
    async def scene(house: House) -> None:
        assert await refusal(await house.client.request(method, path)) == (status, "no-such-address")

    in_a_house(scene)


def test_a_server_that_fails_behind_the_service_costs_the_request_only() -> None:
    async def scene(house: House) -> None:
        house.shelf.failures = 1
        assert await refusal(await house.put(ANNA)) == (503, "unavailable")
        assert (await house.put(ANNA)).status == 200
        assert (await house.get(BERT)).status == 200

    in_a_house(scene)


def test_answers_and_bytes_are_counted() -> None:
    async def scene(house: House) -> None:
        for conv in (5, 6):
            await house.put(ANNA, conv=conv)
        await (await house.get(BERT)).read()
        await house.get(EVE)
        await house.client.options("/anywhere")

    def value(name: str, **labels: str) -> float | None:
        return house.metrics.registry.get_sample_value(f"chatscale_media_{name}", labels)

    house = in_a_house(scene)
    assert value("bytes_total", direction="uploaded") == 2 * len(PHOTO)
    assert value("bytes_total", direction="stored") == len(PHOTO)
    assert value("bytes_total", direction="downloaded") == len(PHOTO)
    answers = {("PUT", "201"): 1, ("PUT", "200"): 1, ("GET", "200"): 1, ("GET", "403"): 1, ("other", "404"): 1}
    for (request, status), count in answers.items():
        assert value("answers_total", request=request, status=status) == count
    assert value("answer_seconds_count", request="PUT") == 2
