"""Why a number is what it is: its formula, then every input down to the sources, and which of those move it most.

partitions, event peak: 24,802 partitions [derived, 3,300 to 169,941]
  = ⌈messages/s at the event peak × serial work per record ÷ planned load of a partition⌉
  = ⌈5.79 M/s × 3 ms ÷ 70 %⌉
  document: not given; one partition is …
  messages/s at the event peak: 5.79 M messages/s [derived]
    …
  serial work per record: 3 ms [assumed, 0.5 ms to 10 ms]
    Cassandra insert, Redis lookup …
moved most by
  serial work per record: 4,134 to 82,672
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sim.plan.line import MOST, PlanLine, compact, show, show_range
from sim.provenance import Parameter


def explanation(line: PlanLine) -> str:
    """The text above for one line."""
    return "\n".join([*_about(line, 0, set()), *_movers(line)])


def _movers(line: PlanLine) -> Iterator[str]:
    movers = line.swing.movers()[:MOST] if line.parameter.mark == "derived" else []
    if movers:
        yield "moved most by"
    for name, low, high in movers:
        low_shown, high_shown = (
            compact(replace(line.parameter, value=end, low=None, high=None)) for end in (low, high)
        )
        yield f"  {name}: {low_shown} to {high_shown}"


def _about(item: PlanLine | Parameter, depth: int, told: set[str]) -> Iterator[str]:
    parameter = item.parameter if isinstance(item, PlanLine) else item
    margin = "  " * depth
    title = f"{margin}{parameter.name}: {show(parameter)} [{_mark(parameter)}]"
    if parameter.name in told:
        yield f"{title}, explained above"
        return
    told.add(parameter.name)
    yield title
    for text in _reasons(parameter):
        yield f"{margin}  {text}"
    if isinstance(item, PlanLine):
        yield from (f"{margin}  {text}" for text in _document(item))
        for part in item.inputs:
            yield from _about(part, depth + 1, told)


def _mark(parameter: Parameter) -> str:
    span = show_range(parameter)
    return f"{parameter.mark}, {span}" if span else parameter.mark


def _reasons(parameter: Parameter) -> list[str]:
    if parameter.mark != "derived":
        return [parameter.source]
    return [f"= {text}" for text in parameter.source.split(" = ")]


def _document(line: PlanLine) -> Iterator[str]:
    if line.document or line.document_note:
        yield "document: " + "; ".join(text for text in (line.document, line.document_note) if text)
