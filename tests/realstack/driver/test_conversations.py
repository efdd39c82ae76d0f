"""What a device shows: every message once and in order, whatever comes and in what order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from realstack.chat.frames import Message, ReceiptItem
from realstack.driver.conversations import Conversations
from tests.realstack.driver.fake_gateway import message

ME, OTHER = 1, 2


def shown(found: list[Message]) -> list[int]:
    return [one.position for one in found]


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Message], list[Message]]:
    """(a conversation as this device must show it, its arrival: in any order, with repetitions).

    Positions of the device's own messages are missing from it, as they are on the wire.
    """
    stream: list[Message] = []
    for position, mine in enumerate(draw(st.lists(st.booleans(), max_size=12)), 1):
        if not mine:
            stream.append(message(position, prev=stream[-1].position if stream else 0))
    again = draw(st.lists(st.sampled_from(stream), max_size=12)) if stream else []
    return stream, draw(st.permutations([*stream, *again]))


@settings(deadline=None)
@given(streams())
def test_every_message_is_shown_once_and_in_order(stream: tuple[list[Message], list[Message]]) -> None:
    whole, arrival = stream
    device = Conversations()
    found = [one for arrived in arrival for one in device.take(arrived)]
    assert found == whole
    assert not device.has_gap(5)
    assert device.cursors.get(5, 0) == (whole[-1].position if whole else 0)


@settings(deadline=None)
@given(streams(), st.data())
def test_giving_up_a_gap_shows_what_is_held_and_later_the_rest_and_nothing_twice(
    stream: tuple[list[Message], list[Message]], data: st.DataObject
) -> None:
    whole, arrival = stream
    device = Conversations()
    found: list[Message] = []
    for arrived in arrival:
        found += device.take(arrived)
        if data.draw(st.booleans()):
            held = device.give_up(5)
            assert shown(held) == sorted(shown(held))
            found += held
    assert sorted(shown(found)) == shown(whole)


def test_what_follows_a_gap_is_held_until_the_gap_fills() -> None:
    device = Conversations()
    assert shown(device.take(message(1))) == [1]
    assert [device.take(message(position)) for position in (4, 3)] == [[], []]
    assert device.has_gap(5)
    assert device.cursors == {5: 1}
    assert shown(device.take(message(2))) == [2, 3, 4]
    assert not device.has_gap(5)


def test_a_message_that_comes_after_it_was_given_up_is_shown_late_rather_than_lost() -> None:
    device = Conversations()
    device.take(message(2))
    assert shown(device.give_up(5)) == [2]
    assert shown(device.take(message(1))) == [1]
    assert device.cursors == {5: 2}


def test_a_gap_of_one_conversation_holds_no_other() -> None:
    device = Conversations()
    assert device.take(message(2, conv=5)) == []
    assert shown(device.take(message(1, conv=6))) == [1]
    assert not device.has_gap(6)


def test_what_was_held_when_a_session_ends_comes_again_with_the_next() -> None:
    device = Conversations()
    device.take(message(1))
    device.take(message(3))
    device.let_go()
    assert not device.has_gap(5)
    assert device.cursors == {5: 1}
    assert [shown(device.take(message(position))) for position in (2, 3)] == [[2], [3]]


@settings(deadline=None)
@given(st.permutations(range(1, 8)))
def test_by_message_id_what_comes_is_shown_as_it_comes(order: list[int]) -> None:
    device = Conversations()
    assert [shown(device.take(message(position, prev=-1))) for position in order] == [[p] for p in order]
    assert device.cursors == {5: 7}


def test_reading_takes_everything_shown_and_unread_once() -> None:
    device = Conversations()
    for position in (1, 2):
        device.shown(message(position))
    assert device.read(5) == [ReceiptItem("m1", OTHER, 1), ReceiptItem("m2", OTHER, 2)]
    assert device.read(5) == []
