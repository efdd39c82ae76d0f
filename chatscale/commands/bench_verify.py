"""`chatscale bench verify`: how fast histories are checked."""

from __future__ import annotations

import click

from chatscale import show
from chatscale.bench_verify import bench_verify
from chatscale.commands.asking import as_json_option
from chatscale.watch import watcher


@click.command()
@as_json_option
@click.option(
    "--deliveries",
    type=click.IntRange(min=1),
    default=10_000_000,
    show_default=True,
    help="How many deliveries the history holds, about.",
)
def command(as_json: bool, deliveries: int) -> int:
    """Make up a clean history and run every check over it: deliveries checked a second, and the memory it took."""
    with watcher(quiet=as_json) as watch:
        found = bench_verify(deliveries, watcher=watch)
    if as_json:
        show.json_document(found)
    else:
        click.echo(
            f"{found['deliveries']:,} deliveries ({found['events']:,} events) by {found['checks']} checks in "
            f"{found['wall_s']:.1f} s: {found['deliveries_per_s']:,}/s on {found['processes']} cores, "
            f"{found['peak_rss_mb']:,} MB at most in one process"
        )
    return 0 if not found["violations"] else 1
