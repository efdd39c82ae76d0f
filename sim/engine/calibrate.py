"""Calibration: what the operations of a box cost, from a real run at low load.

    real history ─► CPU above idle of each process,  ─┐
                    quantiles of each hop             ├─► costs × measured / modelled,   ─► Profile
    the model's own history of the same trace ────────┘    delays + (measured − modelled)
              ▲                                                          │
              └──────────────────────── again ◄──────────────────────────┘

The model counts the operations, so that batches count as they are. By the utilisation law (U = λS) a kind of process
uses demand × rate of operations, on top of what it uses anyway. Both come from one straight line through the seconds of
the run: as soon as anything happens a process wakes and polls more than an idle one does, and that part does not grow
with the load. The demand is divided among the operations in the base profile's proportions. What a hop takes beyond
it, and beyond the queues of the model, is its delay, quantile by quantile, never below 0. Each round draws anew and the
later ones correct less, so that the noise of one draw is not learnt (Robbins and Monro 1951).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.design import Design
from sim.engine.box import BOX
from sim.engine.context import kind_of
from sim.engine.profile import DELAYS, PROBABILITIES, PROCESSES, Delay, Profile
from sim.engine.reference import Box
from sim.engine.store import LWT_ROUND_TRIPS
from sim.errors import ModelError
from sim.history import History
from sim.hops import deliveries, hop_times_s
from sim.provenance import Parameter, measured
from sim.trace import Trace
from sim.workload.media import Medium

Floats = npt.NDArray[np.float64]

# How much of each round's difference is taken over.
_GAINS = (1.0, 1.0, 1 / 2, 1 / 3, 1 / 4, 1 / 5)
_LEAST_MESSAGES = 30
_LEAST_IDLE_S = 1.0
_LEAST_SECONDS = 8
_CLEARLY = 0.25
_MOST_SHARE = 0.9
_PER_RECIPIENT = ("rpc", "downlink")


def calibrate(history: History, trace: Trace, base: Profile = BOX) -> Profile:
    """The profile of the box that wrote `history` under `trace`, at a load low enough that queues are short.

    CPU comes from the `cpu_s` samples, idle shares from those before the first action. A process without samples keeps
    the base's figures, a process that no profile knows is left out. Raises ModelError for a history that never got
    quiet, has no design, or has too few deliveries after the warm-up.
    """
    if history.quiesced_ns is None:
        raise ModelError("the run never got quiet, it was overloaded or cut short; calibrate on a run at lower load")
    design = _design_of(history)
    start_s = float(trace.actions["t_ns"].iloc[0]) / 1e9 if len(trace.actions) else 0.0
    profile = _with_background(base, _idle_shares(history, start_s))
    idle = {kind: figure.value for kind, figure in profile.background.items()}
    real, media = _observe(history, start_s), _media_of(history)
    for seed, gain in enumerate(_GAINS):
        box = Box(design, trace, profile, seed, media=media)
        box.run(final_read=False)
        config = history.of_kind("config").iloc[0]
        own = {"t_ns": int(config["t_ns"]), "kind": "config", "detail": config["detail"]}
        model = _observe(History.of([own, *box.context.events]), start_s)
        profile = _corrected(profile, real, model, design, idle, gain)
    return replace(profile, name=f"{base.name}-calibrated")


def _design_of(history: History) -> Design:
    choices = history.config.get("design")
    if choices is None:
        raise ModelError("the history has no config event with a design; calibrate on the history of a run")
    names = {name: field.alias or name for name, field in Design.model_fields.items()}
    return Design.model_validate({names.get(name, name): value for name, value in choices.items()})


def _media_of(history: History) -> dict[str, Medium]:
    """What was uploaded; which contents were equal does not matter to what it cost."""
    rows = history.of_kind("media.put").drop_duplicates("uuid")
    sizes_bytes = zip(rows["uuid"].tolist(), rows["size_bytes"].tolist(), strict=True)
    return {str(uuid): Medium(number, "", int(size)) for number, (uuid, size) in enumerate(sizes_bytes)}


@dataclass(frozen=True, slots=True)
class _Observation:
    """Cores that one process of each kind uses in each second under load, and each hop's quantiles at PROBABILITIES."""

    cores: Mapping[str, Floats]
    hops_s: Mapping[str, Floats]


def _observe(history: History, start_s: float) -> _Observation:
    edges_s = _seconds_under_load(history, start_s)
    used: dict[str, list[Floats]] = {}
    for process, (t_s, value) in _cpu_samples(history).items():
        used.setdefault(kind_of(process), []).append(np.diff(np.interp(edges_s, t_s, value)) / np.diff(edges_s))
    return _Observation({kind: np.mean(each, axis=0) for kind, each in used.items()}, _hop_quantiles(history))


def _seconds_under_load(history: History, start_s: float) -> Floats:
    """Edges of the seconds from the end of the warm-up to the end of the load."""
    first_s = max(start_s, float(history.config.get("warm_up_s", 0.0)))
    last_s = min(float(history.config.get("duration_s", np.inf)), (history.quiesced_ns or 0) / 1e9)
    return np.linspace(first_s, last_s, max(2, round(last_s - first_s) + 1))


def _cpu_samples(history: History) -> dict[str, tuple[Floats, Floats]]:
    rows = history.of_kind("sample")
    rows = rows[(rows["state"] == "cpu_s") & rows["target"].astype(str).str.partition("-")[0].isin(PROCESSES)]
    return {
        str(target): (group["t_ns"].to_numpy(dtype=float) / 1e9, group["value"].to_numpy(dtype=float))
        for target, group in rows.groupby("target", observed=True)
    }


def _idle_shares(history: History, start_s: float) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for process, (t_s, value) in _cpu_samples(history).items():
        idle = t_s <= start_s
        if idle.any() and (length_s := t_s[idle][-1] - t_s[0]) >= _LEAST_IDLE_S:
            found.setdefault(kind_of(process), []).append(float(value[idle][-1] - value[0]) / length_s)
    return {kind: sum(shares) / len(shares) for kind, shares in found.items()}


def _with_background(base: Profile, shares: Mapping[str, float]) -> Profile:
    known = {
        kind: measured(f"{kind}.background", share, "cores", "CPU of the process before the load, or apart from it")
        for kind, share in shares.items()
    }
    return replace(base, background={**base.background, **known})


def _hop_quantiles(history: History) -> dict[str, Floats]:
    warm_up_ns = float(history.config.get("warm_up_s", 0.0)) * 1e9
    rows = deliveries(history)
    rows = rows[(rows["intended_ns"] >= warm_up_ns) & rows["pushed_ns"].notna()]
    messages = rows.drop_duplicates("uuid")
    if len(messages) < _LEAST_MESSAGES:
        raise ModelError(
            f"{len(messages)} messages were delivered after the warm-up, a calibration needs {_LEAST_MESSAGES}; "
            "run longer or with more messages"
        )
    per_message, per_recipient = hop_times_s(messages), hop_times_s(rows)
    times = {hop: (per_recipient if hop in _PER_RECIPIENT else per_message)[hop] for hop in DELAYS if hop != "ack"}
    times["ack"] = _ack_times_s(history, warm_up_ns)
    return {hop: _quantiles(seconds.dropna().to_numpy(dtype=float)) for hop, seconds in times.items()}


def _ack_times_s(history: History, warm_up_ns: float) -> pd.Series[float]:
    sends = history.of_kind("send.invoke").drop_duplicates("uuid").set_index("uuid")["t_ns"]
    answers = history.of_kind("send.ok").drop_duplicates("uuid").set_index("uuid")["t_ns"]
    return ((answers - sends[sends >= warm_up_ns]) / 1e9).dropna()


def _quantiles(seconds: Floats) -> Floats:
    found = np.quantile(seconds, PROBABILITIES)
    # The last piece keeps the mean of the tail: a straight line to the maximum would make one stall a habit.
    tail = seconds[seconds >= found[-2]]
    found[-1] = min(found[-1], max(found[-2], 2 * tail.mean() - found[-2]))
    return found


def _corrected(
    profile: Profile,
    real: _Observation,
    model: _Observation,
    design: Design,
    idle: Mapping[str, float],
    gain: float,
) -> Profile:
    lines = {
        kind: line
        for kind, cores in real.cores.items()
        if (line := _line(model.cores[kind] - profile.background[kind].value, cores, idle[kind])) is not None
    }
    factors = {kind: factor**gain for kind, (factor, _) in lines.items()}
    cpu = {key: _corrected_cost(figure, factors.get(key.partition(".")[0])) for key, figure in profile.cpu.items()}
    # A lightweight transaction draws the delay of the store once a round trip.
    trips = {"store": LWT_ROUND_TRIPS if design.dedup == "lwt" else 1}
    delays = {
        hop: _corrected_delay(profile.delays[hop], (real.hops_s[hop] - model.hops_s[hop]) * gain / trips.get(hop, 1))
        for hop in DELAYS
    }
    shares = {kind: share for kind, (_, share) in lines.items()}
    return replace(_with_background(profile, shares), cpu=cpu, delays=delays)


def _line(demand: Floats, used: Floats, idle: float) -> tuple[float, float] | None:
    """Factor and share with `used ≈ share + factor × demand` (cores, one a second); None where there is no demand.

    The share is the idle one, unless the intercept of the regression lies above it by a quarter of the mean use: demand
    that falls into another second of the model tilts the line a little.
    """
    mean_demand, mean_used = float(demand.mean()), float(used.mean())
    if mean_demand <= 0 or mean_used <= idle:
        return None
    around = demand - mean_demand
    if demand.size >= _LEAST_SECONDS and (around**2).sum() > 0:
        slope = max(0.0, float((around * (used - mean_used)).sum() / (around**2).sum()))
        share = min(mean_used - slope * mean_demand, _MOST_SHARE * mean_used)
        if share > idle + _CLEARLY * mean_used:
            return (mean_used - share) / mean_demand, share
    return (mean_used - idle) / mean_demand, idle


def _corrected_cost(figure: Parameter, factor: float | None) -> Parameter:
    if factor is None:
        return figure
    where = "CPU that grows with the load of a quiet run, divided among operations as in the base profile"
    return measured(figure.name, figure.value * factor, figure.unit, where)


def _corrected_delay(delay: Delay, missing_s: Floats) -> Delay:
    """The delay with its quantiles shifted, sorted, not below 0, and its mean where the shift would have it."""
    mean_s = max(0.0, delay.mean_s + float(np.trapezoid(missing_s, PROBABILITIES)))
    shifted = np.sort(np.maximum(np.asarray(delay.quantiles_s) + missing_s, 0.0))
    too_much = float(np.trapezoid(shifted, PROBABILITIES))
    scaled = shifted * (mean_s / too_much if too_much > 0 else 0.0)
    return Delay(
        tuple(float(value) for value in scaled), "measured", "the hop of a run at low load, less CPU and queues"
    )
