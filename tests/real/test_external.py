"""Servers that run elsewhere and ask for credentials: a run passes, keeps the secrets and leaves nothing there.

Kafka asks for SASL over TLS, Cassandra for a user and a password over TLS, Redis for a password over TLS.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from realstack.access import Access
from realstack.chat.settings import Settings
from realstack.drive import drive
from realstack.provision import require_unused
from realstack.servers import ProcessScope, jars, start_servers
from realstack.servers.cassandra import LocalCassandra
from realstack.servers.java import find_java
from realstack.servers.kafka import LocalKafka
from realstack.servers.ports import HOST
from realstack.servers.probes import probe_cassandra, probe_kafka, probe_redis
from realstack.servers.redis import LocalRedis, find_redis
from realstack.stack import ChatStack
from reports.checks import check_history
from sim.errors import ServerError, UsageError
from sim.scenario_file import load_scenario
from sim.workload import make_trace
from tests.real import tls_front

pytestmark = pytest.mark.real

# Cassandra makes this first user; a real one would be made by it and have another password.
USER, PASSWORD = "cassandra", "cassandra"
SECRET = "hunter2-of-redis-and-kafka"
TINY = ["run.duration=4s", "run.warm_up=1s", "scale.messages=1:100_000"]


class LockedKafka(LocalKafka):
    """Takes clients by SASL over TLS only; talks to itself in the clear."""

    tls: Path

    @property
    def access(self) -> Access:
        """What its clients need."""
        return Access("chat", SECRET, ca=str(self.tls / "ca.pem"))

    def arguments(self) -> list[str]:
        """With a certificate and a user."""
        made = super().arguments()
        ports = self.place.ports
        with self.data.with_name(f"{self.name}.properties").open("a") as config:
            config.write(
                "\nlistener.security.protocol.map=CLIENT:SASL_SSL,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
                "inter.broker.listener.name=PROXIED\n"
                f"advertised.listeners=CLIENT://{HOST}:{ports.client},PROXIED://{HOST}:{ports.behind}\n"
                f"listener.name.client.ssl.keystore.location={self.tls / 'server.pem'}\n"
                "listener.name.client.ssl.keystore.type=PEM\n"
                "listener.name.client.sasl.enabled.mechanisms=PLAIN\n"
                "listener.name.client.plain.sasl.jaas.config="
                f'org.apache.kafka.common.security.plain.PlainLoginModule required user_chat="{SECRET}";\n'
            )
        return made

    def probe(self) -> None:
        """With certificate and user."""
        probe_kafka(self.address, **self.access.kafka_options())


class LockedRedis(LocalRedis):
    """Asks for a password. The binary may be one without TLS: a process before it brings it (`tls_front`)."""

    tls: Path

    @property
    def address(self) -> str:
        """Where its clients come by TLS."""
        return f"{HOST}:{self.place.ports.proxy}"

    def command(self) -> list[str]:
        """With a password, and with TLS before it."""
        ports, certificate = self.place.ports, str(self.tls / "server.pem")
        front = [sys.executable, tls_front.__file__, str(ports.proxy), str(ports.client), certificate]
        self._scope.spawn("redis-tls", front, self.tls / "logs" / "redis-tls.log")
        return [*super().command(), "--requirepass", SECRET]

    def probe(self) -> None:
        """With password and certificate."""
        access = Access(password=SECRET, ca=str(self.tls / "ca.pem"))
        probe_redis(HOST, self.place.ports.proxy, **access.redis_options())


class LockedCassandra(LocalCassandra):
    """Asks for user and password over TLS only, and lets users do only what they may."""

    tls: Path

    def arguments(self) -> list[str]:
        """With authentication, authorization and a certificate."""
        made = super().arguments()
        with self.data.with_name(f"{self.name}.yaml").open("a") as config:
            config.write(
                "\nauthenticator: PasswordAuthenticator\nauthorizer: CassandraAuthorizer\n"
                "client_encryption_options:\n  enabled: true\n  optional: false\n"
                "  ssl_context_factory: {class_name: org.apache.cassandra.security.PEMBasedSslContextFactory}\n"
                f"  keystore: {self.tls / 'server.pem'}\n  truststore: {self.tls / 'ca.pem'}\n"
            )
        return made

    def probe(self) -> None:
        """With the first user."""
        access = Access(USER, PASSWORD, ca=str(self.tls / "ca.pem"))
        probe_cassandra(*self.place.endpoint, **access.cassandra_options())


@dataclass(frozen=True)
class Elsewhere:
    """Where the servers are, and the environment that lets us in."""

    text: str
    environment: dict[str, str]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """Servers that let nobody in without credentials."""
    folder = tmp_path_factory.mktemp("elsewhere")
    make_certificate(folder)
    with ProcessScope(folder / "data") as scope:
        kafka = LockedKafka(scope, folder, find_java(), jars.class_path("kafka"))
        kafka.tls = folder
        redis = LockedRedis(scope, folder, find_redis())
        redis.tls = folder
        cassandra = LockedCassandra(scope, folder, find_java(), jars.class_path("cassandra"))
        cassandra.tls = folder
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda service: service.launch(), (kafka, cassandra, redis)))
        access = folder / "access.toml"
        access.write_text(
            f'[cassandra]\nuser = "{USER}"\npassword = "{PASSWORD}"\nca = "{kafka.access.ca}"\n'
            f'[kafka]\nuser = "chat"\npassword = "{SECRET}"\nca = "{kafka.access.ca}"\n'
        )
        access.chmod(0o600)
        yield Elsewhere(
            f"kafka={kafka.address},cassandra={cassandra.address},redis={redis.address}",
            {
                "CHATSCALE_ACCESS": str(access),
                "CHATSCALE_REDIS_PASSWORD": SECRET,
                "CHATSCALE_REDIS_CA": kafka.access.ca,
            },
        )


def make_certificate(folder: Path) -> None:
    """ca.pem, an authority that is its own server on loopback; server.pem, the same with its key."""
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "ca.pem")]
    made = [*files, "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", *made]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "server.pem").write_text((folder / "key.pem").read_text() + (folder / "ca.pem").read_text())


def test_without_credentials_the_server_that_asks_for_them_is_named(elsewhere: Elsewhere, tmp_path: Path) -> None:
    with (
        pytest.raises(ServerError, match=r"(kafka|cassandra|redis) at .* does not answer to no credentials"),
        start_servers(elsewhere.text, tmp_path),
    ):
        pass


def test_a_run_with_credentials_passes_keeps_them_to_itself_and_leaves_nothing_there(
    elsewhere: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in elsewhere.environment.items():
        monkeypatch.setenv(name, value)
    scenario = load_scenario("ci-ordering", TINY)
    trace = make_trace(scenario)
    with start_servers(elsewhere.text, tmp_path) as theirs:
        history = drive(theirs, scenario, trace, tmp_path / "run")
        require_unused(Settings.awaited(tmp_path / "run" / "backend.json"))
        assert len(history.of_kind("store.row")) == len(history.of_kind("send.ok")) == trace.message_count
    wrong = {v.check for v in check_history(history) if v.outcome.counts_against}
    assert wrong <= {"slo_miss"}, wrong
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert not any(SECRET.encode() in content for content in written)


def test_what_bears_the_name_of_a_run_already_is_neither_used_nor_removed(
    elsewhere: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in elsewhere.environment.items():
        monkeypatch.setenv(name, value)
    # The namespace alone; the mark by which a run's processes are known stays its own.
    monkeypatch.setattr("realstack.stack.secrets.token_hex", lambda n: "feedbeef" if n == 4 else os.urandom(n).hex())
    scenario = load_scenario("ci-ordering", TINY)
    trace = make_trace(scenario)
    with start_servers(elsewhere.text, tmp_path) as theirs:
        with ChatStack(theirs, scenario, trace, tmp_path / "one") as one:
            with pytest.raises(
                UsageError, match=r"chatscale-feedbeef-messages.*there already, and not made by this run"
            ):
                ChatStack(theirs, scenario, trace, tmp_path / "two").__enter__()
            one.check()
        with ChatStack(theirs, scenario, trace, tmp_path / "three"):
            pass
