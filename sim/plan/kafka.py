"""Kafka: partitions from the serial work per record, brokers from bytes, replicas and disk.

one partition is one consumer, in order:  records/s ≤ load ÷ serial work
partitions = arrival rate × serial work ÷ load
"""

from __future__ import annotations

from sim.plan import hops
from sim.plan import parameters as known
from sim.plan.formula import Operand, Term, ceil, computed, largest, of
from sim.plan.line import Lines, PlanLine, keyed
from sim.plan.traffic import LOAD_NAMES, LOADS, key_at
from sim.plan.zones import after_zone_loss
from sim.provenance import Parameter
from sim.scenario import Scenario

_PARTITIONS_NOTE = (
    "one partition is served by one consumer in order, so the work per record, not the number of bytes, "
    "sets how many are needed"
)


def kafka_lines(scenario: Scenario, lines: Lines) -> tuple[PlanLine, ...]:
    """Lines `kafka.*`; bare `kafka.partitions` and `kafka.brokers` are sized for the event peak."""
    work = _serial_work(scenario)
    partitions = _partitions(lines, work)
    ingest = _ingest(lines)
    return (work, *partitions, *ingest, *_brokers(keyed((*partitions, *ingest))))


def _serial_work(scenario: Scenario) -> PlanLine:
    """What a worker does for one record before the next of its conversation may start."""
    work = of(known.SERIAL_WORK)
    if scenario.design.dedup == "lwt":
        plain, _ = hops.STORE
        work = work + of(plain) * (of(known.LWT_ROUND_TRIPS) - 1.0)
    return computed(
        "kafka.serial_work",
        "serial work per record in this design",
        "s",
        work,
        "not given",
        "INSERT IF NOT EXISTS makes the insert four times as long",
    )


def _partitions(traffic: Lines, work: PlanLine) -> tuple[PlanLine, ...]:
    messages = {load: traffic[f"traffic.messages_{load}"] for load in LOADS}
    sized: tuple[tuple[str, str, PlanLine, PlanLine | Parameter, str], ...] = (
        ("partitions", "event", messages["event"], work, "Kafka partitions"),
        ("partitions_mean", "mean", messages["mean"], work, "Kafka partitions"),
        ("partitions_peak", "peak", messages["peak"], work, "Kafka partitions"),
        ("partitions_batched", "event", messages["event"], known.BATCHED_WORK, "Kafka partitions with batched work"),
        ("partitions_batched_mean", "mean", messages["mean"], known.BATCHED_WORK, "Kafka partitions with batched work"),
        (
            "receipt_partitions",
            "event",
            traffic["traffic.receipts_event"],
            known.BATCHED_WORK,
            "Kafka receipt partitions",
        ),
    )
    lines = tuple(
        computed(
            f"kafka.{key}",
            f"{name} at the {LOAD_NAMES[load]}",
            "partitions",
            ceil(of(rate) * work_s / known.PARTITION_LOAD),
            "not given" if key == "partitions" else None,
            _PARTITIONS_NOTE if key == "partitions" else None,
        )
        for key, load, rate, work_s, name in sized
    )
    most = 1 / of(work)
    return (*lines, computed("kafka.partition_rate", "records/s of one partition at most", "records/s", most))


def _ingest(traffic: Lines) -> tuple[PlanLine, ...]:
    flows = (("ingest", "messages", known.RECORD_BYTES), ("receipt_ingest", "receipts", known.RECEIPT_BYTES))
    return tuple(
        computed(
            f"kafka.{key}_{load}",
            f"bytes/s of {flow} into Kafka at the {LOAD_NAMES[load]}",
            "bytes/s",
            of(traffic[f"traffic.{flow}_{load}"]) * size,
        )
        for key, flow, size in flows
        for load in LOADS
    )


def _brokers(kafka: Lines) -> tuple[PlanLine, ...]:
    replicas = computed(
        "kafka.partition_replicas",
        "Kafka partition replicas",
        "replicas",
        (of(kafka["kafka.partitions"]) + kafka["kafka.receipt_partitions"]) * known.KAFKA_REPLICATION,
    )
    stored = computed(
        "kafka.stored_bytes",
        "bytes on the brokers",
        "bytes",
        (of(kafka["kafka.ingest_mean"]) + kafka["kafka.receipt_ingest_mean"])
        * known.KAFKA_RETENTION
        * known.KAFKA_REPLICATION,
    )
    ingest = {load: of(kafka[f"kafka.ingest_{load}"]) + kafka[f"kafka.receipt_ingest_{load}"] for load in LOADS}
    by_bytes = _bound("bytes", ingest["event"] / known.BROKER_INGEST)
    held = (_bound("replicas", of(replicas) / known.BROKER_REPLICAS), _bound("disk", of(stored) / known.BROKER_DISK))
    brokers = tuple(_brokers_at(load, ingest[load] / known.BROKER_INGEST, held) for load in LOADS)
    zone_loss = _brokers_without_zone(by_bytes, held)
    return (
        *(replicas, stored, by_bytes, *held, *brokers, zone_loss),
        _clusters("kafka.clusters", "Kafka clusters", brokers[-1], replicas),
        _clusters("kafka.clusters_zone_loss", "Kafka clusters with room for the loss of a zone", zone_loss, replicas),
    )


def _bound(limit: str, brokers: Operand) -> PlanLine:
    return computed(f"kafka.brokers_by_{limit}", f"brokers by {limit}", "brokers", ceil(brokers))


def _brokers_at(load: str, by_bytes: Term, held: tuple[PlanLine, ...]) -> PlanLine:
    needed = largest(ceil(by_bytes), *held, known.KAFKA_REPLICATION)
    key = key_at("kafka.brokers", load)
    return computed(key, f"Kafka brokers at the {LOAD_NAMES[load]}", "brokers", needed, "not given")


def _brokers_without_zone(by_bytes: PlanLine, held: tuple[PlanLine, ...]) -> PlanLine:
    """Every zone has a replica of every partition: leaders move, what a broker stores does not grow."""
    return computed(
        "kafka.brokers_zone_loss",
        "Kafka brokers that carry the event peak without one zone",
        "brokers",
        largest(after_zone_loss(by_bytes), *held, known.KAFKA_REPLICATION),
        "not given",
        "with min.insync.replicas=2 the log takes writes with two of three replicas",
    )


def _clusters(key: str, name: str, brokers: PlanLine, replicas: PlanLine) -> PlanLine:
    by_brokers, by_replicas = of(brokers) / known.CLUSTER_BROKERS, of(replicas) / known.CLUSTER_REPLICAS
    return computed(key, name, "clusters", ceil(largest(by_brokers, by_replicas)), "not given")
