"""The base of the servers that are processes of this machine.

A server is one file with two hooks: `command` (write the configuration, give the arguments) and `probe` (a real round
trip, as its clients make it). The base chooses ports, waits until the probe goes through, and tells when it died.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from jinja2 import StrictUndefined, Template

from realstack.servers.place import Place, free_places
from realstack.servers.ports import says_taken
from realstack.servers.process import BEHIND_THE_DRIVER, ManagedProcess, ProcessScope
from realstack.servers.readiness import await_ready
from realstack.servers.timer_slack import timer_slack
from sim.errors import ServerError, ServerLostError, ServerStartError

READY_LIMIT_S = 120.0
PORT_ATTEMPTS = 3
TEMPLATES_FOLDER = Path(__file__).with_name("templates")


class LocalService(ABC):
    """A server as a process of this machine: alone, or one of a cluster whose places are given beforehand.

    Alone, it chooses its ports at the first start and keeps them.
    """

    kind: ClassVar[str]
    timer_slack_s: ClassVar[float] = 0.0

    def __init__(self, scope: ProcessScope, folder: Path, cluster: Sequence[Place] = (), number: int = 1) -> None:
        self.name = f"{self.kind}-{number}" if cluster else self.kind
        self.data = folder / "data" / self.name
        self.log_path = folder / "logs" / f"{self.name}.log"
        self._scope = scope
        self._is_alone = not cluster
        self._members = tuple(cluster)
        self._number = number
        self._process: ManagedProcess | None = None
        self._wanted = False
        self._comes_back = False

    @abstractmethod
    def command(self) -> list[str]:
        """Write the configuration below `data` and give the command line."""

    @abstractmethod
    def probe(self) -> None:
        """A round trip as a client would make it. Any error means: not yet."""

    @property
    @abstractmethod
    def version(self) -> str:
        """See `Service`."""

    @property
    def members(self) -> tuple[Place, ...]:
        """The places of its cluster, or its own if it is alone."""
        if not self._members:
            raise ServerError(f"{self.name} has no address before it is started")
        return self._members

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.members[self._number - 1]

    @property
    def address(self) -> str:
        """See `Service`."""
        return self.place.address

    @property
    def detour(self) -> tuple[int, str] | None:
        """See `Service`."""
        return self.place.ports.proxy, self.address

    @property
    def pid(self) -> int | None:
        """See `Service`."""
        return self._process.pid if self._process and self._process.alive else None

    @property
    def process(self) -> ManagedProcess:
        """The process, once started."""
        if self._process is None:
            raise ServerError(f"{self.name} was not started")
        return self._process

    def start(self) -> None:
        """See `Service`."""
        if not self._members:
            self._members = free_places()
        self.data.mkdir(parents=True, exist_ok=True)
        command = self.command()
        with timer_slack(self.timer_slack_s):
            self._process = self._scope.spawn(self.name, command, self.log_path, nice=BEHIND_THE_DRIVER)
        self._wanted = True

    def wait_ready(self) -> None:
        """See `Service`."""
        await_ready(self.name, self._probe_once, READY_LIMIT_S, self.log_path, self.log_tail)

    def launch(self) -> None:
        """Start and wait; where a port was taken meanwhile, try again with others, which no member of a cluster can."""
        for attempt in range(1, PORT_ATTEMPTS + 1):
            self.start()
            try:
                self.wait_ready()
                break
            except ServerStartError as error:
                if attempt == PORT_ATTEMPTS or not self._is_alone or not says_taken(error.log_tail):
                    raise
                self._members = ()

    def finish(self, on_event: Callable[[str], None]) -> None:
        """End with a run that went well: at once, for its data are thrown away."""
        self.kill()

    def _probe_once(self) -> None:
        self._require_alive()
        if not self.process.listens(self.place.ports.client):
            raise ConnectionRefusedError(f"it does not listen at {self.address}")
        self.probe()
        self._require_alive()

    def _require_alive(self) -> None:
        if not self.process.alive:
            raise ServerStartError(
                f"{self.name} ended with status {self.process.exit_status} while starting; {self.log_path} ends:",
                self.log_tail(),
            )

    def pause(self) -> None:
        """See `Service`."""
        self.process.pause()

    def resume(self) -> None:
        """See `Service`."""
        self.process.resume()

    def kill(self) -> None:
        """See `Service`."""
        self._wanted = False
        self.process.kill()

    def restart(self) -> None:
        """See `Service`."""
        self._comes_back = True
        self.stop()
        self.start()
        self.wait_ready()

    def check(self) -> None:
        """See `Service`."""
        if self._wanted and not self.process.alive:
            raise ServerLostError(
                f"{self.name} at {self.address} ended with status {self.process.exit_status}; "
                f"{self.log_path} ends:\n{self.log_tail()}"
            )

    def usage(self) -> tuple[float, int]:
        """See `Service`."""
        return self.process.usage()

    def log_tail(self, lines: int = 20) -> str:
        """See `Service`."""
        return self._process.log_tail(lines) if self._process else ""

    def stop(self, timeout_s: float = 10.0) -> None:
        """See `Service`."""
        self._wanted = False
        if self._process and self._process.alive:
            self._process.terminate(timeout_s)


def write_template(name: str, target: Path, **values: object) -> None:
    """Render a file of `templates/` to a file."""
    target.write_text(render(name, **values), encoding="utf-8")


def render(name: str, **values: object) -> str:
    """A file of `templates/`, filled in; a value that it names and nobody gives is an error."""
    text = (TEMPLATES_FOLDER / name).read_text(encoding="utf-8")
    return str(Template(text, undefined=StrictUndefined).render(values))
