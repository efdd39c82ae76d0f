"""A Sheet: a table of text, for the terminal or for Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows as wide as the head; columns whose numbers are in `words` hold words, the others numbers."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[int, ...] = (0,)

    def to_table(self) -> Table:
        """For the terminal."""
        table = Table(box=None, padding=(0, 2, 0, 0))
        for at, name in enumerate(self.head):
            table.add_column(name, justify="left" if at in self.words else "right", header_style="dim")
        for row in self.rows:
            table.add_row(*(Text(cell) for cell in row))
        return table

    def to_markdown(self) -> str:
        """As GitHub reads it."""
        rules = [":--" if at in self.words else "--:" for at in range(len(self.head))]
        return "\n".join(_markdown([self.head, rules, *self.rows]))


def _markdown(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
