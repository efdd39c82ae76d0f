"""How numbers and outcomes read, on the terminal and on the page alike."""

from __future__ import annotations

from reports.thresholds import ThresholdResult
from sim.units import show_duration
from sim.verdict import Outcome

_TOLD_AS_FACTOR = 9.0
SIGNS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?", Outcome.NOT_APPLICABLE: "·"}
STATISTIC_NAMES = {"mean": "mean", "p50": "p50", "p95": "p95", "p99": "p99", "p999": "p99.9", "max": "max", "": ""}
WORLD_NAMES = {"sim": "model", "real": "real stack"}


def threshold_label(found: ThresholdResult) -> str:
    """`delivery p99 ≤ 500 ms`."""
    kind, _, statistic = found.name.partition("_")
    return f"{kind} {STATISTIC_NAMES[statistic]} ≤ {show_duration(found.limit_s)}"


def interval(found: ThresholdResult) -> str:
    """`[205 ms, 221 ms]`, or nothing."""
    if found.low_s is None or found.high_s is None:
        return ""
    return f"[{show_duration(found.low_s)}, {show_duration(found.high_s)}]"


def quantity(value: float, unit: str) -> str:
    """A value of a comparison's row with its unit."""
    if unit == "s":
        return ("−" if value < 0 else "") + show_duration(abs(value))
    return f"{value:.1f}/s" if unit == "/s" else f"{value:.2f} cores"


def signed_percent(share: float) -> str:
    """`0.12` → `"+12%"`; from ten times on the factor tells more: `143` → `"× 144"`."""
    if share >= _TOLD_AS_FACTOR:
        return f"× {share + 1:,.0f}"
    return f"{share:+.0%}".replace("-", "−")
