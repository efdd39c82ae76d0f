"""The design document's flaws, each shown and mended: one scenario of `scenarios/flaws/`, two designs, two worlds.

    flaw ─► scenario ─┬─► preset seed      ─┬─► model         must be convicted, by the anomaly that the flaw is
                      └─► preset hardened  ─┴─► real servers  the same check must have looked and found nothing

That a scenario convicts `seed` is the proof that it bites; so its silence about `hardened` means something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from reports.checks import check_history
from sim.engine import simulate
from sim.errors import UsageError
from sim.history import History
from sim.scenario import Scenario
from sim.scenario_file import load_scenario
from sim.verdict import Outcome
from sim.workload import make_trace

if TYPE_CHECKING:
    from chatscale.stage import Stage

Preset = Literal["seed", "hardened"]
PRESETS: tuple[Preset, ...] = ("seed", "hardened")


@dataclass(frozen=True, slots=True)
class Flaw:
    """`anomaly` convicts it in its scenario. One with a `mutant` is no fault's doing: real servers alone."""

    name: str
    anomaly: str
    mutant: str = ""

    def scenario(self, preset: Preset) -> Scenario:
        """Its scenario under a preset."""
        return load_scenario(f"flaws/{self.name}", [f"design.preset={preset}"])


_ALL = (
    Flaw("late-insert", "cursor_late_insert"),
    Flaw("presence-flap", "presence_flap"),
    Flaw("retry-elsewhere", "duplicated"),
    Flaw("stale-registry", "lost"),
    Flaw("late-delete", "lost"),
    Flaw("lwt-timeout", "lost"),
    Flaw("more-partitions", "partition_split"),
    # The Kafka client in use keeps one request in flight, so that nothing can overtake: another client would not.
    Flaw("retry-overtakes", "reordered_sender", mutant="retries-overtaken"),
)
FLAWS = {flaw.name: flaw for flaw in _ALL}


@dataclass(frozen=True, slots=True)
class Row:
    """What the check of a flaw said of one world under one design; `besides`: the other checks that failed."""

    flaw: str
    anomaly: str
    preset: Preset
    world: Literal["model", "real"]
    outcome: Outcome
    count: int
    checked: int
    summary: str
    besides: tuple[str, ...]

    @property
    def as_expected(self) -> bool:
        """Convicted in `seed`; looked at and clean, in every respect, in `hardened`."""
        if self.preset == "seed":
            return self.outcome is Outcome.FAIL
        return self.outcome is Outcome.PASS and not self.besides


def flaws_named(names: Iterable[str]) -> list[Flaw]:
    """The flaws of these names, all when there are none. Raises UsageError for a name that is none."""
    for name in (wanted := list(names)):
        if name not in FLAWS:
            raise UsageError(f"no flaw is called {name!r}; known: {', '.join(FLAWS)}")
    return [FLAWS[name] for name in wanted or FLAWS]


def model_rows(flaws: Iterable[Flaw]) -> Iterator[Row]:
    """Both designs of every flaw that the model can show."""
    for flaw in flaws:
        for preset in PRESETS if not flaw.mutant else ():
            scenario = flaw.scenario(preset)
            yield _judged(flaw, preset, "model", simulate(scenario, make_trace(scenario)))


def real_rows(flaws: Iterable[Flaw], stage: Stage) -> Iterator[Row]:
    """Both designs of every flaw, on real servers."""
    plays: list[Callable[[], Row]] = [partial(_real, stage, flaw, preset) for flaw in flaws for preset in PRESETS]
    yield from stage.each(plays)


def _real(stage: Stage, flaw: Flaw, preset: Preset) -> Row:
    history = stage.play(flaw.scenario(preset), f"{flaw.name}-{preset}", flaw.mutant)
    return _judged(flaw, preset, "real", history)


def _judged(flaw: Flaw, preset: Preset, world: Literal["model", "real"], history: History) -> Row:
    verdicts = {verdict.check: verdict for verdict in check_history(history)}
    found = verdicts.pop(flaw.anomaly)
    besides = tuple(name for name, v in verdicts.items() if v.outcome is Outcome.FAIL or v.has_crashed)
    return Row(
        flaw.name, flaw.anomaly, preset, world, found.outcome, found.count, found.checked, found.summary, besides
    )
