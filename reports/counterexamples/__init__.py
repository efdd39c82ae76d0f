"""Counter-examples: why a check does not hold, in a dozen lines and as a picture, out of millions of events.

history, verdict, example ─► shrink ─► Counterexample ─┬─► lines      terminal, junit.xml, result.json
                                                       ├─► picture    report.html
                                                       └─► save       JSON Lines that `chatscale verify` convicts again
"""

from __future__ import annotations

from pathlib import Path

from reports.checks.evidence import explain, line
from reports.counterexamples.scene import scene
from reports.counterexamples.shrink import Counterexample, shrink
from reports.counterexamples.svg import svg
from sim.history import History
from sim.verdict import Outcome, Verdict

__all__ = ["Counterexample", "evidence", "lines", "picture", "save", "shrink"]

_PEOPLE = 6


def evidence(
    history: History, verdict: Verdict, most: int
) -> tuple[Counterexample | None, tuple[tuple[str, ...], ...]]:
    """Lines of the first examples: the worst of a failure as a counter-example, others with what is around them."""
    examples = verdict.examples[:most]
    shrunk = shrink(history, verdict, examples[0]) if examples and verdict.outcome is Outcome.FAIL else None
    told = [lines(shrunk)] if shrunk else []
    told += [explain(history, verdict, example) for example in examples[len(told) :]]
    return shrunk, tuple(map(tuple, told))


def lines(found: Counterexample) -> list[str]:
    """Who belongs to the conversations, then an event a line: ▸ convicts, others are needed or tell the way there."""
    told = [f"  {conv} is {_some(users)}" for conv, users in found.history.config.get("members", {}).items()]
    last = max(found.convicting)
    for number, (_, event) in zip(found.numbers, found.history.frame.iterrows(), strict=True):
        if event["kind"] != "config":
            mark, note = "▸" if number in found.convicting else " ", f"  ← {found.note}" if number == last else ""
            told.append(f"{mark} {line(event, note, number)}")
    return told


def picture(found: Counterexample) -> str:
    """The messages between people and servers as inline SVG, time downwards."""
    return svg(scene(found))


def save(found: Counterexample, folder: Path) -> Path:
    """Write it as JSON Lines, named after the check: a history that `chatscale verify --history` convicts again."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{found.check}.jsonl"
    found.history.save(path)
    return path


def _some(names: list[str]) -> str:
    more = len(names) - _PEOPLE
    return ", ".join(names[:_PEOPLE]) + (f" and {more} more" if more > 0 else "")
