"""`BOX`: the default profile, 2 cores with everything on them, so that the model answers before anything was run.

Estimates around our own measurements of the servers and of a chat path in Python on 2 cores of an AMD EPYC (Zen 4):
an insert of 0.7 ms, a produce of 0.5 ms, 1.8 ms from produce to consume, a Redis command of 0.12 ms, 0.5 ms of
Python a message. A calibration replaces them.
"""

from __future__ import annotations

import numpy as np

from sim.engine.profile import PROBABILITIES, Delay, Profile
from sim.provenance import Parameter, assumed

_WHY = "estimate for 2 cores of a 2024 server; calibrate to replace it"

_CPU_US = {
    "driver.connect": 300,  # TCP and WebSocket handshake
    "driver.frame": 60,  # encode and write, or read and decode
    "gateway.connect": 400,
    "gateway.receive": 40,  # read and decode a frame
    "gateway.send": 110,  # validate, number, encode, hand to the producer
    "gateway.receipt": 20,
    "gateway.push": 40,  # write a frame to a socket
    "gateway.redis": 60,  # the client's side of one round trip
    "gateway.query": 100,
    "gateway.call": 120,  # the server's side of one DeliverMessage
    "worker.poll": 100,
    "worker.message": 250,  # decode, number, the client's side of the insert
    "worker.query": 100,
    "worker.route": 100,  # the client's side of the lookup, encode the frame
    "worker.recipient": 30,
    "worker.receipt": 120,  # one write a (conversation, reader, state)
    "worker.seen": 30,
    "worker.call": 180,
    "worker.notify": 80,
    "kafka.produce": 90,  # a request
    "kafka.record": 10,
    "kafka.fetch": 80,
    "kafka.commit": 60,
    "cassandra.write": 200,
    "cassandra.read": 300,
    "redis.pipeline": 10,
    "redis.command": 5,
}
_BACKGROUND = {
    "driver": 0.01,
    "gateway": 0.005,
    "worker": 0.01,
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
