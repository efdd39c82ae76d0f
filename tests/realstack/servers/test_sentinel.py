"""A pair of real Redis and its sentinels: what clients see when the primary goes and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec
import pytest
from redis import Redis

from realstack.chat.redis_client import connect_redis
from realstack.servers import ProcessScope
from realstack.servers.place import free_places
from realstack.servers.ports import HOST
from realstack.servers.redis import LocalRedis, find_redis
from realstack.servers.sentinel import LocalSentinel, ask_primary, follows
from sim.errors import ServerError
from tests.realstack.chat.fakes import settings

Pair = tuple[list[LocalRedis], list[LocalSentinel]]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """A primary, its replica, and three sentinels, ready."""
    places, watch, binary = free_places([HOST] * 2), free_places([HOST] * 3), find_redis()
    with ProcessScope(tmp_path / "data") as scope:
        servers = [LocalRedis(scope, tmp_path, binary, places, n, partial(follows, watch)) for n in (1, 2)]
        sentinels = [LocalSentinel(scope, tmp_path, binary, watch, n, places) for n in (1, 2, 3)]
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda service: service.launch(), [*servers, *sentinels]))
        yield servers, sentinels


def role(server: LocalRedis) -> str:
    with Redis(*server.place.endpoint, decode_responses=True) as client:
        return str(client.info("replication")["role"])


def test_a_client_goes_on_with_the_promoted_replica_and_the_old_primary_comes_back_as_its_replica(pair: Pair) -> None:
    (first, second), sentinels = pair
    where = msgspec.structs.replace(settings(), sentinel=",".join(each.address for each in sentinels))

    async def scene() -> None:
        client = connect_redis(where)
        try:
            await client.set("before", "kept")
            await client.wait(1, 5000)
            await asyncio.to_thread(first.kill)
            await client.set("after", "written")
            assert await client.mget("before", "after") == ["kept", "written"]
        finally:
            await client.aclose()

    asyncio.run(asyncio.wait_for(scene(), 60))
    assert ask_primary([each.place.endpoint for each in sentinels]) == second.place.endpoint
    first.restart()
    assert (role(first), role(second)) == ("slave", "master")
    with Redis(*first.place.endpoint, decode_responses=True) as client:
        assert client.mget("before", "after") == ["kept", "written"]


def test_a_primary_that_stood_still_is_not_asked_again_though_it_answers(pair: Pair) -> None:
    (first, second), sentinels = pair
    where = msgspec.structs.replace(settings(), sentinel=",".join(each.address for each in sentinels))

    async def promoted() -> None:
        while ask_primary([each.place.endpoint for each in sentinels]) != second.place.endpoint:
            await asyncio.sleep(0.1)

    async def scene() -> None:
        idle, busy = connect_redis(where), connect_redis(where)
        try:
            await asyncio.gather(*(client.get("key") for client in (idle, busy) for _ in range(10)))
            await idle.wait(1, 5000)
            first.pause()
            under_way = [asyncio.ensure_future(busy.set("key", "written")) for _ in range(10)]
            await promoted()
            await asyncio.gather(*under_way)
            await busy.set("later", "written")
            first.resume()
            with Redis(*first.place.endpoint, decode_responses=True) as old:
                assert (role(first), old.get("later")) == ("master", None), "it has not been told yet"
            for client in (idle, busy):
                assert set(await asyncio.gather(*(client.get("key") for _ in range(20)))) == {"written"}
        finally:
            await asyncio.gather(idle.aclose(), busy.aclose())

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_a_primary_that_is_back_at_once_does_not_empty_its_replica(pair: Pair) -> None:
    (first, second), _ = pair
    with Redis(*first.place.endpoint) as client:
        client.set("key", "kept")
        client.wait(1, 5000)
    first.kill()
    first.restart()
    assert (role(first), role(second)) == ("slave", "master")
    with Redis(*first.place.endpoint, decode_responses=True) as client:
        assert client.get("key") == "kept"


def test_sentinels_that_are_gone_are_told() -> None:
    with pytest.raises(ServerError, match="no sentinel names a primary mymaster"):
        ask_primary([(HOST, 1)])
