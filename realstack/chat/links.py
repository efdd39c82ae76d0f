"""The worker's way to the gateways: one link a gateway, one call in flight, everything queued meanwhile in the next.

    push ─► [ queue ] ─► DeliverMessage(all queued) ─► reply ─► futures

First in, first out: what was pushed first reaches the gateway first. Users who were not there come back as absent; a
gateway that does not answer makes all of its users absent, and their messages wait in the store. One that was replaced,
as in a deploy, answers at another address: the link follows it there.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple

import grpc
from redis.exceptions import RedisError

from realstack.chat.delivery_pb2 import DeliverReply, DeliverRequest, Delivery

_METHOD = "/chatscale.Gateway/DeliverMessage"
_MOST_AT_ONCE = 256
_CALL_TIMEOUT_S = 5.0

log = logging.getLogger(__name__)


class _Queued(NamedTuple):
    delivery: Delivery
    absent: asyncio.Future[list[int]]


class Link:
    """One gateway, found at an address; `address_now` tells where it is when nobody answers there."""

    def __init__(self, address: str, address_now: Callable[[], Awaitable[str | None]]) -> None:
        self._address_now = address_now
        self._open(address)
        self.failed = False
        self._queue: deque[_Queued] = deque()
        self._wake = asyncio.Event()
        self._sender = asyncio.create_task(self._send())

    def _open(self, address: str) -> None:
        self._address = address
        self._channel = grpc.aio.insecure_channel(address)
        self._call = self._channel.unary_unary(
            _METHOD, request_serializer=DeliverRequest.SerializeToString, response_deserializer=DeliverReply.FromString
        )

    def push(
        self, frame: bytes, users: Sequence[int], *, stamped: bool, conv: int | None = None
    ) -> asyncio.Future[list[int]]:
        """Queue a frame for users, or for all who follow `conv`; the future holds those who were absent."""
        absent: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._queue.append(_Queued(Delivery(frame=frame, users=users, stamped=stamped, conv=conv), absent))
        self._wake.set()
        return absent

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), _MOST_AT_ONCE))]
                await self._deliver(batch)

    async def _deliver(self, batch: list[_Queued]) -> None:
        try:
            request = DeliverRequest(deliveries=[queued.delivery for queued in batch])
            reply = await self._ask(request)
            absent: dict[int, list[int]] = {}
            for missing in reply.absent:
                absent.setdefault(missing.delivery, []).append(missing.user)
            for index, queued in enumerate(batch):
                _settle(queued.absent, absent.get(index, []))
        except grpc.aio.AioRpcError as error:
            log.warning("a gateway did not take %d deliveries: %s", len(batch), error.code())
            self.failed = True
        finally:
            # Whatever ended the call, `close` too: who has no answer now is absent.
            for queued in batch:
                _settle(queued.absent, list(queued.delivery.users))

    async def _ask(self, request: DeliverRequest) -> DeliverReply:
        try:
            return await self._call(request, timeout=_CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE or not await self._followed():
                raise
            return await self._call(request, timeout=_CALL_TIMEOUT_S)

    async def _followed(self) -> bool:
        """Whether the gateway is somewhere else by now, where the link leads from here on."""
        try:
            address = await self._address_now()
        except RedisError:
            return False
        if address is None or address == self._address:
            return False
        await self._channel.close()
        self._open(address)
        return True

    async def close(self) -> None:
        """Close the channel; what is queued or under way is absent."""
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)
        for queued in self._queue:
            _settle(queued.absent, list(queued.delivery.users))
        await self._channel.close()


def _settle(future: asyncio.Future[list[int]], absent: list[int]) -> None:
    if not future.done():
        future.set_result(absent)


class Links:
    """Links to gateways by name, opened at first use."""

    def __init__(self, address_of: Callable[[str], Awaitable[str | None]]) -> None:
        self._address_of = address_of
        self._links: dict[str, Link] = {}

    async def to(self, gateway: str) -> Link | None:
        """The link to a gateway; None when it never announced itself."""
        if (known := self._links.get(gateway)) is not None and known.failed:
            # The gateway may have come back somewhere else: forget this link and ask the registry again.
            del self._links[gateway]
            await known.close()
        if gateway not in self._links:
            address = await self._address_of(gateway)
            if address is None:
                return None
            # Another task may have opened it while this one waited: two links would break the order.
            if gateway not in self._links:
                self._links[gateway] = Link(address, partial(self._address_of, gateway))
        return self._links[gateway]

    async def close(self) -> None:
        """Close all links."""
        await asyncio.gather(*(link.close() for link in self._links.values()))
