"""What is kept outside Cassandra: text after its hot year, and media, which outweigh all text.

messages × media share ──► photos, videos, voice messages ──× bytes──► bytes a day ──× days kept──► object store
"""

from __future__ import annotations

from sim.plan import parameters as known
from sim.plan import payloads
from sim.plan.formula import computed, largest, of, total
from sim.plan.given import Given, given
from sim.plan.line import Lines, PlanLine
from sim.scenario import Scenario
from sim.units import DAY_S


def storage_lines(scenario: Scenario, lines: Lines) -> tuple[PlanLine, ...]:
    """Lines `storage.*`."""
    has, text = given(scenario), lines["cassandra.bytes_per_day"]
    media = _media_per_day(has)
    return (*_text(has, text), *media, *_kept(has, media[-1], text))


def _text(has: Given, per_day: PlanLine) -> tuple[PlanLine, ...]:
    cold_days = computed(
        "storage.cold_days",
        "days of text in the object store",
        "days",
        largest(of(has.retention) - known.HOT_TIME, 0.0),
    )
    return (
        cold_days,
        computed(
            "storage.text_cold_bytes",
            "bytes of text in the object store",
            "bytes",
            of(per_day) * cold_days * known.COMPRESSION,
            "all in Cassandra",
            "one copy is counted: the store's price includes its own",
        ),
    )


def _media_per_day(has: Given) -> tuple[PlanLine, ...]:
    pictures = of(has.messages) * DAY_S * has.media_share
    parts = (
        ("photo", "photos", pictures * (1 - of(payloads.VIDEO_SHARE)) * payloads.PHOTO_BYTES),
        ("video", "videos", pictures * payloads.VIDEO_SHARE * payloads.VIDEO_BYTES),
        ("voice", "voice messages", pictures * payloads.VOICE_RATIO * payloads.VOICE_BYTES),
    )
    each = tuple(
        computed(f"storage.{key}_per_day", f"bytes of {name} per day", "bytes/day", term) for key, name, term in parts
    )
    media = computed(
        "storage.media_per_day",
        "bytes of media per day",
        "bytes/day",
        total(*each),
        "not computed",
        "each upload is kept once; only without end-to-end encryption would its hash find a forward again",
    )
    uploads = pictures * (1 + of(payloads.VOICE_RATIO))
    return computed("storage.uploads", "uploads of media per day", "uploads/day", uploads), *each, media


def _kept(has: Given, media: PlanLine, text: PlanLine) -> tuple[PlanLine, ...]:
    kept = computed(
        "storage.media_bytes",
        "bytes of media kept",
        "bytes",
        of(media) * has.retention,
        "not computed",
        "if media are kept as long as messages, which the document does not say",
    )
    return (
        kept,
        computed(
            "storage.media_bytes_short", "bytes of media kept until fetched", "bytes", of(media) * payloads.SHORT_MEDIA
        ),
        computed("storage.media_over_text", "bytes of media over bytes of text", "times", of(media) / text),
    )
