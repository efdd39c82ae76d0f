"""`BOX`: the default profile, 2 cores with everything on them, so that the model answers before anything was run.

Estimates around our own measurements of the chat path on 2 cores of an AMD EPYC (Zen 4) at 41 to 268 messages a second:
a gateway used 4.0 ms of CPU a message at the lowest rate and 1.8 ms at the highest, Kafka 4.0 and 1.0 ms. Servers spend
most on waking up, which a busy one does less often. A calibration replaces them.
"""

from __future__ import annotations

import numpy as np

from sim.engine.profile import PROBABILITIES, Delay, Profile
from sim.provenance import Parameter, assumed

_WHY = "estimate for 2 cores of a 2024 server; calibrate to replace it"

_CPU_US = {
    "driver.wake": 55,
    "driver.connect": 450,  # TCP and WebSocket handshake
    "driver.frame": 90,  # encode and write, or read and decode
    "driver.seal": 4,  # seal or open a text end to end (python -m realstack.driver.seal_cost)
    "driver.media": 700,  # the client's side of one upload or download
    "driver.kib": 3,  # and of each KiB of it: hash and copy
    "gateway.wake": 195,
    "gateway.connect": 700,
    "gateway.receive": 70,  # read and decode a frame
    "gateway.send": 190,  # validate, number, encode, hand to the producer
    "gateway.receipt": 35,
    "gateway.push": 70,  # write a frame to a socket
    "gateway.redis": 100,  # the client's side of one round trip
    "gateway.query": 180,
    "gateway.call": 210,  # the server's side of one DeliverMessage
    "worker.wake": 190,
    "worker.poll": 80,
    "worker.message": 110,  # decode, number
    "worker.write": 90,  # the client's side of a request that writes a row
    "worker.row": 20,  # and of each more in the same request
    "worker.query": 80,
    "worker.route": 80,  # the client's side of the lookup, encode the frame
    "worker.recipient": 24,
    "worker.receipt": 8,  # one row a (conversation, reader, state)
    "worker.seen": 24,
    "worker.call": 140,
    "worker.notify": 64,
    "media.wake": 300,
    "media.put": 1_500,  # token, the client's side of two queries, the object store
    "media.get": 1_200,
    "media.kib": 6,  # hash, copy, write
    "kafka.wake": 150,
    "kafka.produce": 18,  # a request
    "kafka.record": 2,
    "kafka.fetch": 16,
    "kafka.commit": 12,
    "cassandra.wake": 240,
    "cassandra.write": 30,  # a request with one row
    "cassandra.row": 10,  # each more in the same request
    "cassandra.read": 45,
    "cassandra.index": 60,  # the words of one message
    "redis.wake": 30,
    "redis.pipeline": 1.5,
    "redis.command": 0.75,
}
_BACKGROUND = {
    "driver": 0.01,
    "gateway": 0.005,
    "worker": 0.01,
    "media": 0.005,
    "kafka": 0.03,
    "cassandra": 0.04,
    "redis": 0.002,
}
_DELAY_US = {
    # hop: quantiles at 0, 50, 90, 99 and 100 %
    "lag": (0, 300, 900, 1_500, 3_000),
    "uplink": (20, 60, 150, 500, 2_000),
    "log": (200, 700, 1_500, 5_000, 15_000),
    "queue": (0, 0, 0, 0, 0),
    "store": (100, 200, 500, 3_000, 10_000),
    "route": (20, 60, 150, 500, 2_000),
    "rpc": (50, 150, 400, 1_500, 5_000),
    "downlink": (20, 60, 150, 500, 2_000),
    "ack": (50, 100, 300, 1_500, 5_000),
}


def _cost(name: str, value: float, unit: str) -> Parameter:
    return assumed(name, value, unit, _WHY, value / 3, value * 3)


def _delay(knots_us: tuple[int, ...]) -> Delay:
    quantiles_us = np.interp(PROBABILITIES, (0.0, 0.5, 0.9, 0.99, 1.0), knots_us)
    return Delay(tuple(float(value) * 1e-6 for value in quantiles_us), "assumed", _WHY)


BOX = Profile(
    name="box",
    cores=2,
    threads={"kafka": 8, "cassandra": 32},
    cpu={key: _cost(key, value * 1e-6, "s") for key, value in _CPU_US.items()},
    background={key: _cost(f"{key}.background", value, "cores") for key, value in _BACKGROUND.items()},
    delays={hop: _delay(knots_us) for hop, knots_us in _DELAY_US.items()},
)
