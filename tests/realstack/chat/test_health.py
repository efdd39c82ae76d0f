"""What a process answers about itself, also when its event loop cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry, Counter

from realstack.chat.health import Health, serve_health
from realstack.scrape import ask

Scene = Callable[[Health, asyncio.Event], Awaitable[None]]


def with_health(scene: Scene) -> None:
    async def main() -> None:
        registry, stop = CollectorRegistry(), asyncio.Event()
        Counter("cups", "Cups of tea", registry=registry).inc(3)
        with serve_health(registry, stop) as health:
            await scene(health, stop)

    asyncio.run(asyncio.wait_for(main(), 30))


async def get(health: Health, path: str) -> tuple[int, str]:
    return await asyncio.to_thread(ask, health.port, path)


def test_a_process_is_ready_from_when_it_says_so_until_it_is_told_to_stop() -> None:
    async def scene(health: Health, stop: asyncio.Event) -> None:
        assert await get(health, "/ready") == (503, "starting\n")
        health.ready = True
        assert await get(health, "/ready") == (200, "ready\n")
        stop.set()
        assert await get(health, "/ready") == (503, "draining\n")
        assert await get(health, "/live") == (200, "live\n")

    with_health(scene)


def test_a_loop_that_stands_still_is_not_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realstack.chat.health._LOOP_ANSWERS_WITHIN_S", 0.05)

    async def scene(health: Health, _: asyncio.Event) -> None:
        with ThreadPoolExecutor() as threads:
            # The loop waits for the answer instead of turning.
            assert threads.submit(ask, health.port, "/live").result() == (503, "the event loop stands still\n")
        assert await get(health, "/live") == (200, "live\n")

    with_health(scene)


def test_metrics_come_in_the_text_format_of_prometheus() -> None:
    async def scene(health: Health, _: asyncio.Event) -> None:
        status, metrics = await get(health, "/metrics")
        assert status == 200
        assert "# TYPE cups_total counter\ncups_total 3.0\n" in metrics

    with_health(scene)


def test_another_path_is_answered_with_those_that_there_are() -> None:
    async def scene(health: Health, _: asyncio.Event) -> None:
        assert await get(health, "/secrets") == (404, "there are /live, /ready and /metrics\n")

    with_health(scene)


def test_it_listens_on_this_machine_only_and_only_as_long_as_the_process() -> None:
    async def scene(health: Health, _: asyncio.Event) -> None:
        ports.append(health.port)

    ports: list[int] = []
    with_health(scene)
    with pytest.raises(ConnectionRefusedError):
        ask(ports[0], "/live")
