"""The report of a whole run folder: result.json, junit.xml, report.html and the last words on the terminal."""

from __future__ import annotations

import io
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from reports import build_result, write_report
from reports.checks import check_history
from reports.result import Result
from reports.summary import summary_lines
from sim.errors import HistoryError, UsageError
from sim.history import History
from sim.verdict import Outcome
from tests.reports.synthetic import write_run

SECTIONS = (
    *("thresholds", "headline", "latency", "hops", "compare", "load", "presence"),
    *("verdicts", "plan", "claims", "assumptions", "again"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    return write_report(folder)


@pytest.fixture(scope="module")
def lost(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run, in which the real stack never delivered m1500."""
    copy = tmp_path_factory.mktemp("lost") / "run"
    shutil.copytree(folder, copy)
    frame = History.load(copy / "history-real.parquet").frame
    arrivals = ("wire.deliver", "deliver", "receipt.send", "receipt.seen")
    frame = frame[~((frame["uuid"] == "m1500") & frame["kind"].isin(arrivals))]
    History.from_frame(frame).save(copy / "history-real.parquet")
    return copy


def test_a_clean_run_passes_by_the_real_world(result: Result) -> None:
    assert (result.judged, result.outcome) == ("real", Outcome.PASS)
    silent = {found.verdict.check for found in result.world.findings if found.verdict.outcome is not Outcome.PASS}
    assert silent == {"causality", "cursor_regress", "registry_orphan", "last_seen_regress"}


def test_result_json_has_its_stable_keys(folder: Path, result: Result) -> None:
    document = json.loads((folder / "result.json").read_text())
    assert set(document) == {
        *("schema", "scenario", "seed", "outcome", "exit_code", "judged", "scale", "thresholds", "worlds"),
        *("compare", "bottleneck", "plan", "versions", "warnings", "replay"),
    }
    assert set(document["worlds"]["real"]) == {
        *("outcome", "window_s", "counts", "latency", "hops", "budgets", "load", "generator"),
        *("backlog", "thresholds", "verdicts"),
    }
    assert (document["schema"], document["outcome"], document["exit_code"]) == (1, "pass", 0)
    assert document["thresholds"][0]["name"] == "delivery_p99"
    assert document["thresholds"] == document["worlds"]["real"]["thresholds"]
    assert document["seed"] == 7
    assert document["replay"] == "chatscale run whatsapp --seed 7"
    assert document["worlds"]["sim"]["counts"]["sends"] == result.worlds["sim"].counts["sends"]
    assert document["plan"]["headline"]


def test_the_same_folder_gives_the_same_files(folder: Path, result: Result) -> None:
    names = ("result.json", "report.html", "junit.xml")
    before = [(folder / name).read_bytes() for name in names]
    assert write_report(folder).outcome is result.outcome
    assert [(folder / name).read_bytes() for name in names] == before


def test_junit_has_one_case_for_every_threshold_and_check(folder: Path, result: Result) -> None:
    suite = ET.parse(folder / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    cases = [case.get("name") for case in suite.iter("testcase")]
    assert cases == ["delivery p99 ≤ 500 ms", "ack p99 ≤ 200 ms", *(f.verdict.check for f in result.world.findings)]
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == [str(len(cases)), "0", "0", "4"]
    properties = {item.get("name"): item.get("value") for item in suite.iter("property")}
    assert properties["seed"] == "7"
    assert properties["version.kafka"] == "4.3.1"


def test_a_failure_carries_its_convicting_events_everywhere(lost: Path) -> None:
    result = write_report(lost)
    assert (result.outcome, result.outcome.exit_code) == (Outcome.FAIL, 1)
    case = ET.parse(lost / "junit.xml").getroot().find(".//testcase[@name='lost']/failure")
    assert case is not None
    assert case.get("message") == "1 lost among 1,771 deliveries owed"
    assert "never shown on u1: stored-not-pushed" in str(case.text)
    assert "never shown on u1: stored-not-pushed" in (lost / "report.html").read_text()


def test_a_failure_is_drawn_and_kept_as_a_history_of_its_own(lost: Path) -> None:
    write_report(lost)
    _, page = _read(lost)
    assert page.scenes[0] == "lost: never shown on u1: stored-not-pushed"
    assert [scene.split(":")[0] for scene in page.scenes] == ["lost", "skipped", "sender_gap"]
    kept = History.load(lost / "counterexamples" / "lost.jsonl")
    assert [v.outcome for v in check_history(kept, ["lost"])] == [Outcome.FAIL]


def test_a_report_keeps_no_counterexample_of_an_earlier_one(folder: Path) -> None:
    stale = folder / "counterexamples" / "lost.jsonl"
    stale.parent.mkdir(exist_ok=True)
    stale.write_text("")
    write_report(folder)
    assert not stale.exists()


def test_the_model_does_not_decide_when_the_real_world_was_seen(lost: Path, tmp_path: Path) -> None:
    shutil.copytree(lost, tmp_path / "run")
    (tmp_path / "run" / "history-sim.parquet").rename(tmp_path / "swap")
    (tmp_path / "run" / "history-real.parquet").rename(tmp_path / "run" / "history-sim.parquet")
    (tmp_path / "swap").rename(tmp_path / "run" / "history-real.parquet")
    result = build_result(tmp_path / "run")
    assert result.worlds["sim"].outcome is Outcome.FAIL
    assert result.outcome is Outcome.PASS


@pytest.mark.parametrize("world", ["sim", "real"])
def test_one_world_alone_is_reported_without_comparison(tmp_path: Path, world: str) -> None:
    result = write_report(write_run(tmp_path, worlds=[world]))
    assert (result.judged, result.comparison, list(result.worlds)) == (world, None, [world])
    assert "nothing to compare" in (tmp_path / "report.html").read_text()


def test_trace_facts_and_profile_may_be_missing(tmp_path: Path) -> None:
    write_run(tmp_path, worlds=["sim"])
    (tmp_path / "trace.parquet").unlink()
    (tmp_path / "facts.json").unlink()
    result = build_result(tmp_path)
    assert result.outcome is Outcome.PASS
    assert result.replay == f"chatscale run {tmp_path / 'scenario.toml'} --seed 7"


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.headings = 0
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self.scenes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        found = dict(attrs)
        if found.get("class") == "scene":
            self.scenes.append(str(found["aria-label"]))
        if tag == "section" and found.get("id"):
            self.ids.append(str(found["id"]))
        self.loads += [str(found[key]) for key in ("src", "href", "xlink:href", "data", "poster") if found.get(key)]


def _read(folder: Path) -> tuple[str, _Page]:
    text, page = (folder / "report.html").read_text(), _Page()
    page.feed(text)
    return text, page


@pytest.mark.usefixtures("result")
def test_the_page_has_every_section_and_six_charts(folder: Path) -> None:
    text, page = _read(folder)
    assert tuple(page.ids) == SECTIONS
    assert text.count("<svg ") == 6


@pytest.mark.usefixtures("result")
def test_the_page_loads_nothing_and_runs_nothing(folder: Path) -> None:
    text, page = _read(folder)
    assert [load for load in page.loads if not load.startswith("#")] == []
    assert not page.tags & {"script", "link", "iframe", "img", "object", "embed"}
    assert re.findall(r"@import|url\((?!#)", text) == []


@pytest.mark.usefixtures("result")
def test_the_page_is_under_two_megabytes(folder: Path) -> None:
    assert (folder / "report.html").stat().st_size < 2_000_000


def test_text_from_the_run_cannot_break_the_page(tmp_path: Path) -> None:
    write_run(tmp_path, worlds=["sim"])
    facts = {"warnings": ["<script>alert(1)</script>"], "replay": "chatscale run 'a&b'"}
    (tmp_path / "facts.json").write_text(json.dumps(facts))
    write_report(tmp_path)
    text, page = _read(tmp_path)
    assert "script" not in page.tags
    assert "&lt;script&gt;" in text


def test_an_allowed_anomaly_is_listed_apart_with_its_reason_and_its_examples(lost: Path, tmp_path: Path) -> None:
    history = History.load(lost / "history-real.parquet")
    config = history.frame["kind"] == "config"
    detail = {**history.config, "allowed": dict.fromkeys(("lost", "skipped", "sender_gap"), "a lossy link")}
    history.frame.loc[config, "detail"] = json.dumps(detail)
    write_run(tmp_path, worlds=["real"])
    history.save(tmp_path / "history-real.parquet")
    result = write_report(tmp_path)
    assert result.outcome is Outcome.PASS
    text, _page = _read(tmp_path)
    _, violations, allowed = re.split("<h3>real stack|<h3>allowed anomalies", text)
    assert 'class="code">lost<' not in violations
    assert 'class="code">lost<' in allowed
    assert "1 lost among 1,771 deliveries owed, allowed: a lossy link" in allowed
    assert "3 found what is allowed" in " ".join(_printed(result))


def test_fault_windows_are_shaded_and_named(tmp_path: Path) -> None:
    fault = {"target": "kafka", "cause": "pause"}
    extra = [
        {"t_ns": 12 * 10**9, "kind": "fault.start", **fault},
        {"t_ns": 14 * 10**9, "kind": "fault.stop", **fault},
    ]
    write_report(write_run(tmp_path, worlds=["real"], extra=extra))
    assert "kafka: pause" in (tmp_path / "report.html").read_text()


def _printed(result: Result) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=120)
    for line in summary_lines(result):
        console.print(line)
    return [line.strip() for line in out.getvalue().splitlines() if line.strip()]


def test_the_summary_starts_with_thresholds_and_ends_with_report_and_replay(result: Result) -> None:
    lines = _printed(result)
    assert lines[0] == "THRESHOLDS"
    assert re.match(r"✓ +delivery p99 ≤ 500 ms +[\d.]+ ms +\[[\d.]+ ms, [\d.]+ ms\]", lines[1])
    assert "real stack: all" in " ".join(lines)
    assert lines[-1] == "replay      chatscale run whatsapp --seed 7"
    assert lines[-2].startswith("report")


def test_the_summary_names_the_checks_that_do_not_hold(lost: Path) -> None:
    lines = _printed(build_result(lost))
    assert any(line.startswith("✗ lost: 1 lost") for line in lines)


def test_a_history_that_was_cut_short_is_an_error_with_its_place(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "run")
    cut = tmp_path / "run" / "history-real.parquet"
    cut.write_bytes(cut.read_bytes()[:5000])
    with pytest.raises(HistoryError, match=r"history-real\.parquet cannot be read, it may be cut short"):
        build_result(tmp_path / "run")


def test_a_folder_without_histories_is_an_error(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "scenario.toml", tmp_path)
    with pytest.raises(HistoryError, match=r"holds no history; it needs history-sim\.parquet or history-real\.parquet"):
        build_result(tmp_path)


def test_a_folder_that_is_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not a run: no scenario\.toml in it"):
        build_result(tmp_path)


def test_facts_that_are_cut_short_are_an_error(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "run")
    (tmp_path / "run" / "facts.json").write_text('{"seed": ')
    with pytest.raises(UsageError, match=r"facts\.json is not JSON, it may be cut short"):
        build_result(tmp_path / "run")


def test_broken_clocks_are_a_warning(tmp_path: Path) -> None:
    write_run(tmp_path, worlds=["real"])
    frame = History.load(tmp_path / "history-real.parquet").frame
    frame.loc[frame["kind"] == "deliver", "routed_ns"] -= 10**9
    History.from_frame(frame).save(tmp_path / "history-real.parquet")
    (warning,) = build_result(tmp_path).warnings
    assert warning == "real: 1,500 negative latencies: its clocks disagree, distrust its latencies"
