"""The pytest plugin as a test suite elsewhere uses it: a real run on servers that are there, and what it promises."""

from __future__ import annotations

import pytest

from realstack.servers import Servers
from tests.chatscale.test_pytest_plugin import PLUGIN, ROOT

pytest_plugins = "pytester"
pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def _our_own_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_a_real_run_keeps_order_and_loses_nothing(servers: Servers, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        from chatscale import assert_holds

        def test_order(chatscale_run):
            history = chatscale_run("ci-ordering", {"run.duration": "4s", "run.warm_up": "1s"}, seed=3)
            assert len(history.of_kind("deliver")) > 20
            assert_holds(history, "ordered", "no_loss", "no_duplicates", "no_phantoms", "durable_acks")
    """)
    here = servers.addresses
    where = f"kafka={here.kafka},cassandra={here.cassandra},redis={here.redis}"
    result = pytester.runpytest_subprocess(*PLUGIN, f"--chatscale-servers={where}", timeout=200)
    result.assert_outcomes(passed=1)
