"""Lines and claims as tables that a notebook shows by itself."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from sim.plan.claim import Claim
from sim.plan.line import PlanLine

_LINE_HEAD = ("line", "value", "range", "mark", "document", "source")
_CLAIM_HEAD = ("", "the document says", "verdict", "found")


class PlanLines(tuple[PlanLine, ...]):
    """Lines of a plan."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(f"{line.key:<40} {line.shown}" for line in self)

    def _repr_html_(self) -> str:
        return html_table(_LINE_HEAD, (_line_row(line) for line in self))


class Claims(tuple[Claim, ...]):
    """Claims of the design document, each with what was found."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(f"{claim.number:<3} {claim.verdict:<13} {claim.claim}" for claim in self)

    def _repr_html_(self) -> str:
        return html_table(_CLAIM_HEAD, ((claim.number, claim.claim, claim.verdict, claim.finding) for claim in self))


def html_table(head: Iterable[str], rows: Iterable[Iterable[str]], caption: str = "") -> str:
    """A table of texts, escaped."""
    shown = "".join(f"<tr>{_cells('td', row)}</tr>" for row in rows)
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{told}<tr>{_cells('th', head)}</tr>{shown}</table>"


def _cells(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)


def _line_row(line: PlanLine) -> tuple[str, ...]:
    parameter = line.parameter
    return line.name, line.shown, line.shown_range, parameter.mark, line.document or "", parameter.source
