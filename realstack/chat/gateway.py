"""The gateway: devices on WebSockets on one side, deliveries by gRPC on the other. Run as a process of its own.

    python -m realstack.chat.gateway SETTINGS.json NUMBER READY.json [PORT]

`PORT` is that of the WebSockets, by default a free one: a gateway that comes back has to be where its devices look.

SIGTERM drains it: it takes no more devices and sends those that are here elsewhere. It ends when they have their
answers and are gone, or have had their time, and the log has everything that was accepted.

A frame that cannot be read or honoured is answered with `error`; it never costs the connection, let alone the process.
Only a breach of `policy` does, and a frame of over a megabyte, which is not even received.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
from redis.exceptions import RedisError
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from realstack.chat import frames
from realstack.chat.appender import Appender
from realstack.chat.connection import Connection
from realstack.chat.delivery_pb2 import Absent, DeliverReply, DeliverRequest
from realstack.chat.door import Door
from realstack.chat.followers import Followers
from realstack.chat.frames import (
    Close,
    Error,
    Fetch,
    GoAway,
    Heartbeat,
    HeartbeatOk,
    Hello,
    Open,
    Pull,
    Receipt,
    Resume,
    Search,
    Send,
    Welcome,
)
from realstack.chat.handover import tell
from realstack.chat.health import Health, serve_health
from realstack.chat.log import RECEIPT_LINGER_S, make_producer
from realstack.chat.message_service import Membership, MessageService, NotAMemberError
from realstack.chat.metrics import GatewayMetrics
from realstack.chat.past import BadRequestError, fetch, search
from realstack.chat.policy import PolicyError
from realstack.chat.presence import open_presence
from realstack.chat.process import run_process, settle_memory
from realstack.chat.registry import Registry, open_registry
from realstack.chat.resume import Reader
from realstack.chat.settings import Ready, Settings
from realstack.chat.shelf import Shelf
from realstack.chat.skew import SkewedClock, skew_path
from realstack.chat.store import Store, connect
from realstack.chat.tokens import Tokens

_REFUSE_FRAME_BYTES = 1 << 20
_CLOSE_WITHIN_S = 2.0
_LEAVE_WITHIN_S = 2.0
_LEAVE_SLACK_S = 0.5
_GOING_AWAY = 1001
_ANNOUNCE_EVERY_S = 2.0

log = logging.getLogger(__name__)


class Gateway:
    """The sessions of one gateway process."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        service: MessageService,
        membership: Membership,
        registry: Registry,
        store: Store,
        tokens: Tokens,
        metrics: GatewayMetrics,
    ) -> None:
        self.name = name
        self._settings = settings
        self._service = service
        self._membership = membership
        self._registry = registry
        self._store = store
        self._tokens = tokens
        self._metrics = metrics
        self._draining = False
        # By address.
        self._sessions: dict[int, Connection] = {}
        self.followers = Followers(registry, name)
        self.presence = open_presence(registry, membership, settings.choices)
        self._reader = Reader(store, settings.choices, self.followers.follow)
        self._tasks: set[asyncio.Task[None]] = set()
        metrics.watch_sessions(lambda: len(self._sessions))

    async def serve_socket(self, socket: ServerConnection) -> None:
        """One WebSocket from hello to goodbye."""
        door = Door(socket, self._tokens)
        try:
            hello = await door.hello()
            address = self._settings.choices.address(hello.user, hello.device)
            await self._session(Connection(socket, address, hello.epoch, hello.device), door)
        except (TimeoutError, ConnectionClosed):
            pass
        except PolicyError as breach:
            log.warning("closed a connection: %s: %s", breach.code, breach)
            self._metrics.errors.labels(breach.code).inc()
            await door.shut(breach)

    async def _session(self, connection: Connection, door: Door) -> None:
        try:
            await self._registry.connect(connection.address, connection.epoch, self.name)
            # Only now, so that welcome is the first frame; a push before finds nobody and waits in the store.
            self._sessions[connection.address] = connection
            connection.send(Welcome(self.name))
            if self._draining:
                connection.send(GoAway(_LEAVE_WITHIN_S))
            while connection.is_open:
                await self._honour(connection, await door.frame())
        finally:
            await self._forget(connection)

    async def _honour(self, connection: Connection, frame: frames.ToGateway | Error) -> None:
        if isinstance(frame, Error):
            self._refuse(connection, frame.code, frame.detail)
            return
        self._metrics.took(frame)
        try:
            await self._act(connection, frame)
        except NotAMemberError as error:
            self._refuse(connection, "not-a-member", str(error))
        except BadRequestError as error:
            self._refuse(connection, error.code, str(error))
        except ConnectionClosed:
            raise
        except Exception as error:  # a server behind us failed: the device may ask again, the process lives on
            log.exception("could not honour a frame of user %d", connection.user)
            self._refuse(connection, "unavailable", type(error).__name__)
            if isinstance(frame, Send):
                # The device's next message must not overtake this one: it comes back and sends all of them again.
                connection.end()

    def _reply(self, connection: Connection, frame: frames.Frame) -> None:
        connection.send(frame)
        if isinstance(frame, Error):
            connection.end()

    def _refuse(self, connection: Connection, code: str, detail: str) -> None:
        self._metrics.errors.labels(code).inc()
        connection.send(Error(code, detail))

    async def _act(self, connection: Connection, frame: frames.ToGateway) -> None:
        match frame:
            case Send():
                await self._service.accept(connection.user, frame, partial(self._reply, connection), connection.device)
            case Receipt():
                await self._service.receipt(connection.user, frame)
            case Heartbeat():
                lapsed = await self._registry.heartbeat(connection.address, connection.epoch, self.name)
                connection.send(HeartbeatOk(time.monotonic_ns(), lapsed))
            case Open():
                await self.presence.open(connection, frame.conv)
            case Close():
                self.presence.close(connection)
            case Fetch():
                connection.send(await fetch(connection.user, frame, self._membership, self._store))
            case Search():
                connection.send(await search(connection.user, frame, self._membership, self._store))
            case Resume():
                self._background(self._bring(connection, self._reader.resume(connection, frame)))
            case Pull():
                await self._membership.require(frame.conv, connection.user)
                self._background(self._bring(connection, self._reader.pull(connection, frame)))
            case Hello():
                self._refuse(connection, "no-hello", "this connection has said hello already")

    async def _bring(self, connection: Connection, missed: Awaitable[None]) -> None:
        try:
            await missed
        except NotAMemberError as error:
            self._refuse(connection, "not-a-member", str(error))
        except Exception as error:
            log.exception("user %d could not be brought up to date", connection.user)
            self._refuse(connection, "unavailable", type(error).__name__)
            # The device comes back and asks again, from where it is then.
            connection.end()

    def _background(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forget(self, connection: Connection) -> None:
        connection.close()
        self.followers.forget(connection)
        self.presence.close(connection)
        if self._sessions.get(connection.address) is connection:
            del self._sessions[connection.address]
        try:
            await self._registry.disconnect(connection.address, connection.epoch, self.name)
        except Exception:
            log.exception("user %d stays registered until the TTL ends", connection.user)

    async def drain(self, sockets: Server) -> None:
        """Take no more devices, send those that are here elsewhere and wait until they are gone."""
        self._draining = True
        sockets.close(close_connections=False)
        log.info("draining: %d sessions are sent elsewhere", len(self._sessions))
        for connection in self._sessions.values():
            connection.send(GoAway(_LEAVE_WITHIN_S))
        try:
            async with asyncio.timeout(_LEAVE_WITHIN_S + _LEAVE_SLACK_S):
                await sockets.wait_closed()
        except TimeoutError:
            log.warning("closing %d sockets that did not leave", len(sockets.connections))
            await asyncio.gather(*(socket.close(_GOING_AWAY) for socket in sockets.connections))

    async def deliver(self, request: DeliverRequest, _context: Any) -> DeliverReply:
        """DeliverMessage: push to the sessions that are here, answer who is not."""
        reply = DeliverReply()
        pushed_ns = time.monotonic_ns()
        for index, delivery in enumerate(request.deliveries):
            frame = frames.stamp_pushed(delivery.frame, pushed_ns) if delivery.stamped else delivery.frame
            if delivery.HasField("conv"):
                await self.followers.tell(delivery.conv, frame)
            for address in delivery.users:
                connection = self._sessions.get(address)
                if connection is None or not connection.push(frame):
                    reply.absent.append(Absent(delivery=index, user=address))
        self._metrics.pushes.inc(sum(len(delivery.users) for delivery in request.deliveries) - len(reply.absent))
        self._metrics.absent.inc(len(reply.absent))
        return reply


def listen(gateway: Gateway, port: int = 0) -> AbstractAsyncContextManager[Server]:
    """The server of the devices' sockets, to be entered."""
    return serve(
        gateway.serve_socket,
        "127.0.0.1",
        port,
        compression=None,
        ping_interval=None,
        max_size=_REFUSE_FRAME_BYTES,
        close_timeout=_CLOSE_WITHIN_S,
    )


def _grpc_server(gateway: Gateway) -> tuple[grpc.aio.Server, int]:
    handler = grpc.unary_unary_rpc_method_handler(
        gateway.deliver,
        request_deserializer=DeliverRequest.FromString,
        response_serializer=DeliverReply.SerializeToString,
    )
    # The library refuses requests over 4 MiB, and a link puts many long messages into one.
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("chatscale.Gateway", {"DeliverMessage": handler}),)
    )
    return server, server.add_insecure_port("127.0.0.1:0")


async def _announce(registry: Registry, gateway: Gateway, address: str) -> None:
    """Again now and then for ever: a Redis that comes back has forgotten everything."""
    while True:
        await asyncio.sleep(_ANNOUNCE_EVERY_S)
        try:
            await registry.announce_gateway(gateway.name, address)
            await gateway.followers.renew()
        except RedisError as error:
            log.warning("not announced: %r", error)


async def run(settings: Settings, number: int, ready: Path, stop: asyncio.Event, port: int = 0) -> None:
    """A gateway until `stop` is set. Its environment holds the key of the tokens."""
    metrics = GatewayMetrics()
    with serve_health(metrics.registry, stop) as health:
        await _run(settings, number, ready, stop, port, metrics, health)


async def _run(
    settings: Settings,
    number: int,
    ready: Path,
    stop: asyncio.Event,
    port: int,
    metrics: GatewayMetrics,
    health: Health,
) -> None:
    tokens = Tokens.from_environment()
    name = f"gateway-{number}"
    clock = SkewedClock(skew_path(ready))
    clock.obey_signals()
    cluster = connect(settings)
    registry = open_registry(settings)
    messages = Appender(lambda: make_producer(settings))
    receipts = Appender(lambda: make_producer(settings, linger_s=RECEIPT_LINGER_S))
    await asyncio.gather(messages.start(), receipts.start())
    try:
        session = cluster.connect()
        store = Store(session, settings)
        membership = Membership(store)
        shelf = Shelf(session, settings.keyspace) if settings.choices.media == "store" else None
        observe = metrics.append_s.observe
        service = MessageService(settings, messages, receipts, membership, number, clock.ms, shelf, observe)
        gateway = Gateway(name, settings, service, membership, registry, store, tokens, metrics)
        grpc_server, grpc_port = _grpc_server(gateway)
        await grpc_server.start()
        async with listen(gateway, port) as sockets:
            await registry.announce_gateway(name, f"127.0.0.1:{grpc_port}")
            settle_memory()
            announcing = asyncio.create_task(_announce(registry, gateway, f"127.0.0.1:{grpc_port}"))
            health.ready = True
            tell(ready, Ready(name, next(iter(sockets.sockets)).getsockname()[1], grpc_port, health_port=health.port))
            await stop.wait()
            await gateway.drain(sockets)
            announcing.cancel()
            await gateway.presence.stop()
        await grpc_server.stop(grace=1.0)
    finally:
        await asyncio.gather(messages.stop(), receipts.stop())
        await registry.close()
        cluster.shutdown()


def main(arguments: Sequence[str]) -> None:
    """The process of the module's command line."""
    path, number, ready, *port = arguments
    settings = Settings.awaited(Path(path))
    run_process(f"gateway-{number}", lambda stop: run(settings, int(number), Path(ready), stop, int(*port)))


if __name__ == "__main__":
    main(sys.argv[1:])
