"""The picture of a counter-example: who stands where, what is joined by arrows, and what is ringed."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from reports.checks import check_history
from reports.counterexamples import Counterexample, picture, shrink
from reports.counterexamples.scene import Scene, scene
from sim.history import History
from tests.reports.checks import test_evidence
from tests.reports.checks.story import Story

EXAMPLE = History.load(Path(test_evidence.__file__).with_name("example.jsonl"))


def counterexample(history: History, check: str) -> Counterexample:
    (verdict,) = check_history(history, [check])
    found = shrink(history, verdict, verdict.examples[0])
    assert found is not None
    return found


def drawn(check: str) -> Scene:
    return scene(counterexample(EXAMPLE, check))


def arrows(shown: Scene, *, missing: bool) -> list[tuple[str, str, str]]:
    """Where from, where to, and which message."""
    return [(a.start[1], a.end[1], shown.messages[a.message][:5]) for a in shown.arrows if a.missing is missing]


def test_lifelines_stand_in_the_way_of_a_message() -> None:
    assert drawn("resume_gap").lives == ("u3", "u4", "log", "store", "u5")


def test_arrows_follow_each_message_and_come_back_as_its_acknowledgement() -> None:
    assert arrows(drawn("resume_gap"), missing=False) == [
        ("u3", "log", "…00a1"),
        ("log", "store", "…00a1"),
        ("log", "u3", "…00a1"),
        ("u4", "log", "…00a2"),
        ("log", "u5", "…00a2"),
    ]


def test_what_was_never_shown_is_an_arrow_that_does_not_arrive() -> None:
    assert arrows(drawn("lost"), missing=True) == [("store", "u5", "…00a1")]
    assert arrows(drawn("resume_gap"), missing=True) == [("store", "u5", "…00a1")]


def test_what_convicts_is_ringed_and_nothing_else() -> None:
    texts = {dot.text for dot in drawn("resume_gap").dots if dot.convicting}
    assert texts == {"A stored", "A acknowledged", "connects", "shows B (resume)"}


def test_faults_and_sessions_are_bands_over_their_rows() -> None:
    shown = drawn("lost")
    fault, session = shown.bands
    assert (fault.text, fault.life) == ("gateway-1: clock 15 ms slow", "")
    assert (session.text, session.life) == ("u5.2", "u5")
    assert fault.last < session.first < session.last == shown.rows - 1
    assert shown.quiet == session.first + 1


def test_presence_is_told_between_a_device_and_the_store() -> None:
    h = Story({"c1": ["u1", "u2"]})
    h.open(0.5, "u1")
    h.beat(4, "u1")
    h.ask(15, "u2", "u1", "online")
    shown = scene(counterexample(h.history(), "stale_online"))
    assert shown.lives == ("presence", "u2")
    assert [dot.text for dot in shown.dots if dot.convicting] == ["u1 renewed", "told: u1 online"]


def test_the_svg_is_well_formed_and_draws_every_event_once() -> None:
    shown = drawn("resume_gap")
    root = ET.fromstring(picture(counterexample(EXAMPLE, "resume_gap")))
    classes = [element.get("class", "") for element in root.iter()]
    assert classes.count("ring") == sum(dot.convicting for dot in shown.dots) == 4
    assert classes.count("time") == len(shown.dots)
    assert classes.count("cross") == 1
    assert root.get("aria-label") == "resume_gap: missed while u5 was away, then passed over"


def test_names_from_a_history_cannot_break_the_page() -> None:
    h = Story({"c1": ["<b>", "u2"]})
    h.open(0.5, "<b>")
    h.open(0.5, "u2")
    h.send(1, "u2", "c1", "m1")
    h.deliver(1.1, "<b>", "m1", "m1")
    drawn_svg = picture(counterexample(h.history(), "duplicated"))
    assert "<b>" not in drawn_svg
    assert "&lt;b&gt;" in drawn_svg
