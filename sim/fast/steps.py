"""What one item draws at each stage, and how it names the shards that it will visit.

The compiled stages and the event-by-event model of the same path call these alike, each in the order in which items
reach a stage; with one stream a stage the two therefore draw the same numbers.

    message            sender's gateway, partition, receipt partition          20 bits each, the next one lowest
    delivery, receipt  recipient's gateway, receipt partition, sender's gateway
"""

from __future__ import annotations

import math
from typing import NamedTuple

from sim.fast.compiled import compiled
from sim.fast.draws import Picker, Stream, draw, draw_pair, exponential, pick
from sim.workload.samplers import FloatArray

FIELD_BITS = 20
MASK = (1 << FIELD_BITS) - 1
_TOP = 2 * FIELD_BITS


class Times(NamedTuple):
    """Distributions as tables (see `sim.fast.draws`), and constants, in seconds.

    `frame` is the processor time of one frame at a gateway, `gateway` what passing one takes beside it; `shard` is
    the time at one Redis shard, waiting included; `receipt` is the work of a receipt partition for one record.
    """

    uplink: FloatArray
    downlink: FloatArray
    frame: FloatArray
    gateway: FloatArray
    log: FloatArray
    store: FloatArray
    route: FloatArray
    shard: FloatArray
    rpc: FloatArray
    receipt: FloatArray
    recipient_s: float
    linger_s: float
    fetch_s: float


class Picks(NamedTuple):
    """Which shard an item goes to, by the load of each; index + 1 of `recipients` is how many a message has.

    Of the messages on the first partition, `hot_chance` are of one viral group, with `hot_recipients` and receipts on
    the first receipt partition.
    """

    gateway: Picker
    partition: Picker
    receipt_partition: Picker
    read_partition: Picker
    recipients: Picker
    brokers: int
    hot_chance: float
    hot_recipients: int


@compiled
def turned(route: int) -> int:
    """The route with the next shard lowest, the one just visited on top."""
    return (route >> FIELD_BITS) | ((route & MASK) << _TOP)


@compiled
def accept(stream: Stream, picks: Picks, times: Times) -> tuple[int, float, float, float, float, float]:
    """Of a message: route, uplink, time inside the gateway, downlink of the ack, service, time to the log's answer."""
    gateway, partition = pick(stream, picks.gateway), pick(stream, picks.partition)
    route = gateway | partition << FIELD_BITS | pick(stream, picks.receipt_partition) << _TOP
    uplink_s, downlink_s = draw_pair(stream, times.uplink, times.downlink)
    service_s, inside_s = draw_pair(stream, times.frame, times.gateway)
    return route, uplink_s, inside_s, downlink_s, service_s, draw(stream, times.log)


@compiled
def deliver(stream: Stream, route: int, picks: Picks, times: Times) -> tuple[int, int, float, float]:
    """Of a message at its partition's worker: recipients, route, time to store, serial work altogether.

    The look-ups of all recipients leave together, so the slowest of their shards counts.
    """
    recipients = pick(stream, picks.recipients) + 1
    if picks.hot_chance > 0 and route & MASK == 0 and exponential(stream, 1.0) < -math.log1p(-picks.hot_chance):
        recipients, route = picks.hot_recipients, route & ~(MASK << FIELD_BITS)
    store_s, route_s = draw_pair(stream, times.store, times.route)
    slowest_s = 0.0
    for _ in range(recipients):
        slowest_s = max(slowest_s, draw(stream, times.shard))
    return recipients, route, store_s, store_s + route_s + slowest_s + recipients * times.recipient_s


@compiled
def address(stream: Stream, picks: Picks, times: Times) -> tuple[int, float]:
    """Of one delivery: the recipient's gateway, and the way there."""
    return pick(stream, picks.gateway), draw(stream, times.rpc)


@compiled
def push(stream: Stream, times: Times) -> tuple[float, float, float]:
    """Of a delivery at the gateway: service, downlink, and the way back of its receipt, into the gateway."""
    service_s, downlink_s = draw_pair(stream, times.frame, times.downlink)
    uplink_s, inside_s = draw_pair(stream, times.uplink, times.gateway)
    return service_s, downlink_s, uplink_s + inside_s


@compiled
def read(stream: Stream, picks: Picks, times: Times) -> tuple[int, float]:
    """Of a read receipt: route, and the way from the device into the gateway."""
    gateway, partition = pick(stream, picks.gateway), pick(stream, picks.read_partition)
    route = gateway | partition << FIELD_BITS | pick(stream, picks.gateway) << _TOP
    uplink_s, inside_s = draw_pair(stream, times.uplink, times.gateway)
    return route, uplink_s + inside_s


@compiled
def receive(stream: Stream, times: Times) -> tuple[float, float]:
    """Of a receipt at the gateway: service, time to the log's answer."""
    return draw_pair(stream, times.frame, times.log)


@compiled
def hand_back(stream: Stream, times: Times) -> tuple[float, float]:
    """Of a receipt at its partition's worker: serial work with the sender's look-up, and the way to the gateway."""
    work_s, shard_s = draw_pair(stream, times.receipt, times.shard)
    return work_s + shard_s, draw(stream, times.rpc)


@compiled
def see(stream: Stream, times: Times) -> tuple[float, float]:
    """Of a receipt at the sender's gateway: service, downlink."""
    return draw_pair(stream, times.frame, times.downlink)
