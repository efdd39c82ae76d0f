"""A value that remembers how it was computed, so that formula and result cannot disagree.

of(users) * connected / per_gateway
  value    12_640.0
  words    users × connected share ÷ connections per gateway
  numbers  2 bn × 31.6 % ÷ 50,000
  inputs   (users, connected, per_gateway)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from sim.plan.line import PlanLine, compact, number
from sim.provenance import Parameter, derived

Input: TypeAlias = "PlanLine | Parameter"
Operand: TypeAlias = "Term | PlanLine | Parameter | float"

_SUM, _PRODUCT, _ATOM = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Term:
    """One expression. `binding` says which operators bind tighter, for parentheses."""

    value: float
    words: str
    numbers: str
    binding: int = _ATOM
    inputs: tuple[Input, ...] = ()

    def __add__(self, other: Operand) -> Term:
        right = of(other)
        return _join(self, right, "+", _SUM, self.value + right.value)

    def __sub__(self, other: Operand) -> Term:
        right = of(other)
        return _join(self, right, "−", _SUM, self.value - right.value, strict=True)

    def __mul__(self, other: Operand) -> Term:
        right = of(other)
        return _join(self, right, "×", _PRODUCT, self.value * right.value)

    def __truediv__(self, other: Operand) -> Term:
        right = of(other)
        return _join(self, right, "÷", _PRODUCT, self.value / right.value, strict=True)

    def __rsub__(self, other: float) -> Term:
        return of(other) - self

    def __rtruediv__(self, other: float) -> Term:
        return of(other) / self


def of(operand: Operand) -> Term:
    """A line, a parameter or a plain number as a term."""
    if isinstance(operand, Term):
        return operand
    if isinstance(operand, PlanLine):
        return Term(operand.value, operand.name, compact(operand.parameter), inputs=(operand,))
    if isinstance(operand, Parameter):
        return Term(operand.value, operand.name, compact(operand), inputs=(operand,))
    return Term(float(operand), number(operand), number(operand))


def computed(
    key: str, name: str, unit: str, term: Term, document: str | None = None, document_note: str | None = None
) -> PlanLine:
    """The line of a formula: its source is the formula in words and in numbers."""
    source = f"{term.words} = {term.numbers}"
    return PlanLine(key, derived(name, term.value, unit, source), term.inputs, document, document_note)


def ceil(operand: Operand) -> Term:
    """The next whole number, at least 1: a part of a server is a server."""
    term = of(operand)
    return Term(
        float(max(1, math.ceil(round(term.value, 6)))), f"⌈{term.words}⌉", f"⌈{term.numbers}⌉", inputs=term.inputs
    )


def largest(*operands: Operand) -> Term:
    """The largest of several."""
    return called("max", max(of(operand).value for operand in operands), *operands)


def total(*operands: Operand) -> Term:
    """The sum of at least one."""
    first, *rest = operands
    term = of(first)
    for operand in rest:
        term = term + operand
    return term


def called(function: str, value: float, *operands: Operand) -> Term:
    """`function(operands)` whose value the caller computed."""
    terms = [of(operand) for operand in operands]
    words = ", ".join(term.words for term in terms)
    numbers = ", ".join(term.numbers for term in terms)
    inputs = _merged(*(term.inputs for term in terms))
    return Term(value, f"{function}({words})", f"{function}({numbers})", inputs=inputs)


def _join(left: Term, right: Term, sign: str, binding: int, value: float, strict: bool = False) -> Term:
    floor = binding + strict
    words = f"{_held(left, left.words, binding)} {sign} {_held(right, right.words, floor)}"
    numbers = f"{_held(left, left.numbers, binding)} {sign} {_held(right, right.numbers, floor)}"
    return Term(value, words, numbers, binding, _merged(left.inputs, right.inputs))


def _held(term: Term, text: str, floor: int) -> str:
    return text if term.binding >= floor else f"({text})"


def _merged(*groups: tuple[Input, ...]) -> tuple[Input, ...]:
    return tuple({item.name: item for group in groups for item in group}.values())
