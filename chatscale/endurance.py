"""Endurance: one schedule of drawn faults after the other on real servers, each judged like a run.

    seed ─► trace, faults ─► drive ─► history ─► checks ─► schedule-0007/finished.json
                    └─ in every slot a part is stopped, and the network goes wrong (`sim.fault_draw`)

    schedule-0007/       scenario.toml, finished.json; of one that did not pass also what a run leaves, report and all

A campaign that was killed goes on behind the schedules that are finished. The servers stay up from one schedule to the
next as long as all of them are whole; a schedule that lost one on its way is run again, once, on new ones.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from chatscale.following import Watcher
from chatscale.run_folder import write_facts
from realstack.chat.handover import tell
from realstack.drive import drive
from realstack.servers import Servers, start_servers
from reports import write_report
from reports.result import judge_run
from reports.run import load_run
from sim.errors import ServerError, UsageError
from sim.fault_draw import draw_mixed_faults
from sim.scenario import Scenario
from sim.scenario_file import dump_scenario
from sim.verdict import Outcome
from sim.workload import make_trace

_FINISHED = "finished.json"
_KEPT = ("scenario.toml", _FINISHED)
_TRIES = 2


class Finished(msgspec.Struct, frozen=True):
    """What a schedule showed. `operations` are what people did, `unknown` the sends that nobody ever answered.

    `against` are the checks that keep it from passing.
    """

    seed: int
    faults: list[str]
    operations: int
    deliveries: int
    unknown: int
    outcome: Outcome
    against: list[str]


class Campaign:
    """Schedules of one scenario in one folder. `watch` is told what happens."""

    def __init__(self, scenario: Scenario, folder: Path, servers: str, watch: Watcher) -> None:
        if scenario.faults:
            raise UsageError(f"{scenario.name} has faults of its own; endurance draws them: --set 'faults=[]'")
        self._scenario = scenario
        self._folder = folder
        self._provider = servers
        self._watch = watch
        self._stack = ExitStack()
        self._running: Servers | None = None
        self._starts = 0

    def run(self, seeds: Sequence[int]) -> Iterator[Finished]:
        """Each schedule's end, at once if it was finished before. Raises ServerError if servers fail twice on end."""
        with self._stack:
            for seed in seeds:
                yield self._finished(seed) or self._with_patience(seed)

    def _place(self, seed: int) -> Path:
        return self._folder / f"schedule-{seed:04d}"

    def _under_faults(self, seed: int) -> Scenario:
        drawn = draw_mixed_faults(seed, self._scenario.design, self._scenario.run.duration_s)
        return self._scenario.model_copy(update={"faults": drawn})

    def _finished(self, seed: int) -> Finished | None:
        folder = self._place(seed)
        if not (folder / _FINISHED).is_file():
            return None
        if (folder / "scenario.toml").read_text(encoding="utf-8") != dump_scenario(self._under_faults(seed)):
            raise UsageError(f"{folder} is of another scenario or version; choose another --out, or remove it")
        return msgspec.json.decode((folder / _FINISHED).read_bytes(), type=Finished)

    def _with_patience(self, seed: int) -> Finished:
        for _ in range(_TRIES - 1):
            try:
                return self._one(seed)
            except ServerError as error:
                self._watch.note(f"schedule {seed} on new servers: {error}")
                self._give_up_servers()
        return self._one(seed)

    def _one(self, seed: int) -> Finished:
        folder = self._place(seed)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        scenario = self._under_faults(seed)
        (folder / "scenario.toml").write_text(dump_scenario(scenario), encoding="utf-8")
        running = self._whole_servers()
        replay = f"chatscale run {folder / 'scenario.toml'} --seed {seed}"
        write_facts(folder, seed, replay, provider=self._provider, versions=running.versions)
        trace = make_trace(scenario, seed)
        self._watch.step(f"schedule {seed}: {', '.join(map(str, scenario.faults))}")
        history = drive(running, scenario, trace, folder, lambda progress: self._watch.drive(progress, trace))
        history.save(folder / "history-real.parquet")
        return conclude(folder)

    def _whole_servers(self) -> Servers:
        """Those that run, if each of them still serves; else new ones."""
        if self._running is not None:
            try:
                for service in self._running.services.values():
                    service.wait_ready()
                return self._running
            except ServerError as error:
                self._watch.note(f"new servers: {error}")
                self._give_up_servers()
        self._watch.step("servers: Kafka, Cassandra and Redis")
        self._starts += 1
        place = self._folder / f"servers-{self._starts}"
        shutil.rmtree(place, ignore_errors=True)
        nodes = self._scenario.design.nodes
        starting = start_servers(self._provider, place, on_event=self._watch.note, durable=nodes == 1, nodes=nodes)
        self._running = self._stack.enter_context(starting)
        return self._running

    def _give_up_servers(self) -> None:
        self._running = None
        self._stack.close()


def conclude(folder: Path) -> Finished:
    """Judge what a schedule left in its folder; where it passed, only that is kept."""
    run = load_run(folder)
    result = judge_run(run)
    world = result.world
    finished = Finished(
        seed=run.seed,
        faults=[str(fault) for fault in run.scenario.faults],
        operations=len(run.trace.actions) if run.trace else 0,
        deliveries=world.counts["deliveries"] + world.counts["resumed"],
        unknown=world.counts["info"],
        outcome=result.outcome,
        against=[found.verdict.check for found in world.findings if found.verdict.outcome.counts_against],
    )
    if result.outcome is not Outcome.PASS:
        write_report(folder)
    tell(folder / _FINISHED, finished)
    if result.outcome is Outcome.PASS:
        for path in folder.iterdir():
            if path.name not in _KEPT:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    return finished
