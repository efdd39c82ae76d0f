"""The base of the servers that are containers: official images, ports on loopback only, logs kept with the run.

A server is a class with two hooks: `configure` (environment, command and port of its image) and `probe` (a real round
trip). The base picks the port on this machine beforehand, for Kafka has to advertise it, and it survives a restart.
The run's guard removes the containers by their label, whatever the end of the run is: no ryuk is needed, which would
want the engine's socket mounted into a container and a port on every interface.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from docker.errors import NotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from realstack.servers.engine import ENGINE_ERRORS, engine_address, reason
from realstack.servers.guard import LABEL
from realstack.servers.ports import HOST, free_ports, says_taken
from realstack.servers.process import ProcessScope, tail
from realstack.servers.readiness import await_ready
from sim.errors import ServerError, ServerLostError, ServerStartError

READY_LIMIT_S = 180.0
PORT_ATTEMPTS = 3
STOP_LIMIT_S = 10
LOG_LIMIT_S = 2.0
# Of the 1024 that any other group of processes has: the servers yield the cores to the load generator.
CPU_SHARES = 64


class ContainerService(ABC):
    """A server in a container of this machine's engine. `version` is the image's tag until the server tells its own."""

    kind: ClassVar[str]
    client_loggers: ClassVar[Sequence[str]] = ()
    pid = None

    def __init__(self, scope: ProcessScope, folder: Path, image: str) -> None:
        self.name = self.kind
        self.image = prefixed(image)
        self.version = image.rpartition(":")[2]
        self.log_path = folder / "logs" / f"{self.name}.log"
        self._bare_image = image
        self._scope = scope
        self._port = 0
        self._container: Any = None
        self._log: threading.Thread | None = None
        self._wanted = False
        self._used = (0.0, 0)

    @abstractmethod
    def configure(self, container: DockerContainer, port: int) -> int:
        """Set environment and command; the port inside that clients of `port` on this machine reach."""

    @abstractmethod
    def probe(self, port: int) -> str | None:
        """A round trip as a client would make it, and the version if the server tells. Any error means: not yet."""

    @property
    def address(self) -> str:
        """See `Service`."""
        if not self._port:
            raise ServerError(f"{self.name} has no address before it is started")
        return f"{HOST}:{self._port}"

    @property
    def detour(self) -> tuple[int, str] | None:
        """See `Service`."""
        return None

    def start(self) -> None:
        """See `Service`."""
        began_s = time.time() if self._container else 0.0
        try:
            if self._container is None:
                self._create()
            else:
                self._container.start()
        except ENGINE_ERRORS as error:
            raise ServerStartError(f"{self.name} ({self.image}) could not be started: {reason(error)}") from error
        self._follow_log(began_s)
        self._wanted = True

    def _create(self) -> None:
        self._scope.owns_containers(engine_address())
        testcontainers_config.ryuk_disabled = True
        [self._port] = free_ports(1)
        run = self._scope.run_id
        container = DockerContainer(self._bare_image, name=f"chatscale-{self.name}-{run}").with_kwargs(
            labels={LABEL: run}, cpu_shares=CPU_SHARES
        )
        ports: dict[str, Any] = container.ports
        ports[f"{self.configure(container, self._port)}/tcp"] = (HOST, self._port)
        try:
            container.start()
        except ENGINE_ERRORS:
            with suppress(*ENGINE_ERRORS):
                container.stop()
            raise
        self._container = container.get_wrapped_container()

    def _follow_log(self, since_s: float) -> None:
        """Copy to the run's log what it prints after this Unix time; what it printed before is there."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._log = threading.Thread(target=_copy_log, args=(self._container, self.log_path, since_s), daemon=True)
        self._log.start()

    def wait_ready(self) -> None:
        """See `Service`."""
        await_ready(self.name, self._probe_once, READY_LIMIT_S, self.log_path, self.log_tail)

    def launch(self) -> None:
        """Start and wait; where the port was taken meanwhile, try again with another."""
        for attempt in range(1, PORT_ATTEMPTS + 1):
            try:
                self.start()
                break
            except ServerStartError as error:
                if attempt == PORT_ATTEMPTS or not says_taken(str(error)):
                    raise
        self.wait_ready()

    def _probe_once(self) -> None:
        state = self._state()
        if not state["Running"]:
            raise ServerStartError(
                f"{self.name} ({self.image}) ended with status {state['ExitCode']} while starting; "
                f"{self.log_path} ends:",
                self.log_tail(),
            )
        with silent(self.client_loggers):
            self.version = self.probe(self._port) or self.version

    def _state(self) -> dict[str, Any]:
        """The engine's word; a container that was removed does not run. `ServerLostError` if the engine is gone."""
        try:
            self._container.reload()
        except NotFound:
            return {"Running": False, "ExitCode": "unknown (removed)"}
        except ENGINE_ERRORS as error:
            raise self._lost_engine(error) from error
        state: dict[str, Any] = self._container.attrs["State"]
        return state

    def _lost_engine(self, error: BaseException) -> ServerLostError:
        return ServerLostError(
            f"the container engine at {engine_address()} went away while {self.name} ran ({reason(error)}); start it "
            f"again, then remove what it left: "
            f"docker rm -fv $(docker ps -aq --filter label={LABEL}={self._scope.run_id})"
        )

    def _ask(self, action: str, **arguments: object) -> None:
        try:
            getattr(self._container, action)(**arguments)
        except NotFound:
            return
        except ENGINE_ERRORS as error:
            raise self._lost_engine(error) from error

    def pause(self) -> None:
        """See `Service`."""
        self._ask("pause")

    def resume(self) -> None:
        """See `Service`."""
        if self._state().get("Paused"):
            self._ask("unpause")

    def kill(self) -> None:
        """See `Service`."""
        self._wanted = False
        self.usage()
        self.resume()
        if self._state()["Running"]:
            self._ask("kill")
            self._ask("wait")

    def restart(self) -> None:
        """See `Service`."""
        self.stop()
        self.start()
        self.wait_ready()

    def check(self) -> None:
        """See `Service`."""
        state = self._state()
        if self._wanted and not state["Running"]:
            raise ServerLostError(
                f"{self.name} ({self.image}) at {self.address} ended with status {state['ExitCode']}; "
                f"{self.log_path} ends:\n{self.log_tail()}"
            )

    def usage(self) -> tuple[float, int]:
        """See `Service`. The page cache is no memory of the server's own."""
        with suppress(*ENGINE_ERRORS, KeyError, TypeError):  # an engine that tells less, or nothing
            told = self._container.stats(stream=False, one_shot=True)
            memory = told["memory_stats"]
            cache = memory["stats"].get("inactive_file", memory["stats"].get("total_inactive_file", 0))
            self._used = (told["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9, memory["usage"] - cache)
            return self._used
        return self._used[0], 0

    def log_tail(self, lines: int = 20) -> str:
        """See `Service`."""
        if self._log and not self._running():
            self._log.join(LOG_LIMIT_S)
        return tail(self.log_path, lines)

    def _running(self) -> bool:
        try:
            return bool(self._state()["Running"])
        except ServerLostError:
            return False

    def stop(self) -> None:
        """See `Service`."""
        self._wanted = False
        self.resume()
        self._ask("stop", timeout=STOP_LIMIT_S)

    def finish(self, on_event: Callable[[str], None]) -> None:
        """End with a run that went well; the guard removes the container."""
        self.kill()


@contextmanager
def silent(loggers: Sequence[str]) -> Iterator[None]:
    """The engine accepts connections before the server does, and clients log every one that is then closed."""
    for name in loggers:
        logging.getLogger(name).addFilter(_nothing)
    try:
        yield
    finally:
        for name in loggers:
            logging.getLogger(name).removeFilter(_nothing)


def _nothing(record: logging.LogRecord) -> bool:
    return False


def prefixed(image: str) -> str:
    """The image's name at the mirror that testcontainers is told of, if any."""
    return f"{testcontainers_config.hub_image_name_prefix}{image}"


def _copy_log(container: Any, path: Path, since_s: float) -> None:
    with path.open("ab", buffering=0) as file, suppress(*ENGINE_ERRORS):
        for text in container.logs(stream=True, follow=True, since=since_s or None):
            file.write(text)
