"""The devices' way to a media service, here a real one in the same process."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from realstack.chat.media import MediaService
from realstack.chat.media_ref import MediaRef
from realstack.chat.message_service import Membership
from realstack.chat.metrics import MediaMetrics
from realstack.chat.tokens import Tokens, new_key
from realstack.chat.vault import Vault, open_store
from realstack.driver.media_link import HttpMediaLink
from realstack.driver.outbox import MediaRefusedError
from realstack.driver.packing import Attachment
from tests.realstack.chat.fakes import MemoryShelf, MemoryStore
from tests.realstack.driver.fake_gateway import act

ANNA, BERT, EVE = 1, 2, 66
DATA = Attachment(7, "image/jpeg", 200_000).data()
PHOTO = MediaRef(hashlib.sha256(DATA).hexdigest(), "image/jpeg", len(DATA))


@asynccontextmanager
async def link(url: str = "memory:///") -> AsyncIterator[tuple[HttpMediaLink, Vault, MemoryShelf]]:
    """A link to a service with conversation 5 of Anna and Bert."""
    tokens = Tokens(new_key())
    vault, shelf = Vault(open_store(url), "test"), MemoryShelf()
    service = MediaService(Membership(MemoryStore({5: (ANNA, BERT)})), shelf, vault, tokens, MediaMetrics())
    async with (
        TestServer(service.application()) as server,
        HttpMediaLink(str(server.make_url("/")), tokens.sign) as made,
    ):
        yield made, vault, shelf


def test_what_is_put_can_be_got() -> None:
    async def scene() -> None:
        async with link() as (media, vault, _):
            await media.put(ANNA, 5, PHOTO, DATA)
            assert await media.get(BERT, 5, PHOTO) == DATA
            assert vault.counts.stored_bytes == 200_000

    act(scene)


def test_a_put_goes_on_until_the_service_has_it() -> None:
    async def scene() -> None:
        async with link() as (media, _, shelf):
            shelf.failures = 2
            await media.put(ANNA, 5, PHOTO, DATA)
            assert shelf.held == {(5, PHOTO.digest): PHOTO}

    act(scene)


@pytest.mark.parametrize(
    ("user", "ref", "code"),
    [
        (EVE, PHOTO, "not-a-member"),
        (ANNA, MediaRef("0" * 64, "image/jpeg", 200_000), "wrong-digest"),
        (ANNA, MediaRef(PHOTO.digest, "text/html", 200_000), "unknown-type"),
    ],
)
def test_a_put_that_is_refused_for_good_is_not_tried_again(user: int, ref: MediaRef, code: str) -> None:
    async def scene() -> None:
        async with link() as (media, vault, _):
            with pytest.raises(MediaRefusedError, match=f"^{code}: "):
                await media.put(user, 5, ref, DATA)
            assert vault.counts.uploads == 0

    act(scene)


def test_a_get_that_brings_nothing_says_so() -> None:
    async def scene() -> None:
        async with link() as (media, _, _):
            with pytest.raises(MediaRefusedError, match=r"^not-found: "):
                await media.get(BERT, 5, PHOTO)

    act(scene)


def test_a_get_that_brings_other_bytes_says_so(tmp_path: Path) -> None:
    async def scene() -> None:
        async with link(tmp_path.as_uri()) as (media, _, _):
            await media.put(ANNA, 5, PHOTO, DATA)
            [kept] = [path for path in tmp_path.rglob("*") if path.is_file()]
            kept.write_bytes(bytes(len(DATA)))
            with pytest.raises(MediaRefusedError, match=f"instead of {PHOTO.digest}$"):
                await media.get(BERT, 5, PHOTO)

    act(scene)


def test_a_get_has_some_patience_and_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with link(tmp_path.as_uri()) as (media, _, _):
            await media.put(ANNA, 5, PHOTO, DATA)
            [kept] = [path for path in tmp_path.rglob("*") if path.is_file()]
            kept.unlink()
            with pytest.raises(MediaRefusedError, match=r"^no answer: .*503"):
                await media.get(BERT, 5, PHOTO)

    monkeypatch.setattr("realstack.driver.media_link._GET_WITHIN_S", 0.3)
    act(scene)
