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
    return (*_text(has, text), *media, *_kept(has, media[-1], text), *_encryption(has, media[-1]))


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


def _encryption(has: Given, media: PlanLine) -> tuple[PlanLine, ...]:
    """What end-to-end encryption costs the store: bytes of its own, and what deduplication would have saved."""
    return (
        computed(
            "storage.encryption_per_day",
            "bytes that end-to-end encryption adds to texts per day",
            "bytes/day",
            of(has.messages) * DAY_S * payloads.SEALED_BYTES,
            "not computed",
            "and none of them compress",
        ),
        computed(
            "storage.media_deduplicated_per_day",
            "bytes of media per day that deduplication saves",
            "bytes/day",
            of(media) * has.forward_share,
            "saves storage for viral memes",
            "none of it with end-to-end encryption: each sender's key makes other bytes of the same picture",
        ),
        computed(
            "storage.media_bytes_deduplicated",
            "bytes of media kept, each content once",
            "bytes",
            of(media) * (1 - of(has.forward_share)) * has.retention,
            "not computed",
            "only without end-to-end encryption",
        ),
    )
