"""Where local servers are. Members of a cluster know each other's place before the first of them starts.

kafka-1      127.0.0.1    client 40123   internal 40124   proxy 40125   behind 40126
cassandra-2  127.0.0.2    …
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realstack.endpoints import Endpoint, join
from realstack.servers.ports import HOST, free_ports


@dataclass(frozen=True, slots=True)
class Ports:
    """A server's ports on loopback: for clients, for its own traffic, and for a proxy before it.

    `behind` is where the server itself would take what came through a proxy at `proxy`.
    """

    client: int
    internal: int
    proxy: int
    behind: int


@dataclass(frozen=True, slots=True)
class Place:
    """One server: its number among its like, from 1, its address of loopback, its ports."""

    number: int
    host: str
    ports: Ports

    @property
    def endpoint(self) -> Endpoint:
        """Where its clients find it."""
        return self.host, self.ports.client

    @property
    def address(self) -> str:
        """The same as text."""
        return join(*self.endpoint)

    @property
    def internal(self) -> str:
        """Where its like find it."""
        return join(self.host, self.ports.internal)


def free_places(hosts: Sequence[str] = (HOST,)) -> tuple[Place, ...]:
    """Places at ports that were free a moment ago, one for each host."""
    ports = free_ports(4 * len(hosts))
    return tuple(
        Place(number, host, Ports(*ports[4 * number - 4 : 4 * number])) for number, host in enumerate(hosts, start=1)
    )
