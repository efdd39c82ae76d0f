"""What end-to-end encryption costs in the model: the devices' CPU, and nothing else."""

from __future__ import annotations

import pytest

from sim.engine import BOX, simulate
from sim.trace import Action
from tests.sim.engine.worlds import SECOND, exact, people, scenario

CONNECTED = [Action(0, "connect", 1), Action(0, "connect", 2)]
MESSAGES = [Action(n * SECOND, "send", 1, 5, f"uuid-{n}", n, 33) for n in range(1, 6)]


def cpu_s(encryption: str, process: str) -> float:
    history = simulate(scenario(encryption=encryption), people(*CONNECTED, *MESSAGES), exact())
    samples = history.of_kind("sample")
    return float(samples[(samples["target"] == process) & (samples["state"] == "cpu_s")]["value"].max())


@pytest.mark.parametrize(("process", "texts"), [("driver", 10), ("gateway-1", 0), ("worker-1", 0), ("cassandra", 0)])
def test_every_text_is_sealed_once_and_opened_once_by_the_devices(process: str, texts: int) -> None:
    extra_s = cpu_s("e2e", process) - cpu_s("none", process)
    assert extra_s == pytest.approx(texts * BOX.cpu_s("driver.seal"), abs=1e-9)
