"""What every provider gives for each server.

start ─► wait_ready ─► (pause ─► resume | kill ─► restart)* ─► stop
"""

from __future__ import annotations

from typing import Protocol


class Service(Protocol):
    """A server of a run. An external one refuses `pause`, `resume`, `kill` and `restart` with `UsageError`."""

    @property
    def kind(self) -> str:
        """kafka, cassandra, redis, or sentinel."""

    @property
    def name(self) -> str:
        """Its kind; with a number behind if it is one of a cluster, as in kafka-2."""

    @property
    def version(self) -> str:
        """Its version, such as "4.3.1"; another product than the one asked for is named, as in "Valkey 9.1.0"."""

    @property
    def address(self) -> str:
        """host:port of its clients."""

    @property
    def detour(self) -> tuple[int, str] | None:
        """For a proxy before it: the port where it listens, the address where it leads; None if there can be none."""

    @property
    def pid(self) -> int | None:
        """Its process on this machine, if it is one and runs."""

    def start(self) -> None:
        """Start it, on the ports and data it had before, if any."""

    def wait_ready(self) -> None:
        """Return once a round trip went through; `ServerStartError` if it died or the time is over."""

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""

    def resume(self) -> None:
        """Let it go on."""

    def kill(self) -> None:
        """End it at once, without a goodbye. `check` then takes its absence as meant."""

    def restart(self) -> None:
        """Stop it if it runs, start it again on the same ports and data, and wait until it is ready."""

    def check(self) -> None:
        """`ServerLostError` if it should be there and is not."""

    def usage(self) -> tuple[float, int] | None:
        """CPU seconds so far and resident bytes, where they can be known."""

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of its log."""

    def stop(self) -> None:
        """End it in good order."""
