"""`chatscale bench trade-offs`: design choices side by side on real servers."""

from __future__ import annotations

from pathlib import Path

import click

from chatscale import show
from chatscale.commands.asking import as_json_option, out_option, servers_option
from chatscale.trade_offs import bench_trade_offs
from chatscale.watch import watcher


@click.command()
@out_option
@as_json_option
@servers_option
def command(as_json: bool, servers: str, out: Path | None) -> int:
    """Drive each design choice by itself: CPU a message and p99 of dedup, buckets, registry and fan-out."""
    with watcher(quiet=as_json) as watch:
        found = bench_trade_offs(servers=servers, out=out, watcher=watch)
    if as_json:
        show.json_document(found)
    else:
        show.trade_offs(found["trials"])
    return 1 if any(trial["violations"] for trial in found["trials"]) else 0
