"""A run folder, read back. Everything after a run works from these files alone.

scenario.toml          what was asked                      needed
history-sim.parquet    what the model did                  one of the two is needed
history-real.parquet   what the real stack did
trace.parquet          what people meant to do             else intended sends are counted from the history
profile.json           service times of the model          shown
facts.json             seed, versions, machine, replay     shown
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import HistoryError, UsageError
from sim.history import History
from sim.scenario import Scenario
from sim.scenario_file import parse_scenario
from sim.trace import Trace

WORLDS = ("sim", "real")


@dataclass(frozen=True, slots=True)
class Run:
    """The files of one run. `histories` holds "sim", "real" or both, in this order."""

    folder: Path
    scenario: Scenario
    scenario_text: str
    trace: Trace | None
    histories: Mapping[str, History]
    profile: Mapping[str, Any]
    facts: Mapping[str, Any]

    @property
    def seed(self) -> int:
        """The seed of the trace, which need not be the scenario's own."""
        if self.trace is not None:
            return self.trace.seed
        return int(self.facts.get("seed", self.scenario.run.seed))

    @property
    def cores(self) -> int | None:
        """Cores of the machine, where the facts or the profile say."""
        for place in (self.facts.get("machine"), self.facts, self.profile):
            if isinstance(place, Mapping) and isinstance(cores := place.get("cores"), int | float):
                return int(cores)
        return None


def load_run(folder: Path) -> Run:
    """Read a run folder. Raises UsageError when it is none, HistoryError when a history is missing or cut short."""
    scenario_file = folder / "scenario.toml"
    if not scenario_file.is_file():
        raise UsageError(f"{folder} is not a run: no scenario.toml in it; `chatscale run` prints where it writes")
    paths = {world: folder / f"history-{world}.parquet" for world in WORLDS}
    histories = {world: History.load(path) for world, path in paths.items() if path.is_file()}
    if not histories:
        raise HistoryError(f"{folder} holds no history; it needs {' or '.join(path.name for path in paths.values())}")
    text = scenario_file.read_text(encoding="utf-8")
    trace_file = folder / "trace.parquet"
    return Run(
        folder=folder,
        scenario=parse_scenario(text, str(scenario_file)),
        scenario_text=text,
        trace=Trace.load(trace_file) if trace_file.is_file() else None,
        histories=histories,
        profile=_read_json(folder / "profile.json"),
        facts=_read_json(folder / "facts.json"),
    )


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path} is not JSON, it may be cut short: {error}; run again or delete it") from None
    if not isinstance(document, dict):
        raise UsageError(f"{path} must hold a JSON object; run again or delete it")
    return document
