"""What a server in a container tells when it or its engine goes away, with a stand-in for the engine's answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker.errors import DockerException, NotFound
from testcontainers.core.container import DockerContainer

from realstack.servers import ProcessScope
from realstack.servers.container_service import ContainerService
from sim.errors import ServerLostError, ServerStartError


class Answers:
    """A container as the engine's client gives it; `error` is raised by every request."""

    def __init__(self, running: bool = True) -> None:
        self.attrs = {"State": {"Running": running, "Paused": False, "ExitCode": 0 if running else 137}}
        self.error: Exception | None = None
        self.asked: list[str] = []

    def __getattr__(self, action: str) -> Any:
        def ask(**arguments: object) -> None:
            if self.error:
                raise self.error
            self.asked.append(action)

        return ask


class StandIn(ContainerService):
    """A server whose container is there already."""

    kind = "stand-in"

    def __init__(self, scope: ProcessScope, folder: Path, answers: Answers) -> None:
        super().__init__(scope, folder, "nobody/stand-in:7")
        self._container = answers
        self._wanted = True
        self._port = 7

    def configure(self, container: DockerContainer, port: int) -> int:
        return port

    def probe(self, port: int) -> None:
        pass


@pytest.fixture
def scope() -> Iterator[ProcessScope]:
    with ProcessScope() as opened:
        yield opened


def test_an_engine_that_goes_away_is_told_with_how_to_clean_up_after_it(scope: ProcessScope, tmp_path: Path) -> None:
    answers = Answers()
    service = StandIn(scope, tmp_path, answers)
    service.check()
    answers.error = DockerException("connection refused")
    told = rf"went away while stand-in ran \(connection refused\).*label=chatscale\.run={scope.run_id}"
    for ask in (service.check, service.pause, service.kill, service.wait_ready):
        with pytest.raises(ServerLostError, match=told):
            ask()
    assert service.usage() == (0.0, 0)


def test_a_container_that_ended_or_was_removed_is_lost_unless_it_was_killed_on_purpose(
    scope: ProcessScope, tmp_path: Path
) -> None:
    answers = Answers(running=False)
    service = StandIn(scope, tmp_path, answers)
    with pytest.raises(
        ServerLostError, match=r"stand-in \(nobody/stand-in:7\) at 127\.0\.0\.1:7 ended with status 137"
    ):
        service.check()
    answers.error = NotFound("no such container")
    with pytest.raises(ServerLostError, match="ended with status unknown"):
        service.check()
    service.kill()
    service.check()


def test_a_container_that_ends_while_starting_is_not_waited_for(scope: ProcessScope, tmp_path: Path) -> None:
    service = StandIn(scope, tmp_path, Answers(running=False))
    with pytest.raises(ServerStartError, match="ended with status 137 while starting"):
        service.wait_ready()


def test_a_paused_container_goes_on_before_it_is_killed(scope: ProcessScope, tmp_path: Path) -> None:
    answers = Answers()
    answers.attrs["State"]["Paused"] = True
    StandIn(scope, tmp_path, answers).kill()
    asked = [each for each in answers.asked if each not in ("reload", "stats")]
    assert asked == ["unpause", "kill", "wait"]
