"""Servers that run elsewhere, at given addresses: used and never started, paused, killed or stopped by us."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from tenacity import RetryError, Retrying, stop_after_delay, wait_fixed

from realstack.endpoints import Endpoint, endpoints
from realstack.servers.addresses import Addresses
from realstack.servers.ports import answers
from realstack.servers.probes import probe_cassandra, probe_kafka, probe_redis
from realstack.servers.sentinel import ask_primary
from sim.errors import ServerError, ServerLostError, UsageError

READY_LIMIT_S = 10.0


class ExternalService:
    """A server at an address. `probe` makes a round trip and gives the version, if the server tells one."""

    pid = None
    detour = None

    def __init__(self, kind: str, address: str, probe: Callable[[], str | None]) -> None:
        self.kind = self.name = kind
        self.address = address
        self.version = "unknown"
        self._endpoints = endpoints(address)
        self._probe = probe

    def start(self) -> None:
        """Nothing to do: it runs already, or `wait_ready` tells."""

    def wait_ready(self) -> None:
        """A round trip, tried for some seconds; `ServerError` with the next step if none goes through."""
        try:
            Retrying(stop=stop_after_delay(READY_LIMIT_S), wait=wait_fixed(0.5))(self._try_once)
        except RetryError as error:
            why = error.last_attempt.exception()
            raise ServerError(
                f"{self.name} at {self.address} does not answer ({why}); start it, correct its address, "
                f"or let chatscale start its own with --servers local"
            ) from why

    def _try_once(self) -> None:
        if not self._reachable():
            raise ConnectionRefusedError("no connection")
        self.version = self._probe() or "unknown"

    def _reachable(self) -> bool:
        return any(answers(host, port) for host, port in self._endpoints)

    def check(self) -> None:
        """See `Service`."""
        if not self._reachable():
            raise ServerLostError(f"{self.name} at {self.address} no longer accepts connections")

    def pause(self) -> NoReturn:
        """Refused."""
        self._refuse("paused")

    def resume(self) -> NoReturn:
        """Refused."""
        self._refuse("resumed")

    def kill(self) -> NoReturn:
        """Refused."""
        self._refuse("killed")

    def restart(self) -> NoReturn:
        """Refused."""
        self._refuse("restarted")

    def usage(self) -> None:
        """Unknown from here."""

    def log_tail(self, lines: int = 20) -> str:
        """Unknown from here."""
        return ""

    def stop(self) -> None:
        """Nothing to do: we did not start it."""

    def _refuse(self, what: str) -> NoReturn:
        raise UsageError(
            f"{self.name} at {self.address} is not ours, it is not {what}; use --servers local for faults in servers"
        )


def external_services(addresses: Addresses) -> list[ExternalService]:
    """The three services at these addresses; Redis is where its sentinels are, if it has any."""
    cassandra = endpoints(addresses.cassandra)[0]
    return [
        ExternalService("kafka", addresses.kafka, lambda: probe_kafka(addresses.kafka)),
        ExternalService("cassandra", addresses.cassandra, lambda: probe_cassandra(*cassandra)),
        ExternalService("redis", addresses.sentinel or addresses.redis, lambda: probe_redis(*_primary(addresses))),
    ]


def _primary(addresses: Addresses) -> Endpoint:
    """The Redis to write to."""
    sentinels = endpoints(addresses.sentinel)
    return ask_primary(sentinels) if sentinels else endpoints(addresses.redis)[0]
