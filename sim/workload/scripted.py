"""A trace from a script: what is written, at the time that is written, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from sim.script import Step
from sim.trace import Action
from sim.workload.streams import Streams


class _Due(NamedTuple):
    t_ns: int
    user: int
    step: Step


def scripted_actions(script: Sequence[Step], streams: Streams) -> list[Action]:
    """Joins first, then what people do in order of time; what happens at once keeps the order of the script."""
    due = sorted(_all_due(script), key=lambda one: (one.step.does != "join", one.t_ns))
    written: Counter[tuple[int, int]] = Counter()
    return [_action(one, written, streams) for one in due]


def _all_due(script: Sequence[Step]) -> Iterator[_Due]:
    for step in script:
        for number in range(step.times):
            yield from (_Due(round((step.at_s + number * step.every_s) * 1e9), user, step) for user in step.who)


def _action(due: _Due, written: Counter[tuple[int, int]], streams: Streams) -> Action:
    step, conv = due.step, -1 if due.step.conv is None else due.step.conv
    if step.does != "send":
        return Action(due.t_ns, step.does, due.user, conv)
    written[due.user, conv] += 1
    uuid = str(UUID(bytes=streams.uuids.bytes(16), version=4))
    return Action(due.t_ns, "send", due.user, conv, uuid, written[due.user, conv], step.size_bytes)
