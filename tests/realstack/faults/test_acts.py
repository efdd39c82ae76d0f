"""What a fault does to which part of the stack, on stand-ins that note it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from realstack.faults.acts import Acts, refuse_impossible
from realstack.faults.network import Network
from realstack.servers import Servers
from realstack.stack import ChatStack
from sim.errors import UsageError
from sim.faults import Fault


class Noted:
    """Whatever is called is noted with its name."""

    def __init__(self, name: str, calls: list[str], **known: Any) -> None:
        self._name = name
        self._calls = calls
        self.__dict__ |= known

    def __getattr__(self, action: str) -> Callable[..., None]:
        return lambda *given: self._calls.append(" ".join([self._name, action, *map(str, given)]))


def acts(calls: list[str]) -> Acts:
    services = {name: Noted(name, calls) for name in ("kafka", "cassandra", "redis")}
    processes = {name: Noted(name, calls) for name in ("gateway-1", "worker-1")}
    stack = Noted("stack", calls, processes=processes)
    return Acts(cast(Servers, SimpleNamespace(services=services)), cast(ChatStack, stack), None)


@pytest.mark.parametrize(
    ("fault", "done", "undone"),
    [
        ({"kind": "pause", "target": "redis", "for": 1}, "redis pause", "redis resume"),
        ({"kind": "pause", "target": "worker-1", "for": 1}, "worker-1 pause", "worker-1 resume"),
        ({"kind": "kill", "target": "kafka", "for": 1}, "kafka kill", "kafka restart"),
        ({"kind": "kill", "target": "gateway-1", "for": 1}, "stack kill gateway-1", "stack replace gateway-1"),
        ({"kind": "drain", "target": "worker-1", "for": 1}, "stack drain worker-1", "stack replace worker-1"),
        (
            {"kind": "skew", "target": "gateway-1", "by": "-50ms"},
            "stack skew gateway-1 -0.05",
            "stack skew gateway-1 0.0",
        ),
    ],
)
def test_a_fault_is_done_to_its_target_and_undone(fault: dict[str, Any], done: str, undone: str) -> None:
    calls: list[str] = []
    undo = acts(calls).begin(Fault.model_validate({"at": 1, **fault}))
    assert calls == [done]
    assert undo() is None
    assert calls == [done, undone]


def test_partitions_are_added_and_stay() -> None:
    calls: list[str] = []
    acts(calls).begin(Fault.model_validate({"at": 1, "kind": "add-partitions", "target": "kafka", "count": 2}))()
    assert calls == ["stack add_partitions 2"]


def test_lost_heartbeats_are_the_drivers_business() -> None:
    calls: list[str] = []
    acts(calls).begin(Fault.model_validate({"at": 1, "kind": "lose-heartbeats", "target": "gateway-1", "for": 1}))()
    assert calls == []


def test_faults_of_servers_elsewhere_are_refused_before_anything_runs() -> None:
    ours, theirs = (
        SimpleNamespace(detour=(1, "127.0.0.1:2")),
        SimpleNamespace(detour=None, address="redis.example:6379"),
    )
    servers = cast(Servers, SimpleNamespace(services={"kafka": ours, "redis": theirs}))
    allowed = Fault.model_validate({"at": 1, "kind": "pause", "target": "kafka", "for": 1})
    refuse_impossible((allowed,), servers)
    for kind, why in (("pause", "stop it"), ("partition", "stand between")):
        refused = Fault.model_validate({"at": 1, "kind": kind, "target": "redis", "for": 1})
        with pytest.raises(
            UsageError, match=rf"faults\.1: {kind} of redis at redis\.example:6379.*{why}.*--servers local"
        ):
            refuse_impossible((allowed, refused), servers)


def test_a_fault_of_a_node_that_is_not_there_is_refused() -> None:
    theirs = SimpleNamespace(detour=None, address="k:9092,l:9092,m:9092")
    servers = cast(Servers, SimpleNamespace(services={"kafka": theirs}))
    fault = Fault.model_validate({"at": 1, "kind": "kill", "target": "kafka-2", "for": 1})
    with pytest.raises(UsageError, match=r"faults\.0: kill of kafka-2, which is not a process of ours"):
        refuse_impossible((fault,), servers)


def test_what_the_network_hit_is_told_when_it_is_undone() -> None:
    class Counting(Network):
        def __init__(self) -> None:
            pass

        def begin(self, fault: Fault) -> Callable[[], int]:
            return lambda: 7

    services = cast(Servers, SimpleNamespace(services={}))
    cut = Fault.model_validate({"at": 1, "kind": "cut", "target": "redis", "for": 1})
    assert Acts(services, cast(ChatStack, None), Counting()).begin(cut)() == 7
