"""Somebody else's chat server, driven through its adapter: the same checks judge it and catch its bugs by name."""

from __future__ import annotations

import asyncio

import pytest

from chatscale import assert_holds
from realstack.driver.adapter import Incoming, OnMessage, RefusedError
from realstack.driver.elsewhere import drive_elsewhere
from reports.checks import check_history
from sim.history import History
from sim.scenario_file import load_scenario
from sim.trace import Action, Trace
from sim.verdict import Outcome
from sim.workload import make_trace
from tests.realstack.driver.line_chat import Bug, LineChatAdapter

SCENARIO = load_scenario("ci-ordering", ["run.duration=4s", "run.warm_up=1s", "people.session_median=1s"])
# What a chat can be held to that tells nothing but its messages.
GUARANTEES = ("ordered", "causal", "no_loss", "no_resume_loss", "no_duplicates", "no_phantoms")


@pytest.fixture(scope="module")
def trace() -> Trace:
    return make_trace(SCENARIO, 3)


def driven(trace: Trace, bug: Bug = Bug.NONE) -> History:
    members = {f"c{conv}": [f"u{user}" for user in users] for conv, users in trace.members.items()}
    return drive_elsewhere(LineChatAdapter(members, bug), SCENARIO, trace, speed=4.0)


def convicted(history: History) -> set[str]:
    return {verdict.check for verdict in check_history(history) if verdict.outcome is Outcome.FAIL}


def test_a_sound_server_keeps_every_guarantee_of_a_chat(trace: Trace) -> None:
    history = driven(trace)
    assert len(history.of_kind("send.ok", "send.info")) == trace.message_count
    assert len(history.of_kind("send.ok")) > 50
    assert set(history.of_kind("deliver")["via"]) == {"push", "resume"}
    assert len(history.of_kind("conn.open")) > len({*history.of_kind("conn.open")["device"]})
    assert_holds(history, *GUARANTEES)


@pytest.mark.parametrize(
    ("bug", "caught", "besides"),
    [
        (Bug.FORGETS_TO_PUSH, "lost", {"skipped", "sender_gap", "resume_gap", "cursor_late_insert"}),
        (Bug.SWAPS_NEIGHBOURS, "order_divergence", {"reordered_sender", "causality"}),
        (Bug.SAYS_TWICE, "resume_dup", set()),
    ],
)
def test_a_seeded_bug_is_caught_by_its_name(trace: Trace, bug: Bug, caught: str, besides: set[str]) -> None:
    found = convicted(driven(trace, bug))
    assert caught in found
    assert found <= {caught, *besides}


def test_the_counterexample_of_a_foreign_server_is_told_as_our_own(trace: Trace) -> None:
    with pytest.raises(AssertionError, match=r"ordered does not hold\nreordered_sender: .*\n  c\d+ is u\d+"):
        assert_holds(driven(trace, Bug.SWAPS_NEIGHBOURS), "ordered")


class Moody:
    """A server that refuses every other message and breaks the line at the rest."""

    def __init__(self) -> None:
        self.asked = 0

    async def connect(self, user: str, on_message: OnMessage) -> Moody:
        on_message(Incoming("c0", "never-sent", "boo"))
        return self

    async def send(self, conv: str, uuid: str, text: str) -> None:
        self.asked += 1
        raise RefusedError("full") if self.asked % 2 else ConnectionResetError("gone")

    async def resume(self, cursors: object) -> None:
        """Nothing was missed."""

    async def close(self) -> None:
        """Nothing to end."""


def test_refusals_and_broken_lines_are_told_apart(trace: Trace) -> None:
    history = drive_elsewhere(Moody(), SCENARIO, trace, speed=8.0)
    refused, unknown = history.of_kind("send.fail"), history.of_kind("send.info")
    assert len(refused) + len(unknown) == trace.message_count
    assert {*refused["cause"]} == {"full"}
    assert {*unknown["cause"]} == {"ConnectionResetError: gone"}
    assert "phantom" in convicted(history)


class SlowToResume(Moody):
    """A server that takes everything, and takes its time over a resume."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    async def send(self, conv: str, uuid: str, text: str) -> None:
        self.said.append(uuid)

    async def resume(self, cursors: object) -> None:
        await asyncio.sleep(0.2)


def test_what_is_written_while_a_session_opens_goes_out_in_the_order_of_writing() -> None:
    sends = [Action(t_ms * 10**6, "send", 1, 0, f"m{t_ms}", t_ms, 9) for t_ms in range(0, 400, 10)]
    joins = [Action(0, "join", user, 0) for user in (1, 2)]
    trace = Trace.of([*joins, Action(0, "connect", 1), *sends], seed=1, duration_s=0.4)
    server = SlowToResume()
    drive_elsewhere(server, SCENARIO, trace)
    assert server.said == [send.uuid for send in sends]
