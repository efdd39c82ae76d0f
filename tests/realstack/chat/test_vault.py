"""The bytes of media in an object store: by their content, once, and only when they are the right ones.

All of it in a folder and in an S3 server.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from realstack.chat.media_ref import BadMediaRequestError, MediaError, MediaRef, TooSlowError, WrongDigestError
from realstack.chat.vault import Counts, Vault, empty, open_store, require_usable
from sim.errors import ServerLostError, UsageError
from tests.realstack.chat.s3 import BUCKET, SECRET, S3Server, s3_server

PHOTO = random.Random(1).randbytes(150_000)


def ref_to(data: bytes, *, size_bytes: int | None = None, digest: str = "") -> MediaRef:
    return MediaRef(digest or hashlib.sha256(data).hexdigest(), "image/jpeg", size_bytes or len(data))


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 65_536):
        yield data[start : start + 65_536]


async def read(vault: Vault, digest: str) -> bytes:
    return b"".join([bytes(chunk) async for chunk in await vault.open(digest)])


@dataclass(frozen=True)
class Place:
    """An object store, and the folder where its objects end up as files."""

    url: str
    folder: Path

    def vault(self, namespace: str = "ours") -> Vault:
        return Vault(open_store(self.url), namespace)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())

    def namespaces(self) -> list[str]:
        return [path.relative_to(self.folder).parts[0] for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as started:
        yield started


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Nothing is there yet."""
    if request.param == "folder":
        return Place((tmp_path / "a folder").as_uri(), tmp_path / "a folder")
    server: S3Server = request.getfixturevalue("server")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    prefix = secrets.token_hex(4)
    return Place(f"s3://{BUCKET}/{prefix}", server.bucket / prefix)


@pytest.mark.parametrize("size_bytes", [1, 150_000, 12 << 20], ids=["a byte", "a photo", "three parts"])
def test_what_is_kept_is_read_back_and_its_name_is_its_digest(size_bytes: int, place: Place) -> None:
    data = random.Random(2).randbytes(size_bytes)

    async def scene() -> None:
        vault = place.vault()
        assert await vault.keep(ref_to(data), chunks(data))
        assert await read(vault, ref_to(data).digest) == data
        assert place.names() == [ref_to(data).digest]

    asyncio.run(scene())


def test_equal_bytes_are_stored_once_and_counted_twice(place: Place) -> None:
    async def scene() -> None:
        vault = place.vault()
        assert [await vault.keep(ref_to(PHOTO), chunks(PHOTO)) for _ in range(2)] == [True, False]
        assert vault.counts == Counts(uploads=2, uploaded_bytes=300_000, stored=1, stored_bytes=150_000)
        assert len(place.names()) == 1

    asyncio.run(scene())


def test_of_uploads_at_once_of_equal_bytes_one_is_the_first(place: Place) -> None:
    async def scene() -> None:
        vault = place.vault()
        news = await asyncio.gather(*(vault.keep(ref_to(PHOTO), chunks(PHOTO)) for _ in range(6)))
        assert sorted(news) == [False] * 5 + [True]
        assert (vault.counts.uploads, vault.counts.stored) == (6, 1)
        assert place.names() == [ref_to(PHOTO).digest]

    asyncio.run(scene())


def test_who_trickles_loses_their_place_and_what_came(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        for byte in PHOTO:
            yield bytes([byte])
            await asyncio.sleep(0.01)

    async def scene() -> None:
        vault = place.vault()
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
    ref: MediaRef, sent: bytes, error: type[MediaError], already_there: bool, place: Place
) -> None:
    """Even where the right bytes are there: to have heard of a digest is not to have the bytes."""

    async def scene() -> None:
        vault = place.vault()
        if already_there:
            await vault.keep(ref, chunks(PHOTO))
        before = place.names()
        with pytest.raises(error):
            await vault.keep(ref, chunks(sent))
        assert place.names() == before
        assert vault.counts.uploads == already_there

    asyncio.run(scene())


@pytest.mark.parametrize("came_bytes", [1000, 12 << 20], ids=["in the first part", "in the third part"])
def test_an_upload_that_breaks_off_leaves_nothing(came_bytes: int, place: Place) -> None:
    async def broken() -> AsyncIterator[bytes]:
        async for chunk in chunks(bytes(came_bytes)):
            yield chunk
        raise ConnectionResetError("the phone is in a tunnel")

    async def scene() -> None:
        vault = place.vault()
        with pytest.raises(ConnectionResetError):
            await vault.keep(ref_to(PHOTO, size_bytes=20 << 20), broken())
        assert place.names() == []

    asyncio.run(scene())


def test_what_nobody_kept_is_not_there(place: Place) -> None:
    async def scene() -> None:
        with pytest.raises(FileNotFoundError):
            await read(place.vault(), ref_to(PHOTO).digest)

    asyncio.run(scene())


def test_a_namespace_is_emptied_and_no_other(place: Place) -> None:
    async def scene() -> None:
        for namespace in ("ours", "ours-too"):
            await place.vault(namespace).keep(ref_to(PHOTO), chunks(PHOTO))

    asyncio.run(scene())
    empty(place.url, "ours")
    assert place.namespaces() == ["ours-too"]
    empty(place.url, "ours")


def test_a_store_that_can_be_used_is_left_as_it_was(place: Place) -> None:
    require_usable(place.url, "ours")
    assert place.names() == []


@pytest.mark.parametrize(
    ("variable", "value", "url", "why"),
    [
        ("AWS_SECRET_ACCESS_KEY", "not-the-secret", f"s3://{BUCKET}/runs", "403"),
        ("AWS_ACCESS_KEY_ID", "nobody", f"s3://{BUCKET}/runs", "403"),
        ("AWS_REGION", "us-east-1", "s3://no-such-bucket/runs", "404"),
    ],
    ids=["another's secret", "nobody", "no bucket"],
)
@pytest.mark.parametrize("use", [require_usable, empty])
def test_an_s3_server_that_refuses_is_told_with_what_to_correct_and_no_secret(
    variable: str,
    value: str,
    url: str,
    why: str,
    use: Callable[[str, str], None],
    server: S3Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, known in {**server.environment, variable: value}.items():
        monkeypatch.setenv(name, known)
    with pytest.raises(ServerLostError, match=rf"{url} .*{why}.*; correct CHATSCALE_MEDIA_URL") as told:
        use(url, "ours")
    assert not any(secret in str(told.value) for secret in (SECRET, "not-the-secret"))


@pytest.mark.parametrize("url", ["nonsense", "ftp://host/folder", "s3://"])
def test_a_url_that_names_no_store_is_refused_with_what_would(url: str) -> None:
    with pytest.raises(UsageError, match=r"names no object store \(.+\); give file:///FOLDER"):
        open_store(url)
