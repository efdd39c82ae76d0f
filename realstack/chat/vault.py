"""The bytes of all media, in an object store: a local folder, S3, or whatever else obstore has a URL for.

    {namespace}/9f/9f86d081…0a08          one object a content, whoever sends it and how often

    bytes ─► counted, hashed ─► object store
                 │  until the last byte is right nothing is visible there,
                 ▼  and nothing is left of what was wrong
             WrongDigestError

Bytes that are there already are hashed all the same and then dropped. To believe the digest alone would save the
upload, and give the bytes to everybody who has heard of their digest.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from realstack.chat.media_ref import BadMediaRequestError, MediaRef, TooSlowError, WrongDigestError
from sim.errors import ServerLostError, UsageError

# One part of a multipart upload, the least that S3 takes; with the one that is being filled two are in memory.
_PART_BYTES = 5 << 20
_UPLOADS_AT_ONCE = 8
# Who trickles must not hold a place for ever.
_UPLOAD_WITHIN_S = 120.0
CHUNK_BYTES = 64 << 10


@dataclass(slots=True)
class Counts:
    """What came and what of it had to be stored; the rest was there already."""

    uploads: int = 0
    uploaded_bytes: int = 0
    stored: int = 0
    stored_bytes: int = 0


class _Rivals:
    """Uploads of one content at once: none finds it there, all write the same bytes, the first to end has stored it."""

    stored = False


class Vault:
    """The objects of one namespace."""

    def __init__(self, store: ObjectStore, namespace: str) -> None:
        self.counts = Counts()
        self._store = store
        self._namespace = namespace
        self._rivals: WeakValueDictionary[str, _Rivals] = WeakValueDictionary()
        self._room = asyncio.Semaphore(_UPLOADS_AT_ONCE)

    async def keep(self, ref: MediaRef, chunks: AsyncIterator[bytes]) -> bool:
        """Keep these bytes; False when they were there already.

        Raises a MediaError when they are not what `ref` says, or take too long; then none of them is kept.
        """
        rivals = self._rivals.setdefault(ref.digest, _Rivals())
        async with self._room:
            try:
                async with asyncio.timeout(_UPLOAD_WITHIN_S):
                    stored = await self._store_unless_there(ref.digest, _checked(ref, chunks))
            except TimeoutError:
                raise TooSlowError(f"{ref.size_bytes:,} bytes did not come within {_UPLOAD_WITHIN_S:g} s") from None
        new = stored and not rivals.stored
        rivals.stored |= stored
        self._count(ref.size_bytes, new=new)
        return new

    async def _store_unless_there(self, digest: str, checked: AsyncIterator[bytes]) -> bool:
        if await self._has(digest):
            async for _ in checked:
                pass
            return False
        await obstore.put_async(self._store, self._path(digest), checked, chunk_size=_PART_BYTES, max_concurrency=1)
        return True

    def _count(self, size_bytes: int, *, new: bool) -> None:
        self.counts.uploads += 1
        self.counts.uploaded_bytes += size_bytes
        self.counts.stored += new
        self.counts.stored_bytes += size_bytes * new

    async def _has(self, digest: str) -> bool:
        try:
            await obstore.head_async(self._store, self._path(digest))
        except FileNotFoundError:
            return False
        return True

    async def open(self, digest: str) -> AsyncIterator[bytes]:
        """The bytes of a digest that is kept, in chunks. Raises FileNotFoundError for one that is not."""
        found = await obstore.get_async(self._store, self._path(digest))
        chunks: AsyncIterator[bytes] = found.stream(min_chunk_size=CHUNK_BYTES)
        return chunks

    def _path(self, digest: str) -> str:
        return f"{self._namespace}/{digest[:2]}/{digest}"


async def _checked(ref: MediaRef, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks, and at their end an error unless they were the right ones."""
    hashed, size_bytes = hashlib.sha256(), 0
    async for chunk in chunks:
        hashed.update(chunk)
        size_bytes += len(chunk)
        if size_bytes > ref.size_bytes:
            raise BadMediaRequestError(f"{ref.size_bytes:,} bytes were announced, more came")
        yield chunk
    if size_bytes < ref.size_bytes:
        raise BadMediaRequestError(f"{ref.size_bytes:,} bytes were announced, {size_bytes:,} came")
    if hashed.hexdigest() != ref.digest:
        raise WrongDigestError(f"the bytes have the SHA-256 {hashed.hexdigest()}, the address says {ref.digest}")


def open_store(url: str) -> ObjectStore:
    """The object store of a URL. Raises UsageError for one that names none."""
    try:
        return from_url(url, mkdir=True, automatic_cleanup=True) if url.startswith("file:") else from_url(url)
    except (BaseError, ValueError) as error:
        why = str(error).splitlines()[0]
        raise UsageError(f"{url!r} names no object store ({why}); give file:///FOLDER, s3://BUCKET/PREFIX …") from error


def require_usable(url: str, namespace: str) -> None:
    """Put an object there and delete it, so that a run need not find out. Raises UsageError and ServerLostError."""
    store, probe = open_store(url), f"{namespace}/probe"
    with _losing(url):
        obstore.put(store, probe, b"probe")
        obstore.delete(store, probe)


def empty(url: str, namespace: str) -> None:
    """Delete all objects of a namespace. Raises UsageError as `open_store` does, and ServerLostError."""
    store = open_store(url)
    with _losing(url):
        for page in _pages(store, namespace):
            obstore.delete(store, page)


def _pages(store: ObjectStore, namespace: str) -> Iterable[list[str]]:
    return [[found["path"] for found in page] for page in obstore.list(store, f"{namespace}/")]


@contextmanager
def _losing(url: str) -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        why = str(error).splitlines()[0]
        raise ServerLostError(
            f"the object store {url} does not take or give media ({why}); correct CHATSCALE_MEDIA_URL, or the "
            f"credentials that the environment holds for it (of S3 AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID …)"
        ) from error
