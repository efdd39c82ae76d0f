"""How large the things are that travel: media, frames, calls between zones; each with its source and range."""

from __future__ import annotations

from sim.provenance import assumed, measured, sourced

# Media
VIDEO_SHARE = sourced(
    "videos among photos and videos",
    1.0 / 5.5,
    "share",
    "WhatsApp, July 2017: 1 bn of 5.5 bn a day (androidpolice.com); New Year 2017: 5 bn of 18 bn",
    low=0.1,
    high=0.3,
)
VOICE_RATIO = assumed(
    "voice messages per photo or video",
    0.7,
    "messages",
    "7 bn voice messages a day in 2022 (lastdatabase.store, a weak source), of 10 bn photos and videos",
    low=0.2,
    high=1,
)
PHOTO_BYTES = assumed(
    "bytes of a photo", 150e3, "bytes", "1,600 pixels wide, recompressed by the client", low=80e3, high=500e3
)
VIDEO_BYTES = assumed(
    "bytes of a video", 3e6, "bytes", "half a minute at 0.8 Mbit/s; the client allows 16 MB", low=1e6, high=16e6
)
VOICE_BYTES = assumed("bytes of a voice message", 40e3, "bytes", "20 s of Opus at 16 kbit/s", low=10e3, high=150e3)
SHORT_MEDIA = assumed(
    "media retention until fetched", 30.0, "days", "WhatsApp's own promise for media not yet fetched", low=14, high=90
)

# End-to-end encryption
SEALED_BYTES = measured(
    "bytes that encryption adds to a text",
    55.0,
    "bytes",
    "AES-GCM's nonce and tag, and base64 for JSON, at 33 letters (python -m realstack.driver.seal_cost)",
)

# Network
MESSAGE_FRAME = assumed(
    "bytes of a message frame",
    350.0,
    "bytes",
    "33 letters, ids, encryption and envelope 250; TLS, TCP and IP 100",
    low=200,
    high=1000,
)
RECEIPT_FRAME = assumed("bytes of a receipt frame", 150.0, "bytes", "ids 50; TLS, TCP and IP 100", low=80, high=250)
HEARTBEAT_FRAME = assumed(
    "bytes of a heartbeat frame", 80.0, "bytes", "a WebSocket ping of 10 in TLS, TCP and IP", low=60, high=150
)
MUTATION_BYTES = sourced(
    "bytes of a Cassandra write between nodes",
    900 + 1.42 * 256,
    "bytes",
    "Netflix-Skunkworks/service-capacity-modeling: 900 B and 1.42 times the row, fitted to bills, within 15 %",
    low=400,
    high=1500,
)
REDIS_COMMAND_BYTES = assumed(
    "bytes of a Redis command", 100.0, "bytes", "a share of a pipeline: key, value, TTL, answer", low=60, high=200
)
