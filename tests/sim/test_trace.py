from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import UsageError
from sim.trace import ACTIONS, Action, Trace

JOINS = [Action(0, "join", 1, 5), Action(0, "join", 0, 5), Action(0, "join", 1, 6), Action(0, "join", 2, 6)]
ACTS = [Action(10, "connect", 1), Action(20, "send", 1, 5, "a1", 1, 33), Action(20, "open", 1, 5)]


def _trace(*actions: Action) -> Trace:
    return Trace.of(actions, seed=7, duration_s=1.5)


def test_rows_are_ordered_by_time_and_equal_times_keep_their_order() -> None:
    trace = _trace(ACTS[1], ACTS[2], ACTS[0], *JOINS)
    assert list(trace.frame.itertuples(index=False, name=None)) == [*JOINS, *ACTS]


def test_members_are_those_that_joined() -> None:
    assert _trace(*JOINS, *ACTS).members == {5: (0, 1), 6: (1, 2)}


def test_joins_are_no_actions_of_the_run() -> None:
    trace = _trace(*JOINS, *ACTS)
    assert trace.actions.action.tolist() == ["connect", "send", "open"]
    assert trace.message_count == 1


def test_a_trace_may_be_empty() -> None:
    assert _trace().members == {}
    assert _trace().message_count == 0


def test_unknown_actions_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown actions: dance; known: join, connect"):
        _trace(Action(0, "dance", 1))


def test_a_saved_trace_reads_back_to_the_byte(tmp_path: Path) -> None:
    trace = _trace(*JOINS, *ACTS)
    trace.save(tmp_path / "trace.parquet")
    loaded = Trace.load(tmp_path / "trace.parquet")
    assert loaded.frame.equals(trace.frame)
    assert loaded.frame.dtypes.equals(trace.frame.dtypes)
    assert (loaded.seed, loaded.duration_s, loaded.digest()) == (7, 1.5, trace.digest())
    assert tuple(loaded.frame.action.cat.categories) == ACTIONS


@pytest.mark.parametrize(
    "changed",
    [
        Action(21, "send", 1, 5, "a1", 1, 33),
        Action(20, "send", 1, 5, "a2", 1, 33),
        Action(20, "send", 1, 5, "a1", 2, 33),
        Action(20, "send", 1, 5, "a1", 1, 34),
        Action(20, "send", 1, 6, "a1", 1, 33),
        Action(20, "send", 0, 5, "a1", 1, 33),
    ],
)
def test_every_column_counts_in_the_digest(changed: Action) -> None:
    assert _trace(changed).digest() != _trace(ACTS[1]).digest()


def test_what_is_no_trace_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.parquet"
    with pytest.raises(UsageError, match=r"trace\.parquet is not a trace"):
        Trace.load(path)
    _trace(*JOINS).save(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UsageError, match="is not a trace"):
        Trace.load(path)


def test_a_parquet_file_without_our_metadata_is_no_trace(tmp_path: Path) -> None:
    _trace(*JOINS).frame.to_parquet(tmp_path / "other.parquet")
    with pytest.raises(UsageError, match="is not a trace"):
        Trace.load(tmp_path / "other.parquet")
