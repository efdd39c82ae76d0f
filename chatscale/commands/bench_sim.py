"""`chatscale bench sim`: how fast the full-size model is."""

from __future__ import annotations

import click

from chatscale import show_full
from chatscale.bench_sim import bench_sim
from chatscale.commands.asking import as_json_option
from chatscale.watch import watcher


@click.command()
@click.argument("name", metavar="[SCENARIO]", default="whatsapp")
@as_json_option
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    help="Simulated time at the daily peak.",
)
def command(name: str, as_json: bool, seconds: float) -> int:
    """Simulate every message of the full-size system; compare speed and results with SimPy."""
    with watcher(quiet=as_json) as watch:
        found = bench_sim(name, seconds=seconds, watcher=watch)
    show_full.bench(found, as_json=as_json)
    return 0 if found["max_abs_diff_vs_simpy"] == 0 else 1
