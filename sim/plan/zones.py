"""Losing one of three zones: the others carry everything, so each is bought large enough beforehand.

zone a  zone b  zone c          zone a  zone b  zone c
  4       4       4     ──►       6       6       –        12 needed → 18 bought
"""

from __future__ import annotations

from sim.plan import parameters as known
from sim.plan.formula import Operand, Term, ceil, of


def after_zone_loss(count: Operand) -> Term:
    """What to buy so that the zones that remain still hold `count`."""
    return ceil(of(count) / (of(known.ZONES) - 1.0)) * known.ZONES


def crossing_share() -> Term:
    """The share of calls that leave their zone when callers and called are spread evenly."""
    return (of(known.ZONES) - 1.0) / known.ZONES


def extra_after_zone_loss() -> Term:
    """How many times its former share each remaining zone carries."""
    return of(known.ZONES) / (of(known.ZONES) - 1.0)
