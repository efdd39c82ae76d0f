"""The media service: bytes by HTTP, beside the gateways and not through them. Run as a process of its own.

    python -m realstack.chat.media SETTINGS.json NUMBER READY.json [PORT]

    PUT /conversations/5/media/{sha256}    member? fit? ─► vault ─► shelf     201 new, 200 the bytes were there already
    GET /conversations/5/media/{sha256}    member? on the shelf? ─► vault     the bytes, with their type
    GET /counts                            what came, what of it was stored

Its health and metrics have a port of their own, as every process has (`health`).
Who asks, and the token that proves it, stand in headers as they stand in the `hello` to a gateway. Bytes pass in
chunks: neither side ever holds a whole video. An error is JSON, {"code": "too-large", "detail": "…"}.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from aiohttp import web

from realstack.chat.frames import Id
from realstack.chat.handover import tell
from realstack.chat.health import Health, serve_health
from realstack.chat.media_ref import (
    BadMediaRequestError,
    Digest,
    ForeignConversationError,
    MediaError,
    MediaRef,
    NobodyError,
    NoSuchMediaError,
    UnknownLengthError,
    refuse_unfit,
)
from realstack.chat.message_service import Membership, NotAMemberError
from realstack.chat.metrics import MediaMetrics
from realstack.chat.process import run_process, settle_memory
from realstack.chat.settings import Ready, Settings
from realstack.chat.shelf import Shelf
from realstack.chat.store import Store, connect
from realstack.chat.tokens import TokenError, Tokens
from realstack.chat.vault import CHUNK_BYTES, Vault, open_store

USER_HEADER = "X-User"
_BEARER = "Bearer "
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
# A content never changes under its address.
_FOR_EVER = "private, max-age=31536000, immutable"

log = logging.getLogger(__name__)


class _Address(msgspec.Struct):
    conv: Id
    digest: Digest


class MediaService:
    """Takes and gives media, to and from members."""

    def __init__(
        self, membership: Membership, shelf: Shelf, vault: Vault, tokens: Tokens, metrics: MediaMetrics
    ) -> None:
        self._tokens = tokens
        self._membership = membership
        self._shelf = shelf
        self._vault = vault
        self._metrics = metrics

    def application(self) -> web.Application:
        """The routes of the picture."""
        address = "/conversations/{conv:[0-9]{1,10}}/media/{digest}"
        application = web.Application(middlewares=[self._count, web.middleware(_answer_errors)])
        application.router.add_put(address, self.upload)
        application.router.add_get(address, self.download, allow_head=False)
        application.router.add_get("/counts", self.counts)
        return application

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Keep the body's bytes, and put them on the conversation's shelf."""
        conv, digest = await self._admit(request)
        if request.content_length is None:
            raise UnknownLengthError("say in Content-Length how many bytes come")
        ref = MediaRef(digest, request.content_type, request.content_length)
        refuse_unfit(ref)
        new = await self._vault.keep(ref, request.content.iter_chunked(CHUNK_BYTES))
        self._metrics.uploaded(ref.size_bytes, new=new)
        await self._shelf.put(conv, ref)
        return web.json_response({"new": new}, status=201 if new else 200)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The bytes of what is on the conversation's shelf."""
        conv, digest = await self._admit(request)
        ref = await self._shelf.find(conv, digest)
        if ref is None:
            raise NoSuchMediaError(f"conversation {conv} holds no {digest}")
        response = web.StreamResponse(
            headers={"Content-Type": ref.type, "Cache-Control": _FOR_EVER, "X-Content-Type-Options": "nosniff"}
        )
        response.content_length = ref.size_bytes
        chunks = await self._vault.open(digest)
        await response.prepare(request)
        try:
            async for chunk in chunks:
                await response.write(chunk)
                self._metrics.downloaded(len(chunk))
            await response.write_eof()
        except Exception:
            # Too late for an error: the client sees that bytes are missing.
            log.info("%s broke off", request.path, exc_info=True)
            _hang_up(request)
        return response

    @web.middleware
    async def _count(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        began_s = time.monotonic()
        response = await handler(request)
        self._metrics.answered(request.method, response.status, time.monotonic() - began_s)
        return response

    async def counts(self, _request: web.Request) -> web.StreamResponse:
        """What came and what was stored."""
        return web.Response(body=msgspec.json.encode(self._vault.counts), content_type="application/json")

    async def _admit(self, request: web.Request) -> tuple[int, str]:
        """The conversation and digest of the address, if the caller is a member."""
        caller = _caller(request, self._tokens)
        try:
            address = msgspec.convert(dict(request.match_info), _Address, strict=False)
        except msgspec.ValidationError as error:
            raise BadMediaRequestError(f"{error}; an address is /conversations/5/media/ and a SHA-256 in hex") from None
        try:
            await self._membership.require(address.conv, caller)
        except NotAMemberError as error:
            raise ForeignConversationError(str(error)) from None
        return address.conv, address.digest


def headers_of(user: int, token: str) -> dict[str, str]:
    """What a caller says of themselves."""
    return {USER_HEADER: str(user), "Authorization": f"{_BEARER}{token}"}


def _caller(request: web.Request, tokens: Tokens) -> int:
    try:
        user = int(request.headers[USER_HEADER])
        tokens.check(request.headers["Authorization"].removeprefix(_BEARER), user)
    except (KeyError, ValueError):
        raise NobodyError(f"say who you are: your number in {USER_HEADER}, Authorization: Bearer TOKEN") from None
    except TokenError as error:
        raise NobodyError(f"your token does not count: {error}") from None
    return user


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The error as JSON."""
    try:
        return await handler(request)
    except MediaError as error:
        return _error(error.status, error.code, str(error))
    except web.HTTPException as error:
        return _error(error.status, "no-such-address", f"{request.method} {request.path}: {error.reason}")
    except web.RequestPayloadError:
        raise  # the client has gone
    except Exception as error:  # a server behind us failed: the device may ask again, the process lives on
        log.exception("could not honour %s %s", request.method, request.path)
        return _error(503, "unavailable", type(error).__name__)


def _error(status: int, code: str, detail: str) -> web.Response:
    return web.json_response({"code": code, "detail": detail}, status=status)


async def run(settings: Settings, number: int, ready: Path, stop: asyncio.Event, port: int = 0) -> None:
    """A media service until `stop` is set. Its environment holds the key of the tokens."""
    metrics = MediaMetrics()
    with serve_health(metrics.registry, stop) as health:
        await _run(settings, number, ready, stop, port, metrics, health)


async def _run(
    settings: Settings, number: int, ready: Path, stop: asyncio.Event, port: int, metrics: MediaMetrics, health: Health
) -> None:
    tokens = Tokens.from_environment()
    cluster = connect(settings)
    try:
        session = cluster.connect()
        service = MediaService(
            Membership(Store(session, settings)),
            Shelf(session, settings.keyspace),
            Vault(open_store(settings.media_url), settings.namespace),
            tokens,
            metrics,
        )
        runner = web.AppRunner(service.application(), access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            settle_memory()
            health.ready = True
            tell(ready, Ready(f"media-{number}", http_port=runner.addresses[0][1], health_port=health.port))
            await stop.wait()
        finally:
            await runner.cleanup()
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    own_number, own_ready, own_port = int(sys.argv[2]), Path(sys.argv[3]), int(*sys.argv[4:5])
    own_settings = Settings.awaited(Path(sys.argv[1]))
    run_process(f"media-{own_number}", lambda stop: run(own_settings, own_number, own_ready, stop, own_port))
