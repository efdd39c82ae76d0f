"""Which servers get a proxy, and how the backend is led to it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from realstack.chat.settings import Settings
from realstack.endpoints import endpoints
from realstack.faults.network import network_between
from realstack.servers import ProcessScope, Servers
from sim.faults import Fault
from tests.realstack.chat.fakes import choices

NAMES = ("kafka-1", "kafka-2", "kafka-3", "cassandra-1", "cassandra-2", "cassandra-3", "redis-1", "redis-2")
ADDRESSES = {name: f"127.0.0.1:{number}" for number, name in enumerate(NAMES, start=1)}
SETTINGS = Settings(
    ",".join(ADDRESSES[name] for name in NAMES[:3]),
    ",".join(ADDRESSES[name] for name in NAMES[3:6]),
    ",".join(ADDRESSES[name] for name in NAMES[6:]),
    "",
    "test",
    choices(nodes=3),
)


def cut(target: str) -> Fault:
    return Fault.model_validate({"at": 1, "kind": "cut", "target": target})


def led_astray(folder: Path, *faults: Fault) -> set[str]:
    """The servers to which the backend goes by a proxy."""
    with ProcessScope() as scope:
        services: dict[str, Any] = {
            name: SimpleNamespace(kind=name.partition("-")[0], address=address, detour=(0, address))
            for name, address in ADDRESSES.items()
        }
        servers = cast(Servers, SimpleNamespace(services=services, scope=scope))
        with network_between(faults, servers, folder) as network:
            assert network is not None
            inside = network.around(SETTINGS)
            ways = {name: inside.way_to(*endpoints(address)[0]) for name, address in ADDRESSES.items()}
    return {name for name, way in ways.items() if way != endpoints(ADDRESSES[name])[0]}


def test_only_a_node_whose_network_goes_wrong_has_a_proxy(tmp_path: Path) -> None:
    assert led_astray(tmp_path, cut("cassandra-2"), cut("redis-1")) == {"cassandra-2", "redis-1"}


def test_where_one_broker_has_a_proxy_all_have_for_each_names_the_others(tmp_path: Path) -> None:
    assert led_astray(tmp_path, cut("kafka-2")) == {"kafka-1", "kafka-2", "kafka-3"}


def test_without_faults_of_the_network_there_is_no_proxy(tmp_path: Path) -> None:
    kill = Fault.model_validate({"at": 1, "kind": "kill", "target": "kafka-1", "for": 1})
    with network_between([kill], cast(Servers, SimpleNamespace(services={})), tmp_path) as network:
        assert network is None
