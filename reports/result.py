"""The answer of one run, `result.json`: judged once here, shown by the page, the terminal and JUnit alike.

outcome, exit_code   worst verdict and threshold of the judged world: the real one, else the model's
thresholds           of the judged world, with actual values and intervals
worlds.sim/.real     counts, latency, hops, load, verdicts, thresholds of each
compare              predicted against measured, when there are both
plan                 the sizing of the full-size system
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

from reports.compare import Bottleneck, Comparison, bottleneck, compare
from reports.run import Run, load_run
from reports.thresholds import ThresholdResult
from reports.world import World, judge_world
from sim.plan import Plan, plan
from sim.scenario import Scenario
from sim.verdict import Outcome

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Result:
    """What a run proves."""

    folder: Path
    scenario: Scenario
    seed: int
    worlds: Mapping[str, World]
    comparison: Comparison | None
    plan: Plan
    facts: Mapping[str, Any]

    @property
    def judged(self) -> str:
        """The world whose verdicts count: what really happened outweighs what was predicted."""
        return "real" if "real" in self.worlds else "sim"

    @property
    def world(self) -> World:
        """The judged world."""
        return self.worlds[self.judged]

    @property
    def outcome(self) -> Outcome:
        """Pass, fail or unknown."""
        return self.world.outcome

    @property
    def thresholds(self) -> tuple[ThresholdResult, ...]:
        """Thresholds of the judged world."""
        return self.world.thresholds

    @property
    def bottleneck(self) -> Bottleneck | None:
        """What gave out first, or would have, in the judged world."""
        return bottleneck(self.world.load)

    @property
    def replay(self) -> str:
        """The command that runs this again."""
        return str(self.facts.get("replay") or f"chatscale run {self.folder / 'scenario.toml'} --seed {self.seed}")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know before trusting the numbers."""
        return (*map(str, self.facts.get("warnings", ())), *_clock_warnings(self.worlds))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with stable keys; numbers that do not exist are null."""
        document = {
            "schema": SCHEMA_VERSION,
            "scenario": self.scenario.name,
            "seed": self.seed,
            "outcome": self.outcome,
            "exit_code": self.outcome.exit_code,
            "judged": self.judged,
            "scale": {"messages": self.scenario.scale.messages, "connections": self.scenario.scale.connections},
            "thresholds": self.thresholds,
            "worlds": {name: _world_to_dict(world) for name, world in self.worlds.items()},
            "compare": _comparison_to_dict(self.comparison) if self.comparison else None,
            "bottleneck": self.bottleneck,
            "plan": self.plan.to_dict(),
            "versions": self.facts.get("versions", {}),
            "warnings": self.warnings,
            "replay": self.replay,
        }
        return dict(plain(document))


def build_result(folder: Path) -> Result:
    """Judge a run folder. Raises UsageError or HistoryError, see `reports.run`."""
    return judge_run(load_run(folder))


def judge_run(run: Run) -> Result:
    """Judge what was read from a run folder."""
    worlds = {
        name: judge_world(history, run.trace, run.scenario.thresholds, run.cores)
        for name, history in run.histories.items()
    }
    both = "sim" in worlds and "real" in worlds
    return Result(
        folder=run.folder,
        scenario=run.scenario,
        seed=run.seed,
        worlds=worlds,
        comparison=compare(worlds["sim"], worlds["real"]) if both else None,
        plan=plan(run.scenario),
        facts=run.facts,
    )


def save_result(result: Result, path: Path) -> None:
    """Write `result.json`."""
    path.write_text(json.dumps(result.to_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def plain(value: Any) -> Any:
    """Dataclasses, mappings and sequences as JSON knows them; not-a-number and infinity become null."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str | int | None):
        return str(value) if isinstance(value, str) else value
    return [plain(item) for item in value] if isinstance(value, Iterable) else str(value)


def _world_to_dict(world: World) -> dict[str, Any]:
    verdicts = [
        {**plain(found.verdict), "definition": found.definition, "evidence": found.evidence} for found in world.findings
    ]
    return {
        "outcome": world.outcome,
        "window_s": [world.window.start_s, world.window.end_s],
        "counts": world.counts,
        "latency": world.latency,
        "hops": world.hops,
        "budgets": world.budgets,
        "load": world.load,
        "generator": {**plain(world.generator), "reason": world.generator.reason},
        "backlog": world.trend,
        "thresholds": world.thresholds,
        "verdicts": verdicts,
    }


def _comparison_to_dict(comparison: Comparison) -> dict[str, Any]:
    rows = [{**plain(row), "error": row.error} for row in comparison.rows]
    return {"rows": rows, "backlog": comparison.backlog, "conclusion": comparison.conclusion}


def _clock_warnings(worlds: Mapping[str, World]) -> Iterable[str]:
    for name, world in worlds.items():
        negative = sum(latency.negative for latency in world.latency.values()) + sum(hop.negative for hop in world.hops)
        if negative:
            yield f"{name}: {negative:,} negative latencies: its clocks disagree, distrust its latencies"
