"""The sessions of a gateway: what devices ask is honoured frame by frame, what is delivered is pushed to who is here.

A frame that cannot be read or honoured is answered with `error`; it never costs the connection, let alone the process.
Only a breach of `policy` does, a message that the log does not take, for the next one must not overtake it, and a frame
of over a megabyte, which is not even received.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable
from functools import partial
from typing import Any

from websockets.asyncio.server import Server, ServerConnection
from websockets.exceptions import ConnectionClosed

from realstack.chat import frames
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
from realstack.chat.message_service import Membership, MessageService, NotAMemberError
from realstack.chat.metrics import GatewayMetrics
from realstack.chat.past import BadRequestError, fetch, search
from realstack.chat.policy import PolicyError
from realstack.chat.presence import open_presence
from realstack.chat.registry import Registry
from realstack.chat.resume import Reader
from realstack.chat.settings import Settings
from realstack.chat.store import Store
from realstack.chat.tokens import Tokens

_LEAVE_WITHIN_S = 2.0
_LEAVE_SLACK_S = 0.5
_GOING_AWAY = 1001

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
        await self._hear_out(connection, door)

    async def _hear_out(self, connection: Connection, door: Door) -> None:
        """Take the receipts that came before the end: a device that has said goodbye will not say them again."""
        while True:
            if isinstance(frame := await door.frame(), Receipt):
                await self._honour(connection, frame)

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
            if isinstance(frame, Send | Receipt):
                # The device's next message must not overtake this one: it comes back and sends all of them again,
                # and its receipts.
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
                await self._service.receipt(connection.user, frame, partial(self._reply, connection))
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
