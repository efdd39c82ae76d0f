"""What a gateway counts while it is spoken to."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from realstack.chat import frames
from realstack.chat.delivery_pb2 import DeliverRequest, Delivery
from realstack.chat.frames import Error, Message, encode
from realstack.chat.metrics import WorkerMetrics
from tests.realstack.chat.house import ANNA, BERT, EVE, House, ask, in_a_house


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


def test_frames_errors_and_sessions_are_counted() -> None:
    async def scene(house: House) -> None:
        registry = house.metrics.registry
        async with await house.visit(ANNA) as anna:
            for said in (frames.Heartbeat(), frames.Heartbeat(), frames.Send(5, "m1", 1, "hello"), frames.Open(7), "?"):
                await ask(anna, said)
            assert value(registry, "chatscale_sessions") == 1
        assert value(registry, "chatscale_frames_total", type="heartbeat") == 2
        assert value(registry, "chatscale_frames_total", type="send") == 1
        assert value(registry, "chatscale_frames_total", type="resume") == 0
        assert value(registry, "chatscale_errors_total", code="not-a-member") == 1
        assert value(registry, "chatscale_errors_total", code="bad-frame") == 1
        assert value(registry, "chatscale_append_seconds_count") == 1

    in_a_house(scene)


def test_who_is_shown_the_door_is_counted() -> None:
    async def scene(house: House) -> None:
        async with await house.visit(BERT), await house.stranger() as eve:
            assert isinstance(await ask(eve, frames.Hello(EVE, 1, "none")), Error)
        assert value(house.metrics.registry, "chatscale_errors_total", code="bad-token") == 1

    in_a_house(scene)


def test_pushes_are_counted_apart_from_those_that_met_nobody() -> None:
    async def scene(house: House) -> None:
        async with await house.visit(ANNA):
            pushed = encode(Message(5, "m1", BERT, 1, 9, 1, 0, "hello", "push"))
            deliveries = [Delivery(frame=pushed, users=[ANNA, EVE]), Delivery(frame=pushed, users=[ANNA])]
            await house.gateway.deliver(DeliverRequest(deliveries=deliveries), None)
        assert value(house.metrics.registry, "chatscale_pushes_total") == 2
        assert value(house.metrics.registry, "chatscale_absent_total") == 1

    in_a_house(scene)


def test_a_process_counts_what_it_takes_itself() -> None:
    assert (value(WorkerMetrics().registry, "process_resident_memory_bytes") or 0) > 1e6
