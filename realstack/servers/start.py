"""`start_servers`: one call that gives Kafka, Cassandra and Redis, ready, and that leaves nothing behind.

"local"        processes of this machine, from packages            folder/logs, folder/data (removed at the end)
"containers"   containers of the official images                   folder/logs
"external"     addresses from CHATSCALE_KAFKA, CHATSCALE_CASSANDRA, CHATSCALE_REDIS
"x.toml", "kafka=…,cassandra=…,redis=…"   addresses given there
"auto"         what this machine has: local

Of a cluster (`nodes = 3`) all start at once, and each waits for the others as far as it needs them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from realstack.servers.addresses import DEFAULT_PORTS, EXAMPLE, Addresses, parse_addresses
from realstack.servers.external import external_services
from realstack.servers.local import local_services
from realstack.servers.process import ProcessScope
from realstack.servers.service import Service
from sim.errors import ServerMissingError, UsageError

T = TypeVar("T")
PROVIDERS = ("auto", "local", "containers", "external")


class OwnService(Service, Protocol):
    """A server that is started here."""

    def launch(self) -> None:
        """Start it and wait until it is ready."""

    def finish(self, on_event: Callable[[str], None]) -> None:
        """End it with a run that went well."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Ready servers by name. `scope` starts further processes that end with the run (gateways, workers, driver)."""

    addresses: Addresses
    services: dict[str, Service]
    ready_s: dict[str, float]
    scope: ProcessScope

    @property
    def versions(self) -> dict[str, str]:
        """Such as {"kafka": "4.3.1", "cassandra": "5.0.8", "redis": "6.2.14"}."""
        return {kind: service.version for service in self.services.values() if (kind := service.kind) in DEFAULT_PORTS}

    def check(self) -> None:
        """`ServerLostError`, naming it, if a server died that nobody killed on purpose."""
        for service in self.services.values():
            service.check()

    def usage(self) -> dict[str, tuple[float, int]]:
        """CPU seconds so far and resident bytes of each server, where they can be known."""
        return {name: used for name, service in self.services.items() if (used := service.usage()) is not None}


@contextmanager
def start_servers(
    servers: str,
    folder: Path,
    *,
    on_event: Callable[[str], None] = lambda _: None,
    durable: bool = False,
    nodes: int = 1,
) -> Iterator[Servers]:
    """Kafka, Cassandra and Redis by the named provider or at the given addresses, ready within the block.

    `UsageError` for an unknown provider or address, a `ServerError` where one cannot be had. `on_event` takes a line
    for each step and may be called from several threads. `ready_s` holds the seconds that each took and, as "all",
    those of the whole call. A single Cassandra that will be killed should be `durable`, at a price for every write.
    Servers at addresses are as many as they are, whatever `nodes` says.
    """
    began_s = time.monotonic()
    addresses = _given(servers)
    if addresses is not None:
        with ProcessScope() as scope:
            external = external_services(addresses, os.environ)
            ready_s = _bring_up({each.name: each.wait_ready for each in external}, scope, on_event)
            ready_s["all"] = time.monotonic() - began_s
            yield Servers(addresses, {each.name: each for each in external}, ready_s, scope)
        return
    folder = folder.absolute()
    scratch = folder / "data"
    if scratch.exists():
        raise UsageError(f"{scratch} exists already and would be removed; take another folder")
    with ProcessScope(scratch) as scope:
        own = _own_services(servers, scope, folder, on_event, durable=durable, nodes=nodes)
        ready_s = _bring_up({each.name: each.launch for each in own}, scope, on_event)
        ready_s["all"] = time.monotonic() - began_s
        yield Servers(_addresses_of(own), {each.name: each for each in own}, ready_s, scope)
        _at_once({each.name: partial(each.finish, on_event) for each in own}, scope)


def _own_services(
    servers: str, scope: ProcessScope, folder: Path, on_event: Callable[[str], None], *, durable: bool, nodes: int
) -> Sequence[OwnService]:
    if servers != "containers":
        return local_services(scope, folder, on_event, durable=durable, nodes=nodes)
    if nodes > 1:
        raise UsageError(
            f"containers are one node of each server, not {nodes}: a cluster needs --servers local, "
            f"or --servers external with the addresses of one"
        )
    try:
        from realstack.servers.containers import container_services
    except ImportError as error:
        raise ServerMissingError(
            f"containers need the package testcontainers ({error}). Mend it with: pip install 'chatscale[real]'"
        ) from None
    return container_services(scope, folder, on_event)


def _given(servers: str) -> Addresses | None:
    """The addresses that are given; None where servers are to be started here."""
    if "=" in servers or servers.endswith(".toml"):
        return parse_addresses(servers, os.environ)
    if servers == "external":
        return parse_addresses(None, os.environ)
    if servers in ("auto", "local", "containers"):
        return None
    raise UsageError(f"unknown servers {servers!r}; there are {', '.join(PROVIDERS)}, a .toml file and {EXAMPLE}")


def _bring_up(
    tasks: dict[str, Callable[[], None]], scope: ProcessScope, on_event: Callable[[str], None]
) -> dict[str, float]:
    """Run all at once; the seconds that each took."""

    def timed(name: str) -> float:
        began_s = time.monotonic()
        tasks[name]()
        took_s = time.monotonic() - began_s
        on_event(f"{name} ready after {took_s:.1f} s")
        return took_s

    return _at_once({name: partial(timed, name) for name in tasks}, scope)


def _at_once(tasks: dict[str, Callable[[], T]], scope: ProcessScope) -> dict[str, T]:
    """The results of tasks on threads. After a failure, or Ctrl-C, the processes end, and so do the tasks on them."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        futures = {name: pool.submit(task) for name, task in tasks.items()}
        try:
            done, _ = wait(futures.values(), return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            return {name: future.result() for name, future in futures.items()}
        except BaseException:
            scope.close()
            raise


def _addresses_of(services: Sequence[Service]) -> Addresses:
    def of(kind: str) -> str:
        return ",".join(each.address for each in services if each.kind == kind)

    return Addresses(of("kafka"), of("cassandra"), of("redis"), of("sentinel"))
