"""Small systems for the tests, each shard at the load of a large one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import SeedSequence

from sim.fast.layout import Layout
from sim.fast.production import production
from sim.fast.slice import Job
from sim.fast.steps import Times
from sim.scenario import Scenario
from sim.scenario_file import load_scenario, with_settings


def small_scenario(**settings: object) -> Scenario:
    """A thousandth of whatsapp: 2 M users, 1,736 messages/s at the peak, 25 partitions, 13 gateways."""
    laid = {"population.users": 2e6, "traffic.messages": "100m/day", "scale.connections": "1:1000"}
    named = {key.replace("__", "."): value for key, value in settings.items()}
    return with_settings(load_scenario("whatsapp"), {**laid, "scale.messages": "1:10", **named})


def small_layout(messages_per_s: float = 600.0, **changes: object) -> Layout:
    """Four gateways, six partitions, three receipt partitions; one to three recipients."""
    made = Layout(
        messages_per_s=messages_per_s,
        recipients=np.array([0.6, 0.1, 0.3]),
        gateways=np.ones(4),
        partitions=np.array([1.5, 1.0, 1.0, 1.0, 1.0, 0.5]),
        receipt_partitions=np.ones(3),
        brokers=2,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def small_job(layout: Layout | None = None, times: Times | None = None, **changes: float) -> Job:
    """One second of it after a warm-up."""
    made = Job(layout or small_layout(), times or production(small_scenario()), SeedSequence(5), 1.0, 0.5)
    return replace(made, **changes)  # type: ignore[arg-type]
