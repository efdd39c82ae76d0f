"""`chatscale bench`: chatscale measured."""

from __future__ import annotations

from chatscale.lazy import LazyGroup

command = LazyGroup(
    "bench",
    help="Measure chatscale itself.",
    lazy={"real": ("chatscale.commands.bench_real", "The highest message rate that this box sustains.")},
)
