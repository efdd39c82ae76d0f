"""`chatscale bench real`: the highest rate that this box sustains."""

from __future__ import annotations

from pathlib import Path

import click

from chatscale import show
from chatscale.bench import bench_real
from chatscale.commands.asking import as_json_option, out_option, servers_option
from chatscale.watch import watcher


@click.command()
@out_option
@as_json_option
@servers_option
@click.option(
    "--start",
    type=click.FloatRange(min=1.0),
    default=150.0,
    show_default=True,
    help="First rate to try, messages a second.",
)
def command(as_json: bool, servers: str, start: float, out: Path | None) -> int:
    """Find the highest message rate that this box sustains with p99 under 500 ms and no violation."""
    with watcher(quiet=as_json) as watch:
        found = bench_real(servers=servers, start_per_s=start, out=out, watcher=watch)
    show.bench(found, as_json=as_json)
    return 0 if found["sent_per_s"] else 1
