"""Published figures and estimates for what a scenario sets, by its key in the file.

A messenger's are WhatsApp's and stand here; a workspace's are Slack's, a guild's Discord's, and what those two do not
have of their own is taken from the messenger. Where there are several for a key, the first is the usual one.
"""

from __future__ import annotations

from sim.plan.slack_and_discord import DISCORD, SLACK
from sim.provenance import Parameter, assumed, sourced
from sim.scenario import Kind
from sim.units import DAY_S

_DOCUMENT = "the design document"

_OWN: dict[Kind, dict[str, tuple[Parameter, ...]]] = {"workspace": SLACK, "guild": DISCORD}


def reference(key: str, kind: Kind, value: float) -> Parameter:
    """The figure of that key whose value the scenario uses, else the usual one. Raises KeyError for unknown keys."""
    usual = (*_OWN.get(kind, {}).get(key, ()), *_MESSENGER.get(key, ()))
    if not usual:
        raise KeyError(key)
    return next((known for known in usual if is_same(known.value, value)), usual[0])


def is_same(one: float, other: float) -> bool:
    """Whether two figures are the same but for rounding."""
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other))


_MESSENGER: dict[str, tuple[Parameter, ...]] = {
    "population.users": (
        sourced(
            "users", 2e9, "users", f"{_DOCUMENT}; WhatsApp had 2 bn in 2020, over 3 bn in 2025 (menafn.com)", 2e9, 3.1e9
        ),
    ),
    "population.connected": (
        assumed(
            "connected share",
            0.316,
            "share",
            "147 M of 465 M monthly users at peak, early 2014 (highscalability.com, from memory); the document 25 %",
            low=0.05,
            high=0.316,
        ),
    ),
    "population.foreground": (
        assumed(
            "foreground share of the connected",
            1.0,
            "share",
            "whoever is connected acts; 34 min a day (lastdatabase.store, weak) of 2 bn users are 7 % of 632 M sockets",
            low=0.05,
            high=1.0,
        ),
    ),
    "population.second_device": (
        assumed(
            "users with a second device",
            0.0,
            "share",
            "phones alone, as in the document; up to four more devices since 2021 (engineering.fb.com, from memory)",
            low=0.0,
            high=0.3,
        ),
    ),
    "traffic.messages": (
        sourced(
            "messages/s of the scenario",
            100e9 / DAY_S,
            "messages/s",
            f"{_DOCUMENT}: 100 bn a day; as much by Q3 2020 (asianet.in)",
        ),
    ),
    "traffic.daily_peak": (
        sourced("daily peak over mean", 1.5, "times", "LINE 1.45 (RedisConf 2018), WhatsApp 1.56 (2014)", 1.45, 1.56),
    ),
    "traffic.event_peak": (
        assumed(
            "event peak over mean", 5.0, "times", "25 M/s in the final of 2022 is 10 to 21.6 times the mean", 2.0, 21.6
        ),
        assumed(
            "event peak over mean",
            10.0,
            "times",
            "New Year: an estimate; LINE prepares from June for 00:00 local (engineering.linecorp.com)",
            low=5.0,
            high=21.6,
        ),
        sourced(
            "event peak over mean",
            21.6,
            "times",
            "WhatsApp, World Cup final of 18 December 2022: 25 M/s (radionigeriakaduna.gov.ng) over "
            "1.16 M/s; 10 times if it counts deliveries",
            10.0,
            21.6,
        ),
    ),
    "traffic.group_share": (
        assumed(
            "group share", 0.15, "share", "chosen with the sizes to give close to 2.1 recipients a message", 0.05, 0.4
        ),
    ),
    "traffic.group_size_median": (
        assumed("group size median", 6.0, "members", "no published histogram was found", low=4, high=15),
    ),
    "traffic.group_size_sigma": (
        assumed("group size sigma", 1.0, "", "of ln(size); no published histogram was found", low=0.5, high=1.5),
    ),
    "traffic.group_size_max": (
        sourced(
            "largest group size",
            256.0,
            "members",
            f"{_DOCUMENT}; WhatsApp 1,024 since late 2022 (phandroid.com)",
            256,
            1024,
        ),
    ),
    "traffic.hot_share": (
        assumed(
            "hot share",
            0.0,
            "share",
            "no group of the full size has a share to speak of; a quarter shows what one does to its partition",
            low=0,
            high=0.5,
        ),
    ),
    "traffic.popularity": (
        assumed("popularity exponent", 1.0, "", "Zipf; Discord notes extreme skew", low=0.9, high=1.1),
    ),
    "traffic.text_letters_mu": (
        sourced("text length mu", 2.83, "", "of ln(letters), median 17, mean 33, p99 246 (process-one.net)", 2.83, 4.6),
    ),
    "traffic.text_letters_sigma": (
        sourced("text length sigma", 1.15, "", "of ln(letters) (process-one.net)", 0.8, 1.3),
    ),
    "traffic.media_share": (
        sourced(
            "media share",
            0.10,
            "share",
            "July 2017: 8.2 % photos, 1.8 % videos (androidpolice.com)",
            low=0.1,
            high=0.32,
        ),
        sourced(
            "media share",
            0.24,
            "share",
            "New Year 2017, the world; India 2016 32 % (ciniwood.com)",
            low=0.12,
            high=0.32,
        ),
    ),
    "traffic.media_forward_share": (
        assumed(
            "forwards among media",
            0.2,
            "share",
            "media whose bytes somebody sent before; nothing published",
            low=0.05,
            high=0.5,
        ),
    ),
    "people.session_median": (
        assumed("session median", 600.0, "s", "an idle socket is dropped after 10 min (WeChat's analysis)", 60, 3600),
    ),
    "people.session_sigma": (assumed("session sigma", 1.0, "", "of ln(session)", low=0.5, high=2.0),),
    "people.crash_share": (
        assumed("crash share", 0.2, "share", "sessions that end without a goodbye; nothing published", 0.05, 0.5),
    ),
    "people.activity_sigma": (
        assumed("activity sigma", 1.2, "", "of ln(messages of one person); nothing published", low=0.8, high=1.8),
    ),
    "people.burstiness": (
        assumed(
            "burstiness",
            0.0,
            "",
            "Poisson, the mildest; gaps of SMS have tails of exponent 1.5 to 2.2 (arXiv:0802.2577)",
            low=0.0,
            high=0.8,
        ),
    ),
    "people.opens": (
        assumed("conversations opened per online person", 0.02, "conversations/s", "one in 50 s", low=0.001, high=0.1),
    ),
    "people.read_delay_median": (
        assumed(
            "read delay median", 5.0, "s", "half are read within 60 s (sujeet.pro, at second hand)", low=1, high=60
        ),
    ),
    "people.read_delay_sigma": (assumed("read delay sigma", 1.0, "", "of ln(delay)", low=0.5, high=2.0),),
    "shocks.rate": (assumed("shocks", 0.0, "shocks/s", "none; of news nothing is published", low=0.0, high=0.1),),
    "shocks.factor": (assumed("rate in a shock", 3.0, "times", "nothing published", low=2.0, high=10.0),),
    "shocks.lasts": (assumed("mean shock", 5.0, "s", "nothing published", low=1.0, high=30.0),),
    "bursts.lasts": (assumed("burst", 12.0, "s", "minutes, in a run that replays a day in one", low=3.0, high=600.0),),
    "bursts.factor": (
        assumed("rate in a burst", 6.7, "times", "over the daily peak: event peak ÷ daily peak", low=2.0, high=14.4),
    ),
    "drops.share": (
        assumed(
            "gateways dropped", 1 / 3, "share", "one zone of three; one gateway of 12,640 is 0.008 %", 0.00008, 0.5
        ),
    ),
    "drops.away": (
        assumed(
            "time away", 0.0, "s", "a load balancer knows at once; Slack replaces a server in 20 s", low=0, high=60
        ),
    ),
    "drops.backoff": (
        assumed("first back-off", 1.0, "s", "at the most; Google advises FCM clients to back off", low=0.5, high=10),
    ),
    "drops.backoff_max": (assumed("longest back-off", 60.0, "s", "at the most", low=5, high=600),),
    "storage.retention": (sourced("retention", 7 * 365.25, "days", f"{_DOCUMENT}: 7 years"),),
    "storage.message": (
        assumed(
            "bytes per message row", 256.0, "bytes", "60 to 75 B fixed, then text; CecoChat also uses 256", 100, 1024
        ),
    ),
    "storage.replication": (
        sourced("replication", 3.0, "replicas", "the usual 3; Netflix-Skunkworks/service-capacity-modeling", 3, 3),
    ),
    "design.heartbeat": (
        sourced("heartbeat", 15.0, "s", f"{_DOCUMENT}; Ably's default is 15 s too (faqs.ably.com)", 15, 285),
    ),
    "design.presence_ttl": (
        assumed("presence TTL", 35.0, "s", "two heartbeats and a margin, so that one lost beat is survived", 30, 60),
    ),
    "design.conn_ttl": (assumed("conn TTL", 90.0, "s", "six heartbeats; the document has 300 s", low=35, high=300),),
    "design.gap_hold": (assumed("gap hold", 2.0, "s", "four times the latency target", low=0.0, high=10.0),),
    "design.linger": (
        assumed("producer linger", 0.0, "s", "none; it would add its whole length to the log hop", 0, 0.1),
    ),
    "thresholds.delivery_p99": (
        sourced("latency target", 0.5, "s", f"{_DOCUMENT}: under 500 ms, without a percentile; Slack's goal too"),
    ),
}
