"""Run folders: made once, found again, never written over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatscale.run_folder import find_run, new_folder, own_versions, write_facts
from sim.errors import UsageError
from sim.scenario_file import load_scenario

SCENARIO = load_scenario("ci-ordering")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_folder_is_named_by_scenario_time_and_seed_and_latest_links_to_it() -> None:
    folder = new_folder(SCENARIO, 7, None)
    assert folder.parent == Path("runs/ci-ordering")
    assert folder.name.endswith("-7")
    assert Path("runs/ci-ordering/latest").readlink() == Path(folder.name)
    assert load_scenario(folder / "scenario.toml") == SCENARIO


def test_latest_links_to_the_newest() -> None:
    for seed in (1, 2):
        newest = new_folder(SCENARIO, seed, None)
    assert find_run("ci-ordering") == newest.resolve()
    assert sorted(path.name for path in newest.parent.iterdir() if path.is_symlink()) == ["latest"]


def test_a_chosen_folder_may_exist_while_it_is_empty(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert new_folder(SCENARIO, 1, tmp_path / "out") == tmp_path / "out"
    assert not Path("runs").exists()
    with pytest.raises(UsageError, match="exists and is not empty"):
        new_folder(SCENARIO, 1, tmp_path / "out")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot write to .*file/out: Not a directory; choose another --out"):
        new_folder(SCENARIO, 1, tmp_path / "file" / "out")


def test_a_run_is_found_by_its_path_too(tmp_path: Path) -> None:
    made = new_folder(SCENARIO, 1, tmp_path / "out")
    assert find_run("out") == find_run(str(made)) == made.resolve()


def test_what_is_not_found_is_told_with_what_there_is() -> None:
    with pytest.raises(UsageError, match="make one with: chatscale run whatsapp"):
        find_run("whatsapp")
    new_folder(SCENARIO, 1, None)
    with pytest.raises(UsageError, match="scenarios with runs here: ci-ordering"):
        find_run("whatsapp")


def test_facts_hold_what_the_histories_do_not_say(tmp_path: Path) -> None:
    write_facts(tmp_path, 7, "chatscale run x", provider="local", versions={"kafka": "4.3.1"})
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert (facts["seed"], facts["replay"], facts["provider"]) == (7, "chatscale run x", "local")
    assert facts["machine"]["cores"] >= 1
    assert {"chatscale", "python", "simpy", "kafka"} <= set(facts["versions"])


def test_versions_need_no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "commit" not in own_versions()
    assert own_versions()["chatscale"]
