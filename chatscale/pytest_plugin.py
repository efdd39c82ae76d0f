"""The pytest plugin: real servers and real runs as fixtures. Nothing heavy is imported until a test asks for one.

    from chatscale import assert_holds

    def test_our_design_keeps_order(chatscale_run):
        history = chatscale_run("ci-ordering", {"run.duration": "5s"}, seed=3)
        assert_holds(history, "ordered", "no_loss")

Servers are started once a session, by the first test that needs them; `--chatscale-servers` says where from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from realstack.servers import Servers
    from sim.history import History


class ChatscaleRun(Protocol):
    """Drives a scenario, by name or file and with settings, through the real stack."""

    def __call__(
        self,
        scenario: str | Path = "ci-ordering",
        settings: Mapping[str, object] | None = None,
        seed: int | None = None,
    ) -> History:
        """What happened."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option, named so that it cannot clash."""
    parser.getgroup("chatscale").addoption(
        "--chatscale-servers",
        default="auto",
        metavar="SERVERS",
        help="where Kafka, Cassandra and Redis come from: auto, local, containers, external or addresses",
    )


@pytest.fixture(scope="session")
def chatscale_stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Ready Kafka, Cassandra and Redis for the whole session; nothing of them outlives it."""
    from realstack.servers import start_servers

    wanted = request.config.getoption("--chatscale-servers")
    with start_servers(wanted, tmp_path_factory.mktemp("chatscale-servers")) as servers:
        yield servers


@pytest.fixture
def chatscale_run(chatscale_stack: Servers, tmp_path: Path) -> ChatscaleRun:
    """A function that drives a scenario through the chat backend on `chatscale_stack` and returns its history."""

    def run(
        scenario: str | Path = "ci-ordering", settings: Mapping[str, object] | None = None, seed: int | None = None
    ) -> History:
        import chatscale
        from realstack.drive import drive

        wanted = chatscale.load(scenario, settings)
        return drive(chatscale_stack, wanted, chatscale.trace(wanted, seed), tmp_path / "chatscale")

    return run
