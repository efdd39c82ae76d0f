"""What each fault does to the real stack, and what undoes it."""

from __future__ import annotations

from collections.abc import Callable

from realstack.faults.injector import Undo
from realstack.faults.network import Network
from realstack.servers import Servers
from realstack.stack import ChatStack
from sim.errors import UsageError
from sim.faults import NETWORK, Fault


class Acts:
    """Faults of one drive. `network` is there if the schedule has faults of the network."""

    def __init__(self, servers: Servers, stack: ChatStack, network: Network | None) -> None:
        self._servers = servers
        self._stack = stack
        self._network = network

    def begin(self, fault: Fault) -> Undo:
        """Do it; call the result to undo it."""
        match fault.kind:
            case "pause":
                return self._pause(fault.target)
            case "kill":
                return self._kill(fault.target)
            case "drain":
                self._stack.drain(fault.target)
                return lambda: self._stack.replace(fault.target)
            case "skew":
                self._stack.skew(fault.target, fault.by_s or 0.0)
                return lambda: self._stack.skew(fault.target, 0.0)
            case "lose-heartbeats":
                return lambda: None  # the driver loses them
            case "add-partitions":
                self._stack.add_partitions(fault.count or 0)
                return lambda: None  # Kafka has no way back
            case _ if self._network is not None:
                return self._network.begin(fault)
        raise AssertionError(f"{fault.kind} needs a network to go wrong")

    def _pause(self, target: str) -> Callable[[], None]:
        service = self._servers.services.get(target)
        paused = service if service is not None else self._stack.processes[target]
        paused.pause()
        return paused.resume

    def _kill(self, target: str) -> Callable[[], None]:
        service = self._servers.services.get(target)
        if service is not None:
            service.kill()
            return service.restart
        self._stack.kill(target)
        return lambda: self._stack.replace(target)


def refuse_impossible(faults: tuple[Fault, ...], servers: Servers) -> None:
    """Raise UsageError for faults of servers that are not ours to harm, or that are not there."""
    for place, fault in enumerate(faults):
        if not fault.hits_server:
            continue
        service = servers.services.get(fault.target)
        if service is None or service.detour is None:
            why = "stand between it and its clients" if fault.kind in NETWORK else "stop it"
            where = f" at {service.address}" if service else ""
            raise UsageError(
                f"faults.{place}: {fault.kind} of {fault.target}{where}, which is not a process of ours: "
                f"we cannot {why}; use --servers local"
            )
