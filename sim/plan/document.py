"""The design document, claim by claim: what holds, what was corrected, what contradicts, what it leaves open.

Facts without a number from the plan carry their source in brackets.
"""

from __future__ import annotations

from sim.plan.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    # Rates and sizes
    Claim(
        "1",
        "100 bn messages a day",
        "unstated",
        "{traffic.messages_mean} is a mean; no peak is given. The daily peak is {traffic.messages_peak}, an event "
        "{traffic.messages_event}, and {traffic.messages_record} has been published, {traffic.record_over_mean} the "
        "mean.",
    ),
    Claim(
        "2",
        "a group message is delivered to N members",
        "unstated",
        "Deliveries are never computed: at {traffic.recipients} a message they are {traffic.deliveries_mean} in the "
        "mean, {traffic.deliveries_peak} at the daily peak, {traffic.deliveries_record} at the published record; "
        "their receipts add {traffic.receipts_mean} in the mean.",
    ),
    Claim(
        "3",
        "2 bn users / 50 K connections = 40,000 gateways",
        "contradictory",
        "{gateways.servers_all_accounts} would serve every account at once, against the 500 M online users of the "
        "same document, who need {gateways.servers_document_online}. This scenario connects {traffic.connected}: "
        "{gateways.servers}, or {gateways.servers_large} at 1 M connections each.",
    ),
    Claim(
        "4",
        "500 M online, one heartbeat in 15 s: 33 M writes/s",
        "corrected",
        "{traffic.heartbeats_document} is right for presence: alone. The refresh of conn: on each heartbeat makes "
        "{redis.writes_document}. At WhatsApp's keep-alive of 285 s it would be {traffic.heartbeats_slow_document}.",
    ),
    Claim(
        "4b",
        "500 M users are online",
        "unstated",
        "Connected and in the foreground are not told apart. In the foreground are {traffic.foreground} on average, "
        "{traffic.heartbeats_foreground}; connected in this scenario are {traffic.connected}, "
        "{traffic.heartbeats}. Routing needs the one, presence the other.",
    ),
    Claim(
        "5",
        "shard Redis by user_id",
        "corrected",
        "The document's users take {redis.shards_document_presence} for presence:, {redis.shards_document} with "
        "conn:, times two with replicas: over the 1,000 nodes of one Redis cluster. This scenario, with look-ups, "
        "takes {redis.nodes} in {redis.clusters}. Pipelines or packed hashes ({redis.bytes_packed}) make it fewer.",
    ),
    Claim(
        "6",
        "presence TTL 30 s, heartbeat 15 s",
        "corrected",
        "A TTL of {redis.presence_ttl_in_beats_document} leaves no margin: after one lost heartbeat the next is due "
        "as the key expires, and any delay shows a false offline. True loss shows after "
        "{redis.offline_after_min_document} to {redis.offline_after_max_document}. LinkedIn waits d + 2e "
        "(sre.wybit.com 2018-01-12). This scenario: {redis.presence_ttl_in_beats}.",
    ),
    Claim(
        "7",
        "conn: lives 300 s, presence: 30 s; a nil conn: means offline",
        "contradictory",
        "After an unclean end the route outlives presence by {redis.stale_route_document} (here "
        "{redis.stale_route}): pushes go to a dead socket and no notification is sent. The gateway must refuse what "
        "it cannot deliver; a lost gateway leaves {gateways.stale_routes}.",
    ),
    Claim(
        "8",
        "one conn:{user_id} a user",
        "corrected",
        "No second device, and the late clean-up of an old gateway deletes the new route. One entry per device, "
        "with an epoch, deleted only by comparison.",
    ),
    # Identity, order and duplicates
    Claim(
        "9",
        "the gateway assigns message_id; a client-generated UUID removes duplicates",
        "contradictory",
        "A resend through another gateway gets another message_id, so an insert that is unique on message_id lets "
        "the duplicate in. Deduplicate on (sender, client message id).",
    ),
    Claim(
        "10",
        "INSERT IF NOT EXISTS",
        "corrected",
        "Not needed, since the same primary key twice is one row, and dear: {cassandra.lwt_messages_mean} between "
        "nodes in the mean, {cassandra.lwt_messages_event} at an event; it lets one partition take about "
        "{cassandra.lwt_partition_rate}; across regions 0.3 to 0.6 s, over the budget.",
    ),
    Claim(
        "11",
        "Kafka's order is Cassandra's order",
        "contradictory",
        "message_id carries the gateway's clock, the offset does not: with skew or retries the orders differ, and a "
        "cursor by message_id skips a late lower id for ever. A sequence given by the partition's only consumer "
        "mends both.",
    ),
    Claim(
        "12",
        "Snowflake ids increase monotonically",
        "corrected",
        "Only those of one generator; across gateways they are sorted to within the skew of the clocks.",
    ),
    Claim(
        "13",
        "message_id is a UUID",
        "contradictory",
        "A random UUID (v4) has no order. It must be a timeuuid column (v1) or a Snowflake id in a bigint.",
    ),
    Claim(
        "14",
        "a single consumer processes a conversation in order",
        "corrected",
        "True within one stable assignment. A rebalance redelivers, a zombie writes twice, more partitions move "
        "keys, and without idempotence retries reorder (reported of IBM/sarama).",
    ),
    Claim(
        "15",
        "topic messages, partitioned by conversation_id",
        "unstated",
        "The number of partitions: one carries {kafka.partition_rate} in order, hence {kafka.partitions_mean} in "
        "the mean and {kafka.partitions} at an event; with batched work {kafka.partitions_batched_mean} and "
        "{kafka.partitions_batched}. A push to {traffic.group_size_max} in the loop holds up the whole partition.",
    ),
    Claim(
        "16",
        "fan-out on write: N delivery tasks in Kafka",
        "unstated",
        "Keyed by what? By recipient they break the order of the conversation, by conversation they are serial.",
    ),
    # Storage and receipts
    Claim(
        "17",
        "one partition a conversation; buckets for extremely active ones",
        "corrected",
        "100,000 rows over the retention are {cassandra.unbucketed_rows_per_day}; 100 MB are "
        "{cassandra.unbucketed_rows_per_day_by_bytes}. A 40-member group with 100 messages a day "
        "(unsights.wordpress.com 2016) is beyond the first. A month bucket takes "
        "{cassandra.month_bucket_rows_per_day}.",
    ),
    Claim(
        "18",
        "a column status in the message's row",
        "corrected",
        "Two updates for each delivery, {traffic.receipts_mean} in the mean, and one column cannot hold the state "
        "of each member. A table of receipts, or one cursor a member.",
    ),
    Claim(
        "19",
        "message delivery latency < 500 ms",
        "unstated",
        "No percentile, no end points, no population. The servers take {budget.server_p99} at p99, end to end "
        "{budget.total_p99} between phones online in one region; but {budget.radio_share} of deliveries wait for a "
        "radio, 0.3 to 1.5 s more. By push notification p95 is {budget.push_p95}: the {budget.push_share} of users "
        "without a socket cannot make it.",
    ),
    Claim(
        "20",
        "acknowledge to the sender after the write to Kafka, before Cassandra",
        "right",
        "But only with acks=all and min.insync.replicas=2, which the document does not say; with acks=1 an "
        "acknowledged message can be lost with its leader.",
    ),
    Claim(
        "21",
        "7 years kept, searchable, end-to-end encrypted, media deduplicated by SHA-256",
        "contradictory",
        "End-to-end encryption stops search on the server, deduplication by hash (other keys, other bytes) and "
        "compression. Deduplication would save {storage.media_deduplicated_per_day}, encryption adds "
        "{storage.encryption_per_day}. Kept are {cassandra.bytes}, {cassandra.bytes_replicated} with copies, "
        "{cassandra.disk_bytes} of disk, {cassandra.clusters_dense} at the least.",
    ),
    # The path
    Claim(
        "22",
        "client sequence numbers handle out-of-order TCP segments",
        "corrected",
        "TCP never delivers out of order. Messages overtake each other by reconnects, retries and two sockets.",
    ),
    Claim(
        "23",
        "gateways are stateless",
        "corrected",
        "Each holds its sockets: a restart is {gateways.stale_routes} that go nowhere and as many reconnects. They "
        "must drain.",
    ),
    Claim(
        "24",
        "groups of up to 256 members",
        "corrected",
        "Right for 2016; 1,024 since late 2022 (phandroid.com). This scenario: {traffic.group_size_max}, "
        "{traffic.group_size} in the mean.",
    ),
    Claim(
        "25",
        "the latest 50 messages in O(1)",
        "corrected",
        "One partition, but several SSTables, and each empty bucket costs a read. A read costs about 2 ms of CPU "
        "(Netflix-Skunkworks/service-capacity-modeling).",
    ),
    Claim(
        "26",
        "presence of all members when a conversation is opened",
        "unstated",
        "A group of {traffic.group_size_max} is as many GETs: use MGET. In this scenario {redis.presence_reads}. "
        "Changes are never pushed, so what was read grows old.",
    ),
    # What it does not say
    Claim(
        "27",
        "images and videos in S3, served by a CDN",
        "unstated",
        "Never summed up: {storage.media_per_day}, {storage.media_over_text} the text. Kept as long as the messages "
        "they are {storage.media_bytes} and {cost.media_store}; kept until fetched {cost.media_store_short}. The CDN "
        "sends {network.media_egress}, {cost.media_egress} at list price.",
    ),
    Claim(
        "28",
        "7 years of messages in Cassandra",
        "corrected",
        "All of it on disks that answer in 2 ms: {cassandra.nodes} in {cassandra.clusters}, {cost.cassandra_all_hot}. "
        "With a hot year in Cassandra, {cassandra.hot_nodes_zone_loss} in {cassandra.hot_clusters}, and the rest in an "
        "object store it is {cost.cassandra} and {cost.text_archive}: {cost.all_hot_over_tiered} cheaper. What then "
        "needs the nodes is no longer bytes alone but writes, most of them receipts.",
    ),
    Claim(
        "29",
        "gateways, Kafka, Cassandra and Redis, drawn once each",
        "unstated",
        "No zones are named. To carry an event peak on two of three, buy {gateways.servers_zone_loss} as gateways, "
        "{kafka.brokers_zone_loss}, {cassandra.hot_nodes_zone_loss} of Cassandra, {redis.nodes_zone_loss} of Redis in "
        "{redis.clusters_zone_loss}. Clients must spread their return: over a minute it is "
        "{gateways.reconnects_zone_loss}.",
    ),
    Claim(
        "30",
        "no word of cost",
        "unstated",
        "{cost.total}, {cost.per_million_messages} a million messages, {cost.media_share} of it for media. Without "
        "media {cost.chat}, of which answers to heartbeats, {network.heartbeat_share} of the bytes to phones, are "
        "{cost.heartbeats}: more than the text, {cost.egress}.",
    ),
)
