"""What `start_servers` refuses, and how a local server that does not come up is told, with a stand-in for it."""

import sys
from pathlib import Path

import pytest

from realstack.servers import ProcessScope, local, local_service, start_servers
from realstack.servers.containers import as_environment
from realstack.servers.local_service import LocalService
from realstack.servers.place import Place, Ports, free_places
from realstack.servers.ports import HOST
from sim.errors import ServerError, ServerLostError, ServerMissingError, ServerStartError, UsageError

LISTEN = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    while True:
        server.accept()[0].close()
"""


class StandIn(LocalService):
    """Runs a Python script in place of a server; the script gets the port."""

    kind = "stand-in"
    version = "1"
    script = LISTEN

    def command(self) -> list[str]:
        return [sys.executable, "-c", self.script, str(self.place.ports.client)]

    def probe(self) -> None:
        pass


def test_an_unknown_provider_is_told_with_those_there_are(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="unknown servers 'cloud'; there are auto, local, containers, external"),
        start_servers("cloud", tmp_path),
    ):
        pass


def test_an_engine_that_does_not_answer_is_told_with_the_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with (
        pytest.raises(ServerMissingError, match=r"none\.sock \(No such file or directory\).*or use --servers local"),
        start_servers("containers", tmp_path),
    ):
        pass


def test_an_engine_on_another_machine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    with (
        pytest.raises(UsageError, match=r"192\.0\.2\.1:2375 is on another machine"),
        start_servers("containers", tmp_path),
    ):
        pass


def test_a_cluster_of_containers_is_refused_with_what_there_is(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match=r"containers are one node of each server, not 3: .* --servers local"),
        start_servers("containers", tmp_path, nodes=3),
    ):
        pass


def test_kafkas_properties_become_the_variables_of_its_image() -> None:
    properties = "# nothing\n\nlog.dirs=/data\nlistener.security.protocol.map=A:B,C:D\nx=a=b\n"
    assert as_environment(properties) == {
        "KAFKA_LOG_DIRS": "/data",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "A:B,C:D",
        "KAFKA_X": "a=b",
    }


def test_a_data_folder_that_exists_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(UsageError, match="exists already"), start_servers("local", tmp_path):
        pass
    assert (tmp_path / "data").exists()


def test_a_dead_external_address_is_told_with_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realstack.servers.external.READY_LIMIT_S", 0.1)
    dead = "kafka=127.0.0.1:1,cassandra=127.0.0.1:1,redis=127.0.0.1:1"
    with (
        pytest.raises(ServerError, match=r"at 127\.0\.0\.1:1 does not answer .*--servers local"),
        start_servers(dead, tmp_path),
    ):
        pass


def test_a_full_disk_is_told_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "free_bytes", lambda folder: 2**30)
    with pytest.raises(ServerError, match=r"1\.0 GiB free, the servers need 2 GiB"), start_servers("local", tmp_path):
        pass


def test_a_server_that_dies_while_starting_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with ProcessScope() as scope:
        service = StandIn(scope, tmp_path)
        service.script = "import sys; print('no such option'); sys.exit(3)"
        with pytest.raises(ServerStartError, match=r"stand-in ended with status 3 while starting[^$]*no such option"):
            service.launch()


def test_a_port_that_is_taken_is_replaced_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ProcessScope() as scope:
        first = StandIn(scope, tmp_path / "first")
        first.launch()
        taken = Place(1, HOST, Ports(first.place.ports.client, 1, 2, 3))
        offers = iter([(taken,), free_places()])
        monkeypatch.setattr(local_service, "free_places", lambda: next(offers))
        second = StandIn(scope, tmp_path / "second")
        second.launch()
        assert second.address != first.address
        first.check()
        second.check()


def test_a_server_that_died_is_told_unless_it_was_killed_on_purpose(tmp_path: Path) -> None:
    with ProcessScope() as scope:
        service = StandIn(scope, tmp_path)
        service.launch()
        address = service.address
        service.kill()
        service.check()
        service.restart()
        assert service.address == address
        service.process.kill()
        with pytest.raises(ServerLostError, match=r"stand-in at .* ended with status -9"):
            service.check()


def test_an_unready_server_is_given_up_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_service, "READY_LIMIT_S", 0.2)
    with ProcessScope() as scope:
        service = StandIn(scope, tmp_path)
        service.script = "import time; time.sleep(600)"
        with pytest.raises(ServerStartError, match=r"not ready within 0\.2 s \(it does not listen at"):
            service.launch()
