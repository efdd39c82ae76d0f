"""Who is away, on real servers: their phone is told at once, and a long backlog comes back whole."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from realstack.chat.push_shapes import device_token
from realstack.drive import drive
from realstack.servers import Servers
from realstack.stack import APNS_VARIABLE, FCM_VARIABLE
from reports.checks import check_history
from sim.scenario_file import load_scenario
from sim.trace import Action, Trace
from sim.verdict import Outcome
from tests.realstack.chat.phone_services import PhoneServices, phone_services

pytestmark = pytest.mark.real

ANNA, BERT, CARL = 1, 2, 3
S = 1_000_000_000
MEMBERS = [Action(0, "join", user, 5) for user in (ANNA, BERT, CARL)]
BACKLOG = 10_000


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[PhoneServices]:
    """Both phone services, on a thread of their own; the backend is told where they are."""
    ready, end, found = threading.Event(), asyncio.Event(), []

    async def main() -> None:
        async with phone_services() as running:
            found.append((running, asyncio.get_running_loop()))
            ready.set()
            await end.wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert ready.wait(20)
    running, loop = found[0]
    monkeypatch.setenv(APNS_VARIABLE, running.url)
    monkeypatch.setenv(FCM_VARIABLE, running.url)
    yield running
    loop.call_soon_threadsafe(end.set)
    thread.join()


def say(t_s: float, number: int) -> Action:
    return Action(round(t_s * S), "send", ANNA, 5, f"00000000-0000-4000-8000-{number:012d}", number, 20)


def test_phones_of_those_who_are_away_are_told_at_once_and_without_the_text(
    servers: Servers, services: PhoneServices, tmp_path: Path
) -> None:
    carl = [Action(S // 10, "connect", CARL), Action(S // 2, "crash", CARL)]
    actions = [*MEMBERS, Action(S // 10, "connect", ANNA), *carl, *(say(0.5 + 0.5 * n, n) for n in (1, 2, 3))]
    history = drive(servers, load_scenario("ci-ordering", []), Trace.of(actions, seed=0, duration_s=4.0), tmp_path)

    apple = [a for a in services.arrived if a.path == f"/3/device/{device_token(BERT)}"]
    assert [(a.body["aps"]["badge"], a.headers["apns-collapse-id"]) for a in apple] == [(n, "c5") for n in (1, 2, 3)]
    google = [a.body["message"] for a in services.arrived if a.path == "/v1/projects/chatscale/messages:send"]
    assert [(m["token"], m["data"]["unread"]) for m in google] == [(device_token(CARL), f"{n}") for n in (1, 2, 3)]
    assert len(services.arrived) == 6
    assert {a.http_version for a in services.arrived} == {"2"}
    texts = {word for a in services.arrived for word in str(a.body).split("'") if word.startswith("00000000")}
    assert texts == set(history.of_kind("store.row")["uuid"]), "the id is all that is told of a message"
    logged = history.of_kind("log.append").set_index("uuid")["t_ns"]
    told = history.of_kind("push")
    assert (told["t_ns"] - told["uuid"].map(logged)).max() < S
    assert 'outcome="sent"} 6.0' in (tmp_path / "metrics" / "pusher-1.prom").read_text()


@pytest.mark.slow
def test_a_backlog_of_ten_thousand_comes_back_page_by_page_without_duplicate_or_gap(
    servers: Servers, tmp_path: Path
) -> None:
    sends = [say(1.0 + n / 250, n) for n in range(1, BACKLOG + 1)]
    actions = [*MEMBERS[:2], Action(S // 10, "connect", ANNA), *sends]
    trace = Trace.of(actions, seed=0, duration_s=42.0)
    # Bert was never there: he comes for the final read, when everything is stored.
    history = drive(servers, load_scenario("ci-ordering", []), trace, tmp_path)

    shown, arrived = history.of_kind("deliver"), history.of_kind("wire.deliver")
    assert shown["cseq"].tolist() == list(range(1, BACKLOG + 1))
    assert shown["seq"].tolist() == list(range(1, BACKLOG + 1))
    assert set(shown["via"]) == {"resume"}
    assert len(arrived) == BACKLOG
    wrong = {v.check: v.summary for v in check_history(history) if v.outcome is Outcome.FAIL}
    assert set(wrong) <= {"slo_miss"}, wrong
