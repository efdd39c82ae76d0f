from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sim.errors import HistoryError
from sim.history import COLUMNS, KINDS, SCHEMA_VERSION, History

EVENTS: list[dict[str, Any]] = [
    {"t_ns": 0, "kind": "config", "detail": '{"warm_up_s": 1.0}'},
    {"t_ns": 5, "kind": "send.invoke", "device": "u1", "conv": "c5", "uuid": "a", "cseq": 1, "intended_ns": 4},
    {"t_ns": 9, "kind": "send.ok", "device": "u1", "conv": "c5", "uuid": "a", "message_id": 2**62 + 1},
    {"t_ns": 9, "kind": "deliver", "device": "u2", "conv": "c5", "uuid": "a", "message_id": 2**62 + 1, "via": "push"},
    {"t_ns": 20, "kind": "sample", "target": "kafka", "state": "cpu_s", "value": 0.25},
    {"t_ns": 30, "kind": "quiesce"},
]


def _lines(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_events_are_ordered_by_time_and_equal_times_keep_their_order() -> None:
    history = History.of([EVENTS[5], EVENTS[2], EVENTS[3], EVENTS[0]])
    assert history.frame["kind"].tolist() == ["config", "send.ok", "deliver", "quiesce"]
    assert history.frame.index.tolist() == [0, 1, 2, 3]


def test_every_event_has_every_column() -> None:
    assert tuple(History.of([{"t_ns": 1, "kind": "quiesce"}]).frame.columns) == COLUMNS


def test_ids_keep_all_their_bits_beside_events_without_ids() -> None:
    assert History.of(EVENTS).of_kind("send.ok")["message_id"].tolist() == [2**62 + 1]


def test_rows_of_a_kind_keep_their_event_numbers() -> None:
    assert History.of(EVENTS).of_kind("deliver", "send.invoke").index.tolist() == [1, 3]


def test_settings_and_quiet_end_are_found_or_known_missing() -> None:
    history = History.of(EVENTS)
    assert (history.config, history.quiesced_ns) == ({"warm_up_s": 1.0}, 30)
    running = History.of(EVENTS[1:2])
    assert (running.config, running.quiesced_ns) == ({}, None)


@pytest.mark.parametrize("detail", ["{", "5", None])
def test_settings_that_are_no_object_are_refused(detail: str | None) -> None:
    with pytest.raises(HistoryError, match="the config event's detail is not a JSON object"):
        _ = History.of([{"t_ns": 0, "kind": "config", "detail": detail}]).config


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"t_ns": 1, "kind": "deliverd"}, "unknown event kinds: deliverd; known: config, conn.open"),
        ({"t_ns": 1, "kind": "push", "colour": "red"}, "unknown event fields: colour; known: t_ns, kind"),
        ({"kind": "push"}, "every event needs 't_ns'"),
        ({"t_ns": 1}, "every event needs 'kind'"),
        ({"t_ns": None, "kind": "push"}, "every event needs 't_ns'"),
        ({"t_ns": "noon", "kind": "push"}, "an event field has the wrong type"),
        ({"t_ns": 1, "kind": "deliver", "seq": "third"}, "an event field has the wrong type"),
        ({"t_ns": 1, "kind": "deliver", "message_id": 2**70}, "an event field has the wrong type"),
    ],
)
def test_events_outside_the_schema_are_refused(event: dict[str, Any], message: str) -> None:
    with pytest.raises(HistoryError, match=message):
        History.of([event])


def test_an_empty_history_is_refused() -> None:
    with pytest.raises(HistoryError, match="holds no events"):
        History.of([])


def test_a_saved_history_reads_back_the_same(tmp_path: Path) -> None:
    history = History.of(EVENTS)
    history.save(tmp_path / "history.parquet")
    loaded = History.load(tmp_path / "history.parquet").frame
    assert loaded.equals(history.frame)
    assert loaded.dtypes.astype(str).to_dict() == history.frame.dtypes.astype(str).to_dict()
    assert tuple(loaded["kind"].cat.categories) == KINDS


def test_json_lines_read_as_the_same_events(tmp_path: Path) -> None:
    path = _lines(tmp_path / "history.jsonl", *map(json.dumps, EVENTS), "")
    assert History.load(path).frame.equals(History.of(EVENTS).frame)


def test_a_line_separator_inside_a_string_ends_no_line(tmp_path: Path) -> None:
    event = {"t_ns": 1, "kind": "send.info", "cause": "timed\u2028out"}
    path = _lines(tmp_path / "history.jsonl", json.dumps(event, ensure_ascii=False))
    assert History.load(path).frame["cause"].tolist() == ["timed\u2028out"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"t_ns": 7, "kind": "del', r"jsonl:2: not a JSON object, the file may be cut short"),
        ("", r"jsonl:2: not a JSON object"),
        (
            '{"t_ns": 7, "kind": "deliverd"}',
            r"jsonl:2: 1 of 3 events are of unknown kinds: 'deliverd' \(1\); known: config",
        ),
        ('{"t_ns": 7}', r"jsonl:2: an event needs 'kind' and 't_ns'"),
        ("[1, 2]", r"jsonl:2: an event needs 'kind' and 't_ns'"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(tmp_path: Path, line: str, message: str) -> None:
    path = _lines(tmp_path / "history.jsonl", json.dumps(EVENTS[0]), line, json.dumps(EVENTS[5]))
    with pytest.raises(HistoryError, match=message):
        History.load(path)


def test_lines_cut_in_the_middle_of_a_character_are_refused_with_their_number(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes('{"t_ns": 1, "kind": "push"}\n{"t_ns": 2, "cause": "é'.encode()[:-1])
    with pytest.raises(HistoryError, match=r"jsonl:2: not a JSON object, the file may be cut short"):
        History.load(path)


def test_an_empty_file_of_lines_holds_no_events(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="holds no events"):
        History.load(_lines(tmp_path / "history.jsonl"))


@pytest.mark.parametrize("kept", [0, 100, -20])
def test_a_parquet_file_cut_short_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "history.parquet"
    History.of(EVENTS).save(path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(HistoryError, match=r"history\.parquet cannot be read, it may be cut short"):
        History.load(path)


def test_another_schema_is_refused_with_both_versions(tmp_path: Path) -> None:
    path = tmp_path / "history.parquet"
    History.of(EVENTS).save(path)
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"chatscale.history": b"99"}), path)
    with pytest.raises(HistoryError, match=f"has history schema 99, this chatscale reads {SCHEMA_VERSION}"):
        History.load(path)
    pq.write_table(table.replace_schema_metadata(None), path)
    with pytest.raises(HistoryError, match="has history schema none"):
        History.load(path)


def test_a_missing_history_says_what_a_run_leaves(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"no history at .*; a run leaves history-sim\.parquet"):
        History.load(tmp_path / "history.parquet")


def test_columns_without_any_value_need_not_be_read_and_keep_their_types(tmp_path: Path) -> None:
    whole = History.of(EVENTS)
    whole.save(tmp_path / "history.parquet")
    read = History.load_columns(tmp_path / "history.parquet", COLUMNS).frame
    blank = [name for name in COLUMNS if whole.frame[name].isna().all()]
    assert {"gateway", "last_seen_ns"} <= set(blank)
    for name in blank:
        assert read[name].isna().all()
        assert (read[name].dtype == whole.frame[name].dtype) or (read[name].dtype == "category")
    for name in set(COLUMNS) - set(blank):
        assert read[name].astype(object).fillna("").tolist() == whole.frame[name].astype(object).fillna("").tolist()
