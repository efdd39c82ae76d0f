"""When a device whose gateway sends it away goes: not at once with all the others, and not before it has its answers.

go_away ── jitter ──► owed: what was sent before has no answer yet ── all answered, or time is up ──► leave
        up to half of                    up to the other half of
       the time given                        the time given
"""

from __future__ import annotations

from collections.abc import Collection

from sim.engine.context import Context, Process

_LOOK_EVERY_S = 0.01


def moment_to_leave(context: Context, unanswered: Collection[str], within_s: float) -> Process:
    """Wait for it; `unanswered` is looked at again and again."""
    yield context.env.timeout(context.back_off_s(within_s / 2))
    owed, until_s = set(unanswered), context.env.now + within_s / 2
    while not owed.isdisjoint(unanswered) and context.env.now < until_s:
        yield context.env.timeout(_LOOK_EVERY_S)
