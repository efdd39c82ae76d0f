"""What a session that breaks leaves to be said again."""

from __future__ import annotations

from sim.said import Said


def test_without_an_answered_heartbeat_nothing_is_sure_to_be_heard() -> None:
    said = Said[str]()
    said.say("a")
    said.say("b")
    assert said.take() == ["a", "b"]
    assert said.take() == []


def test_two_answers_make_sure_and_one_does_not() -> None:
    said = Said[str]()
    said.say("a")
    said.answered()
    said.say("b")
    assert said.take() == ["a", "b"]
    said.say("c")
    said.answered()
    said.say("d")
    said.answered()
    assert said.take() == ["d"]
