"""The processes of one run: started with a mark and a log, and none of them outlives the run.

    with ProcessScope(scratch=folder / "data") as scope:
        gateway = scope.spawn("gateway-1", [sys.executable, "-m", …], folder / "logs" / "gateway-1.log")
        gateway.pause(); gateway.resume(); gateway.kill()

Leaving the block kills what still runs and removes the scratch folder. Should this process die in any other way,
`guard.py` does the same. Children are no part of the terminal's foreground group: Ctrl-C reaches only the parent.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from realstack.servers import guard
from sim.errors import ServerError

# The load generator shares the cores with what it measures; were it late, its lateness would be taken for theirs.
BEHIND_THE_DRIVER = 15
GUARD_LIMIT_S = 35.0


class ManagedProcess:
    """A process of a run, with its log. Signals to one that has ended do nothing."""

    def __init__(self, name: str, popen: subprocess.Popen[bytes], log_path: Path) -> None:
        self.name = name
        self.log_path = log_path
        self._popen = popen
        self._paused = False
        self._cpu_s = 0.0

    @property
    def pid(self) -> int:
        """The process id; it stays after the end."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs (a paused one does)."""
        return self._popen.poll() is None

    @property
    def paused(self) -> bool:
        """Whether `pause` stopped it and `resume` has not followed."""
        return self._paused

    @property
    def exit_status(self) -> int | None:
        """None while alive, else the exit code, or minus the signal that ended it."""
        return self._popen.poll()

    def wait(self, timeout_s: float | None = None) -> int:
        """Its exit status, once it ended; `TimeoutError` if that takes longer."""
        try:
            return self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.name} (pid {self.pid}) still runs after {timeout_s} s") from None

    def pause(self) -> None:
        """Freeze it (SIGSTOP): its sockets stay open and answer nothing."""
        self._popen.send_signal(signal.SIGSTOP)
        self._paused = True

    def resume(self) -> None:
        """Let a frozen process go on."""
        self._popen.send_signal(signal.SIGCONT)
        self._paused = False

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._popen.send_signal(number)

    def terminate(self, timeout_s: float = 10.0) -> None:
        """Ask it to end (SIGTERM), kill it if it has not by then."""
        self.resume()
        self._popen.terminate()
        try:
            self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL), and return when it has."""
        self.usage()
        self._popen.kill()
        self._popen.wait()

    def usage(self) -> tuple[float, int]:
        """CPU seconds so far and resident bytes; the last known CPU seconds and 0 bytes once it ended."""
        try:
            process = psutil.Process(self.pid)
            with process.oneshot():
                times = process.cpu_times()
                rss_bytes = int(process.memory_info().rss) if self.alive else 0
            self._cpu_s = max(self._cpu_s, times.user + times.system)
        except psutil.Error:
            return self._cpu_s, 0
        return self._cpu_s, rss_bytes

    def listens(self, port: int) -> bool:
        """Whether this very process, and not another one, accepts TCP connections on the port."""
        try:
            sockets = psutil.Process(self.pid).net_connections(kind="tcp")
        except psutil.Error:
            return False
        return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in sockets)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of its log."""
        return tail(self.log_path, lines)


class ProcessScope:
    """Owns every process of a run; see the module. `scratch` is removed at the end, whatever the end is."""

    def __init__(self, scratch: Path | None = None) -> None:
        self.run_id = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._processes: list[ManagedProcess] = []
        self._lock = threading.Lock()
        self._closed = False
        reading, self._pipe = os.pipe()
        self._guard = subprocess.Popen(
            [sys.executable, "-I", guard.__file__, self.run_id, *([str(scratch.absolute())] if scratch else [])],
            stdin=reading,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={key: value for key, value in os.environ.items() if key != guard.MARK},
        )
        os.close(reading)

    def spawn(
        self,
        name: str,
        argv: Sequence[str | os.PathLike[str]],
        log_path: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        nice: int = 0,
    ) -> ManagedProcess:
        """Start a process; its output is appended to the log, `env` is added to ours. `OSError` if it cannot be run."""
        log_path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, log_path.open("ab") as log:
            if self._closed:
                raise ServerError(f"{name} is not started: its run is over")
            popen = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {}), guard.MARK: self.run_id},
                cwd=cwd,
                start_new_session=True,
            )
            process = ManagedProcess(name, popen, log_path)
            self._processes.append(process)
            if nice:
                os.setpriority(os.PRIO_PROCESS, popen.pid, nice)
            os.write(self._pipe, f"{popen.pid}\n".encode())
        return process

    def owns_containers(self, engine: str) -> None:
        """Have the containers of this run, known by their label, removed with it from the engine at this address."""
        with self._lock:
            if self._closed:
                raise ServerError("no container is started: its run is over")
            os.write(self._pipe, guard.ENGINE + f"{engine}\n".encode())

    def close(self) -> None:
        """Kill what still runs, its children too; remove containers and the scratch folder. Once is enough."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for process in self._processes:
                if process.alive:
                    process.kill()
            os.close(self._pipe)
            self._guard.wait(GUARD_LIMIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def tail(path: Path, lines: int) -> str:
    """The last lines of a text file, as far as they lie in its last 64 KiB; empty if there is no file."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65_536))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
