"""Faults: what breaks, when and for how long. They belong to the scenario, so that a question can be asked again.

[[faults]]
at = "20s"
kind = "pause"
target = "worker-1"
for = "12s"

kind             target                                   what happens
pause            gateway-N worker-N kafka cassandra redis  the process stands still (SIGSTOP), then goes on
kill             gateway-N worker-N kafka cassandra redis  it is gone (SIGKILL); a new one starts after `for`, or none
drain            gateway-N worker-N                        it is asked to finish and end (SIGTERM); then as after a kill
slow             kafka cassandra redis                     every request takes `by` longer
partition        kafka cassandra redis                     nothing passes between it and the backend, no socket closes
cut              kafka cassandra redis                     its connections break once `after` more bytes were answered
lose-response    kafka cassandra redis                     it did what the `nth` request asked, the answer never comes
skew             gateway-N                                 its clock is off by `by`, to the end if `for` is not given
add-partitions   kafka                                     `count` more of each topic, to the end
lose-heartbeats  gateway-N                                 a `share` of the heartbeats never gets there

A server comes back with its data, Redis with none: it keeps no file. A killed server needs a `for`.

With `design.nodes = 3` a server's fault names one node: kafka-1 to kafka-3, cassandra-1 to cassandra-3, redis-1 (the
primary, to begin with) or redis-2. One that is killed may stay dead as long as the others can go on without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from sim.design import CLUSTER, SERVERS, Design
from sim.units import DurationS, Share, parse_duration


class _Rule(NamedTuple):
    targets: tuple[str, ...]
    needs: tuple[str, ...] = ()
    may_have: tuple[str, ...] = ()


_RULES = {
    "pause": _Rule(("gateway", "worker", *SERVERS), needs=("for",)),
    "kill": _Rule(("gateway", "worker", *SERVERS), may_have=("for",)),
    "drain": _Rule(("gateway", "worker"), may_have=("for",)),
    "slow": _Rule(SERVERS, needs=("for", "by")),
    "partition": _Rule(SERVERS, needs=("for",)),
    "cut": _Rule(SERVERS, may_have=("for", "after")),
    "lose-response": _Rule(SERVERS, needs=("for",), may_have=("nth",)),
    "skew": _Rule(("gateway",), needs=("by",), may_have=("for",)),
    "add-partitions": _Rule(("kafka",), needs=("count",)),
    "lose-heartbeats": _Rule(("gateway",), needs=("for",), may_have=("share",)),
}
# Those that can be undone, so that one may follow the other.
KINDS = tuple(kind for kind in _RULES if kind != "add-partitions")
STOPS = ("pause", "kill", "drain")
_ENDS = ("kill", "drain")
# How many nodes a cluster of any kind can go on without.
_SPARED = 1
NETWORK = ("slow", "partition", "cut", "lose-response")


def _signed_duration(value: object) -> float:
    if isinstance(value, str) and value.lstrip().startswith("-"):
        return -parse_duration(value.lstrip()[1:])
    return parse_duration(value)


_OffsetS = Annotated[
    float,
    BeforeValidator(_signed_duration),
    # Further back a gateway refuses to give ids at all.
    Field(ge=-1, le=1),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}], "examples": ["-50ms", "200ms"]}),
]


class Fault(BaseModel):
    """One row of the table above. `end_s` is infinite for what is never undone."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    at_s: DurationS = Field(alias="at", description="when it begins")
    kind: Literal[
        "pause",
        "kill",
        "drain",
        "slow",
        "partition",
        "cut",
        "lose-response",
        "skew",
        "lose-heartbeats",
        "add-partitions",
    ]
    target: str = Field(
        pattern=r"^(kafka(-[1-3])?|cassandra(-[1-3])?|redis(-[12])?|gateway-[1-9]|worker-[1-9])$",
        description="process, such as worker-1; of a cluster one node, such as kafka-2",
    )
    for_s: Annotated[DurationS, Field(gt=0)] | None = Field(None, alias="for", description="how long it lasts")
    by_s: _OffsetS | None = Field(None, alias="by", description="how far a clock is off, how much longer requests take")
    share: Annotated[Share, Field(gt=0)] | None = Field(None, description="share of the heartbeats, all if not given")
    after_bytes: Annotated[int, Field(ge=0)] | None = Field(
        None, alias="after", description="bytes that each connection still answers before it breaks, 0 if not given"
    )
    nth: Annotated[int, Field(ge=1)] | None = Field(None, description="which answer is lost, the first if not given")
    count: Annotated[int, Field(ge=1, le=100)] | None = Field(None, description="how many partitions are added")

    def __str__(self) -> str:
        lasts = "" if self.for_s is None else f" for {self.for_s:g} s"
        return f"{self.kind} {self.target} at {self.at_s:g} s{lasts}"

    @property
    def end_s(self) -> float:
        """When it is undone."""
        return float("inf") if self.for_s is None else self.at_s + self.for_s

    @property
    def target_kind(self) -> str:
        """`kafka-2` → `kafka`."""
        return self.target.partition("-")[0]

    @property
    def hits_server(self) -> bool:
        """Whether it hits Kafka, Cassandra or Redis."""
        return self.target_kind in SERVERS

    @model_validator(mode="after")
    def _fits(self) -> Self:
        rule = _RULES[self.kind]
        if self.target_kind not in rule.targets:
            raise ValueError(f"{self.kind} does not fit {self.target}; it takes {' or '.join(rule.targets)}")
        given = {
            "for": self.for_s,
            "by": self.by_s,
            "share": self.share,
            "after": self.after_bytes,
            "nth": self.nth,
            "count": self.count,
        }
        for name, value in given.items():
            if value is None and name in rule.needs:
                raise ValueError(f"{self.kind} of {self.target} needs {name!r}")
            if value is not None and name not in (*rule.needs, *rule.may_have):
                raise ValueError(f"{self.kind} of {self.target} has no {name!r}")
        if self.kind == "kill" and self.for_s is None and self.target in SERVERS:
            raise ValueError(f"kill of {self.target} needs 'for': the box has no other one")
        if self.kind == "slow" and self.by_s is not None and self.by_s <= 0:
            raise ValueError(f"slow takes longer by more than 0 s, not by {self.by_s:g} s")
        return self


def misfits(faults: Sequence[Fault], design: Design, duration_s: float) -> Iterator[str]:
    """What this box cannot have, one line each: faults of processes that it lacks, after its end, at odds."""
    for place, fault in enumerate(faults):
        yield from _targets_nobody(place, fault, design)
        if fault.at_s >= duration_s:
            yield f"faults.{place}.at ({fault.at_s:g} s) must come before run.duration ({duration_s:g} s)"
    by_start = sorted(enumerate(faults), key=lambda numbered: numbered[1].at_s)
    for (_, one), (place, other) in combinations(by_start, 2):
        at_odds = one.kind == other.kind or {one.kind, other.kind} <= set(STOPS)
        if one.target == other.target and at_odds and other.at_s <= one.end_s:
            yield f"faults.{place}.at ({other.at_s:g} s): {other.kind} of {other.target} while its {one.kind} lasts"
    yield from _nobody_left(faults, design)


def _targets_nobody(place: int, fault: Fault, design: Design) -> Iterator[str]:
    kind, _, number = fault.target.partition("-")
    if fault.hits_server:
        if fault.target not in design.servers:
            there = ", ".join(name for name in design.servers if name.startswith(kind))
            yield f"faults.{place}.target ({fault.target}): with design.nodes = {design.nodes} there is {there}"
    elif int(number) > (count := {"gateway": design.gateways, "worker": design.workers}[kind]):
        yield f"faults.{place}.target ({fault.target}) is over design.{kind}s ({count})"


def _nobody_left(faults: Sequence[Fault], design: Design) -> Iterator[str]:
    dead: dict[str, list[int]] = {}
    for place, fault in enumerate(faults):
        if fault.kind in _ENDS and fault.for_s is None:
            dead.setdefault(fault.target_kind, []).append(place)
    for kind, places in dead.items():
        if kind in SERVERS and len(places) > _SPARED:
            yield (
                f"faults.{places[_SPARED]}.target: of {CLUSTER[kind]} nodes of {kind} {len(places)} are killed for "
                f"good, it can spare {_SPARED}; give this one a 'for'"
            )
        elif len(places) == {"gateway": design.gateways, "worker": design.workers}.get(kind):
            yield f"faults.{places[0]}.target: every {kind} is ended for good; give one of these faults a 'for'"
