"""The options that the commands which experiment share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from chatscale.experiment import Means
from sim.errors import UsageError
from sim.experiments.point import REPLICATIONS
from sim.statistics import LEAST, Precision
from sim.units import parse_share

Command = Callable[..., int]

replications_option = click.option(
    "--replications",
    type=click.IntRange(min=LEAST),
    help=f"Independent runs of each design (default: {REPLICATIONS}).",
)
cluster_option = click.option("--cluster", metavar="tcp://HOST:PORT", help="Run on a dask.distributed cluster instead.")
jobs_option = click.option(
    "--jobs", type=click.IntRange(min=1), help="Processes on this machine (default: one a core)."
)
_OUT = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the experiment; one that was cut short goes on (default: runs/SCENARIO/COMMAND-TIME-SEED).",
)


def _precision(_: click.Context, __: click.Parameter, value: str | None) -> Precision | None:
    if value is None:
        return None
    try:
        return Precision(parse_share(value) if "%" in value else float(value))
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: {error}; give how near the mean must be known, such as 5%") from None


precision_option = click.option(
    "--precision",
    metavar="SHARE",
    callback=_precision,
    help=f"As many runs as it takes to know the answer this well, such as 5% (at most {Precision().most}).",
)


def asks_means(command: Command) -> Command:
    """--replications, --jobs, --cluster and --out, handed over together as `means`."""
    return _asking(command, replications_option, jobs_option, cluster_option, _OUT)


def asks_precise_means(command: Command) -> Command:
    """The same with --precision."""
    return _asking(command, replications_option, precision_option, jobs_option, cluster_option, _OUT)


def means_of(
    replications: int | None, precision: Precision | None, jobs: int | None, cluster: str | None, out: Path | None
) -> Means:
    """How to run an experiment. Raises UsageError for options that exclude each other."""
    if jobs is not None and cluster is not None:
        raise UsageError("--jobs and --cluster exclude each other: a cluster has the processes that it has")
    if replications is not None and precision is not None:
        raise UsageError("--replications and --precision exclude each other: a precision takes as many as it takes")
    return Means(replications or REPLICATIONS, precision, jobs, cluster, out)


def _asking(command: Command, *options: Callable[[Command], Command]) -> Command:
    @wraps(command)
    def with_means(
        *,
        replications: int | None,
        jobs: int | None,
        cluster: str | None,
        out: Path | None,
        precision: Precision | None = None,
        **others: Any,
    ) -> int:
        return command(means=means_of(replications, precision, jobs, cluster, out), **others)

    asking: Command = with_means
    for option in reversed(options):
        asking = option(asking)
    return asking
