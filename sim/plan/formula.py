"""A value that remembers how it was computed, so that formula and result cannot disagree.

of(users) * connected / per_gateway
  value    12_640.0, and what it would be with each input at either end of its range
  words    users × connected share ÷ connections per gateway
  numbers  2 bn × 31.6 % ÷ 50,000
  inputs   (users, connected, per_gateway)
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sim.plan.line import PlanLine, compact, number
from sim.plan.swing import Swing, applied
from sim.provenance import Parameter, derived

Input: TypeAlias = "PlanLine | Parameter"
Operand: TypeAlias = "Term | PlanLine | Parameter | float"

# What is counted in whole pieces, at least one.
MACHINES = frozenset(("servers", "partitions", "brokers", "nodes", "clusters", "shards"))

_SUM, _PRODUCT, _ATOM = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Term:
    """One expression. `binding` says which operators bind tighter, for parentheses."""

    swing: Swing
    words: str
    numbers: str
    binding: int = _ATOM
    inputs: tuple[Input, ...] = ()

    @property
    def value(self) -> float:
        """The result itself."""
        return self.swing.value

    def __add__(self, other: Operand) -> Term:
        right = of(other)
        return _join(self, right, "+", _SUM, operator.add)

    def __sub__(self, other: Operand) -> Term:
        right = of(other)
        return _join(self, right, "−", _SUM, operator.sub, strict=True)

    def __mul__(self, other: Operand) -> Term:
        right = of(other)
        return _join(self, right, "×", _PRODUCT, operator.mul)

    def __truediv__(self, other: Operand) -> Term:
        right = of(other)
        return _join(self, right, "÷", _PRODUCT, operator.truediv, strict=True)

    def __radd__(self, other: float) -> Term:
        return of(other) + self

    def __rsub__(self, other: float) -> Term:
        return of(other) - self

    def __rtruediv__(self, other: float) -> Term:
        return of(other) / self


def of(operand: Operand) -> Term:
    """A line, a parameter or a plain number as a term."""
    if isinstance(operand, Term):
        return operand
    if isinstance(operand, PlanLine | Parameter):
        line = operand if isinstance(operand, PlanLine) else PlanLine("", operand)
        return Term(line.swing, line.name, compact(line.parameter), inputs=(operand,))
    return Term(Swing(float(operand), {}), number(operand), number(operand))


def computed(
    key: str, name: str, unit: str, term: Term, document: str | None = None, document_note: str | None = None
) -> PlanLine:
    """The line of a formula: its source is the formula in words and in numbers, its range what its inputs allow."""
    source, swing = f"{term.words} = {term.numbers}", term.swing
    low, high = _possible(swing, unit)
    spread = (low, high) if low < high else (None, None)
    return PlanLine(key, derived(name, swing.value, unit, source, *spread), term.inputs, document, document_note, swing)


def _possible(swing: Swing, unit: str) -> tuple[float, float]:
    """The range, in whole machines, at least one, and in shares that are not above one."""
    if unit in MACHINES:
        return max(1.0, float(math.floor(swing.low))), float(math.ceil(swing.high))
    return swing.low, max(swing.value, min(1.0, swing.high)) if unit == "share" else swing.high


def ceil(operand: Operand) -> Term:
    """The next whole number, at least 1: a part of a server is a server."""
    term = of(operand)
    return Term(applied(_whole, term.swing), f"⌈{term.words}⌉", f"⌈{term.numbers}⌉", inputs=term.inputs)


def _whole(value: float) -> float:
    return float(max(1, math.ceil(round(value, 6))))


def largest(*operands: Operand) -> Term:
    """The largest of several."""
    return called("max", max, *operands)


def smallest(*operands: Operand) -> Term:
    """The smallest of several."""
    return called("min", min, *operands)


def total(*operands: Operand) -> Term:
    """The sum of at least one."""
    first, *rest = operands
    term = of(first)
    for operand in rest:
        term = term + operand
    return term


def called(name: str, function: Callable[..., float], *operands: Operand) -> Term:
    """`function(operands)`, written `name(operands)`."""
    terms = [of(operand) for operand in operands]
    words = ", ".join(term.words for term in terms)
    numbers = ", ".join(term.numbers for term in terms)
    inputs = _merged(*(term.inputs for term in terms))
    swing = applied(function, *(term.swing for term in terms))
    return Term(swing, f"{name}({words})", f"{name}({numbers})", inputs=inputs)


def _join(
    left: Term, right: Term, sign: str, binding: int, function: Callable[..., float], strict: bool = False
) -> Term:
    floor = binding + strict
    words = f"{_held(left, left.words, binding)} {sign} {_held(right, right.words, floor)}"
    numbers = f"{_held(left, left.numbers, binding)} {sign} {_held(right, right.numbers, floor)}"
    return Term(applied(function, left.swing, right.swing), words, numbers, binding, _merged(left.inputs, right.inputs))


def _held(term: Term, text: str, floor: int) -> str:
    return text if term.binding >= floor else f"({text})"


def _merged(*groups: tuple[Input, ...]) -> tuple[Input, ...]:
    return tuple({item.name: item for group in groups for item in group}.values())
