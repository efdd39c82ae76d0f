"""Following a run on a terminal (a live line) or anywhere else (plain lines). All of it goes to stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from realstack.driver.replay import Progress as DriverProgress
    from sim.trace import Trace

_PLAIN_EVERY_S = 5.0
_PHASES = {"load": "load", "drain": "drain", "final-read": "final read", "done": "done"}


def watcher(*, quiet: bool = False) -> LiveWatcher | PlainWatcher:
    """A watcher for stderr: live on a terminal, plain lines elsewhere, nothing but errors when quiet."""
    console = Console(stderr=True, quiet=quiet)
    return LiveWatcher(console) if console.is_terminal else PlainWatcher(console)


def describe(progress: DriverProgress, trace: Trace) -> tuple[str, float]:
    """What the drive is at, in words, and its share from 0 to 1."""
    elapsed_s = max(0.0, (time.monotonic_ns() - progress.origin_ns) / 1e9)
    counts = f"{progress.sent:,} sent, {progress.delivered:,} delivered, {progress.sockets:,} sockets"
    share = min(1.0, elapsed_s / trace.duration_s) if progress.phase == "load" else 1.0
    return f"{_PHASES[progress.phase]} · {counts}", share


class PlainWatcher:
    """One line a step, and one every few seconds while driving."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began_s = time.monotonic()
        self._told: tuple[float, str] = (0.0, "")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def _say(self, text: str) -> None:
        self._console.print(
            f"{time.monotonic() - self._began_s:6.1f} s  {text}",
            highlight=False,
            soft_wrap=True,
            markup=False,
            emoji=False,
        )

    def step(self, text: str) -> None:
        """A new step begins."""
        self._say(text)

    def note(self, text: str) -> None:
        """A line within the step."""
        self._say(f"  {text}")

    def drive(self, progress: DriverProgress, trace: Trace) -> None:
        """The drive is this far."""
        now_s = time.monotonic()
        if now_s - self._told[0] >= _PLAIN_EVERY_S or progress.phase != self._told[1]:
            self._told = (now_s, progress.phase)
            self._say(f"  {describe(progress, trace)[0]}")


class LiveWatcher:
    """A line for each step with its time; the current one moves."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("[dim]{task.fields[detail]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._finish()
        self._progress.stop()
        if error is None:
            sys.stderr.flush()

    def _finish(self) -> None:
        if self._task is not None:
            self._progress.update(self._task, total=1.0, completed=1.0)

    def step(self, text: str) -> None:
        """A new step begins."""
        self._finish()
        self._task = self._progress.add_task(escape(text), total=None, detail="")

    def note(self, text: str) -> None:
        """Shown beside the step."""
        if self._task is not None:
            self._progress.update(self._task, detail=escape(text))

    def drive(self, progress: DriverProgress, trace: Trace) -> None:
        """The drive is this far."""
        if self._task is not None:
            detail, share = describe(progress, trace)
            self._progress.update(self._task, total=1.0, completed=share, detail=detail)
