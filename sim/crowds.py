"""The limit of a group's size: in either world nobody gets in as one too many."""

from __future__ import annotations

from sim.design import Design
from sim.errors import UsageError
from sim.trace import Trace


def refuse_crowds(trace: Trace, design: Design) -> None:
    """Raise UsageError when a conversation of the trace has more members than the design lets in."""
    for conv, users in trace.members.items():
        if len(users) > design.group_limit:
            raise UsageError(
                f"conversation c{conv} has {len(users):,} members; u{users[design.group_limit]} is one too many at "
                f"the group limit of {design.group_limit:,}: raise design.group_limit or let fewer join"
            )
