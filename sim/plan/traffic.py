"""Traffic at full size: messages, deliveries, receipts and heartbeats a second, at the mean, the daily peak, an event.

messages/s ──× recipients──► deliveries/s ──× 2──► receipts/s          connected ──÷ heartbeat──► heartbeats/s
"""

from __future__ import annotations

from sim.plan import parameters as known
from sim.plan.formula import Term, called, computed, of
from sim.plan.given import Given, given
from sim.plan.line import Lines, PlanLine
from sim.plan.sizes import mean_whole_log_normal
from sim.scenario import Scenario
from sim.units import DAY_S

LOADS = ("mean", "peak", "event")
LOAD_NAMES = {"mean": "mean of the day", "peak": "daily peak", "event": "event peak"}
SMALLEST_GROUP = 3


def key_at(key: str, load: str) -> str:
    """The key of a size: bare at the event peak, which is what things are bought for, else with the load's name."""
    return key if load == "event" else f"{key}_{load}"


def traffic_lines(scenario: Scenario, _: Lines) -> tuple[PlanLine, ...]:
    """Lines `traffic.*`."""
    has = given(scenario)
    fan_out = _fan_out(has)
    recipients = fan_out[-1]
    messages = _messages(has)
    deliveries = tuple(
        computed(
            f"traffic.deliveries_{load}",
            f"deliveries/s at the {LOAD_NAMES[load]}",
            "deliveries/s",
            of(line) * recipients,
            "not computed" if load == "mean" else None,
            "one message to a group is many deliveries; WhatsApp counted 1.57 (2012) and 2.1 (2014) out per message in"
            if load == "mean"
            else None,
        )
        for load, line in zip(LOADS, messages, strict=True)
    )
    receipts = tuple(
        computed(
            f"traffic.receipts_{load}",
            f"receipts/s at the {LOAD_NAMES[load]}",
            "receipts/s",
            of(line) * known.RECEIPTS_PER_DELIVERY,
        )
        for load, line in zip(LOADS, deliveries, strict=True)
    )
    return (*messages, *fan_out, *deliveries, *receipts, *_record(messages[0], recipients), *_people(has))


def _messages(has: Given) -> tuple[PlanLine, ...]:
    factors: dict[str, Term] = {
        "mean": of(has.messages),
        "peak": of(has.messages) * has.daily_peak,
        "event": of(has.messages) * has.event_peak,
    }
    notes = {
        "mean": ("100 bn a day", "right as a mean; no peak is given, and nothing can be sized on a mean"),
        "peak": (None, None),
        "event": ("not given", "an exceptional minute decides the number of partitions and brokers"),
    }
    return tuple(
        computed(f"traffic.messages_{load}", f"messages/s at the {LOAD_NAMES[load]}", "messages/s", term, *notes[load])
        for load, term in factors.items()
    )


def _fan_out(has: Given) -> tuple[PlanLine, ...]:
    size = computed(
        "traffic.group_size",
        "mean group size",
        "members",
        called(
            f"mean of a whole log-normal from {SMALLEST_GROUP} to the largest",
            _mean_size,
            has.group_median,
            has.group_sigma,
            has.group_max,
        ),
        "up to 256",
        "1,024 since late 2022",
    )
    usual = 1 - of(has.group_share) + of(has.group_share) * (of(size) - 1.0)
    hot = of(has.hot_share)
    recipients = computed(
        "traffic.recipients",
        "recipients per message",
        "recipients",
        (1 - hot) * usual + hot * (of(has.group_max) - 1.0) if hot.value else usual,
        "not given",
        "published: 1.57 (2012), 2.1 (2014)",
    )
    return PlanLine("traffic.group_size_max", has.group_max), size, recipients


def _mean_size(median: float, sigma: float, largest: float) -> float:
    return mean_whole_log_normal(median, sigma, SMALLEST_GROUP, int(largest))


def _record(mean: PlanLine, recipients: PlanLine) -> tuple[PlanLine, ...]:
    return (
        PlanLine("traffic.messages_record", known.RECORD_RATE),
        computed("traffic.record_over_mean", "record over mean", "times", of(known.RECORD_RATE) / mean),
        computed(
            "traffic.deliveries_record",
            "deliveries/s if the record counts sends",
            "deliveries/s",
            of(known.RECORD_RATE) * recipients,
        ),
    )


def _people(has: Given) -> tuple[PlanLine, ...]:
    connected = computed(
        "traffic.connected",
        "connected users",
        "users",
        of(has.users) * has.connected,
        "500 M online",
        "the document does not tell connected from looking at the screen; the scenario connects "
        f"{has.connected.value:.1%} of users",
    )
    # A scenario in which all who are connected act has not said how many look at the screen.
    told = has.foreground.value < 1
    foreground = computed(
        "traffic.foreground",
        "users in the foreground" if told else "users in the foreground, mean of the day",
        "users",
        of(connected) * has.foreground if told else of(has.users) * known.FOREGROUND_PER_DAY / DAY_S,
    )
    return (
        connected,
        foreground,
        PlanLine("traffic.document_online", known.DOCUMENT_ONLINE),
        *_heartbeats(has, connected, foreground),
    )


def _heartbeats(has: Given, connected: PlanLine, foreground: PlanLine) -> tuple[PlanLine, ...]:
    online = of(known.DOCUMENT_ONLINE)
    rates = {
        "heartbeats": ("heartbeats/s", of(connected) / has.heartbeat),
        "heartbeats_foreground": ("heartbeats/s of foreground users only", of(foreground) / has.heartbeat),
        "heartbeats_slow": ("heartbeats/s at WhatsApp's keep-alive", of(connected) / known.SLOW_HEARTBEAT),
        "heartbeats_slow_document": ("heartbeats/s of 500 M at WhatsApp's keep-alive", online / known.SLOW_HEARTBEAT),
    }
    return (
        computed(
            "traffic.heartbeats_document",
            "heartbeats/s of 500 M online users",
            "heartbeats/s",
            online / known.DOCUMENT_HEARTBEAT,
            "33 M/s",
            "right for its 500 M online users",
        ),
        *(computed(f"traffic.{key}", name, "heartbeats/s", rate) for key, (name, rate) in rates.items()),
    )
