"""A history in parts gives the verdicts of the whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from reports.checks import CHECKS, check_history
from reports.checks.shards import check_part, check_shards, merged, parts_of
from reports.checks.slo_miss import Tally
from sim.errors import HistoryError, UsageError
from sim.history import History
from sim.verdict import Outcome, Verdict
from tests.reports.checks.story import Event, clean_story, is_, without

CLEAN = tuple(clean_story().events)


def part(path: Path, events: Sequence[Event] = CLEAN) -> Path:
    History.of(events).save(path)
    return path


def by_name(verdicts: Sequence[Verdict]) -> dict[str, Verdict]:
    return {verdict.check: verdict for verdict in verdicts}


def test_a_part_read_by_columns_is_judged_like_the_whole_history(tmp_path: Path) -> None:
    whole = check_history(History.of(CLEAN))
    found = check_part(part(tmp_path / "1.parquet"))
    assert found.verdicts == whole
    assert (found.events, found.deliveries) == (len(CLEAN), 19)


def test_counts_add_up_and_one_bad_part_convicts_the_whole(tmp_path: Path) -> None:
    lost = without(CLEAN, is_("wire.deliver", "deliver", "receipt.send", uuid="e2", device="u3"))
    paths = [part(tmp_path / "1.parquet"), part(tmp_path / "2.parquet", lost)]
    found = by_name(merged(check_shards(paths, processes=1)))
    assert (found["lost"].outcome, found["lost"].count, found["lost"].checked) == (Outcome.FAIL, 1, 38)
    assert found["lost"].examples[0].note == "never shown on u3: stored-not-pushed [2.parquet]"
    assert found["duplicated"].outcome is Outcome.PASS


def test_a_part_with_nothing_to_judge_does_not_weigh(tmp_path: Path) -> None:
    paths = [part(tmp_path / "1.parquet"), part(tmp_path / "2.parquet", without(CLEAN, is_("presence.read")))]
    found = by_name(merged(check_shards(paths, processes=1)))
    assert found["stale_online"].outcome is Outcome.PASS
    assert set(found) == set(CHECKS)


def test_several_processes_give_the_same_verdicts(tmp_path: Path) -> None:
    paths = [part(tmp_path / f"{number}.parquet") for number in (1, 2)]
    assert merged(check_shards(paths, processes=2)) == merged(check_shards(paths, processes=1))


@pytest.mark.parametrize(("over", "missed"), [(10, False), (11, True)])
def test_a_percentile_is_judged_over_all_parts_by_nearest_rank(over: int, missed: bool) -> None:
    quick, slow = Tally(0.5, 1000 - over, 0, 10.0, 0.1), Tally(0.5, over, over, 20.0, 2.0)
    assert (quick + slow).is_missed("p99") is missed


def test_mean_and_maximum_are_judged_over_all_parts() -> None:
    both = Tally(0.5, 99, 0, 9.9, 0.1) + Tally(0.5, 1, 1, 2.0, 2.0)
    assert (both.is_missed("mean"), both.is_missed("max")) == (False, True)


def test_a_part_out_of_the_order_of_time_is_refused(tmp_path: Path) -> None:
    frame = History.of(CLEAN).frame.iloc[::-1]
    History(frame).save(tmp_path / "1.parquet")
    with pytest.raises(HistoryError, match="not in the order of time"):
        check_part(tmp_path / "1.parquet")


def test_a_folder_without_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no \.parquet files"):
        parts_of(tmp_path)


def test_a_threshold_in_the_config_is_judged_from_the_tallies(tmp_path: Path) -> None:
    config = json.loads(CLEAN[0]["detail"]) | {"thresholds": {"delivery_max": 1e-6}}
    slow = [{**CLEAN[0], "detail": json.dumps(config)}, *CLEAN[1:]]
    found = by_name(merged(check_shards([part(tmp_path / "1.parquet", slow)])))
    assert (found["slo_miss"].outcome, found["slo_miss"].count) == (Outcome.FAIL, 1)
