"""Calibration: what the operations of a box cost, from a real run at low load.

    real history ─► CPU above idle of each process,  ─┐
                    quantiles of each hop             ├─► costs × measured / modelled,   ─► Profile
    the model's own history of the same trace ────────┘    delays + (measured − modelled)
              ▲                                                          │
              └──────────────────────── again ◄──────────────────────────┘

The model counts the operations, so that batches count as they are: by the utilisation law (U = λS) the CPU of a
kind of process over its operations is their demand, divided among them in the base profile's proportions. What a
hop takes beyond that demand, and beyond the queues of the model, is its delay, quantile by
quantile, never below 0. Each round draws anew and the later ones correct less, so that the noise of one draw is not
learnt (Robbins and Monro 1951).
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

Floats = npt.NDArray[np.float64]

# How much of each round's difference is taken over.
_GAINS = (1.0, 1.0, 1 / 2, 1 / 3)
_LEAST_MESSAGES = 30
_LEAST_IDLE_S = 1.0
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
    real = _observe(history, start_s, profile)
    for seed, gain in enumerate(_GAINS):
        box = Box(design, trace, profile, seed)
        box.run()
        config = history.of_kind("config").iloc[0]
        own = {"t_ns": int(config["t_ns"]), "kind": "config", "detail": config["detail"]}
        model = _observe(History.of([own, *box.context.events]), start_s, profile)
        profile = _corrected(profile, real, model, design, gain)
    return replace(profile, name=f"{base.name}-calibrated")


def _design_of(history: History) -> Design:
    choices = history.config.get("design")
    if choices is None:
        raise ModelError("the history has no config event with a design; calibrate on the history of a run")
    names = {name: field.alias or name for name, field in Design.model_fields.items()}
    return Design.model_validate({names.get(name, name): value for name, value in choices.items()})


@dataclass(frozen=True, slots=True)
class _Observation:
    """CPU seconds above idle of each kind of process under load, and each hop's quantiles at PROBABILITIES."""

    cpu_s: Mapping[str, float]
    hops_s: Mapping[str, Floats]


def _observe(history: History, start_s: float, profile: Profile) -> _Observation:
    end_s = (history.quiesced_ns or 0) / 1e9
    spent: dict[str, float] = {}
    for process, (t_s, value) in _cpu_samples(history).items():
        kind = kind_of(process)
        total_s = float(np.interp(end_s, t_s, value) - np.interp(start_s, t_s, value))
        idle_s = profile.background[kind].value * (min(end_s, t_s[-1]) - max(start_s, t_s[0]))
        spent[kind] = spent.get(kind, 0.0) + total_s - idle_s
    return _Observation(spent, _hop_quantiles(history))


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
        kind: measured(f"{kind}.background", share, "cores", "CPU of the idle process before the load")
        for kind, share in shares.items()
    }
    return replace(base, background={**base.background, **known})


def _hop_quantiles(history: History) -> dict[str, Floats]:
    warm_up_ns = float(history.config.get("warm_up_s", 0.0)) * 1e9
    rows = deliveries(history)
    rows = rows[rows["intended_ns"] >= warm_up_ns]
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


def _corrected(profile: Profile, real: _Observation, model: _Observation, design: Design, gain: float) -> Profile:
    factors = {
        kind: (spent_s / model.cpu_s[kind]) ** gain
        for kind, spent_s in real.cpu_s.items()
        if spent_s > 0 and model.cpu_s.get(kind, 0.0) > 0
    }
    cpu = {key: _corrected_cost(figure, factors.get(key.partition(".")[0])) for key, figure in profile.cpu.items()}
    # A lightweight transaction draws the delay of the store once a round trip.
    trips = {"store": LWT_ROUND_TRIPS if design.dedup == "lwt" else 1}
    delays = {
        hop: _corrected_delay(profile.delays[hop], (real.hops_s[hop] - model.hops_s[hop]) * gain / trips.get(hop, 1))
        for hop in DELAYS
    }
    return replace(profile, cpu=cpu, delays=delays)


def _corrected_cost(figure: Parameter, factor: float | None) -> Parameter:
    if factor is None:
        return figure
    where = "CPU above idle of a run at low load, divided among operations as in the base profile"
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
