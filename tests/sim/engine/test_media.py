"""Media on the box: up before their message goes, down where it is shown, and what both cost."""

from __future__ import annotations

from typing import Any

import pytest

from reports.checks import check_history
from sim.engine import BOX, simulate
from sim.history import History
from sim.scenario import Scenario
from sim.trace import Action, Trace
from sim.verdict import Outcome
from sim.workload.media import media_on_the_box
from tests.sim.engine.worlds import SECOND, exact, people, scenario

USERS = (1, 2, 3)
CONNECTED = [Action(0, "connect", user) for user in USERS]


def picturesque(media_share: float = 1.0, scale: float = 1.0, **design: Any) -> Scenario:
    """Everything has a medium, of full size, unless told otherwise."""
    made = scenario(media="store", **design)
    update = {"traffic": made.traffic.model_copy(update={"media_share": media_share})}
    return made.model_copy(update={**update, "scale": made.scale.model_copy(update={"media": scale})})


def chat(count: int = 1, gap_s: float = 1.0) -> Trace:
    sends = [Action(SECOND + round(n * gap_s * 1e9), "send", 1, 5, f"uuid-{n}", 1 + n, 20) for n in range(count)]
    return people(*CONNECTED, *sends, users=USERS)


def took_s(history: History, kind: str) -> list[float]:
    rows = history.of_kind(kind)
    return ((rows["t_ns"] - rows["start_ns"]) / 1e9).tolist()


def test_a_medium_is_up_before_its_message_goes_and_down_where_it_is_shown() -> None:
    history = simulate(picturesque(), chat())
    put, accepted_ns = history.of_kind("media.put"), history.of_kind("deliver")["accepted_ns"].iloc[0]
    sent_ns = history.of_kind("send.invoke")["t_ns"].iloc[0]
    assert sent_ns <= put["start_ns"].iloc[0] < put["t_ns"].iloc[0] < accepted_ns
    got, shown = history.of_kind("media.get"), history.of_kind("deliver")
    assert got["device"].tolist() == ["u2", "u3"]
    assert (got["start_ns"].to_numpy() >= shown["t_ns"].to_numpy()).all()
    assert got["size_bytes"].unique().tolist() == put["size_bytes"].tolist()
    assert Outcome.FAIL not in {verdict.outcome for verdict in check_history(history, ["content_mismatch", "lost"])}


def test_what_was_written_later_in_the_conversation_waits_behind_an_upload() -> None:
    history = simulate(picturesque(), chat(count=5, gap_s=0.0001), exact())
    assert history.of_kind("store.row").sort_values("seq")["uuid"].tolist() == [f"uuid-{n}" for n in range(5)]
    put = history.of_kind("media.put")
    assert (put["start_ns"].to_numpy()[1:] >= put["t_ns"].to_numpy()[:-1]).all()


def test_an_upload_costs_both_ends_a_request_and_each_kib() -> None:
    small, large = (simulate(picturesque(scale=scale), chat(), exact()) for scale in (1e-9, 1.0))
    cassandra_s = BOX.cpu_s("cassandra.read") + BOX.cpu_s("cassandra.write")
    assert small.of_kind("media.put")["size_bytes"].tolist() == [1]
    extra_kib = (large.of_kind("media.put")["size_bytes"].iloc[0] - 1) / 1024
    request_s = BOX.cpu_s("driver.media") + BOX.cpu_s("media.put") + cassandra_s
    per_kib_s = BOX.cpu_s("driver.kib") + BOX.cpu_s("media.kib")
    assert took_s(small, "media.put") == pytest.approx([request_s + per_kib_s / 1024], abs=1e-7)
    assert took_s(large, "media.put")[0] - took_s(small, "media.put")[0] == pytest.approx(
        extra_kib * per_kib_s, abs=1e-7
    )


def test_the_service_is_a_process_with_its_cpu_and_counts_what_came_and_what_it_stored() -> None:
    trace, world = chat(count=30, gap_s=0.1), picturesque(media_share=0.3)
    history, media = simulate(world, trace), media_on_the_box(trace, world)
    samples = history.of_kind("sample")
    cpu_s = samples[(samples["target"] == "media-1") & (samples["state"] == "cpu_s")]["value"]
    assert cpu_s.iloc[-1] > len(media) * (BOX.cpu_s("media.put") + 2 * BOX.cpu_s("media.get"))
    counted = samples[samples["target"] == "media"].set_index("state")["value"].to_dict()
    assert 0 < counted["stored"] == len({medium.content for medium in media.values()}) < counted["uploads"]
    assert counted["uploads"] == len(media) == len(history.of_kind("media.put")) < trace.message_count
    assert counted["stored_bytes"] < counted["uploaded_bytes"] == sum(medium.size_bytes for medium in media.values())


def test_a_cluster_keeps_media_too() -> None:
    history = simulate(picturesque(nodes=3), chat(count=3))
    assert history.quiesced_ns is not None
    assert len(history.of_kind("media.get")) == 2 * len(history.of_kind("media.put")) == 6


def test_without_a_store_nothing_is_uploaded_and_there_is_no_such_process() -> None:
    history = simulate(scenario(), chat())
    assert history.of_kind("media.put", "media.get").empty
    assert "media-1" not in set(history.of_kind("sample")["target"])
