"""The real side of chatscale: real servers, a real chat backend on them, and the driver that replays a Trace.

    driver ─ws─► gateway ─► Kafka ─► worker ─► Cassandra
      ▲             ▲ gRPC              │  └─► Redis
      └─── push ────┴───────────────────┘

What happened is written as the History that the model writes too, so that `reports` cannot tell the two apart.
"""
