"""The chat backend of the design document: small, plain, and the subject under test.

    gateway process                      worker process
    ┌──────────────────────────┐         ┌─────────────────────────────────────────┐
    │ WebSocket ─ message      │  Kafka  │ numbering ─► store ─► route ─► links    │
    │             service ─────┼────────►│ (order)     (Cassandra) (Redis) (gRPC)  │
    │ gRPC DeliverMessage ◄────┼─────────┼───────────────────────────────────┘     │
    └──────────────────────────┘         └─────────────────────────────────────────┘

media       photos, videos, voice messages over HTTP, into an object store (vault) and by conversation (shelf)
frames      what devices and gateways say to each other
records     what stands in the log
"""
