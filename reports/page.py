"""report.html: one file that opens offline, for the screen and for paper; its words are in `templates/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports import counterexamples, plots, text
from reports.result import Result
from reports.run import Run
from reports.world import Finding
from sim.plan.line import show, show_range
from sim.units import show_count, show_duration, show_ratio

_TEMPLATES = Path(__file__).with_name("templates")


def write_page(run: Run, result: Result, path: Path) -> None:
    """Write the page."""
    path.write_text(render_page(run, result), encoding="utf-8")


def render_page(run: Run, result: Result) -> str:
    """The page as HTML."""
    template = _environment().get_template("report.html.j2")
    return template.render(
        run=run,
        result=result,
        scenario=run.scenario,
        world=result.world,
        other_worlds=[name for name in result.worlds if name != result.judged],
        plan=result.plan,
        profile=profile_section(run.profile),
        facts=flat({key: value for key, value in run.facts.items() if key not in ("warnings", "replay")}),
        charts=_charts(run, result),
    )


def flat(document: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested mappings as rows of dotted key and text."""
    rows: list[tuple[str, str]] = []
    for key, value in document.items():
        rows += flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", _plain(value))]
    return rows


def profile_section(profile: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Costs of the model with their marks (`cpu`, `background`, `delays`), and whatever else the profile holds."""
    costs, rest = [], {}
    for part, table in profile.items():
        for name, cost in table.items() if isinstance(table, Mapping) else ((None, table),):
            key = part if name is None else f"{part}: {name}"
            if isinstance(cost, Mapping) and "mark" in cost:
                costs.append(
                    {"name": key, "shown": _cost(cost), "mark": cost["mark"], "source": cost.get("source", "")}
                )
            else:
                rest[key] = cost
    return {"costs": costs, "rest": flat(rest)}


def _cost(cost: Mapping[str, Any]) -> str:
    quantiles_s = cost.get("quantiles_s")
    if quantiles_s:
        return f"{show_duration(quantiles_s[0])} to {show_duration(quantiles_s[-1])}"
    value, unit = float(cost.get("value", 0.0)), str(cost.get("unit", ""))
    return show_duration(value) if unit == "s" else f"{value:.3g} {unit}"


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _charts(run: Run, result: Result) -> dict[str, Markup]:
    drawn = {
        "latency_over_time": plots.latency_over_time_plot,
        "quantiles": plots.quantile_plot,
        "budget": plots.hop_budget_plot,
        "utilisation": plots.utilisation_plot,
        "load": plots.load_over_time_plot,
        "presence": plots.presence_plot,
    }
    return {name: Markup(draw(run, result)) for name, draw in drawn.items()}  # noqa: S704  # our own SVG


def _picture(found: Finding) -> Markup:
    return Markup(counterexamples.picture(found.counterexample) if found.counterexample else "")  # noqa: S704  # our own


def _environment() -> Environment:
    loaded = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loaded.filters |= {
        "duration": show_duration,
        "count": show_count,
        "ratio": show_ratio,
        "label": text.threshold_label,
        "interval": text.interval,
        "quantity": text.quantity,
        "value": show,
        "range": show_range,
    }
    loaded.globals |= {
        "signs": text.SIGNS,
        "statistic_names": text.STATISTIC_NAMES,
        "world_names": text.WORLD_NAMES,
        "tallied": _tallied,
        "picture": _picture,
    }
    return loaded


def _tallied(outcomes: Iterable[str]) -> str:
    """`9 pass, 1 unknown`."""
    seen = list(outcomes)
    return ", ".join(
        f"{seen.count(name)} {name}" for name in ("fail", "unknown", "pass", "not-applicable") if name in seen
    )
