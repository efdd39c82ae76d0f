"""What the scenario gives, as parameters: the published figure where the scenario uses it, else marked as its own.

A scenario that keeps a reference value inherits mark, source and range. A scenario that sets another
value has assumed it, and the source then names both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from sim.plan.references import is_same, reference
from sim.provenance import Parameter, assumed
from sim.scenario import Scenario
from sim.units import DAY_S

_SECTIONS = ("population", "workspaces", "guilds", "traffic", "people", "shocks", "bursts", "drops", "storage")
_DESIGN = ("heartbeat", "presence_ttl", "conn_ttl", "gap_hold", "linger")
# When something happens in a run is a choice of the run, not a figure about the world.
_CHOICES = ("at",)

_KEYS = {
    "users": "population.users",
    "connected": "population.connected",
    "foreground": "population.foreground",
    "messages": "traffic.messages",
    "daily_peak": "traffic.daily_peak",
    "event_peak": "traffic.event_peak",
    "group_share": "traffic.group_share",
    "group_median": "traffic.group_size_median",
    "group_sigma": "traffic.group_size_sigma",
    "group_max": "traffic.group_size_max",
    "hot_share": "traffic.hot_share",
    "media_share": "traffic.media_share",
    "forward_share": "traffic.media_forward_share",
    "session_median": "people.session_median",
    "session_sigma": "people.session_sigma",
    "opens": "people.opens",
    "retention": "storage.retention",
    "message_bytes": "storage.message",
    "replication": "storage.replication",
    "heartbeat": "design.heartbeat",
    "presence_ttl": "design.presence_ttl",
    "conn_ttl": "design.conn_ttl",
    "linger": "design.linger",
    "target": "thresholds.delivery_p99",
}


@dataclass(frozen=True, slots=True)
class Given:
    """The scenario's numbers that the plan uses, each with its origin."""

    users: Parameter
    connected: Parameter
    foreground: Parameter
    messages: Parameter
    daily_peak: Parameter
    event_peak: Parameter
    group_share: Parameter
    group_median: Parameter
    group_sigma: Parameter
    group_max: Parameter
    hot_share: Parameter
    media_share: Parameter
    forward_share: Parameter
    session_median: Parameter
    session_sigma: Parameter
    opens: Parameter
    retention: Parameter
    message_bytes: Parameter
    replication: Parameter
    heartbeat: Parameter
    presence_ttl: Parameter
    conn_ttl: Parameter
    linger: Parameter
    target: Parameter


def given(scenario: Scenario) -> Given:
    """The parameters that this scenario sets."""
    found = origins(scenario)
    return Given(**{field.name: found[_KEYS[field.name]] for field in fields(Given)})


def origins(scenario: Scenario) -> dict[str, Parameter]:
    """The origin of every figure about the world in the scenario, by its key, such as `drops.0.share`."""
    return {key: _origin(key, value, scenario) for key, value in _figures(scenario)}


def _figures(scenario: Scenario) -> Iterator[tuple[str, float]]:
    document = scenario.model_dump(by_alias=True, exclude_none=True)
    for name in _SECTIONS:
        section = document.get(name, {})
        tables = {name: section} if isinstance(section, dict) else {f"{name}.{i}": row for i, row in enumerate(section)}
        for prefix, table in tables.items():
            yield from ((f"{prefix}.{key}", float(value)) for key, value in table.items() if key not in _CHOICES)
    yield from ((f"design.{key}", document["design"][key]) for key in _DESIGN)
    yield "thresholds.delivery_p99", scenario.thresholds.get("delivery_p99", 0.5)


def _origin(key: str, value: float, scenario: Scenario) -> Parameter:
    known = reference(".".join(part for part in key.split(".") if not part.isdecimal()), scenario.kind, value)
    value = value / DAY_S if known.unit == "days" else value
    if is_same(value, known.value):
        return known
    low = known.value if known.low is None else known.low
    high = known.value if known.high is None else known.high
    return assumed(
        known.name,
        value,
        known.unit,
        f"set by scenario {scenario.name}; reference {known.value:g} ({known.source})",
        low=min(low, value),
        high=max(high, value),
    )
