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
from sim.statistics import LEAST

_OPTIONS = (
    click.option(
        "--replications",
        type=click.IntRange(min=LEAST),
        default=REPLICATIONS,
        show_default=True,
        help="Independent runs of each design.",
    ),
    click.option("--jobs", type=click.IntRange(min=1), help="Processes on this machine (default: one a core)."),
    click.option("--cluster", metavar="tcp://HOST:PORT", help="Run on a dask.distributed cluster instead."),
    click.option(
        "--out",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of the experiment; one that was cut short goes on (default: runs/SCENARIO/COMMAND-TIME-SEED).",
    ),
)


def asks_means(command: Callable[..., int]) -> Callable[..., int]:
    """--replications, --jobs, --cluster and --out, handed over together as `means`."""

    @wraps(command)
    def with_means(*, replications: int, jobs: int | None, cluster: str | None, out: Path | None, **others: Any) -> int:
        if jobs is not None and cluster is not None:
            raise UsageError("--jobs and --cluster exclude each other: a cluster has the processes that it has")
        return command(means=Means(replications, jobs, cluster, out), **others)

    asking: Callable[..., int] = with_means
    for option in reversed(_OPTIONS):
        asking = option(asking)
    return asking
