"""The console that commands print to."""

from __future__ import annotations

from rich.console import Console

_PIPE_WIDTH = 132


def stdout_console() -> Console:
    """Stdout; a pipe has no width of its own, so tables get one that cuts nothing."""
    # Ids and paths may hold brackets and colons: what is printed is text, never markup.
    console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    return console
