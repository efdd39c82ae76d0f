"""What the values of a scenario must be together. Each fault begins with the key that it is about.

    run.warm_up (60 s) must be shorter than run.duration (60 s)

Bounds of single values stand at their fields, in `sim.scenario`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sim import faults, script
from sim.units import YEAR_S

if TYPE_CHECKING:
    from sim.scenario import Scenario

# WhatsApp since late 2022 (phandroid.com); the seed document's Slack; guilds are larger still, their plan is not.
GROUP_LIMITS = {"messenger": 1024, "workspace": 10_000, "guild": 100_000}
BOX_USERS = (10, 200_000)
BOX_MESSAGES_PER_S = 20_000
TRACE_ROWS = 20e6
LONGEST_TTL_S = 20 * YEAR_S


def contradictions(scenario: Scenario) -> Iterator[str]:
    """Every fault, one line each; none when the scenario can be."""
    yield from _kind(scenario)
    yield from _traffic(scenario)
    yield from _box(scenario)
    yield from _endless(scenario)
    yield from _design(scenario)
    yield from _retention(scenario)
    yield from _search(scenario)
    yield from _happenings(scenario)
    yield from faults.misfits(scenario.faults, scenario.design, scenario.run.duration_s)
    yield from _script(scenario)


def _kind(scenario: Scenario) -> Iterator[str]:
    tables = {"workspace": ("workspaces", "size_median = 60"), "guild": ("guilds", "per_user = 3")}
    for kind, (table, example) in tables.items():
        given = getattr(scenario, table) is not None
        if scenario.kind == kind and not given:
            yield f'kind = "{kind}" needs the table [{table}], such as {example}'
        elif given and scenario.kind != kind:
            yield f'[{table}] is for kind = "{kind}"; here kind = "{scenario.kind}"'


def _traffic(scenario: Scenario) -> Iterator[str]:
    traffic, limit = scenario.traffic, GROUP_LIMITS[scenario.kind]
    if traffic.group_size_max > limit:
        yield f'traffic.group_size_max ({traffic.group_size_max:,}) is over the {limit:,} of kind = "{scenario.kind}"'
    elif traffic.group_size_max > scenario.design.group_limit:
        yield (
            f"traffic.group_size_max ({traffic.group_size_max:,}) is over design.group_limit "
            f"({scenario.design.group_limit:,}): nobody could join; raise the limit"
        )
    if traffic.group_size_median > traffic.group_size_max:
        yield (
            f"traffic.group_size_median ({traffic.group_size_median:g}) is over "
            f"traffic.group_size_max ({traffic.group_size_max:,})"
        )
    if traffic.daily_peak > traffic.event_peak:
        yield (
            f"traffic.daily_peak ({traffic.daily_peak:g}) is over traffic.event_peak ({traffic.event_peak:g}): "
            "an exceptional minute cannot be quieter than that of every day"
        )
    if (people := scenario.workspaces) and people.size_median > people.size_max:
        yield f"workspaces.size_median ({people.size_median:g}) is over workspaces.size_max ({people.size_max:,})"


def _box(scenario: Scenario) -> Iterator[str]:
    run, (fewest, most) = scenario.run, BOX_USERS
    if run.warm_up_s >= run.duration_s:
        yield f"run.warm_up ({run.warm_up_s:g} s) must be shorter than run.duration ({run.duration_s:g} s)"
    if not fewest <= scenario.box_users <= most:
        yield f"scale.connections leaves {scenario.box_users:,} users on the box; choose one for {fewest} to {most:,}"
    if scenario.box_messages_per_s > BOX_MESSAGES_PER_S:
        yield (
            f"scale.messages leaves {scenario.box_messages_per_s:,.0f} messages/s on the box; "
            f"one box drives at most {BOX_MESSAGES_PER_S:,}/s, choose a smaller ratio"
        )


def _endless(scenario: Scenario) -> Iterator[str]:
    people, guilds = scenario.people, scenario.guilds
    online_s = scenario.box_connected * scenario.run.duration_s
    rows = {
        "design.heartbeat": online_s / scenario.design.heartbeat_s,
        "people.opens": online_s * people.opens_per_s,
        "people.session_median": 2 * online_s / people.session_median_s,
        "scale.messages": scenario.box_messages_per_s * scenario.run.duration_s,
        "guilds.channels": scenario.box_users * guilds.per_user * guilds.channels if guilds else 0.0,
    }
    if sum(rows.values()) > TRACE_ROWS:
        key = max(rows, key=lambda key: rows[key])
        yield (
            f"{key} makes {rows[key]:,.0f} of {sum(rows.values()):,.0f} rows of the trace, which may have "
            f"{TRACE_ROWS:,.0f}; change it, scale.connections or run.duration"
        )


def _design(scenario: Scenario) -> Iterator[str]:
    design = scenario.design
    if design.heartbeat_s > design.presence_ttl_s:
        yield (
            f"design.heartbeat ({design.heartbeat_s:g} s) is longer than design.presence_ttl "
            f"({design.presence_ttl_s:g} s): everybody would always look offline"
        )


def _search(scenario: Scenario) -> Iterator[str]:
    design = scenario.design
    if design.search == "sai" and design.encryption == "e2e":
        yield (
            'design.search = "sai" finds nothing in texts that design.encryption = "e2e" seals; choose one of them, '
            'and design.search = "none" lets the devices search'
        )


def _retention(scenario: Scenario) -> Iterator[str]:
    kept_s, run_s = scenario.storage.retention_s, scenario.run.duration_s
    if scenario.design.retention == "none":
        return
    if kept_s > LONGEST_TTL_S:
        yield (
            f"storage.retention ({kept_s / YEAR_S:g} years) is longer than Cassandra's longest TTL, 20 years; "
            'shorten it or let design.retention = "none" keep everything'
        )
    if kept_s <= run_s:
        yield (
            f"storage.retention ({kept_s:g} s) must be longer than run.duration ({run_s:g} s): "
            "what it deletes within the run would look lost"
        )


def _happenings(scenario: Scenario) -> Iterator[str]:
    duration_s = scenario.run.duration_s
    starts_s = {f"bursts.{number}.at": burst.at_s for number, burst in enumerate(scenario.bursts)}
    starts_s |= {f"drops.{number}.at": drop.at_s for number, drop in enumerate(scenario.drops)}
    for key, at_s in starts_s.items():
        if at_s >= duration_s:
            yield f"{key} ({at_s:g} s) must lie within the run, before run.duration ({duration_s:g} s)"
    for number, drop in enumerate(scenario.drops):
        if drop.backoff_s > drop.backoff_max_s:
            yield (
                f"drops.{number}.backoff ({drop.backoff_s:g} s) is longer than "
                f"drops.{number}.backoff_max ({drop.backoff_max_s:g} s)"
            )


def _script(scenario: Scenario) -> Iterator[str]:
    yield from script.misfits(scenario.script, scenario.run.duration_s)
    for name in ("bursts", "drops"):
        if scenario.script and getattr(scenario, name):
            yield f"{name} happen to a crowd, and script has none; leave one of them out"
