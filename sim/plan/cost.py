"""What it costs a month, at list prices, part by part; and what a million messages cost.

servers (event peak, one zone lost) ─┐
archive of text, traffic ────────────┼─► chat ──┐
media: store, uploads, CDN ──────────┴──────────┴─► total ──÷ messages a month──► per million messages

Storage is that of the last year, when all of the retention is filled. Staff, monitoring, backups and discounts beyond
three years' reservation are left out.
"""

from __future__ import annotations

from sim.plan import parameters as known
from sim.plan import prices
from sim.plan.formula import Operand, Term, computed, largest, of, total
from sim.plan.line import Lines, PlanLine
from sim.provenance import Parameter
from sim.scenario import Scenario
from sim.units import DAY_S, YEAR_S

_MONTH_DAYS = YEAR_S / DAY_S / 12
_GB = 1e9
_SERVERS = (
    ("gateways", "gateways", "gateways.servers_zone_loss", prices.C6I_4XLARGE),
    ("workers", "workers", "workers.servers_zone_loss", prices.C6I_4XLARGE),
    ("kafka", "Kafka", "kafka.brokers_zone_loss", prices.I3EN_3XLARGE),
)


def cost_lines(_: Scenario, sized: Lines) -> tuple[PlanLine, ...]:
    """Lines `cost.*`."""
    servers, cassandra, traffic, media = _servers(sized), _cassandra(sized), _traffic(sized), _media(sized)
    chat = _monthly("chat", "all but media", total(*servers, *cassandra, *traffic))
    all_media = _monthly("media", "media", total(*media))
    return (
        *(*servers, *cassandra, *traffic, chat, *media, all_media),
        *_totals(sized["traffic.messages_mean"], chat, all_media),
        *_all_hot(sized, cassandra),
        *_short_media(sized["storage.media_bytes_short"], chat, media),
    )


def _monthly(key: str, name: str, term: Term, document: str | None = None, note: str | None = None) -> PlanLine:
    return computed(f"cost.{key}", f"cost of {name}", "USD/month", term, document, note)


def _rented(count: Operand, price: Parameter) -> Term:
    return of(count) * price / 12.0


def _stored(size: PlanLine) -> Term:
    return of(size) / _GB * prices.OBJECT_STORE


def _moved(rate: PlanLine, price: Parameter) -> Term:
    return of(rate) * DAY_S * _MONTH_DAYS / _GB * price


def _servers(sized: Lines) -> tuple[PlanLine, ...]:
    redis_servers = of(sized["redis.nodes_zone_loss"]) / known.REDIS_PER_SERVER
    return (
        *(_monthly(key, name, _rented(sized[count], price)) for key, name, count, price in _SERVERS),
        _monthly("redis", "Redis", _rented(redis_servers, prices.R6I_2XLARGE)),
    )


def _cassandra(sized: Lines) -> tuple[PlanLine, ...]:
    hot = _rented(sized["cassandra.hot_nodes_zone_loss"], prices.I7IE_3XLARGE)
    return (
        _monthly("cassandra", "Cassandra with a hot year", hot),
        _monthly("text_archive", "text in the object store", _stored(sized["storage.text_cold_bytes"])),
    )


def _traffic(sized: Lines) -> tuple[PlanLine, ...]:
    return (
        _monthly("egress", "text and receipts to phones", _moved(sized["network.egress_mean"], prices.EGRESS)),
        _monthly("heartbeats", "answers to heartbeats", _moved(sized["network.heartbeats"], prices.EGRESS)),
        _monthly("cross_zone", "traffic between zones", _moved(sized["network.cross_zone"], prices.CROSS_ZONE)),
    )


def _media(sized: Lines) -> tuple[PlanLine, ...]:
    uploads = of(sized["storage.uploads"]) * _MONTH_DAYS / 1000.0 * prices.OBJECT_PUT
    note = "grows with every day that media are kept; a cheaper class makes reading dear"
    return (
        _monthly("media_store", "keeping media", _stored(sized["storage.media_bytes"]), "S3", note),
        _monthly("media_uploads", "uploads of media", uploads),
        _monthly("media_egress", "media to phones", _moved(sized["network.media_egress"], prices.CDN)),
    )


def _totals(messages: PlanLine, chat: PlanLine, media: PlanLine) -> tuple[PlanLine, ...]:
    everything = _monthly("total", "everything", total(chat, media), "not given", "the document names no cost")
    sent = computed("cost.messages", "messages in a month", "messages", of(messages) * DAY_S * _MONTH_DAYS)
    return (
        everything,
        sent,
        computed("cost.per_million_messages", "cost of a million messages", "USD", of(everything) / sent * 1e6),
        computed(
            "cost.chat_per_million_messages", "cost of a million messages without media", "USD", of(chat) / sent * 1e6
        ),
        computed("cost.media_share", "share of media in the cost", "share", of(media) / (of(media) + chat)),
    )


def _all_hot(sized: Lines, tiered: tuple[PlanLine, ...]) -> tuple[PlanLine, ...]:
    nodes = largest(sized["cassandra.nodes"], sized["cassandra.hot_nodes_zone_loss"])
    all_hot = _monthly(
        "cassandra_all_hot",
        "Cassandra with everything",
        _rented(nodes, prices.I7IE_3XLARGE),
        "all in Cassandra",
        "most of it is disk for messages that nobody reads again",
    )
    ratio = of(all_hot) / total(*tiered)
    return all_hot, computed("cost.all_hot_over_tiered", "all in Cassandra over a hot year", "times", ratio)


def _short_media(kept: PlanLine, chat: PlanLine, media: tuple[PlanLine, ...]) -> tuple[PlanLine, ...]:
    _, *moving = media
    short = _monthly("media_store_short", "keeping media until fetched", _stored(kept))
    everything = _monthly("total_short_media", "everything, media kept until fetched", total(chat, short, *moving))
    return short, everything
