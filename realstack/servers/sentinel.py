"""Sentinels: three processes that watch a primary Redis and promote its replica once two of them miss it.

    sentinel-1 ─┐                 primary is silent for 2 s ─► two of three agree ─► one is elected ─► replica promoted
    sentinel-2 ─┼─► redis-1 ──► redis-2
    sentinel-3 ─┘                 clients ask a sentinel where the primary is whenever they connect

They are told of each other and of the replica, so that they need not find out, which takes ten seconds.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis

from realstack.endpoints import PRIMARY, Endpoint
from realstack.servers.local_service import LocalService, write_template
from realstack.servers.place import Place
from realstack.servers.process import ProcessScope
from realstack.servers.redis import RedisBinary
from sim.errors import ServerError

MAJORITY = 2
TIMEOUT_S = 1.0
# A sentinel that did not run for 2 s mistrusts its clock and promotes nobody for 30 s ("tilt"); then 15 s are plenty.
PROMOTION_LIMIT_S = 45.0
POLL_S = 0.1


class LocalSentinel(LocalService):
    """One of the sentinels of a pair of Redis."""

    kind = "sentinel"

    def __init__(
        self,
        scope: ProcessScope,
        folder: Path,
        binary: RedisBinary,
        cluster: Sequence[Place],
        number: int,
        watched: Sequence[Place],
    ) -> None:
        super().__init__(scope, folder, cluster, number)
        self._binary = binary
        self._watched = watched

    @property
    def version(self) -> str:
        """The binary's version."""
        return self._binary.version

    @property
    def detour(self) -> None:
        """See `Service`: nothing stands before a sentinel."""
        return None

    def command(self) -> list[str]:
        """See `LocalService`. A sentinel writes what it learns to its file, which stays."""
        config = self.data.with_name(f"{self.name}.conf")
        if not config.exists():
            primary, *replicas = self._watched
            write_template(
                "sentinel.conf",
                config,
                place=self.place,
                data=self.data,
                watched=PRIMARY,
                majority=MAJORITY,
                ids={each.number: _id(each) for each in self.members},
                others=[each for each in self.members if each != self.place],
                primary=primary,
                replicas=replicas,
            )
        return [str(self._binary.path), str(config), "--sentinel"]

    def probe(self) -> None:
        """See `LocalService`: it could promote the replica, if it had to."""
        with redis.Redis(*self.place.endpoint, socket_timeout=TIMEOUT_S) as client:
            client.execute_command("SENTINEL CKQUORUM", PRIMARY)
            state = client.sentinel_master(PRIMARY)
            if state["flags"] != "master" or int(state["num-slaves"]) != len(self._watched) - 1:
                raise ConnectionError(f"{self.name} sees {state}")


def follows(sentinels: Sequence[Place], place: Place) -> Endpoint | None:
    """Whom a Redis that comes back follows: the primary that the sentinels name, None if it is itself.

    One that comes back empty as the primary would empty its replica too. So it waits until the replica is promoted.
    """
    deadline_s = time.monotonic() + PROMOTION_LIMIT_S
    while time.monotonic() < deadline_s:
        primary = ask_primary([each.endpoint for each in sentinels])
        if primary != place.endpoint:
            return primary
        time.sleep(POLL_S)
    return None


def ask_primary(sentinels: Sequence[Endpoint], **options: Any) -> Endpoint:
    """The primary that the first sentinel names that answers; `ServerError` if none does."""
    for host, port in sentinels:
        try:
            with redis.Redis(host, port, socket_timeout=TIMEOUT_S, decode_responses=True, **options) as client:
                primary: Endpoint | None = client.sentinel_get_master_addr_by_name(PRIMARY)
        except redis.RedisError:
            continue
        if primary is not None:
            return primary
    raise ServerError(f"no sentinel names a primary {PRIMARY}")


def _id(place: Place) -> str:
    """The id of 40 hex digits by which sentinels know each other."""
    return hashlib.sha256(place.address.encode()).hexdigest()[:40]
