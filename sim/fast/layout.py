"""The full-size system as the plan lays it out: how many shards of each kind, what each carries, how much comes.

A key (a user, a conversation) goes to a shard by its hash, so what a shard carries is the sum of what its keys carry:
hundreds of thousands of them, so close to normal, with the spread of one key over the root of their number. What one
viral group adds comes on top, on the first partition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.random import SeedSequence

from sim.errors import ModelError
from sim.fast.draws import picker
from sim.fast.steps import Picks
from sim.plan import plan
from sim.scenario import Scenario, Traffic
from sim.workload.samplers import GROUP_SIZE_MIN, FloatArray, zipf_weights

Load = Literal["mean", "peak", "event"]
RECEIPTS_PER_DELIVERY = 2
# One person has about four contacts, and each is in a group for every two users.
_OWN_CONVERSATIONS = 8
_CONVERSATIONS_PER_USER = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """`gateways`, `partitions` and `receipt_partitions` hold the relative load of each shard, with mean 1.

    `recipients[n - 1]` is the chance that a message has n recipients; of all messages `hot_share` go to one group of
    `hot_recipients` on the first partition, beside what that carries anyway.
    """

    messages_per_s: float
    recipients: FloatArray
    gateways: FloatArray
    partitions: FloatArray
    receipt_partitions: FloatArray
    brokers: int = 1
    hot_share: float = 0.0
    hot_recipients: int = 0

    @property
    def mean_recipients(self) -> float:
        """Recipients of a message."""
        return self.usual_recipients + self.hot_share * (self.hot_recipients - self.usual_recipients)

    @property
    def usual_recipients(self) -> float:
        """Recipients of a message that is not the viral group's."""
        return float(self.recipients @ np.arange(1, len(self.recipients) + 1))

    @property
    def viral_per_s(self) -> float:
        """Messages of the viral group."""
        return self.messages_per_s * self.hot_share

    @property
    def deliveries_per_s(self) -> float:
        """Deliveries, each with one receipt at once and one when it is read."""
        return self.messages_per_s * self.mean_recipients

    def partition_rates_per_s(self) -> FloatArray:
        """Messages of each partition."""
        return self.messages_per_s * self._partition_weights()

    def receipt_weights(self, viral: float) -> FloatArray:
        """The share of all receipts of each receipt partition, where that part of them is the viral group's."""
        return _weights(self.receipt_partitions, viral)

    def picks(self, viral: float) -> Picks:
        """Samplers of shards and recipients, where that part of all deliveries is the viral group's."""
        weights = self._partition_weights()
        return Picks(
            gateway=picker(self.gateways),
            partition=picker(weights),
            receipt_partition=picker(self.receipt_partitions),
            read_partition=picker(self.receipt_weights(viral)),
            recipients=picker(self.recipients),
            brokers=self.brokers,
            hot_chance=self.hot_share / float(weights[0]),
            hot_recipients=self.hot_recipients,
        )

    def part(self, share: float) -> Layout:
        """The first shards of each kind, at least one, at the load per shard of all, hot ones included."""
        kept = (
            loads[: max(1, round(len(loads) * share))]
            for loads in (self.gateways, self.partitions, self.receipt_partitions)
        )
        gateways, partitions, receipts = kept
        return replace(
            self,
            messages_per_s=self.messages_per_s * share,
            gateways=gateways,
            partitions=partitions,
            receipt_partitions=receipts,
            brokers=max(1, round(self.brokers * share)),
        )

    def _partition_weights(self) -> FloatArray:
        return _weights(self.partitions, self.hot_share)


def _weights(loads: FloatArray, hot: float) -> FloatArray:
    weights: FloatArray = (1 - hot) * loads / loads.sum()
    weights[0] += hot
    return weights


def full_layout(scenario: Scenario, load: Load = "peak") -> Layout:
    """The layout of the plan, at the mean of the day, the daily peak or the event peak.

    Raises ModelError for faults, which feed back. Sockets that drop and come back are a `storm` beside the messages.
    """
    _refuse_feedback(scenario)
    made, traffic, users = plan(scenario), scenario.traffic, scenario.population.users
    rng = np.random.default_rng(SeedSequence([scenario.run.seed, 0x5EED]))
    person, conversation = _spreads(scenario)
    connected = users * scenario.population.connected
    counts = {key: int(made.line(key).value) for key in _SHARDS}
    gateways, partitions, receipts = (
        shard_loads(rng, counts[key], keys, spread)
        for key, keys, spread in zip(
            _SHARDS[:3],
            (connected, users * _CONVERSATIONS_PER_USER, users * _CONVERSATIONS_PER_USER),
            (person, conversation, conversation),
            strict=True,
        )
    )
    return Layout(
        messages_per_s=made.line(f"traffic.messages_{load}").value,
        recipients=recipient_shares(traffic),
        gateways=gateways,
        partitions=partitions,
        receipt_partitions=receipts,
        brokers=counts["kafka.brokers"],
        hot_share=traffic.hot_share,
        hot_recipients=traffic.group_size_max - 1 if traffic.hot_share else 0,
    )


_SHARDS = ("gateways.servers", "kafka.partitions", "kafka.receipt_partitions", "kafka.brokers")


def shard_loads(rng: np.random.Generator, shards: int, keys: float, spread: float) -> FloatArray:
    """Relative loads of `shards` shards that share `keys` keys, whose own loads have this coefficient of variation."""
    loads: FloatArray = np.maximum(rng.normal(1.0, spread / math.sqrt(max(keys / shards, 1.0)), shards), 0.05)
    # The hottest first: whatever keeps the first few keeps it.
    loads = np.concatenate([[loads.max()], np.delete(loads, loads.argmax())])
    return loads / float(loads.mean())


def recipient_shares(traffic: Traffic) -> FloatArray:
    """Chance of 1, 2, … recipients: one in a pair, all others in a group, whose size is a whole log-normal."""
    largest, sigma = traffic.group_size_max, traffic.group_size_sigma
    sizes = np.arange(GROUP_SIZE_MIN, largest + 1)
    reaches = [_at_least(traffic.group_size_median, sigma, int(size)) for size in sizes]
    reaches[0] = 1.0
    shares = np.zeros(largest - 1)
    shares[GROUP_SIZE_MIN - 2 :] = traffic.group_share * -np.diff([*reaches, 0.0])
    shares[0] += 1 - traffic.group_share
    return shares


def _at_least(median: float, sigma: float, size: int) -> float:
    if sigma == 0:
        return float(median >= size)
    return (1 + math.erf(math.log(median / size) / sigma / math.sqrt(2))) / 2


def _spreads(scenario: Scenario) -> tuple[float, float]:
    """Coefficient of variation of what one person and one conversation carry: activity, then the choice among own."""
    person = math.exp(scenario.people.activity_sigma**2) - 1
    weights = zipf_weights(_OWN_CONVERSATIONS, scenario.traffic.popularity) * _OWN_CONVERSATIONS
    return math.sqrt(person), math.sqrt((1 + person) * float((weights**2).mean()) - 1)


def _refuse_feedback(scenario: Scenario) -> None:
    broken = [f"{fault.kind} of {fault.target}" for fault in scenario.faults]
    if broken:
        raise ModelError(
            f"scenario {scenario.name} has {', '.join(broken)}: what follows (retries, failover, redelivery) feeds "
            "back, which a feed-forward recursion cannot answer exactly; the reference engine can: "
            "`chatscale simulate` without --full"
        )


def require_steady(scenario: Scenario, load: str) -> None:
    """Raises ModelError when a steady minute, or a day of them, would leave out what the scenario is about."""
    events = [f"a burst of {burst.factor:g} times the usual rate at {burst.at_s:g} s" for burst in scenario.bursts]
    if scenario.shocks.rate_per_s:
        events.append(f"shocks of {scenario.shocks.factor:g} times the usual rate")
    if events and load != "event":
        raise ModelError(
            f"scenario {scenario.name} has {', '.join(events)}, which the steady {load} leaves out: "
            "`--full --load run` plays the whole run, `--full --load event` its exceptional minute"
        )
    if scenario.drops and load == "day":
        raise ModelError(
            f"scenario {scenario.name} has sockets that drop, which a day leaves out: --full without --day tells of "
            "the wave of devices that come back"
        )
