"""One pipeline in three engines: a tandem of single servers, the same arrivals and services, when each message leaves.

Poisson ──► gateway ──► worker ──► gateway ──►      first come, first served at each

fast     the compiled recursion of `sim.fast.kernel`
simpy    a process a message, a `simpy.Resource` a server
ciw      nodes of the queueing library Ciw, a second opinion by other people
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import simpy

from sim.fast.kernel import fifo
from sim.workload.samplers import FloatArray

LOADS = (0.3, 0.8, 0.6)
_REPEATED_S = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """Gaps before each message, shape (messages,), and its service at each stage, shape (stages, messages), seconds."""

    gaps_s: FloatArray
    services_s: FloatArray


@dataclass(frozen=True, slots=True)
class Speed:
    """Messages a second of processor time, and the largest difference of any departure from the recursion's."""

    messages_per_s: float
    max_abs_diff_s: float


def pipeline(messages: int, seed: int) -> Pipeline:
    """One message a second on the mean; services are exponential, at the loads of `LOADS`."""
    rng = np.random.default_rng(seed)
    services_s = rng.exponential(1.0, (len(LOADS), messages)) * np.array(LOADS)[:, None]
    return Pipeline(rng.exponential(1.0, messages), services_s)


def by_recursion(line: Pipeline) -> FloatArray:
    """Departures, in the order of arrival."""
    times_s = np.cumsum(line.gaps_s)
    for services_s in line.services_s:
        times_s = fifo(times_s, services_s, np.zeros(1))
    return times_s


def by_simpy(line: Pipeline) -> FloatArray:
    """The same, event by event."""
    env = simpy.Environment()
    servers = [simpy.Resource(env) for _ in line.services_s]
    left_s = np.empty(len(line.gaps_s))

    def passing(number: int) -> Generator[simpy.Event, Any, None]:
        for server, service_s in zip(servers, line.services_s[:, number].tolist(), strict=True):
            with server.request() as turn:
                yield turn
                yield env.timeout(service_s)
        left_s[number] = env.now

    def arriving() -> Generator[simpy.Event, Any, None]:
        for number, gap_s in enumerate(line.gaps_s.tolist()):
            yield env.timeout(gap_s)
            env.process(passing(number))

    env.process(arriving())
    env.run()
    return left_s


def by_ciw(line: Pipeline) -> FloatArray:
    """The same in Ciw, which must be installed."""
    ciw: Any = import_module("ciw")
    stages, messages = line.services_s.shape
    never = 2 * float(line.gaps_s.sum() + line.services_s.sum())
    gaps = ciw.dists.Sequential([*line.gaps_s.tolist(), never])
    network = ciw.create_network(
        arrival_distributions=[gaps, *[None] * (stages - 1)],
        service_distributions=[ciw.dists.Sequential(services_s.tolist()) for services_s in line.services_s],
        number_of_servers=[1] * stages,
        routing=[[float(to == at + 1) for to in range(stages)] for at in range(stages)],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(messages, method="Finish")
    done = [record.exit_date for record in simulation.get_all_records() if record.node == stages]
    return np.sort(np.array(done))


def side_by_side(line: Pipeline) -> Mapping[str, Speed]:
    """All engines on one pipeline; `ciw` only where it is installed."""
    engines: dict[str, Callable[[Pipeline], FloatArray]] = {"fast": by_recursion, "simpy": by_simpy}
    if find_spec("ciw"):
        engines["ciw"] = by_ciw
    expected_s = by_recursion(line)
    return {name: _speed(engine, line, expected_s) for name, engine in engines.items()}


def _speed(engine: Callable[[Pipeline], FloatArray], line: Pipeline, expected_s: FloatArray) -> Speed:
    """Of as many runs as take a while, so that a quick engine is measured, too."""
    began_s, runs, passed_s, found_s = time.process_time(), 0, 0.0, expected_s
    while passed_s < _REPEATED_S:
        found_s = engine(line)
        runs += 1
        passed_s = time.process_time() - began_s
    return Speed(runs * len(line.gaps_s) / passed_s, float(np.abs(found_s - expected_s).max()))
