"""The Plan: all lines of all components, found by key, explained down to the sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from sim.errors import UsageError
from sim.plan.budget import budget_lines
from sim.plan.cassandra import cassandra_lines
from sim.plan.cost import cost_lines
from sim.plan.document import CLAIMS
from sim.plan.explain import explanation
from sim.plan.gateways import gateway_lines
from sim.plan.given import origins
from sim.plan.kafka import kafka_lines
from sim.plan.line import Lines, PlanLine, keyed, parameter_to_dict
from sim.plan.network import network_lines
from sim.plan.redis import redis_lines
from sim.plan.storage import storage_lines
from sim.plan.tables import Claims, PlanLines
from sim.plan.traffic import traffic_lines
from sim.plan.workers import worker_lines
from sim.provenance import Parameter
from sim.scenario import Scenario

# Each gets the lines of all before it.
COMPONENTS: Mapping[str, Callable[[Scenario, Lines], tuple[PlanLine, ...]]] = MappingProxyType(
    {
        "traffic": traffic_lines,
        "gateways": gateway_lines,
        "workers": worker_lines,
        "kafka": kafka_lines,
        "cassandra": cassandra_lines,
        "redis": redis_lines,
        "budget": budget_lines,
        "storage": storage_lines,
        "network": network_lines,
        "cost": cost_lines,
    }
)

HEADLINE = (
    "traffic.messages_mean",
    "traffic.messages_event",
    "traffic.deliveries_mean",
    "redis.writes",
    "gateways.servers",
    "kafka.partitions",
    "cassandra.bytes_replicated",
    "cassandra.nodes",
    "budget.total_p99",
    "cost.total",
    "cost.per_million_messages",
)


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """The sizing of one scenario. `lines` are in the order of the components; `claims` judge the design document;
    `given` is the origin of every figure of the scenario, by its key there.
    """

    scenario: str
    lines: PlanLines
    claims: Claims
    given: Mapping[str, Parameter] = field(hash=False)

    def headline(self) -> PlanLines:
        """The few lines that a summary prints."""
        return self.only(*HEADLINE)

    def only(self, *keys: str) -> PlanLines:
        """The lines of these keys or components, in this order. Raises UsageError as `line` does."""
        parts = self.components()
        return PlanLines(line for key in keys for line in (parts[key] if key in parts else (self.line(key),)))

    def line(self, key: str) -> PlanLine:
        """The line of that key. Raises UsageError, naming the near ones, when there is none."""
        by_key = keyed(self.lines)
        if key in by_key:
            return by_key[key]
        near = get_close_matches(key, by_key, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"components: {', '.join(COMPONENTS)}"
        raise UsageError(f"the plan has no line {key!r}; {hint}")

    def components(self) -> dict[str, tuple[PlanLine, ...]]:
        """The lines by component, in order."""
        return {name: tuple(line for line in self.lines if line.component == name) for name in COMPONENTS}

    def parameters(self) -> tuple[Parameter, ...]:
        """Every sourced, measured or assumed figure that some line rests on, once, in order of first use."""
        found: dict[str, Parameter] = {}
        for line in self.lines:
            if line.parameter.mark != "derived":
                found.setdefault(line.name, line.parameter)
            for item in line.inputs:
                if isinstance(item, Parameter):
                    found.setdefault(item.name, item)
        return tuple(found.values())

    def explain(self, key: str) -> str:
        """How the line was computed, down to the sources, several lines of text. Raises UsageError as `line` does."""
        return explanation(self.line(key))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: `scenario`, `given`, `lines` and `parameters` by key or name, `headline` (keys), `document`."""
        return {
            "scenario": self.scenario,
            "given": {key: parameter_to_dict(parameter) for key, parameter in self.given.items()},
            "headline": list(HEADLINE),
            "lines": {line.key: line.to_dict() for line in self.lines},
            "parameters": {parameter.name: parameter_to_dict(parameter) for parameter in self.parameters()},
            "document": [claim.to_dict() for claim in self.claims],
        }

    def __repr__(self) -> str:
        return f"plan of {self.scenario}\n{self.headline()!r}"

    def _repr_html_(self) -> str:
        return self.lines._repr_html_()


def plan(scenario: Scenario) -> Plan:
    """Size the full-size system of this scenario, and check the design document against it."""
    lines: dict[str, PlanLine] = {}
    for size in COMPONENTS.values():
        lines |= keyed(size(scenario, lines))
    shown = {key: line.shown for key, line in lines.items()}
    claims = Claims(claim.quoted(shown) for claim in CLAIMS)
    return Plan(scenario.name, PlanLines(lines.values()), claims, origins(scenario))
