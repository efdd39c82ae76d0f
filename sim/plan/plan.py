"""The Plan: all lines of all components, found by key, explained down to the sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from html import escape
from types import MappingProxyType
from typing import Any

from sim.errors import UsageError
from sim.plan.budget import budget_lines
from sim.plan.cassandra import cassandra_lines
from sim.plan.claim import Claim
from sim.plan.document import CLAIMS
from sim.plan.explain import explanation
from sim.plan.gateways import gateway_lines
from sim.plan.kafka import kafka_lines
from sim.plan.line import PlanLine, keyed, parameter_to_dict
from sim.plan.redis import redis_lines
from sim.plan.traffic import traffic_lines
from sim.provenance import Parameter
from sim.scenario import Scenario

COMPONENTS: Mapping[str, Callable[[Scenario], tuple[PlanLine, ...]]] = MappingProxyType(
    {
        "traffic": traffic_lines,
        "gateways": gateway_lines,
        "kafka": kafka_lines,
        "cassandra": cassandra_lines,
        "redis": redis_lines,
        "budget": budget_lines,
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
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizing of one scenario. `lines` are in the order of the components; `claims` judge the design document."""

    scenario: str
    lines: tuple[PlanLine, ...]
    claims: tuple[Claim, ...]

    def headline(self) -> tuple[PlanLine, ...]:
        """The few lines that a summary prints."""
        return tuple(self.line(key) for key in HEADLINE)

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
        """JSON-ready: `scenario`, `headline` (keys), `lines` by key, `parameters` by name, `document` (claims)."""
        return {
            "scenario": self.scenario,
            "headline": list(HEADLINE),
            "lines": {line.key: line.to_dict() for line in self.lines},
            "parameters": {parameter.name: parameter_to_dict(parameter) for parameter in self.parameters()},
            "document": [claim.to_dict() for claim in self.claims],
        }

    def _repr_html_(self) -> str:
        rows = "".join(_html_row(line) for line in self.lines)
        head = "<tr><th>line</th><th>value</th><th>mark</th><th>document</th><th>source</th></tr>"
        return f"<table><caption>plan of {escape(self.scenario)}</caption>{head}{rows}</table>"


def plan(scenario: Scenario) -> Plan:
    """Size the full-size system of this scenario, and check the design document against it."""
    lines = tuple(line for size in COMPONENTS.values() for line in size(scenario))
    shown = {line.key: line.shown for line in lines}
    return Plan(scenario.name, lines, tuple(claim.quoted(shown) for claim in CLAIMS))


def _html_row(line: PlanLine) -> str:
    cells = (line.name, line.shown, line.parameter.mark, line.document or "", line.parameter.source)
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
