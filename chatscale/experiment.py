"""An experiment from the command line: its folder, where it runs, and who follows it.

runs/<scenario>/<command>-<time>-<seed>/     or --out
  replications.jsonl    every run of the model that has ended; the same --out goes on from there
  <command>.json …      the answer, when it is complete
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from chatscale.following import Watcher
from chatscale.run_folder import RUNS
from sim.errors import UsageError
from sim.experiments.executor import open_executor
from sim.experiments.laboratory import Laboratory
from sim.experiments.ledger import LEDGER
from sim.statistics import Precision

_TOLD_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Means:
    """How an experiment is to be run."""

    replications: int
    precision: Precision | None
    jobs: int | None
    cluster: str | None
    out: Path | None

    @property
    def words(self) -> tuple[str, ...]:
        """What repeats the answer; where it is computed does not change it."""
        if self.precision is None:
            return ("--replications", str(self.replications))
        return ("--precision", f"{self.precision.relative:.10g}")

    @property
    def number(self) -> int | Precision:
        """How many replications."""
        return self.precision or self.replications


@contextmanager
def experiment(
    command: str, scenario: str, seed: int, means: Means, watch: Watcher
) -> Iterator[tuple[Path, Laboratory]]:
    """The folder and the laboratory. Raises UsageError for a folder or a cluster that cannot be used."""
    folder = experiment_folder(command, scenario, seed, means.out)
    watch.step(f"{command}: finished runs are kept in {folder}; --out {folder} goes on from there")
    with open_executor(means.jobs, means.cluster) as executor:
        yield folder, Laboratory(executor, folder / LEDGER, teller(watch))


def write_answer(folder: Path, command: str, document: Mapping[str, Any]) -> None:
    """Write `<command>.json`."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (folder / f"{command}.json").write_text(text + "\n", encoding="utf-8")


def experiment_folder(command: str, scenario: str, seed: int, out: Path | None) -> Path:
    """The folder of an experiment, new or to go on from. Raises UsageError for one that cannot be used."""
    folder = out or RUNS / scenario / f"{command}-{datetime.now():%Y%m%d-%H%M%S}-{seed}"
    ledger = folder / LEDGER
    try:
        if folder.exists() and not ledger.is_file() and any(folder.iterdir()):
            raise UsageError(f"{folder} exists and holds no {LEDGER} to go on from; choose another --out, or remove it")
        folder.mkdir(parents=True, exist_ok=True)
        ledger.touch()
    except OSError as error:
        raise UsageError(f"cannot write to {error.filename}: {error.strerror}; choose another --out") from error
    return folder


def teller(watch: Watcher) -> Callable[[int, int], None]:
    """A listener that notes now and then how many runs of a batch have ended."""
    told_s = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told_s
        if done == total or time.monotonic() - told_s > _TOLD_EVERY_S:
            told_s = time.monotonic()
            watch.note(f"{done:,} of {total:,} simulated")

    return tell
