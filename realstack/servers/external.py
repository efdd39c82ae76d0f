"""Servers that run elsewhere, at given addresses: used and never started, paused, killed or stopped by us."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from tenacity import RetryError, Retrying, stop_after_delay, wait_fixed

from realstack.access import SERVERS, Access, access_to
from realstack.endpoints import Endpoint, endpoints
from realstack.servers.addresses import Addresses
from realstack.servers.ports import answers
from realstack.servers.probes import greet_kafka, greet_redis, probe_cassandra, probe_kafka, probe_redis
from realstack.servers.sentinel import ask_primary
from sim.errors import ServerError, ServerLostError, UsageError

READY_LIMIT_S = 10.0


class ExternalService:
    """A server at an address. `probe` makes a round trip and gives the version, if the server tells one.

    `greet` only connects, with the credentials of `access`.
    """

    pid = None
    detour = None

    def __init__(
        self,
        kind: str,
        address: str,
        access: Access,
        probe: Callable[[], str | None],
        greet: Callable[[], object],
    ) -> None:
        self.kind = self.name = kind
        self.address = address
        self.version = "unknown"
        self._endpoints = endpoints(address)
        self.access = access
        self.greet = greet
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
                f"{self.name} at {self.address} does not answer to {self.access} ({why}); start it, correct its "
                f"address or credentials, or let chatscale start its own with --servers local"
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


def external_services(addresses: Addresses, environment: Mapping[str, str]) -> list[ExternalService]:
    """The three services at these addresses, with the environment's credentials; Redis is at its sentinels, if any.

    UsageError for credentials that cannot be.
    """
    kafka, cassandra, redis, sentinel = (access_to(server, environment) for server in SERVERS)
    first_node = endpoints(addresses.cassandra)[0]
    sentinels = endpoints(addresses.sentinel)

    def primary() -> Endpoint:
        return ask_primary(sentinels, **sentinel.redis_options()) if sentinels else endpoints(addresses.redis)[0]

    return [
        ExternalService(
            "kafka",
            addresses.kafka,
            kafka,
            lambda: probe_kafka(addresses.kafka, **kafka.kafka_options()),
            lambda: greet_kafka(addresses.kafka, **kafka.kafka_options()),
        ),
        ExternalService(
            "cassandra",
            addresses.cassandra,
            cassandra,
            lambda: probe_cassandra(*first_node, **cassandra.cassandra_options()),
            lambda: probe_cassandra(*first_node, **cassandra.cassandra_options()),
        ),
        ExternalService(
            "redis",
            addresses.sentinel or addresses.redis,
            redis,
            lambda: probe_redis(*primary(), **redis.redis_options()),
            lambda: greet_redis(*primary(), **redis.redis_options()),
        ),
    ]
