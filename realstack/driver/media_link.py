"""The devices' connections to the media service: one HTTP client for all of them, kept alive between requests."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientError, ClientResponse, ClientSession, TCPConnector
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, stop_never, wait_random_exponential

from realstack.chat.media import headers_of
from realstack.chat.media_ref import MediaRef
from realstack.driver.outbox import MediaRefusedError

_CONNECTIONS = 16
_GET_WITHIN_S = 10.0
_TRANSIENT = (ClientError, TimeoutError)


class HttpMediaLink:
    """Puts and gets at an address; `sign` gives a user's token. Use as an async context manager."""

    def __init__(self, url: str, sign: Callable[[int], str]) -> None:
        self._url = url
        self._sign = sign
        self._http: ClientSession

    async def __aenter__(self) -> Self:
        self._http = ClientSession(self._url, connector=TCPConnector(limit=_CONNECTIONS))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.close()

    async def put(self, user: int, conv: int, ref: MediaRef, data: bytes) -> None:
        """Upload, for as long as it takes. Raises MediaRefusedError when the service does not want it."""
        await _again(stop_never)(self._put, user, conv, ref, data)

    async def _put(self, user: int, conv: int, ref: MediaRef, data: bytes) -> None:
        headers = {"Content-Type": ref.type, **headers_of(user, self._sign(user))}
        async with self._http.put(_path(conv, ref), data=io.BytesIO(data), headers=headers) as answer:
            await _require(answer)

    async def get(self, user: int, conv: int, ref: MediaRef) -> bytes:
        """Download, with some patience. Raises MediaRefusedError when the bytes do not come, or are others."""
        try:
            return await _again(stop_after_delay(_GET_WITHIN_S))(self._get, user, conv, ref)
        except _TRANSIENT as error:
            raise MediaRefusedError(f"no answer: {error!r}") from error

    async def _get(self, user: int, conv: int, ref: MediaRef) -> bytes:
        async with self._http.get(_path(conv, ref), headers=headers_of(user, self._sign(user))) as answer:
            await _require(answer)
            data: bytes = await answer.read()
        if (digest := hashlib.sha256(data).hexdigest()) != ref.digest:
            raise MediaRefusedError(f"got {digest} instead of {ref.digest}")
        return data


def _again(stop: Any) -> AsyncRetrying:
    wait = wait_random_exponential(multiplier=0.1, max=3.0)
    return AsyncRetrying(retry=retry_if_exception_type(_TRANSIENT), wait=wait, stop=stop, reraise=True)


def _path(conv: int, ref: MediaRef) -> str:
    return f"/conversations/{conv}/media/{ref.digest}"


async def _require(answer: ClientResponse) -> None:
    """Raise MediaRefusedError for what is refused for good, ClientError for what may go better next time."""
    if answer.status >= 500:
        raise ClientError(f"{answer.status} {answer.reason}")
    if answer.status >= 400:
        said = await answer.json()
        raise MediaRefusedError(f"{said['code']}: {said['detail']}")
