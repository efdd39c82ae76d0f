"""Order and dedup of a conversation: contiguous, repeatable, and read back after a rebalance."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realstack.chat import conversation_past, numbering
from realstack.chat.conversation_past import KEPT
from realstack.chat.numbering import LOOK_BACK_PAGES, RECENT, Numbering, Placed
from realstack.chat.records import MessageRecord
from tests.realstack.chat.fakes import MemoryStore, choices, positions, record

SEQUENCE = choices()
MESSAGE_ID = choices(preset="seed")
NO_DEDUP = choices(dedup="none")


def place_all(
    numbering: Numbering, records: Sequence[tuple[MessageRecord, int]], partition: int = 0
) -> list[Placed | None]:
    async def scene() -> list[Placed | None]:
        return [await numbering.place(one, partition, offset) for one, offset in records]

    return asyncio.run(scene())


def placed(answers: Sequence[Placed | None]) -> list[int | None]:
    return [answer.position if answer else None for answer in answers]


def test_each_conversation_is_numbered_from_one_without_a_gap() -> None:
    store = MemoryStore()
    log = [
        (record("a1"), 0),
        (record("b1", conv=9), 1),
        (record("a2"), 2),
        (record("a3"), 3),
        (record("b2", conv=9), 4),
    ]
    assert placed(place_all(Numbering(store, SEQUENCE), log)) == [1, 1, 2, 3, 2]
    assert {conv: sorted(rows) for conv, rows in store.rows.items()} == {5: [1, 2, 3], 9: [1, 2]}


def test_a_record_that_the_log_delivers_again_gets_the_position_it_had() -> None:
    numbering = Numbering(MemoryStore(), SEQUENCE)
    log = [(record("a"), 0), (record("b"), 1)]
    assert placed(place_all(numbering, [*log, *log])) == [1, 2, 1, 2]


def test_a_message_that_a_client_sent_twice_is_a_duplicate() -> None:
    store = MemoryStore()
    log = [(record("a"), 0), (record("b"), 1), (record("a"), 2), (record("c"), 3)]
    assert placed(place_all(Numbering(store, SEQUENCE), log)) == [1, 2, None, 3]
    assert [row.uuid for row in store.rows[5].values()] == ["a", "b", "c"]


def test_without_dedup_it_is_stored_twice() -> None:
    assert placed(place_all(Numbering(MemoryStore(), NO_DEDUP), [(record("a"), 0), (record("a"), 1)])) == [1, 2]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=40))
def test_a_sequence_stays_contiguous_over_resends_and_rebalances(log: list[tuple[str, bool]]) -> None:
    store = MemoryStore()
    numbering = Numbering(store, SEQUENCE)

    async def scene() -> None:
        for offset, (uuid, rebalance) in enumerate(log):
            if rebalance:
                numbering.forget([0])
            await numbering.place(record(uuid), 0, offset)

    asyncio.run(scene())
    first_seen = list(dict.fromkeys(uuid for uuid, _ in log))
    assert [row.uuid for row in store.rows.get(5, {}).values()] == first_seen
    assert positions(store.rows.get(5, {}).values()) == list(range(1, len(first_seen) + 1))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 12), st.booleans()), max_size=60))
def test_however_long_ago_a_message_was_sent_it_is_known_again(log: list[tuple[int, int, bool]]) -> None:
    """Senders count up; what they send again is any message that they sent before. Nearly nothing is kept in mind."""
    store, sent = MemoryStore(), dict.fromkeys((1, 2, 3), 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversation_past, "KEPT", 3)
        patch.setattr(numbering, "RECENT", 2)
        worker, order, wrong = Numbering(store, SEQUENCE), [], []
        for offset, (sender, wanted, rebalance) in enumerate(log):
            sent[sender] = max(sent[sender], cseq := min(wanted, sent[sender] + 1))
            uuid = f"{sender}-{cseq}"
            if rebalance:
                worker.forget([0])
            (answer,) = place_all(worker, [(record(uuid, sender=sender, cseq=cseq), offset)])
            wrong += [uuid] * ((answer is None) != (uuid in order))
            order += [uuid] * (uuid not in order)
    assert not wrong
    assert [row.uuid for row in store.rows.get(5, {}).values()] == order


def test_what_a_sender_writes_next_is_new_without_a_look_at_the_store() -> None:
    store = MemoryStore()
    log = [(record(f"m{n}", cseq=n + 1), n) for n in range(2 * RECENT)]
    place_all(Numbering(store, SEQUENCE), log[:-1])
    place_all(Numbering(store, SEQUENCE), log[-1:])
    assert store.pages_read == 0


def test_the_past_of_a_crowd_is_read_once_and_not_whole() -> None:
    store = MemoryStore()
    rows = (LOOK_BACK_PAGES + 5) * RECENT
    place_all(Numbering(store, SEQUENCE), [(record(f"m{n}", cseq=n + 1), n) for n in range(rows)])
    crowd = [(record(f"x{n}", sender=100 + n), rows + n) for n in range(30)]
    assert placed(place_all(Numbering(store, SEQUENCE), crowd)) == list(range(rows + 1, rows + 31))
    assert store.pages_read == LOOK_BACK_PAGES


def test_another_worker_goes_on_where_this_one_stopped() -> None:
    store = MemoryStore()
    log = [(record("a"), 0), (record("b"), 1)]
    place_all(Numbering(store, SEQUENCE), log)
    successor = Numbering(store, SEQUENCE)
    # The last commit was before "b": the log delivers it again, then what is new.
    assert placed(place_all(successor, [log[1], (record("c"), 2), (record("a"), 3)])) == [2, 3, None]


def test_forgetting_a_partition_keeps_the_others() -> None:
    store = MemoryStore()
    numbering = Numbering(store, SEQUENCE)
    place_all(numbering, [(record("a", conv=1), 0)], partition=0)
    place_all(numbering, [(record("b", conv=2), 0)], partition=1)
    numbering.forget([0])
    store.rows.clear()  # whoever still knows its conversation does not ask
    assert placed(place_all(numbering, [(record("c", conv=1), 1)], partition=0)) == [1]
    assert placed(place_all(numbering, [(record("d", conv=2), 1)], partition=1)) == [2]


def test_a_store_that_failed_is_asked_again_for_the_same_position() -> None:
    store = MemoryStore()
    numbering = Numbering(store, SEQUENCE)
    store.failures = 1
    with pytest.raises(ConnectionError):
        place_all(numbering, [(record("a"), 0)])
    assert placed(place_all(numbering, [(record("a"), 0), (record("b"), 1)])) == [1, 2]


def test_a_readers_own_messages_are_not_what_he_must_have_shown() -> None:
    numbering = Numbering(MemoryStore(), SEQUENCE)
    senders = [1, 2, 1, 1, 3]
    answers = place_all(numbering, [(record(f"m{n}", sender=who), n) for n, who in enumerate(senders)])
    last = answers[-1]
    assert last is not None
    past = last.conversation
    assert {reader: [past.previous_for(reader, p) for p in range(1, 6)] for reader in (1, 2, 3)} == {
        1: [0, 0, 2, 2, 2],
        2: [0, 1, 1, 3, 4],
        3: [0, 1, 2, 3, 4],
    }


def test_the_past_is_bounded_and_the_count_goes_on() -> None:
    numbering = Numbering(MemoryStore(), SEQUENCE)
    answers = place_all(numbering, [(record(f"m{n}", cseq=n + 1), n) for n in range(KEPT + 10)])
    assert answers[-1] is not None
    assert answers[-1].position == KEPT + 10
    assert len(answers[-1].conversation.recent) == KEPT


def test_by_message_id_the_gateways_id_is_the_position() -> None:
    store = MemoryStore(if_not_exists=True)
    log = [(record("a", message_id=70), 0), (record("b", message_id=50), 1), (record("a", message_id=70), 2)]
    assert placed(place_all(Numbering(store, MESSAGE_ID), log)) == [70, 50, None]


def test_a_conditional_insert_whose_answer_was_lost_is_found_again_and_not_repeated() -> None:
    store = MemoryStore(if_not_exists=True)
    numbering = Numbering(store, choices(dedup="lwt", cursor="sequence"))
    assert placed(place_all(numbering, [(record("a"), 0)])) == [1]
    asyncio.run(store.insert(record("b"), 2, 0, 1))  # the first try of b was applied, its answer never came
    assert placed(place_all(numbering, [(record("b"), 1), (record("c"), 2)])) == [2, 3]
    assert [row.uuid for row in store.rows[5].values()] == ["a", "b", "c"]


def test_a_number_taken_by_a_worker_that_had_the_partition_before_is_left_to_it() -> None:
    store = MemoryStore(if_not_exists=True)
    numbering = Numbering(store, choices(dedup="lwt", cursor="sequence"))
    assert placed(place_all(numbering, [(record("a"), 0)])) == [1]
    asyncio.run(store.insert(record("z"), 2, 0, 9))
    assert placed(place_all(numbering, [(record("b"), 1)])) == [3]
