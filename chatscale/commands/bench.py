"""`chatscale bench`: chatscale measured."""

from __future__ import annotations

from chatscale.lazy import LazyGroup

command = LazyGroup(
    "bench",
    help="Measure chatscale itself.",
    lazy={
        "real": ("chatscale.commands.bench_real", "The highest message rate that this box sustains."),
        "sim": ("chatscale.commands.bench_sim", "How fast the full-size model is, and whether it equals SimPy."),
        "trade-offs": ("chatscale.commands.bench_trade_offs", "Design choices side by side on real servers."),
        "verify": ("chatscale.commands.bench_verify", "How fast histories are checked."),
    },
)
