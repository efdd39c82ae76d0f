"""Times of the hops at full size, median and 99th percentile, each with its source.

The names are those of `sim.hops`, with the gateway apart from the uplink.
"""

from __future__ import annotations

import math

from sim.plan.sizes import Z99
from sim.provenance import Parameter, assumed, sourced

# A phone's round trip on 4G: log-normal, median 55 ms, sigma 0.6.
_RTT_MEDIAN_S, _RTT_SIGMA = 0.055, 0.6

MOBILE_RTT = (
    assumed(
        "mobile round trip median",
        _RTT_MEDIAN_S,
        "s",
        "4G; 5G 35 ms, Wi-Fi 25 ms; country means run from 31 to 157 ms (Opensignal 2019), world median 46 ms "
        "(Cloudflare 2024)",
        low=0.025,
        high=0.157,
    ),
    assumed(
        "mobile round trip p99",
        _RTT_MEDIAN_S * math.exp(Z99 * _RTT_SIGMA),
        "s",
        "log-normal of 4G, sigma 0.6, without the waking of the radio",
        low=0.1,
        high=0.5,
    ),
)


def _hop(
    name: str, median: tuple[float, float, float], p99: tuple[float, float, float], source: str
) -> tuple[Parameter, Parameter]:
    """Median and p99 in ms, each as (value, low, high)."""
    value, low, high = (ms / 1000 for ms in median)
    tail, tail_low, tail_high = (ms / 1000 for ms in p99)
    return (
        assumed(f"{name} median", value, "s", source, low=low, high=high),
        assumed(f"{name} p99", tail, "s", source, low=tail_low, high=tail_high),
    )


GATEWAY = _hop("gateway", (1, 0.5, 2), (5, 2, 20), "one event loop; no published figure was found")
LOG = _hop(
    "log",
    (3, 1, 5),
    (15, 5, 30),
    "Kafka with acks=all across zones and no linger; p99 5 ms at 200 MB/s in one zone "
    "(confluent.io/blog/kafka-fastest-messaging-system)",
)
STORE = _hop(
    "store",
    (2, 0.4, 4),
    (10, 4, 70),
    "Cassandra write 0.4 to 4, at most 10 ms (Netflix-Skunkworks/service-capacity-modeling); Discord up to 70 ms",
)
ROUTE = _hop("route", (0.5, 0.2, 1), (2, 1, 4), "Redis GET with the network, p99 1 to 2 ms (redis-benchmark)")
RPC = _hop(
    "rpc", (1, 0.7, 1.3), (6, 1.8, 9), "gRPC 0.7 to 1.3 ms, p99 1.8 to 6 ms (gist sashka/5f6066eb); a sidecar adds 3"
)

OCEAN = sourced(
    "one way between continents",
    0.067 / 2,
    "s",
    "half of 67 ms, us-east-1 to eu-west-1 (cloudping.co); 337 ms from Africa to South America",
    low=0.030,
    high=0.337 / 2,
)
RADIO_WAKE = assumed(
    "legs that wait for a radio",
    0.01,
    "share",
    "a sleeping or moving phone adds 300 to 1,500 ms; no published share was found",
    low=0.001,
    high=0.02,
)
PUSH_P95 = sourced(
    "push notification p95",
    2.0,
    "s",
    "APNs VoIP push in the US 2025 to 2026, mean 0.8 s (developer.apple.com/forums/thread/825224); Apple gives no SLA",
    low=0.8,
    high=10,
)
