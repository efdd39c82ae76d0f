"""When a device whose gateway sends it away goes: not at once with all the others, and not before it has its answers.

go_away ── jitter ──► owed: what was sent before has no answer yet ── all answered, or time is up ──► leave
        up to half of                    up to the other half of
       the time given                        the time given
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection

_LOOK_EVERY_S = 0.01


async def moment_to_leave(unanswered: Collection[str], within_s: float) -> None:
    """Wait for it; `unanswered` is looked at again and again."""
    await asyncio.sleep(random.uniform(0, within_s / 2))
    owed, until_s = set(unanswered), asyncio.get_running_loop().time() + within_s / 2
    while not owed.isdisjoint(unanswered) and asyncio.get_running_loop().time() < until_s:
        await asyncio.sleep(_LOOK_EVERY_S)
