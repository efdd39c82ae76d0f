"""The bytes of media in an object store: by their content, once, and only when they are the right ones."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from realstack.chat.media_ref import BadMediaRequestError, MediaError, MediaRef, TooSlowError, WrongDigestError
from realstack.chat.vault import Counts, Vault, empty, open_store
from sim.errors import UsageError

PHOTO = random.Random(1).randbytes(150_000)


def ref_to(data: bytes, *, size_bytes: int | None = None, digest: str = "") -> MediaRef:
    return MediaRef(digest or hashlib.sha256(data).hexdigest(), "image/jpeg", size_bytes or len(data))


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 65_536):
        yield data[start : start + 65_536]


async def read(vault: Vault, digest: str) -> bytes:
    return b"".join([bytes(chunk) async for chunk in await vault.open(digest)])


def vault_in(folder: Path, namespace: str = "ours") -> Vault:
    return Vault(open_store(folder.as_uri()), namespace)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("size_bytes", [1, 150_000, 12 << 20], ids=["a byte", "a photo", "three parts"])
def test_what_is_kept_is_read_back_and_its_name_is_its_digest(size_bytes: int, tmp_path: Path) -> None:
    data = random.Random(2).randbytes(size_bytes)

    async def scene() -> None:
        vault = vault_in(tmp_path / "a folder")
        assert await vault.keep(ref_to(data), chunks(data))
        assert await read(vault, ref_to(data).digest) == data
        assert files(tmp_path) == [ref_to(data).digest]

    asyncio.run(scene())


def test_equal_bytes_are_stored_once_and_counted_twice(tmp_path: Path) -> None:
    async def scene() -> None:
        vault = vault_in(tmp_path)
        assert [await vault.keep(ref_to(PHOTO), chunks(PHOTO)) for _ in range(2)] == [True, False]
        assert vault.counts == Counts(uploads=2, uploaded_bytes=300_000, stored=1, stored_bytes=150_000)
        assert len(files(tmp_path)) == 1

    asyncio.run(scene())


def test_of_uploads_at_once_of_equal_bytes_one_is_the_first(tmp_path: Path) -> None:
    async def scene() -> None:
        vault = vault_in(tmp_path)
        news = await asyncio.gather(*(vault.keep(ref_to(PHOTO), chunks(PHOTO)) for _ in range(6)))
        assert sorted(news) == [False] * 5 + [True]
        assert (vault.counts.uploads, vault.counts.stored) == (6, 1)
        assert files(tmp_path) == [ref_to(PHOTO).digest]

    asyncio.run(scene())


def test_who_trickles_loses_their_place_and_what_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        for byte in PHOTO:
            yield bytes([byte])
            await asyncio.sleep(0.01)

    async def scene() -> None:
        vault = vault_in(tmp_path)
        with pytest.raises(TooSlowError, match=r"150,000 bytes did not come within 0\.1 s"):
            await vault.keep(ref_to(PHOTO), trickle())
        assert vault.counts.uploads == 0
        monkeypatch.undo()
        assert await vault.keep(ref_to(PHOTO), chunks(PHOTO))

    monkeypatch.setattr("realstack.chat.vault._UPLOAD_WITHIN_S", 0.1)
    asyncio.run(scene())


@pytest.mark.parametrize("already_there", [False, True])
@pytest.mark.parametrize(
    ("ref", "sent", "error"),
    [
        (ref_to(PHOTO), PHOTO[:-1] + b"?", WrongDigestError),
        (ref_to(PHOTO), PHOTO[:-1], BadMediaRequestError),
        (ref_to(PHOTO), PHOTO + b"?", BadMediaRequestError),
        (ref_to(PHOTO), b"", BadMediaRequestError),
    ],
    ids=["other bytes", "too few", "too many", "none"],
)
def test_what_is_not_what_it_is_said_to_be_is_refused_and_not_kept(
    ref: MediaRef, sent: bytes, error: type[MediaError], already_there: bool, tmp_path: Path
) -> None:
    """Even where the right bytes are there: to have heard of a digest is not to have the bytes."""

    async def scene() -> None:
        vault = vault_in(tmp_path)
        if already_there:
            await vault.keep(ref, chunks(PHOTO))
        before = files(tmp_path)
        with pytest.raises(error):
            await vault.keep(ref, chunks(sent))
        assert files(tmp_path) == before
        assert vault.counts.uploads == already_there

    asyncio.run(scene())


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield PHOTO[:1000]
        raise ConnectionResetError("the phone is in a tunnel")

    async def scene() -> None:
        vault = vault_in(tmp_path)
        with pytest.raises(ConnectionResetError):
            await vault.keep(ref_to(PHOTO), broken())
        assert files(tmp_path) == []

    asyncio.run(scene())


def test_what_nobody_kept_is_not_there(tmp_path: Path) -> None:
    async def scene() -> None:
        with pytest.raises(FileNotFoundError):
            await read(vault_in(tmp_path), ref_to(PHOTO).digest)

    asyncio.run(scene())


def test_a_namespace_is_emptied_and_no_other(tmp_path: Path) -> None:
    async def scene() -> None:
        for namespace in ("ours", "ours-too"):
            await vault_in(tmp_path, namespace).keep(ref_to(PHOTO), chunks(PHOTO))

    asyncio.run(scene())
    empty(tmp_path.as_uri(), "ours")
    assert [path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*") if path.is_file()] == ["ours-too"]
    empty(tmp_path.as_uri(), "ours")


@pytest.mark.parametrize("url", ["nonsense", "ftp://host/folder", "s3://"])
def test_a_url_that_names_no_store_is_refused_with_what_would(url: str) -> None:
    with pytest.raises(UsageError, match=r"names no object store \(.+\); give file:///FOLDER"):
        open_store(url)
