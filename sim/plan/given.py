"""What the scenario gives, as parameters: the published figure where the scenario uses it, else marked as its own.

A scenario that keeps the reference value inherits mark, source and range. A scenario that sets another
value has assumed it, and the source then names both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.provenance import Parameter, assumed, sourced
from sim.scenario import Scenario
from sim.units import DAY_S

_DOCUMENT = "the design document"

# Keyed by the fields of Given.
_REFERENCES = {
    "users": sourced(
        "users", 2e9, "users", f"{_DOCUMENT}; WhatsApp had 2 bn in 2020, over 3 bn in 2025 (menafn.com)", 2e9, 3.1e9
    ),
    "connected": assumed(
        "connected share",
        0.316,
        "share",
        "147 M of 465 M monthly users at peak, early 2014 (highscalability.com, from memory); the document 25 %",
        low=0.05,
        high=0.316,
    ),
    "messages": sourced(
        "messages/s of the scenario",
        100e9 / DAY_S,
        "messages/s",
        f"{_DOCUMENT}: 100 bn a day; as much by Q3 2020 (asianet.in)",
    ),
    "daily_peak": sourced(
        "daily peak over mean", 1.5, "times", "LINE 1.45 (RedisConf 2018), WhatsApp 1.56 (2014)", 1.45, 1.56
    ),
    "event_peak": assumed(
        "event peak over mean", 5.0, "times", "25 M/s in the final of 2022 is 10 to 21.6 times the mean", 2.0, 21.6
    ),
    "group_share": assumed(
        "group share", 0.15, "share", "chosen with the sizes to give close to 2.1 recipients a message", 0.05, 0.4
    ),
    "group_median": assumed("group size median", 6.0, "members", "no published histogram was found", low=4, high=15),
    "group_sigma": assumed(
        "group size sigma", 1.0, "", "of ln(size); no published histogram was found", low=0.5, high=1.5
    ),
    "group_max": sourced(
        "largest group size",
        256.0,
        "members",
        f"{_DOCUMENT}; WhatsApp 1,024 since late 2022 (phandroid.com)",
        256,
        1024,
    ),
    "session_median": assumed(
        "session median", 600.0, "s", "an idle socket is dropped after 10 min (WeChat's analysis)", 60, 3600
    ),
    "session_sigma": assumed("session sigma", 1.0, "", "of ln(session)", low=0.5, high=2.0),
    "opens": assumed(
        "conversations opened per online person", 0.02, "conversations/s", "one in 50 s", low=0.001, high=0.1
    ),
    "retention": sourced("retention", 7 * 365.25, "days", f"{_DOCUMENT}: 7 years"),
    "message_bytes": assumed(
        "bytes per message row", 256.0, "bytes", "60 to 75 B fixed, then text; CecoChat also uses 256", 100, 1024
    ),
    "replication": sourced(
        "replication", 3.0, "replicas", "the usual 3; Netflix-Skunkworks/service-capacity-modeling", 3, 3
    ),
    "heartbeat": sourced("heartbeat", 15.0, "s", f"{_DOCUMENT}; Ably's default is 15 s too (faqs.ably.com)", 15, 285),
    "presence_ttl": assumed(
        "presence TTL", 35.0, "s", "two heartbeats and a margin, so that one lost beat is survived", 30, 60
    ),
    "conn_ttl": assumed("conn TTL", 90.0, "s", "six heartbeats; the document has 300 s", low=35, high=300),
    "linger": assumed("producer linger", 0.0, "s", "none; it would add its whole length to the log hop", 0, 0.1),
    "target": sourced("latency target", 0.5, "s", f"{_DOCUMENT}: under 500 ms, without a percentile; Slack's goal too"),
}


@dataclass(frozen=True, slots=True)
class Given:
    """The scenario's numbers, each with its origin."""

    users: Parameter
    connected: Parameter
    messages: Parameter
    daily_peak: Parameter
    event_peak: Parameter
    group_share: Parameter
    group_median: Parameter
    group_sigma: Parameter
    group_max: Parameter
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
    traffic, people, storage, design = scenario.traffic, scenario.people, scenario.storage, scenario.design
    values = {
        "users": scenario.population.users,
        "connected": scenario.population.connected,
        "messages": traffic.messages_per_s,
        "daily_peak": traffic.daily_peak,
        "event_peak": traffic.event_peak,
        "group_share": traffic.group_share,
        "group_median": traffic.group_size_median,
        "group_sigma": traffic.group_size_sigma,
        "group_max": float(traffic.group_size_max),
        "session_median": people.session_median_s,
        "session_sigma": people.session_sigma,
        "opens": people.opens_per_s,
        "retention": storage.retention_s / DAY_S,
        "message_bytes": storage.message_bytes,
        "replication": float(storage.replication),
        "heartbeat": design.heartbeat_s,
        "presence_ttl": design.presence_ttl_s,
        "conn_ttl": design.conn_ttl_s,
        "linger": design.linger_s,
        "target": scenario.thresholds.get("delivery_p99", 0.5),
    }
    return Given(**{field: _as_given(_REFERENCES[field], value, scenario.name) for field, value in values.items()})


def _as_given(reference: Parameter, value: float, scenario_name: str) -> Parameter:
    if math.isclose(value, reference.value, rel_tol=1e-9):
        return reference
    low = reference.value if reference.low is None else reference.low
    high = reference.value if reference.high is None else reference.high
    return assumed(
        reference.name,
        value,
        reference.unit,
        f"set by scenario {scenario_name}; reference {reference.value:g} ({reference.source})",
        low=min(low, value),
        high=max(high, value),
    )
