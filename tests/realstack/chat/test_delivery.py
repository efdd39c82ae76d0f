"""The way of a message and of a receipt through a worker, on servers in memory that may fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import pytest

from realstack.chat.delivery import Delivery
from realstack.chat.frames import Message, ReceiptItem, Seen, decode_to_device
from realstack.chat.frames import News as Notice
from realstack.chat.links import Link, Links
from realstack.chat.message_service import Membership
from realstack.chat.news import News
from realstack.chat.numbering import Numbering
from realstack.chat.pushes import Pushes
from realstack.chat.receipts import Receipts
from realstack.chat.records import ReceiptRecord
from tests.realstack.chat.fakes import MemoryRegistry, MemoryStore, record, settings, turns

ANNA, BERT, CARL, DORA = 1, 2, 3, 4


class MemoryLink(Link):
    """Notes what was pushed; the users in `away` are absent."""

    def __init__(self, away: Sequence[int] = ()) -> None:
        self.pushed: list[tuple[Any, list[int]]] = []
        self.away = set(away)
        self.failed = False
        self.fails: list[bool] = []

    def push(
        self, frame: bytes, users: Sequence[int], *, stamped: bool, conv: int | None = None
    ) -> asyncio.Future[list[int]]:
        self.pushed.append((decode_to_device(frame), list(users)))
        if self.fails:
            self.failed = self.fails.pop(0)
        answer: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        answer.set_result([user for user in users if user in self.away])
        return answer


class MemoryLinks(Links):
    """Links to the gateways that the registry knows the address of."""

    def __init__(self, registry: MemoryRegistry) -> None:
        self._registry = registry
        self.opened: dict[str, MemoryLink] = {}

    async def to(self, gateway: str) -> Link | None:
        if await self._registry.gateway_address(gateway) is None:
            return None
        return self.opened.setdefault(gateway, MemoryLink())


class MemoryPushes(Pushes):
    def __init__(self) -> None:
        self.notified: list[tuple[list[int], int, str]] = []

    async def notify(self, users: Sequence[int], conv: int, uuid: str) -> None:
        self.notified.append((sorted(users), conv, uuid))


class World:
    """Conversation 5 of four people: Anna and Bert on gateway-1, Carl on gateway-2, Dora is away."""

    def __init__(self, **design: Any) -> None:
        self.store = MemoryStore({5: (ANNA, BERT, CARL, DORA)})
        self.registry = MemoryRegistry()
        self.registry.homes = {ANNA: ("gateway-1", 1), BERT: ("gateway-1", 1), CARL: ("gateway-2", 1)}
        self.registry.addresses = {"gateway-1": "1", "gateway-2": "2"}
        self.links = MemoryLinks(self.registry)
        self.pushes = MemoryPushes()
        choices = settings(**design).choices
        self.delivery = Delivery(
            Numbering(self.store, choices),
            Membership(self.store),
            self.registry,
            self.links,
            self.pushes,
            News(self.registry, self.links, interval_s=0.01),
            choices,
        )
        self.receipts = Receipts(self.store, self.registry, self.links)

    async def deliver(self, uuid: str, sender: int, offset: int) -> None:
        rest = await self.delivery.deliver(record(uuid, sender=sender), 0, offset, polled_ns=1)
        if rest is not None:
            await rest

    def pushed(self, gateway: str) -> list[tuple[str, int, int, list[int]]]:
        """(uuid, position, prev, users) of every message frame."""
        frames = self.links.opened[gateway].pushed
        return [(f.uuid, f.position, f.prev, users) for f, users in frames if isinstance(f, Message)]


def in_a_world(scene: Callable[[World], Coroutine[Any, Any, None]], **design: Any) -> World:
    world = World(**design)
    asyncio.run(scene(world))
    return world


def test_everyone_but_the_sender_gets_it_on_his_gateway_and_who_is_away_is_notified() -> None:
    world = in_a_world(lambda world: world.deliver("m1", ANNA, 0))
    assert world.pushed("gateway-1") == [("m1", 1, 0, [BERT])]
    assert world.pushed("gateway-2") == [("m1", 1, 0, [CARL])]
    assert world.pushes.notified == [([DORA], 5, "m1")]


def test_each_reader_is_told_which_message_he_must_have_shown_before() -> None:
    async def scene(world: World) -> None:
        for offset, sender in enumerate([ANNA, BERT, CARL]):
            await world.deliver(f"m{offset + 1}", sender, offset)

    world = in_a_world(scene)
    # Bert wrote m2 himself, so m1 is what he must have; both follow m2 for Anna.
    assert world.pushed("gateway-1")[-2:] == [("m3", 3, 2, [ANNA]), ("m3", 3, 1, [BERT])]


def test_by_message_id_nothing_is_promised() -> None:
    world = in_a_world(lambda world: world.deliver("m1", ANNA, 0), preset="seed")
    assert [prev for _, _, prev, _ in world.pushed("gateway-1")] == [-1]


def test_the_stamps_rise_on_the_way() -> None:
    world = in_a_world(lambda world: world.deliver("m1", ANNA, 0))
    frame = world.links.opened["gateway-1"].pushed[0][0]
    stamps = [frame.polled_ns, frame.started_ns, frame.stored_ns, frame.routed_ns]
    assert stamps == sorted(stamps)
    assert (frame.accepted_ns, frame.pushed_ns) == (7, 0)


def test_who_is_absent_at_his_gateway_is_notified_too() -> None:
    async def scene(world: World) -> None:
        world.links.opened["gateway-2"] = MemoryLink(away=[CARL])
        await world.deliver("m1", ANNA, 0)

    assert in_a_world(scene).pushes.notified == [([CARL, DORA], 5, "m1")]


def test_who_is_on_a_gateway_that_nobody_knows_is_notified_too() -> None:
    async def scene(world: World) -> None:
        del world.registry.addresses["gateway-2"]
        await world.deliver("m1", ANNA, 0)

    assert in_a_world(scene).pushes.notified == [([CARL, DORA], 5, "m1")]


def test_users_of_a_gateway_that_did_not_answer_lose_their_entries_so_that_they_ask_for_what_they_missed() -> None:
    async def scene(world: World) -> None:
        broken = MemoryLink(away=[CARL])
        broken.failed = True
        world.links.opened["gateway-2"] = broken
        await world.deliver("m1", ANNA, 0)

    assert set(in_a_world(scene).registry.homes) == {ANNA, BERT}


def test_users_whom_a_gateway_does_not_know_keep_their_entries() -> None:
    async def scene(world: World) -> None:
        world.links.opened["gateway-2"] = MemoryLink(away=[CARL])
        await world.deliver("m1", ANNA, 0)

    # He may be about to connect: his entry comes first.
    assert set(in_a_world(scene).registry.homes) == {ANNA, BERT, CARL}


def test_a_message_sent_twice_is_pushed_once_and_one_logged_twice_again() -> None:
    async def scene(world: World) -> None:
        for offset in (0, 1, 0):
            await world.deliver("m1", ANNA, offset)

    world = in_a_world(scene)
    # After a crash nobody knows whether the first push went out: it is repeated with the same position.
    assert world.pushed("gateway-1") == [("m1", 1, 0, [BERT]), ("m1", 1, 0, [BERT])]


def test_servers_that_fail_for_a_while_delay_a_message_and_lose_nothing() -> None:
    async def scene(world: World) -> None:
        world.store.failures = world.registry.failures = 2
        await world.deliver("m1", ANNA, 0)

    world = in_a_world(scene)
    assert [row.uuid for row in world.store.rows[5].values()] == ["m1"]
    assert world.pushed("gateway-1") == [("m1", 1, 0, [BERT])]
    assert world.pushed("gateway-2") == [("m1", 1, 0, [CARL])]


def receipt(reader: int, *items: tuple[str, int, int], state: Any = "delivered") -> ReceiptRecord:
    return ReceiptRecord(5, reader, state, [ReceiptItem(*item) for item in items])


def test_receipts_are_kept_once_a_reader_and_pushed_to_each_sender() -> None:
    async def scene(world: World) -> None:
        first = receipt(BERT, ("m1", ANNA, 1), ("m2", CARL, 2), ("m3", ANNA, 3))
        await world.receipts.hand_back([first, receipt(BERT, ("m4", DORA, 4))])

    world = in_a_world(scene)
    assert world.store.receipts == [(5, BERT, "delivered", 4)]
    assert world.links.opened["gateway-1"].pushed == [(Seen(5, BERT, "delivered", {"m1": 1, "m3": 3}), [ANNA])]
    assert world.links.opened["gateway-2"].pushed == [(Seen(5, BERT, "delivered", {"m2": 2}), [CARL])]


@pytest.mark.parametrize("failures", [0, 2])
def test_delivered_reaches_the_sender_before_read(failures: int) -> None:
    async def scene(world: World) -> None:
        world.registry.failures = failures
        await world.receipts.hand_back([receipt(BERT, ("m1", ANNA, 1)), receipt(BERT, ("m1", ANNA, 1), state="read")])

    pushed = in_a_world(scene).links.opened["gateway-1"].pushed
    assert [frame.state for frame, _ in pushed] == ["delivered", "read"]


def gateway_2_does_not_answer(world: World) -> None:
    broken = MemoryLink(away=[CARL])
    broken.failed = True
    world.links.opened["gateway-2"] = broken


def gateway_2_is_unknown(world: World) -> None:
    del world.registry.addresses["gateway-2"]


@pytest.mark.parametrize("fault", [gateway_2_does_not_answer, gateway_2_is_unknown])
def test_a_sender_whose_gateway_does_not_take_a_receipt_loses_the_entry_and_asks_for_it(
    fault: Callable[[World], None],
) -> None:
    async def scene(world: World) -> None:
        fault(world)
        await world.receipts.hand_back([receipt(BERT, ("m1", CARL, 1), ("m2", ANNA, 2))])
        await turns(5)

    assert set(in_a_world(scene).registry.homes) == {ANNA, BERT}


def test_a_sender_whom_the_gateway_does_not_know_keeps_the_entry() -> None:
    async def scene(world: World) -> None:
        world.links.opened["gateway-2"] = MemoryLink(away=[CARL])
        await world.receipts.hand_back([receipt(BERT, ("m1", CARL, 1))])
        await turns(5)

    assert CARL in in_a_world(scene).registry.homes


def test_a_receipt_is_kept_before_its_sender_is_looked_up() -> None:
    kept: list[int] = []

    class Noting(MemoryRegistry):
        async def routes(self, users: Sequence[int]) -> Mapping[int, str]:
            kept.append(len(world.store.receipts))
            return {}

    world = World()
    asyncio.run(Receipts(world.store, Noting(), world.links).hand_back([receipt(BERT, ("m1", ANNA, 1))]))
    assert kept == [1]


def test_a_receipt_of_nothing_is_no_trouble() -> None:
    assert in_a_world(lambda world: world.receipts.hand_back([receipt(BERT)])).links.opened == {}


def notices(world: World, gateway: str) -> list[int]:
    return [f.position for f, _ in world.links.opened[gateway].pushed if isinstance(f, Notice)]


def test_a_message_that_members_read_is_announced_at_the_gateways_with_followers_and_pushed_to_nobody() -> None:
    async def scene(world: World) -> None:
        world.registry.followed = {5: ["gateway-2"]}
        await world.deliver("m1", ANNA, 0)

    world = in_a_world(scene, fan_out="hybrid", fan_out_limit=3)
    assert notices(world, "gateway-2") == [1]
    assert list(world.links.opened) == ["gateway-2"]
    assert world.pushes.notified == []


def test_up_to_the_limit_members_are_pushed_to() -> None:
    world = in_a_world(lambda world: world.deliver("m1", ANNA, 0), fan_out="hybrid", fan_out_limit=4)
    assert world.pushed("gateway-2") == [("m1", 1, 0, [CARL])]


def test_many_messages_are_few_notices_of_which_the_last_names_the_last_message() -> None:
    async def scene(world: World) -> None:
        world.registry.followed = {5: ["gateway-1"]}
        rests = [await world.delivery.deliver(record(f"m{n}"), 0, n, polled_ns=1) for n in range(50)]
        await asyncio.gather(*(rest for rest in rests if rest is not None))

    told = notices(in_a_world(scene, fan_out="read"), "gateway-1")
    assert told[-1] == 50
    assert told == sorted(told)
    assert len(told) <= 3


def test_a_gateway_that_does_not_take_the_news_is_told_again() -> None:
    async def scene(world: World) -> None:
        world.registry.followed = {5: ["gateway-1"]}
        link = await world.links.to("gateway-1")
        assert isinstance(link, MemoryLink)
        link.fails = [True, True, False]
        await world.deliver("m1", ANNA, 0)

    assert notices(in_a_world(scene, fan_out="read"), "gateway-1") == [1, 1, 1]


def test_what_a_member_has_read_there_is_kept_and_told_to_nobody() -> None:
    async def scene(world: World) -> None:
        receipt = ReceiptRecord(5, BERT, "read", [ReceiptItem("m1", ANNA, 1)], told=False)
        await world.receipts.hand_back([receipt])

    world = in_a_world(scene)
    assert world.store.receipts == [(5, BERT, "read", 1)]
    assert world.links.opened == {}
