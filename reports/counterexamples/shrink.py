"""The smallest history that still breaks the same promise, out of a large one.

    whole history ─► parts around the convicting events, narrow to wide ─► the first that is convicted on its own
                                                                                  │  delta debugging
         3 to 12 events: convicting ones, what the check needs besides, where the messages came from, faults  ◄─┘

Convicting events are those of the check's own example and always stay. An event goes if the same check finds the same
example without it; leaving out what speaks for a device cannot convict it here, because the example was convicted with
all of it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from reports.checks import check_history
from reports.checks.evidence import LINES, active_faults
from reports.counterexamples.ddmin import minimal
from sim.history import History
from sim.verdict import Example, Verdict

MOST_TESTS = 150
_ABOUT_PEOPLE = ("conn.open", "conn.close", "heartbeat.sent", "heartbeat.stored", "presence.change", "registry.read")
_ORIGINS = ("send.invoke", "fault.start", "fault.stop", "log.append")


@dataclass(frozen=True)
class Counterexample:
    """Few events that convict on their own.

    `numbers` are their numbers in the whole history, row by row; `convicting` those of the check's example.
    """

    check: str
    note: str
    history: History
    numbers: tuple[int, ...]
    convicting: frozenset[int]


def shrink(history: History, verdict: Verdict, example: Example) -> Counterexample | None:
    """The example as a small history; None if no small part is convicted on its own, as with a high percentile."""
    search = _Search(history, verdict, frozenset(example.events))
    for part in search.parts():
        if search.convicts(part):
            events = search.with_origins(search.smallest(part))
            return Counterexample(
                verdict.check, example.note, search.cut(events), tuple(events), frozenset(example.events)
            )
    return None


@dataclass(frozen=True)
class _Search:
    """What is looked for, in event numbers of the whole history."""

    history: History
    verdict: Verdict
    convicting: frozenset[int]

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The config event, read once."""
        return self.history.config

    def parts(self) -> Iterator[list[int]]:
        """Ever wider parts of the history around the convicting events, each with its config and its end."""
        frame = self.history.frame
        known = frame.loc[sorted(self.convicting)]
        frames = frame["kind"].isin(("config", "quiesce")) | frame.index.isin(self.convicting)
        people = {name for column in ("user", "reader") for name in known[column].dropna()}
        theirs = frame["user"].isin(people) & frame["kind"].isin(_ABOUT_PEOPLE)
        messages = frame["uuid"].isin(known["uuid"].dropna())
        conversation = frame["conv"].isin(known["conv"].dropna())
        for part in (frames, frames | messages, frames | theirs, frames | messages | theirs, conversation | theirs):
            yield frame.index[part | frames].tolist()

    def convicts(self, events: Sequence[int]) -> bool:
        """Whether these events alone show the same example of the same anomaly."""
        (found,) = check_history(self.cut(events), [self.verdict.check], most=sys.maxsize)
        examples = (frozenset(events[row] for row in each.events) for each in found.examples)
        return found.outcome is self.verdict.outcome and self.convicting in examples

    def smallest(self, part: Sequence[int]) -> list[int]:
        """Without what the verdict does not need; settings and convicting events stay."""
        kinds = self.history.frame["kind"]
        fixed = {event for event in part if event in self.convicting or kinds[event] == "config"}
        loose = [event for event in part if event not in fixed]
        return sorted(fixed.union(minimal(loose, lambda some: self.convicts(sorted({*some, *fixed})), MOST_TESTS)))

    def with_origins(self, events: list[int]) -> list[int]:
        """With who wrote the messages, the faults in between and the log, while there is room and the verdict stays."""
        frame = self.history.frame
        known = frame.loc[sorted(self.convicting)]
        same = frame[frame["uuid"].isin(known["uuid"].dropna()) & frame["kind"].isin(("send.invoke", "log.append"))]
        told = pd.concat([same, active_faults(frame, known)])
        for kind in _ORIGINS:
            more = sorted({*events, *told.index[told["kind"] == kind]})
            if _lines(frame, more) <= LINES and self.convicts(more):
                events = more
        return events

    def cut(self, events: Sequence[int]) -> History:
        """These events as a history of its own, whose config names nobody else."""
        frame = self.history.frame.loc[list(events)].reset_index(drop=True)
        for name, column in frame.items():
            if isinstance(column.dtype, pd.CategoricalDtype) and name != "kind":
                frame[name] = column.cat.remove_unused_categories()
        rows = frame.index[frame["kind"] == "config"]
        if len(rows) and "members" in self.settings:
            frame.loc[rows[0], "detail"] = json.dumps(_narrowed(self.settings, frame))
        return History(frame)


def _lines(frame: pd.DataFrame, events: Sequence[int]) -> int:
    return int((frame.loc[list(events), "kind"] != "config").sum())


def _narrowed(settings: dict[str, Any], frame: pd.DataFrame) -> dict[str, Any]:
    """Settings without the conversations and people that have no event."""
    people = {*frame["user"].dropna(), *frame["reader"].dropna()}
    members = {
        conv: [user for user in settings["members"].get(conv, ()) if user in people]
        for conv in frame["conv"].dropna().unique()
        if conv in settings["members"]
    }
    return {**settings, "members": members}
