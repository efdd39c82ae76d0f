"""The injector's side of the proxy: started when a schedule needs it, gone with the drive.

with network_between(faults, servers, folder) as network:
    network.around(settings)        where the backend finds its servers now: at the proxy
    undo = network.begin(fault)
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from realstack.chat.settings import Settings
from realstack.endpoints import join
from realstack.faults.injector import Undo
from realstack.faults.proxy import Plan, Ready, Route
from realstack.faults.weather import Change
from realstack.servers import ManagedProcess, Servers
from realstack.servers.ports import HOST
from sim.errors import ServerStartError
from sim.faults import NETWORK, Fault

_READY_WITHIN_S = 20.0
_ANSWER_WITHIN_S = 10.0


class Network:
    """A running proxy. `detours` lead from the address of a server to the proxy's before it."""

    def __init__(self, detours: dict[str, str], control: int) -> None:
        self._detours = detours
        self._control = control

    def around(self, settings: Settings) -> Settings:
        """The settings with the detours."""
        return msgspec.structs.replace(settings, detours=self._detours)

    def begin(self, fault: Fault) -> Undo:
        """Change the weather before one server; undoing tells how much was hit."""
        change = Change(fault.target, fault.kind, True, fault.by_s or 0.0, fault.after_bytes or 0, fault.nth or 1)
        self._tell(change)
        over = msgspec.structs.replace(change, on=False)
        if fault.for_s is None:
            # A moment: the connections of this moment break, those that come after it do not.
            self._tell(over)
        return lambda: self._tell(over)

    def _tell(self, change: Change) -> int:
        with socket.create_connection(("127.0.0.1", self._control), _ANSWER_WITHIN_S) as connection:
            connection.sendall(msgspec.json.encode(change) + b"\n")
            with connection.makefile("rb") as answers:
                return int(answers.readline())


@contextmanager
def network_between(faults: Sequence[Fault], servers: Servers, folder: Path) -> Iterator[Network | None]:
    """A proxy before every server that has a fault of the network; None if there is none."""
    routes = _routes(faults, servers)
    if not routes:
        yield None
        return
    plan, ready = folder / "proxy.json", folder / "proxy.ready.json"
    plan.write_bytes(msgspec.json.encode(Plan(routes)))
    ready.unlink(missing_ok=True)
    argv = [sys.executable, "-P", "-m", "realstack.faults.proxy", str(plan), str(ready)]
    process = servers.scope.spawn("proxy", argv, folder / "logs" / "proxy.log")
    try:
        told = _ready(process, ready)
        detours = {servers.services[name].address: join(HOST, port) for name, port in told.ports.items()}
        yield Network(detours, told.control)
    finally:
        process.terminate()


def _routes(faults: Sequence[Fault], servers: Servers) -> dict[str, Route]:
    targets = {fault.target for fault in faults if fault.kind in NETWORK}
    if any(target.startswith("kafka") for target in targets):
        # Whoever comes by a broker's proxy is told the proxies of all brokers.
        targets |= {name for name, service in servers.services.items() if service.kind == "kafka"}
    return {name: Route(*detour) for name in sorted(targets) if (detour := servers.services[name].detour)}


def _ready(process: ManagedProcess, path: Path) -> Ready:
    deadline_s = time.monotonic() + _READY_WITHIN_S
    while not path.exists():
        if not process.alive or time.monotonic() > deadline_s:
            why = "the proxy did not come up; another program may have taken its port: run again. Its log ends:"
            raise ServerStartError(why, process.log_tail())
        time.sleep(0.02)
    return msgspec.json.decode(path.read_bytes(), type=Ready)
