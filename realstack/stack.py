"""The chat backend as processes: gateways and workers of one namespace on running servers.

    with ChatStack(servers, scenario, trace, folder) as stack:
        stack.gateways       WebSocket addresses
        stack.kill("worker-1")

Leaving the block ends the processes and removes the namespace from the servers.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from realstack.chat.settings import Choices, Ready, Settings
from realstack.provision import make_namespace, remove_namespace
from realstack.servers import Servers
from realstack.servers.process import BEHIND_THE_DRIVER, ManagedProcess, ProcessScope
from sim.errors import ServerLostError, ServerStartError
from sim.scenario import Scenario
from sim.trace import Trace

_READY_WITHIN_S = 30.0


class ChatStack:
    """See the module. Raises ServerStartError when a process does not come up."""

    def __init__(self, servers: Servers, scenario: Scenario, trace: Trace, folder: Path) -> None:
        addresses = servers.addresses
        self.settings = Settings(
            kafka=addresses.kafka,
            cassandra_host=addresses.cassandra_host,
            cassandra_port=addresses.cassandra_port,
            redis_host=addresses.redis_host,
            redis_port=addresses.redis_port,
            namespace=f"chatscale-{secrets.token_hex(4)}",
            choices=Choices.of(scenario.design),
        )
        self.gateways: list[str] = []
        self.processes: dict[str, ManagedProcess] = {}
        self.faults: list[dict[str, Any]] = []
        self._counts = {"gateway": scenario.design.gateways, "worker": scenario.design.workers}
        self._trace = trace
        self._folder = folder
        self._scope = ProcessScope()
        self._killed: set[str] = set()

    def __enter__(self) -> Self:
        try:
            make_namespace(self.settings, self._trace)
            for kind, count in self._counts.items():
                for number in range(1, count + 1):
                    self._start(kind, number)
            ready = [self._ready(name) for name in self.processes]
            self.gateways = [f"ws://127.0.0.1:{one.ws_port}" for one in ready if one.ws_port]
        except BaseException:
            self._scope.close()
            with suppress(ServerLostError):
                remove_namespace(self.settings)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None:
                for process in self.processes.values():
                    process.terminate()
        finally:
            self._scope.close()
            # When the servers are what failed, their own end removes the namespace.
            with suppress(ServerLostError):
                remove_namespace(self.settings)

    def spawn(self, name: str, module: str, *arguments: str, nice: int = 0) -> ManagedProcess:
        """Start one more Python process of ours, with its log beside the others."""
        argv = [sys.executable, "-m", module, *arguments]
        return self._scope.spawn(name, argv, self._folder / "logs" / f"{name}.log", nice=nice)

    def _start(self, kind: str, number: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        settings = self._folder / "backend.json"
        self.settings.save(settings)
        name = f"{kind}-{number}"
        arguments = (str(settings), str(number), str(self._ready_path(name)))
        self._ready_path(name).unlink(missing_ok=True)
        self.processes[name] = self.spawn(name, f"realstack.chat.{kind}", *arguments, nice=BEHIND_THE_DRIVER)

    def _ready_path(self, name: str) -> Path:
        return self._folder / f"{name}.ready.json"

    def _ready(self, name: str) -> Ready:
        process, path = self.processes[name], self._ready_path(name)
        deadline_s = time.monotonic() + _READY_WITHIN_S
        while not path.exists():
            if not process.alive:
                raise ServerStartError(f"{name} ended while starting; its log ends with", process.log_tail())
            if time.monotonic() > deadline_s:
                raise ServerStartError(f"{name} was not ready within {_READY_WITHIN_S:g} s", process.log_tail())
            time.sleep(0.02)
        ready = msgspec.json.decode(path.read_bytes(), type=Ready)
        path.unlink()
        return ready

    def kill(self, name: str) -> None:
        """End a process at once, on purpose: a fault, noted for the history."""
        self._note_fault("fault.start", name)
        self.processes[name].kill()
        self._killed.add(name)

    def replace(self, name: str) -> None:
        """Start a killed process anew and wait until it can be used; that ends the fault."""
        kind, _, number = name.partition("-")
        self._start(kind, int(number))
        self._ready(name)
        self._killed.discard(name)
        self._note_fault("fault.stop", name)

    def _note_fault(self, kind: str, name: str) -> None:
        self.faults.append({"t_ns": time.monotonic_ns(), "kind": kind, "target": name, "cause": "kill"})

    def check(self) -> None:
        """Raise ServerLostError when a process has died that nobody killed."""
        for name, process in self.processes.items():
            if not process.alive and name not in self._killed:
                raise ServerLostError(
                    f"{name} died (exit {process.exit_status}); its log ends with\n{process.log_tail()}"
                )

    def usage(self) -> Mapping[str, tuple[float, int]]:
        """CPU seconds and resident bytes of every process."""
        return {name: process.usage() for name, process in self.processes.items()}
