"""The way of one message through a worker: placed (order, dedup, store), routed, pushed; the rest is notified.

record ─► numbering ─► stored ─► registry ─► routed ─► links ─► gateways
                           │        └─ not connected, or absent at the gateway ─► pushes
                           └─ of a conversation that its members read ─► news
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import NamedTuple

from realstack.chat.frames import Message, encode
from realstack.chat.links import Link, Links
from realstack.chat.message_service import Membership
from realstack.chat.news import News
from realstack.chat.numbering import Numbering, Placed
from realstack.chat.patience import patiently
from realstack.chat.pushes import Pushes
from realstack.chat.records import MessageRecord
from realstack.chat.registry import Registry
from realstack.chat.settings import Choices
from sim.addresses import user_of


class _Pushed(NamedTuple):
    """A message on its way to devices at one gateway; there is no link to one that never announced itself."""

    gateway: str
    link: Link | None
    answer: asyncio.Future[list[int]] | None
    addresses: list[int]


class Delivery:
    """Delivers messages. Calls for one conversation must not overlap."""

    def __init__(
        self,
        numbering: Numbering,
        membership: Membership,
        registry: Registry,
        links: Links,
        pushes: Pushes,
        news: News,
        choices: Choices,
    ) -> None:
        self._numbering = numbering
        self._membership = membership
        self._registry = registry
        self._links = links
        self._pushes = pushes
        self._news = news
        self._choices = choices

    async def deliver(
        self, record: MessageRecord, partition: int, offset: int, polled_ns: int
    ) -> asyncio.Task[None] | None:
        """Store a message and queue it for its recipients, in order.

        What remains needs no order and is the returned task: the gateways' answers, and notifying the absent.
        """
        started_ns = time.monotonic_ns()
        placed = await patiently(lambda: self._numbering.place(record, partition, offset))
        if placed is None:
            return None
        stored_ns = time.monotonic_ns()
        if await self._is_read(record.conv):
            return asyncio.create_task(self._tell(record.conv, placed.position))
        recipients, routes, links = await patiently(lambda: self._route(record))
        stamps = (polled_ns, started_ns, stored_ns, time.monotonic_ns())
        pushed = self._push(record, placed, routes, links, stamps)
        return asyncio.create_task(self._finish(record, pushed, recipients))

    async def _is_read(self, conv: int) -> bool:
        if self._choices.fan_out != "hybrid":
            return self._choices.fan_out == "read"
        return self._choices.is_served_on_read(await self._membership.size(conv))

    async def _tell(self, conv: int, position: int) -> None:
        await self._news.tell(conv, position)

    async def _route(self, record: MessageRecord) -> tuple[list[int], Mapping[int, str], Mapping[str, Link | None]]:
        writer = self._choices.address(record.sender, record.device)
        members = sorted(await self._membership.of(record.conv))
        recipients = [user for user in members if user != record.sender]
        # The sender's other devices get it, too, where the registry knows them.
        asked = members if self._choices.registry == "device" else recipients
        found = await self._registry.routes(asked) if asked else {}
        routes = {address: gateway for address, gateway in found.items() if address != writer}
        return recipients, routes, {gateway: await self._links.to(gateway) for gateway in sorted(set(routes.values()))}

    def _push(
        self,
        record: MessageRecord,
        placed: Placed,
        routes: Mapping[int, str],
        links: Mapping[str, Link | None],
        stamps: tuple[int, int, int, int],
    ) -> list[_Pushed]:
        groups: dict[tuple[str, int], list[int]] = {}
        for address, gateway in routes.items():
            prev = placed.conversation.previous_for(address, placed.position) if self._choices.sequenced else -1
            groups.setdefault((gateway, prev), []).append(address)
        encoded = {prev: _frame(record, placed.position, prev, stamps) for prev in {prev for _, prev in groups}}
        return [_pushed(gateway, links[gateway], encoded[prev], users) for (gateway, prev), users in groups.items()]

    async def _finish(self, record: MessageRecord, pushed: Iterable[_Pushed], recipients: list[int]) -> None:
        reached: set[int] = set()
        for one in pushed:
            absent = await one.answer if one.answer else one.addresses
            reached.update(user_of(address) for address in set(one.addresses).difference(absent))
            if one.link is None or one.link.failed:
                # Whoever is connected there all the same has missed this message and nobody will push it again.
                await patiently(partial(self._registry.drop, absent, one.gateway))
        if to_notify := [user for user in recipients if user not in reached]:
            await patiently(lambda: self._pushes.notify(to_notify, record.conv, record.uuid))


def _pushed(gateway: str, link: Link | None, frame: bytes, addresses: list[int]) -> _Pushed:
    return _Pushed(gateway, link, link.push(frame, addresses, stamped=True) if link else None, addresses)


def _frame(record: MessageRecord, position: int, prev: int, stamps: tuple[int, int, int, int]) -> bytes:
    polled_ns, started_ns, stored_ns, routed_ns = stamps
    return encode(
        Message(
            conv=record.conv,
            uuid=record.uuid,
            sender=record.sender,
            cseq=record.cseq,
            message_id=record.message_id,
            position=position,
            prev=prev,
            text=record.text,
            via="push",
            media=record.media,
            accepted_ns=record.accepted_ns,
            polled_ns=polled_ns,
            started_ns=started_ns,
            stored_ns=stored_ns,
            routed_ns=routed_ns,
        )
    )
