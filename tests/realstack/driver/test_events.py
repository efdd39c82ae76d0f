"""The driver's notebook, and the texts that people write in a trace."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from realstack.driver.events import Events, text_hash, text_of
from sim.history import History


@settings(deadline=None)
@given(st.uuids().map(str), st.integers(0, 5_000))
def test_a_text_has_its_length_and_begins_with_its_uuid(uuid: str, size_bytes: int) -> None:
    text = text_of(uuid, size_bytes)
    assert len(text.encode()) == size_bytes
    assert text.startswith(uuid[:size_bytes])


def test_texts_of_different_messages_differ() -> None:
    texts = [text_of(uuid, 20) for uuid in ("aaaa", "aaab")]
    assert len({text_hash(text) for text in texts}) == 2


def test_events_are_counted_and_saved_as_a_history(tmp_path: Path) -> None:
    events = Events()
    events.add("send.invoke", 20, device="u1", uuid="m1")
    events.add("quiesce", 10)
    events.add("quiesce", 30)
    assert events.counts == {"send.invoke": 1, "quiesce": 2}
    events.save(tmp_path / "events.parquet")
    assert History.load(tmp_path / "events.parquet").frame["t_ns"].tolist() == [10, 20, 30]
