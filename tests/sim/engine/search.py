"""What the random search draws: who chats about what, on which design, and what breaks meanwhile.

Every part is small: a handful of people, seconds of chat, up to three faults, of which one may be longer than any
patience of the system (a store that is not waited for any more, a worker that its group has given up).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import assume
from hypothesis import strategies as st

from sim.design import Design
from sim.faults import NETWORK, Fault, misfits
from sim.scenario import Scenario
from sim.trace import Action, Trace
from tests.sim.engine.faulty import fault, faulty
from tests.sim.engine.worlds import SECOND

DURATION_S = 24.0
LAST_SEND_S = 9.0
LASTS_S = (0.2, 2.0, 5.5, 11.0, 14.0)


class Found(NamedTuple):
    """One draw."""

    design: dict[str, Any]
    faults: list[dict[str, Any]]
    trace: Trace

    @property
    def scenario(self) -> Scenario:
        """On a small box."""
        return faulty(*self.faults, **self.design)


def designs() -> st.SearchStrategy[dict[str, Any]]:
    """Of `hardened`, every choice that is not one of its promises."""
    return st.fixed_dictionaries(
        {
            "nodes": st.sampled_from((1, 3)),
            "gateways": st.integers(1, 3),
            "workers": st.integers(1, 3),
            "partitions": st.sampled_from((1, 3, 16)),
            "linger": st.sampled_from((0.0, 0.02)),
            "conn_ttl": st.sampled_from((17.0, 90.0)),
            "bucket": st.sampled_from(("none", "month")),
            "fan_out": st.sampled_from(("write", "read", "hybrid")),
            "fan_out_limit": st.just(2),
            "reads": st.sampled_from(("each", "coalesced")),
        }
    )


@st.composite
def schedules(draw: st.DrawFn, design: dict[str, Any]) -> list[dict[str, Any]]:
    """Up to three faults that this box can have."""
    made = Design.model_validate(design)
    processes = [f"gateway-{n + 1}" for n in range(made.gateways)], [f"worker-{n + 1}" for n in range(made.workers)]
    targets: dict[str, Sequence[str]] = {
        **dict.fromkeys(("pause", "kill"), (*processes[0], *processes[1], *made.servers)),
        **dict.fromkeys(NETWORK, made.servers),
        **dict.fromkeys(("skew", "lose-heartbeats"), processes[0]),
    }
    more: dict[str, dict[str, Any]] = {
        "slow": {"by": 0.2},
        "skew": {"by": -0.5},
        "cut": {"after": draw(st.sampled_from((0, 50, 2000)))},
    }
    more["lose-response"] = {"nth": draw(st.integers(1, 9))}
    rows = []
    for kind in draw(st.lists(st.sampled_from(sorted(targets)), max_size=3)):
        at_s, lasts_s = draw(st.integers(2, 100)) / 10, draw(st.sampled_from(LASTS_S))
        rows.append(fault(kind, draw(st.sampled_from(targets[kind])), at_s, lasts_s, **more.get(kind, {})))
    assume(not list(misfits([Fault.model_validate(row) for row in rows], made, DURATION_S)))
    return rows


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """People who write, and some who come and go."""
    users = range(1, draw(st.integers(2, 4)) + 1)
    conversations = range(5, 5 + draw(st.integers(1, 2)))
    actions = [Action(0, "join", user, conv) for conv in conversations for user in users]
    for user in users:
        actions += _comings(user, draw(st.sampled_from(((), (3.0, 6.0), (5.0, 12.0)))), draw(st.booleans()))
    written: dict[tuple[int, int], int] = {}
    for number in range(draw(st.integers(1, 24))):
        user, conv = draw(st.sampled_from(users)), draw(st.sampled_from(conversations))
        written[user, conv] = cseq = written.get((user, conv), 0) + 1
        at_ns = round((1 + number * (LAST_SEND_S - 1) / 24) * SECOND)
        actions.append(Action(at_ns, "send", user, conv, f"m{number}", cseq, 20))
    return Trace.of(actions, seed=1, duration_s=DURATION_S)


def _comings(user: int, away: Sequence[float], crashes: bool) -> list[Action]:
    """Connected from the start, perhaps away for a while; a heartbeat each 5 s while here."""
    came = [Action(0, "connect", user)]
    if away:
        gone, back = (round(at_s * SECOND) for at_s in away)
        came += [Action(gone, "crash" if crashes else "disconnect", user), Action(back, "connect", user)]
    return came + [Action(at_s * SECOND, "heartbeat", user) for at_s in range(5, round(DURATION_S), 5)]


@st.composite
def worlds(draw: st.DrawFn, /, **planted: Any) -> Found:
    """All of it, on a design with these choices."""
    design = {**draw(designs()), **planted}
    return Found(design, draw(schedules(design)), draw(traces()))
