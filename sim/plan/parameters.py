"""What the plan takes from the world: limits, sizes and times of the parts, each with its source and range.

What a scenario can set is in `sim.plan.given`, bytes on the wire and of media are in `sim.plan.payloads`, prices in
`sim.plan.prices`.
"""

from __future__ import annotations

from sim.provenance import assumed, measured, sourced

_DOCUMENT = "the design document"
_NETFLIX = "Netflix-Skunkworks/service-capacity-modeling"
_REDIS_BENCH = "Redis 7.0.15, 1,048,576 keys, MEMORY USAGE, on 2 vCPU (AMD EPYC)"

# The document's own figures
DOCUMENT_ONLINE = sourced("users online in the document", 500e6, "users", _DOCUMENT)
DOCUMENT_HEARTBEAT = sourced("heartbeat of the document", 15.0, "s", _DOCUMENT)
DOCUMENT_PRESENCE_TTL = sourced("presence TTL of the document", 30.0, "s", _DOCUMENT)
DOCUMENT_CONN_TTL = sourced("conn TTL of the document", 300.0, "s", _DOCUMENT)

# Traffic and people
RECORD_RATE = sourced(
    "highest published rate",
    25e6,
    "messages/s",
    "WhatsApp, World Cup final of 18 December 2022 (radionigeriakaduna.gov.ng); sends or deliveries is not said",
)
RECEIPTS_PER_DELIVERY = sourced("receipts per delivery", 2.0, "receipts", f"{_DOCUMENT}: delivered and read")
FOREGROUND_PER_DAY = assumed(
    "time in the foreground per user and day",
    34 * 60.0,
    "s",
    "30 to 34 min a day (lastdatabase.store, a weak source)",
    low=1200,
    high=2700,
)
SLOW_HEARTBEAT = sourced(
    "keep-alive of WhatsApp", 285.0, "s", "4 min 45 s, by the WeChat client team's analysis (besthub.dev)"
)

# Zones
ZONES = sourced("zones", 3.0, "zones", f"{_NETFLIX}: zones_per_region is 3; the design document names none")
RECONNECT_SPREAD = assumed(
    "time over which lost clients reconnect",
    60.0,
    "s",
    "exponential back-off with full jitter, as FCM asks for (firebase.google.cn/docs/cloud-messaging/scale-fcm); "
    "without it all of them come within seconds",
    low=10,
    high=300,
)

# Gateways
CONNECTIONS_PER_GATEWAY = sourced(
    "connections per gateway",
    50_000.0,
    "connections",
    f"{_DOCUMENT}; LinkedIn 100,000 a node (kiefermat.com 2016-11-14), CecoChat 64,000",
    low=50_000,
    high=2_000_000,
)
CONNECTIONS_PER_LARGE_SERVER = sourced(
    "connections per large server",
    1e6,
    "connections",
    "WhatsApp blog 2011 (copy at vuink.com); 2 to 3 M by 2015 (freebsdfoundation.org/testimonial/whatsapp)",
    low=1e6,
    high=3e6,
)
FRAMES_PER_GATEWAY = assumed(
    "frames per gateway",
    50_000.0,
    "frames/s",
    "16 cores that parse, look up and write; LinkedIn's dispatcher does 5,000 events/s a node (kiefermat.com)",
    low=5_000,
    high=200_000,
)

# Workers
WORKER_CPU = assumed(
    "CPU time of a worker per record or delivery",
    0.0002,
    "s",
    "decode, insert, look up, call; no published figure was found; interpreted code takes several times as much",
    low=0.00005,
    high=0.001,
)
WORKER_LOAD = assumed("planned load of a worker's core", 0.6, "share", "room for a rebalance", low=0.4, high=0.8)
SERVER_CORES = sourced("cores of a gateway or worker server", 16.0, "cores", "c6i.4xlarge: 16 vCPU, 32 GiB (AWS)")

# Kafka
SERIAL_WORK = assumed(
    "serial work per record",
    0.003,
    "s",
    "Cassandra insert, Redis lookup and gRPC call one after another, about the sum of the medians of these hops; "
    "0.5 ms when batched, 8 ms and more with INSERT IF NOT EXISTS",
    low=0.0005,
    high=0.010,
)
BATCHED_WORK = assumed(
    "batched work per record", 0.0005, "s", "the same work with writes and lookups sent in batches", 0.0002, 0.001
)
PARTITION_LOAD = assumed(
    "planned load of a partition", 0.7, "share", "the waiting time grows as 1 ÷ (1 − load)", low=0.5, high=0.8
)
RECORD_BYTES = assumed(
    "bytes per message record", 350.0, "bytes", "256 B of message, key, headers and batch overhead", 200, 1100
)
RECEIPT_BYTES = assumed(
    "bytes per receipt record", 100.0, "bytes", "conversation, reader, position and overhead", low=50, high=200
)
KAFKA_REPLICATION = assumed(
    "Kafka replication",
    3.0,
    "replicas",
    "with acks=all and min.insync.replicas=2 it survives one broker",
    low=2,
    high=5,
)
KAFKA_RETENTION = sourced("Kafka retention", 8 * 3600.0, "s", f"{_NETFLIX}: default 8 h", low=8 * 3600, high=7 * 86_400)
BROKER_INGEST = sourced(
    "ingest per broker at low latency",
    200e6 / 3,
    "bytes/s",
    "p99 5 ms at 200 MB/s on 3 brokers with RF 3, peak 605 MB/s (confluent.io/blog/kafka-fastest-messaging-system)",
    low=200e6 / 3,
    high=605e6 / 3,
)
BROKER_DISK = assumed(
    "Kafka data per broker",
    3e12,
    "bytes",
    f"40 % of a disk of 7.5 TB; the 40 % by {_NETFLIX}",
    low=1e12,
    high=6e12,
)
BROKER_REPLICAS = sourced("partition replicas per broker", 4000.0, "replicas", "KIP-578 (cwiki.apache.org)")
CLUSTER_BROKERS = sourced("brokers per Kafka cluster", 150.0, "brokers", f"{_NETFLIX}: at most 150")
CLUSTER_REPLICAS = sourced(
    "partition replicas per Kafka cluster",
    200_000.0,
    "replicas",
    "KIP-578 (cwiki.apache.org): 200,000 with ZooKeeper; about 2 M with KRaft (karafka.io, Kafka best practices)",
    low=200_000,
    high=2_000_000,
)

# Cassandra
FILL = sourced(
    "disk fill",
    0.55,
    "share",
    f"{_NETFLIX}: at most 55 %; DataStax 50 to 80 % of the formatted disk",
    low=0.5,
    high=0.8,
)
DENSITY_NETFLIX = sourced(
    "data per node at Netflix", 1280 * 2.0**30, "bytes", f"{_NETFLIX}, models/org/netflix/cassandra.py: 1,280 GiB"
)
DENSITY = assumed(
    "data per node",
    4e12,
    "bytes",
    "1 to 4 TB is common; 10 TB is said of 5.0 with unified compaction",
    low=1280 * 2.0**30,
    high=10e12,
)
DENSITY_HIGH = assumed(
    "data per node at the most",
    10e12,
    "bytes",
    "Cassandra 5.0 with unified compaction, from memory",
    low=4e12,
    high=10e12,
)
NODES_PER_RING = sourced("nodes per ring", 192.0, "nodes", f"{_NETFLIX}: at most 192 a regional cluster")
WRITE_CPU = sourced(
    "CPU time per write, all replicas",
    0.001,
    "s",
    f"{_NETFLIX}: about 1 ms a write for the whole region; 4.0 on 24 cores did 40,000 to 51,000 operations/s, 0.5 ms "
    "each (scylladb.com 2020-10-06)",
    low=0.0003,
    high=0.002,
)
READ_CPU = sourced(
    "CPU time per read, all replicas", 0.002, "s", f"{_NETFLIX}: about 2 ms a read", low=0.0005, high=0.004
)
READS_PER_MESSAGE = sourced(
    "reads of the store per message",
    1.0,
    "reads",
    "Discord 2017: reads and writes about equal (sudonull.com/post/72666); here a resume reads what was missed",
    low=0.2,
    high=2,
)
NODE_CORES = sourced("cores of a Cassandra node", 12.0, "cores", "i7ie.3xlarge: 12 vCPU, 7.5 TB of NVMe (AWS)")
NODE_LOAD = sourced(
    "planned load of a Cassandra node",
    0.5,
    "share",
    f"{_NETFLIX}: half of the cores stay free for compaction, backup and repair",
    low=0.4,
    high=0.7,
)
HOT_TIME = assumed(
    "time that messages stay in Cassandra",
    365.25,
    "days",
    "a year answers nearly every scroll back; older messages are read from the object store, in 0.1 s and not in 2 ms",
    low=30,
    high=730,
)
COMPRESSION = assumed(
    "bytes on disk per byte written",
    1.0,
    "",
    "1: what is end-to-end encrypted does not compress; LZ4 makes plain text about half",
    low=0.5,
    high=1.0,
)
PARTITION_ROWS = sourced(
    "rows per partition", 100_000.0, "rows", "DataStax planning guide: under 100,000 values (planPlanningPartitionSize)"
)
PARTITION_BYTES = sourced(
    "bytes per partition", 100e6, "bytes", "DataStax planning guide: under 100 MB (planPlanningPartitionSize)"
)
MONTH_BUCKET = assumed("days of a month bucket", 30.0, "days", "a calendar month", low=28, high=31)
LWT_ROUND_TRIPS = sourced(
    "round trips of a lightweight transaction", 4.0, "round trips", "DataStax, insert-lwt; Paxos v2 (4.1+) needs fewer"
)

# Redis
PRESENCE_KEY_BYTES = measured("bytes of a presence key", 144.0, "bytes", f"{_REDIS_BENCH}: with TTL, a 10-digit id")
CONN_KEY_BYTES = measured("bytes of a conn key", 160.0, "bytes", f'{_REDIS_BENCH}: with TTL, "gateway-server-42"')
PACKED_BYTES = measured(
    "bytes per user in a packed hash", 7.2, "bytes", f"{_REDIS_BENCH}: 100 users a hash, no TTL of their own"
)
SHARD_RATE = assumed(
    "commands per shard",
    60_000.0,
    "commands/s",
    "measured on 2 vCPU shared with the client: 29,000/s one by one, 180,000/s in pipelines of 16; "
    "antirez: about 100,000/s a core (gist 1892983)",
    low=29_000,
    high=180_000,
)
SHARD_BYTES = sourced(
    "memory per shard",
    60e12 / 14_000,
    "bytes",
    "LINE: 60 TB on 14,000 Redis nodes (RedisConf 2018)",
    low=4e9,
    high=25e9,
)
REDIS_COPIES = assumed("copies of a shard", 2.0, "copies", "one master, one replica", low=2, high=3)
REDIS_CLUSTER_NODES = sourced(
    "nodes per Redis cluster", 1000.0, "nodes", "Redis cluster specification: at most about 1,000 (redis.io)"
)
REDIS_PER_SERVER = assumed(
    "Redis nodes per server", 4.0, "nodes", "one core each for commands, one for the network; 8 vCPU", low=2, high=7
)
