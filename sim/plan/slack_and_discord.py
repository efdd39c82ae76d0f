"""Published figures and estimates for Slack and Discord, by the key of the scenario file.

Of both little is published; figures of aggregators that name no source are marked as assumed, with a wide range.
"""

from __future__ import annotations

from sim.provenance import Parameter, assumed, sourced
from sim.units import DAY_S

_DOCUMENT = "the design document"

SLACK: dict[str, tuple[Parameter, ...]] = {
    "population.users": (
        sourced("users", 20e6, "users", f"{_DOCUMENT}: 20 M daily; over 10 M in 2019 (chicagotribune.com)", 10e6, 47e6),
    ),
    "population.connected": (
        assumed(
            "connected share",
            0.625,
            "share",
            "12.5 M at once, 25 March 2020 (convergedigest.com), of the document's 20 M; 4 M in 2017 (stackshare.io)",
            low=0.2,
            high=0.9,
        ),
    ),
    "population.foreground": (
        assumed(
            "foreground share of the connected",
            0.13,
            "share",
            "over 1 bn active minutes a weekday (convergedigest.com) in 10 working hours, of 12.5 M connected",
            low=0.05,
            high=0.3,
        ),
    ),
    "population.second_device": (
        assumed("users with a second device", 0.3, "share", "the phone beside the computer", low=0.1, high=0.6),
    ),
    "workspaces.size_median": (
        assumed("workspace size median", 60.0, "people", "no published histogram was found", low=10, high=200),
    ),
    "workspaces.size_sigma": (assumed("workspace size sigma", 1.5, "", "of ln(size)", low=1.0, high=2.0),),
    "workspaces.size_max": (
        sourced("largest workspace", 10_000.0, "people", f"{_DOCUMENT}: a workspace with 10K members", 10_000, 100_000),
    ),
    "traffic.messages": (
        assumed(
            "messages/s of the scenario",
            640e6 / DAY_S,
            "messages/s",
            "32 a day and user (productinterview.com, an estimate)",
            low=200e6 / DAY_S,
            high=1.5e9 / DAY_S,
        ),
    ),
    "traffic.daily_peak": (
        assumed(
            "daily peak over mean",
            2.5,
            "times",
            "peaks at 11 and 14 o'clock local (slack.engineering), few zones",
            2.0,
            3.0,
        ),
    ),
    "traffic.event_peak": (
        assumed(
            "event peak over mean",
            5.0,
            "times",
            "small peaks at every full and half hour (post-mortem of 2021)",
            3.0,
            10.0,
        ),
    ),
    "traffic.group_share": (assumed("group share", 0.6, "share", "channels; the rest is direct", low=0.4, high=0.8),),
    "traffic.group_size_median": (
        assumed("group size median", 8.0, "members", "of a channel; no published histogram was found", low=5, high=20),
    ),
    "traffic.group_size_sigma": (assumed("group size sigma", 1.4, "", "of ln(size) of a channel", low=1.0, high=2.0),),
    "traffic.group_size_max": (
        sourced("largest group size", 10_000.0, "members", f"{_DOCUMENT}: a workspace with 10K members", 1000, 10_000),
    ),
    "traffic.media_share": (
        assumed("media share", 0.1, "share", "as in a messenger; nothing published", low=0.05, high=0.2),
    ),
    "people.session_median": (
        assumed("session median", 4 * 3600.0, "s", "a desktop client stays connected through the day", 3600, 9 * 3600),
    ),
    "people.session_sigma": (assumed("session sigma", 0.8, "", "of ln(session)", low=0.5, high=1.5),),
    "people.burstiness": (assumed("burstiness", 0.4, "", "work comes in bouts; nothing published", low=0.2, high=0.7),),
}

DISCORD: dict[str, tuple[Parameter, ...]] = {
    "population.users": (
        assumed("users", 150e6, "users", "monthly, 2023 (gitnux.org, weak); 56 M in 2019 (variety.com)", 56e6, 245e6),
    ),
    "population.connected": (
        assumed("connected share", 0.1, "share", "15 M at once in a large event of 2023 (gitnux.org, weak)", 0.05, 0.3),
    ),
    "population.foreground": (
        sourced(
            "foreground share of the connected",
            0.1,
            "share",
            "about 90 % of sessions are passive (discord.com/blog/maxjourney…)",
            0.05,
            0.3,
        ),
    ),
    "population.second_device": (
        assumed("users with a second device", 0.2, "share", "the phone beside the computer", low=0.05, high=0.5),
    ),
    "guilds.per_user": (
        assumed("guilds per user", 3.0, "guilds", "40 % in 1 to 3, 15 % in 6 or more (worldmetrics.org, weak)", 1, 10),
    ),
    "guilds.channels": (assumed("channels per guild", 3.0, "channels", "those that are written to", low=1, high=20),),
    "traffic.messages": (
        assumed(
            "messages/s of the scenario",
            1.2e9 / DAY_S,
            "messages/s",
            "2023 (gitnux.org, weak); 850 M a day in 2019, Discord's own figure (variety.com)",
            low=850e6 / DAY_S,
            high=4e9 / DAY_S,
        ),
    ),
    "traffic.daily_peak": (
        assumed("daily peak over mean", 2.0, "times", "evenings, mostly of two continents", low=1.5, high=2.5),
    ),
    "traffic.event_peak": (assumed("event peak over mean", 5.0, "times", "a game's release", low=3.0, high=20.0),),
    "traffic.group_share": (
        assumed("group share", 0.92, "share", "90 M of 1.2 bn a day are direct (gitnux.org, weak)", low=0.7, high=0.95),
    ),
    "traffic.group_size_median": (
        assumed(
            "group size median",
            15.0,
            "members",
            "of the guild that a message goes to; 90 % of guilds have under 100 (worldmetrics.org, weak)",
            5,
            100,
        ),
    ),
    "traffic.group_size_sigma": (assumed("group size sigma", 1.5, "", "of ln(size) of a guild", low=1.0, high=2.0),),
    "traffic.group_size_max": (
        assumed(
            "largest group size",
            100_000.0,
            "members",
            "tens of thousands to some 2 M online in one guild (discord.com/blog/maxjourney…)",
            low=10_000,
            high=2e6,
        ),
    ),
    "traffic.media_share": (
        assumed("media share", 0.1, "share", "as in a messenger; nothing published", low=0.05, high=0.3),
    ),
    "people.session_median": (
        assumed("session median", 2700.0, "s", "45 min (worldmetrics.org, weak)", low=600, high=4 * 3600),
    ),
    "people.burstiness": (assumed("burstiness", 0.5, "", "evenings of play; nothing published", low=0.2, high=0.7),),
}
