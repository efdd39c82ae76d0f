"""What a follower of a run is told."""

from __future__ import annotations

import io
import time
from typing import get_args

import pytest
from rich.console import Console

from chatscale.watch import LiveWatcher, PlainWatcher, describe
from realstack.driver.replay import Phase, Progress
from sim.trace import Action, Trace

TRACE = Trace.of([Action(0, "connect", 1)], seed=1, duration_s=100.0)


def progress(phase: Phase, since_s: float, sent: int = 0, delivered: int = 0, sockets: int = 0) -> Progress:
    origin_ns = time.monotonic_ns() - round(since_s * 1e9)
    return Progress(phase, origin_ns, sent=sent, delivered=delivered, sockets=sockets)


def test_a_drive_is_told_in_words_and_as_a_share_of_the_trace() -> None:
    told, share = describe(progress("load", 25.0, sent=1200, delivered=3400, sockets=501), TRACE)
    assert told == "load · 1,200 sent, 3,400 delivered, 501 sockets"
    assert share == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize(("since_s", "share"), [(-5.0, 0.0), (1_000.0, 1.0)])
def test_the_share_stays_between_0_and_1(since_s: float, share: float) -> None:
    assert describe(progress("load", since_s), TRACE)[1] == share


@pytest.mark.parametrize("phase", [phase for phase in get_args(Phase) if phase != "load"])
def test_after_the_load_the_share_is_whole(phase: Phase) -> None:
    told, share = describe(progress(phase, 1.0), TRACE)
    assert told.startswith(phase.replace("-", " "))
    assert share == 1.0


def test_plain_lines_come_once_a_phase_and_then_every_few_seconds() -> None:
    out = io.StringIO()
    with PlainWatcher(Console(file=out)) as watch:
        watch.step("drive")
        for phase in ("load", "load", "load", "drain", "drain"):
            watch.drive(progress(phase, 1.0), TRACE)
    assert [line.split("s  ", 1)[1].split(" ·")[0].strip() for line in out.getvalue().splitlines()] == [
        "drive",
        "load",
        "drain",
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_what_is_told_is_text_and_never_markup(terminal: bool) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=200)
    watcher = LiveWatcher(console) if terminal else PlainWatcher(console)
    with watcher as watch:
        watch.step("servers [/tmp]")
        watch.note("kafka: [/logs] :x:")
        watch.drive(progress("load", 1.0), TRACE)
    assert "servers [/tmp]" in out.getvalue()
