"""The worker's way to a gateway: in order, in batches, and honest about who was not there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from realstack.chat.delivery_pb2 import Absent, DeliverReply, DeliverRequest
from realstack.chat.links import Link, Links
from realstack.servers.ports import free_ports
from tests.realstack.chat.fakes import turns


class FakeGateway:
    """Notes the calls; answers when `open` is set; says that the users in `away` are absent."""

    def __init__(self) -> None:
        self.calls: list[list[bytes]] = []
        self.away: set[int] = set()
        self.open = asyncio.Event()
        self.open.set()

    async def deliver(self, request: DeliverRequest, _context: Any) -> DeliverReply:
        self.calls.append([delivery.frame for delivery in request.deliveries])
        await self.open.wait()
        return DeliverReply(
            absent=[
                Absent(delivery=index, user=user)
                for index, delivery in enumerate(request.deliveries)
                for user in delivery.users
                if user in self.away
            ]
        )


async def nowhere() -> None:
    """The gateway never announced itself again."""


def with_a_gateway(scene: Callable[[FakeGateway, str], Awaitable[None]]) -> None:
    async def main() -> None:
        gateway = FakeGateway()
        server = grpc.aio.server()
        handler = grpc.unary_unary_rpc_method_handler(
            gateway.deliver, DeliverRequest.FromString, DeliverReply.SerializeToString
        )
        services = grpc.method_handlers_generic_handler("chatscale.Gateway", {"DeliverMessage": handler})
        server.add_generic_rpc_handlers((services,))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            await scene(gateway, f"127.0.0.1:{port}")
        finally:
            await server.stop(None)

    asyncio.run(asyncio.wait_for(main(), 30))


def test_what_was_pushed_first_arrives_first_and_what_queued_up_goes_in_one_call() -> None:
    async def scene(gateway: FakeGateway, address: str) -> None:
        link = Link(address, nowhere)
        gateway.open.clear()
        first = link.push(b"0", [1], stamped=False)
        while not gateway.calls:
            await asyncio.sleep(0.001)
        rest = [link.push(b"%d" % n, [1], stamped=False) for n in range(1, 301)]
        gateway.open.set()
        assert await asyncio.gather(first, *rest) == [[]] * 301
        assert [len(call) for call in gateway.calls] == [1, 256, 44]
        assert [frame for call in gateway.calls for frame in call] == [b"%d" % n for n in range(301)]
        await link.close()

    with_a_gateway(scene)


def test_each_delivery_learns_its_own_absent_users() -> None:
    async def scene(gateway: FakeGateway, address: str) -> None:
        link = Link(address, nowhere)
        gateway.away = {2, 4}
        answers = [link.push(b"m", users, stamped=True) for users in ([1, 2, 3], [1], [4, 2])]
        assert await asyncio.gather(*answers) == [[2], [], [4, 2]]
        await link.close()

    with_a_gateway(scene)


def test_a_gateway_that_cannot_be_reached_has_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> list[list[int]]:
        link = Link(f"127.0.0.1:{free_ports(1)[0]}", nowhere)
        try:
            return list(await asyncio.gather(*(link.push(b"m", users, stamped=False) for users in ([1, 2], [3]))))
        finally:
            await link.close()

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(scene()) == [[1, 2], [3]]
    assert "did not take 2 deliveries" in caplog.text


def test_a_gateway_that_was_replaced_is_followed_to_its_new_address() -> None:
    async def scene(gateway: FakeGateway, address: str) -> None:
        async def moved() -> str:
            return address

        link = Link(f"127.0.0.1:{free_ports(1)[0]}", moved)
        assert await asyncio.gather(*(link.push(b"%d" % n, [n], stamped=False) for n in range(3))) == [[]] * 3
        assert gateway.calls == [[b"0", b"1", b"2"]]
        assert not link.failed
        await link.close()

    with_a_gateway(scene)


def test_a_registry_that_cannot_tell_where_it_is_leaves_its_users_absent(caplog: pytest.LogCaptureFixture) -> None:
    async def unknown() -> None:
        raise RedisConnectionError("no registry")

    async def scene() -> None:
        link = Link(f"127.0.0.1:{free_ports(1)[0]}", unknown)
        for _ in range(2):
            assert await link.push(b"m", [1], stamped=False) == [1]
        assert link.failed
        await link.close()

    with caplog.at_level(logging.CRITICAL):
        asyncio.run(scene())


def test_a_gateway_that_does_not_answer_has_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(gateway: FakeGateway, address: str) -> None:
        gateway.open.clear()
        link = Link(address, nowhere)
        assert await link.push(b"m", [1], stamped=False) == [1]
        await link.close()

    monkeypatch.setattr("realstack.chat.links._CALL_TIMEOUT_S", 0.1)
    with_a_gateway(scene)


def test_closing_answers_what_is_under_way_and_what_is_queued() -> None:
    async def scene(gateway: FakeGateway, address: str) -> None:
        gateway.open.clear()
        link = Link(address, nowhere)
        under_way = link.push(b"1", [1], stamped=False)
        while not gateway.calls:
            await asyncio.sleep(0.001)
        queued = link.push(b"2", [2, 3], stamped=False)
        await link.close()
        assert (under_way.result(), queued.result()) == ([1], [2, 3])

    with_a_gateway(scene)


def test_there_is_one_link_a_gateway_also_for_two_who_ask_at_once() -> None:
    async def scene() -> None:
        asked: list[str] = []
        answer = asyncio.Event()

        async def address_of(name: str) -> str | None:
            asked.append(name)
            await answer.wait()
            return None if name == "gateway-9" else "127.0.0.1:1"

        links = Links(address_of)
        waiting = [asyncio.create_task(links.to(name)) for name in ("gateway-1", "gateway-1", "gateway-2", "gateway-9")]
        await turns()
        answer.set()
        one, same, other, nobody = await asyncio.gather(*waiting)
        assert one is same
        assert one is not other
        assert nobody is None
        assert await links.to("gateway-1") is one
        await links.close()

    asyncio.run(scene())
