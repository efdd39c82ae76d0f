"""The chat backend as processes: gateways and workers of one namespace on running servers.

    with ChatStack(servers, scenario, trace, folder) as stack:
        stack.gateways       WebSocket addresses
        stack.media          HTTP address of the media service, "" where the design has none
        stack.health_ports   where each process answers /live, /ready and /metrics
        stack.kill("worker-1"); stack.replace("worker-1")

Leaving the block ends the processes and removes the namespace from the servers.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from realstack.chat.log import add_partitions
from realstack.chat.settings import Choices, Ready, Settings
from realstack.chat.skew import skew_path, write_skew
from realstack.chat.tokens import KEY_VARIABLE, new_key
from realstack.provision import make_namespace, remove_namespace, require_unused
from realstack.servers import Servers
from realstack.servers.process import BEHIND_THE_DRIVER, ManagedProcess, ProcessScope
from sim.errors import ServerLostError, ServerStartError
from sim.scenario import Scenario
from sim.trace import Trace

# The object store of the media: any URL that obstore knows; by default a folder of the run.
MEDIA_VARIABLE = "CHATSCALE_MEDIA_URL"
# Where notifications go; without both they stay in the outbox.
APNS_VARIABLE, FCM_VARIABLE = "CHATSCALE_APNS_URL", "CHATSCALE_FCM_URL"
# Who lets devices in checks their tokens.
_DOORS = ("gateway", "media")
_READY_WITHIN_S = 30.0
# gRPC's own lines, past every logger, would be the only ones in a log that are no JSON.
_QUIET = {"GRPC_VERBOSITY": "NONE"}
_DRAINED_WITHIN_S = 15.0


class ChatStack:
    """See the module. `as_seen_inside` changes the settings to the way that the backend itself takes to the servers.

    With a `mutant` its processes have that bug (`realstack.mutants`): a test of the checks, nothing that a scenario can
    ask for. Raises ServerStartError when a process does not come up.
    """

    def __init__(
        self,
        servers: Servers,
        scenario: Scenario,
        trace: Trace,
        folder: Path,
        as_seen_inside: Callable[[Settings], Settings] | None = None,
        mutant: str = "",
    ) -> None:
        self.settings = Settings(
            **asdict(servers.addresses),
            namespace=f"chatscale-{secrets.token_hex(4)}",
            choices=Choices.of(scenario.design),
            media_url=os.environ.get(MEDIA_VARIABLE) or (folder / "media").absolute().as_uri(),
            apns_url=os.environ.get(APNS_VARIABLE, ""),
            fcm_url=os.environ.get(FCM_VARIABLE, ""),
            retention_s=round(scenario.storage.retention_s) if scenario.design.retention == "ttl" else 0,
        )
        self._settings_inside = as_seen_inside(self.settings) if as_seen_inside else self.settings
        # For whoever checks or makes tokens; by the environment only, for the folder is kept.
        self.secrets = {KEY_VARIABLE: new_key()}
        self.gateways: list[str] = []
        self.media = ""
        self.processes: dict[str, ManagedProcess] = {}
        self._counts = {
            "gateway": scenario.design.gateways,
            "worker": scenario.design.workers,
            "media": int(scenario.design.media == "store"),
            "pusher": int(bool(self.settings.apns_url and self.settings.fcm_url)),
        }
        self._trace = trace
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._settings_path = folder / "backend.json"
        self._settings_path.unlink(missing_ok=True)
        self._mutant = mutant
        self._scope = ProcessScope()
        self._killed: set[str] = set()
        self._drained: set[str] = set()
        self._ports: dict[str, int] = {}
        self.health_ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        try:
            if self.settings.elsewhere:
                require_unused(self.settings)
        except BaseException:
            # What bears our name is another's: it stays.
            self._scope.close()
            raise
        try:
            for kind, count in self._counts.items():
                for number in range(1, count + 1):
                    self._start(kind, number)
            # Meanwhile they import what they need, and wait for their settings.
            make_namespace(self.settings, self._trace)
            self._settings_inside.save(self._settings_path)
            ready = [self._ready(name) for name in self.processes]
            self._ports = {one.name: port for one in ready if (port := one.ws_port or one.http_port)}
            self.gateways = [f"ws://127.0.0.1:{one.ws_port}" for one in ready if one.ws_port]
            self.media = next((f"http://127.0.0.1:{one.http_port}" for one in ready if one.http_port), "")
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
                with ThreadPoolExecutor() as pool:
                    list(pool.map(ManagedProcess.terminate, self.processes.values()))
        finally:
            self._scope.close()
            # When the servers are what failed, their own end removes the namespace.
            with suppress(ServerLostError):
                remove_namespace(self.settings)

    def spawn(
        self, name: str, module: str, *arguments: str, env: Mapping[str, str] | None = None, nice: int = 0
    ) -> ManagedProcess:
        """Start one more Python process of ours, with its log beside the others."""
        argv, log_path = [sys.executable, "-P", "-m", module, *arguments], self._folder / "logs" / f"{name}.log"
        return self._scope.spawn(name, argv, log_path, {**_QUIET, **(env or {})}, nice=nice)

    def _start(self, kind: str, number: int) -> None:
        name = f"{kind}-{number}"
        arguments = [str(self._settings_path), str(number), str(self._ready_path(name))]
        if name in self._ports:
            arguments.append(str(self._ports[name]))
        self._ready_path(name).unlink(missing_ok=True)
        modules = ["realstack.mutants", self._mutant] if self._mutant else []
        self.processes[name] = self.spawn(
            name,
            *modules,
            f"realstack.chat.{kind}",
            *arguments,
            env=self.secrets if kind in _DOORS else None,
            nice=BEHIND_THE_DRIVER,
        )

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
        if ready.health_port:
            self.health_ports[name] = ready.health_port
        return ready

    def kill(self, name: str) -> None:
        """End a process at once, on purpose."""
        self._killed.add(name)
        self.processes[name].kill()

    def drain(self, name: str) -> None:
        """Ask a process to finish its work and end, as a deploy does."""
        self._drained.add(name)
        self.processes[name].signal(signal.SIGTERM)

    def replace(self, name: str) -> None:
        """Start a process anew once it has ended, a gateway at its old port, and wait until it can be used."""
        self.processes[name].wait(_DRAINED_WITHIN_S)
        kind, _, number = name.partition("-")
        self._start(kind, int(number))
        self._ready(name)
        self._killed.discard(name)
        self._drained.discard(name)

    def skew(self, gateway: str, skew_s: float) -> None:
        """Set the clock of a gateway wrong by so much, or right by 0."""
        write_skew(skew_path(self._ready_path(gateway)), skew_s)
        self.processes[gateway].signal(signal.SIGUSR1)

    def add_partitions(self, count: int) -> None:
        """Give both topics so many partitions more."""
        asyncio.run(add_partitions(self.settings, count))

    def check(self) -> None:
        """Raise ServerLostError when a process has died that nobody killed."""
        for name, process in self.processes.items():
            ended_in_order = name in self._drained and process.exit_status == 0
            if not process.alive and name not in self._killed and not ended_in_order:
                raise ServerLostError(
                    f"{name} died (exit {process.exit_status}); its log ends with\n{process.log_tail()}"
                )

    def usage(self) -> Mapping[str, tuple[float, int]]:
        """CPU seconds and resident bytes of every process."""
        return {name: process.usage() for name, process in self.processes.items()}
