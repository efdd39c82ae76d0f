"""What a process is told survives the file, and lands in names of its own in every server."""

from __future__ import annotations

from pathlib import Path

import pytest

from realstack.chat.handover import tell
from realstack.chat.settings import Choices, Ready, Settings
from sim.design import Design
from tests.realstack.chat.fakes import choices, settings


@pytest.mark.parametrize("preset", ["seed", "hardened"])
def test_settings_read_back_as_they_were_written(preset: str, tmp_path: Path) -> None:
    made = settings(preset=preset, linger=0.005, partitions=3)
    made.save(tmp_path / "settings.json")
    assert Settings.awaited(tmp_path / "settings.json") == made


def test_the_choices_are_the_designs() -> None:
    design = Design.model_validate({"preset": "seed", "partitions": 4})
    choices = Choices.of(design)
    assert {name: getattr(choices, name) for name in Choices.__struct_fields__} == {
        name: getattr(design, name) for name in Choices.__struct_fields__
    }


def test_only_a_sequence_is_sequenced() -> None:
    assert [choices(preset=preset).sequenced for preset in ("seed", "hardened")] == [False, True]


def test_every_name_is_in_the_namespace() -> None:
    made = Settings("k:1", "c:1", "r:1", "", "chatscale-ab12", choices())
    names = (made.messages_topic, made.receipts_topic, made.group, made.keyspace)
    assert names == ("chatscale-ab12-messages", "chatscale-ab12-receipts", "chatscale-ab12-workers", "chatscale_ab12")


def test_who_wants_kafka_is_told_all_brokers_and_of_a_cluster_asks_often_who_leads() -> None:
    one = Settings("k:1", "c:1", "r:1", "", "chatscale-ab12", choices())
    three = Settings("k:1,l:2,m:3", "c:1", "r:1", "s:1", "chatscale-ab12", choices(nodes=3))
    assert one.kafka_options == {"bootstrap_servers": ["k:1"], "metadata_max_age_ms": 5_000}
    assert three.kafka_options == {"bootstrap_servers": ["k:1", "l:2", "m:3"], "metadata_max_age_ms": 2_000}


def test_a_detour_leads_to_the_proxy_and_everything_else_goes_straight() -> None:
    made = Settings("k:1,l:2", "c:1", "r:1", "", "chatscale-ab12", choices(), detours={"l:2": "proxy:9"})
    assert made.kafka_options["bootstrap_servers"] == ["k:1", "proxy:9"]
    assert (made.way_to("l", 2), made.way_to("c", 1)) == (("proxy", 9), ("c", 1))


@pytest.mark.parametrize(("nodes", "copies", "in_sync"), [(1, 1, 1), (3, 3, 2)])
def test_a_cluster_keeps_three_copies_and_can_spare_one(nodes: int, copies: int, in_sync: int) -> None:
    made = choices(nodes=nodes)
    assert (made.copies, made.in_sync) == (copies, in_sync)


def test_a_state_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "gateway-1.ready.json"
    for port in (1, 2):
        tell(path, Ready("gateway-1", port))
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == '{"name":"gateway-1","ws_port":2,"grpc_port":0,"http_port":0,"health_port":0}'
