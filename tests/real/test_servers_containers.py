"""The servers as containers, on a real engine: official images where they can be had, else stand-ins."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from realstack.drive import drive
from realstack.endpoints import endpoints
from realstack.servers import Servers, start_servers
from realstack.servers.engine import connect_engine, engine_address
from realstack.servers.guard import LABEL
from reports.checks import check_history
from sim.errors import ServerError, ServerLostError, ServerMissingError
from sim.scenario_file import load_scenario
from sim.workload import make_trace
from tests.real.stand_ins import provide_images

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    """The machine's engine, with the images; skipped where none answers."""
    try:
        client = connect_engine()
    except ServerError as error:
        pytest.skip(str(error))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", engine_address())
        yield client
    client.close()


@pytest.fixture(scope="module")
def images(engine: docker.DockerClient) -> dict[str, str]:
    """What each server runs from."""
    return provide_images(engine)


@pytest.fixture(scope="module")
def containers(images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Ready servers in containers. A test that pauses or kills one brings it back."""
    with start_servers("containers", tmp_path_factory.mktemp("containers")) as started:
        yield started


def test_ready_containers_answer_their_clients_on_loopback_alone(
    containers: Servers,
    engine: docker.DockerClient,
    images: dict[str, str],
    record_property: Callable[[str, object], None],
) -> None:
    for name, image in images.items():
        record_property(name, image)
    print(images)  # shown by pytest -rP, and where this fails
    assert containers.versions["kafka"] == "4.3.1"
    assert containers.versions["cassandra"].startswith("5.0.")
    of_run = engine.containers.list(filters={"label": f"{LABEL}={containers.scope.run_id}"})
    bound = [each["HostIp"] for one in of_run for ports in one.ports.values() for each in ports or []]
    assert bound == ["127.0.0.1"] * 3
    containers.check()
    assert all(rss_bytes > 0 for _, rss_bytes in containers.usage().values())


def test_a_paused_container_answers_nothing_and_forgets_nothing(containers: Servers) -> None:
    where = containers.addresses
    with redis.Redis(*endpoints(where.redis)[0], socket_timeout=0.3, retry=Retry(NoBackoff(), 0)) as client:
        client.set("paused", "kept")
        containers.services["redis"].pause()
        with pytest.raises(redis.TimeoutError):
            client.get("paused")
        containers.check()
        containers.services["redis"].resume()
        assert client.get("paused") == b"kept"


def test_a_killed_container_comes_back_at_its_address(containers: Servers) -> None:
    service = containers.services["redis"]
    address = service.address
    service.kill()
    containers.check()
    service.restart()
    assert service.address == address
    containers.check()


def test_a_container_that_dies_is_named_with_its_log(containers: Servers, engine: docker.DockerClient) -> None:
    service = containers.services["redis"]
    [container] = [
        each
        for each in engine.containers.list(filters={"label": f"{LABEL}={containers.scope.run_id}"})
        if "-redis-" in str(each.name)
    ]
    container.kill()
    container.wait()
    with pytest.raises(ServerLostError, match=r"redis .* ended with status 137[^$]*Ready to accept connections"):
        containers.check()
    service.restart()
    containers.check()


def test_a_run_on_containers_passes(containers: Servers, tmp_path: Path) -> None:
    scenario = load_scenario("ci-ordering", ["run.duration=4s", "run.warm_up=1s", "scale.messages=1:100_000"])
    trace = make_trace(scenario)
    history = drive(containers, scenario, trace, tmp_path)
    assert len(history.of_kind("store.row")) == len(history.of_kind("send.ok")) == trace.message_count
    wrong = {v.check for v in check_history(history) if v.outcome.counts_against}
    assert wrong <= {"slo_miss"}, wrong


def test_an_image_that_cannot_be_pulled_is_told_with_the_next_step(
    engine: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATSCALE_KAFKA_IMAGE", "127.0.0.1:1/nobody/kafka:0")
    with (
        pytest.raises(ServerMissingError, match=r"127\.0\.0\.1:1/nobody/kafka:0 .*pulled.*CHATSCALE_KAFKA_IMAGE=NAME"),
        start_servers("containers", tmp_path),
    ):
        pass


def test_no_container_outlives_a_parent_that_is_killed(
    engine: docker.DockerClient, images: dict[str, str], tmp_path: Path
) -> None:
    script = """
import sys, time
from pathlib import Path
from realstack.servers.containers import IMAGES, RedisContainer
from realstack.servers.process import ProcessScope
scope = ProcessScope()
RedisContainer(scope, Path(sys.argv[1]), IMAGES["redis"]).launch()
print(scope.run_id, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        label = f"{LABEL}={parent.stdout.readline().strip()}"
        assert len(engine.containers.list(filters={"label": label})) == 1
        parent.kill()
    deadline_s = time.monotonic() + 30
    while engine.containers.list(all=True, filters={"label": label}, ignore_removed=True):
        assert time.monotonic() < deadline_s
        time.sleep(0.1)
