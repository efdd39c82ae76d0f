"""Credentials come from the environment or one file, and nothing that is shown or kept holds a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realstack.access import Access, access_to
from sim.errors import UsageError

SECRET = "hunter2-and-more"
REDIS = {"CHATSCALE_REDIS_USER": "chat", "CHATSCALE_REDIS_PASSWORD": SECRET}


def access_file(folder: Path, text: str, mode: int = 0o600) -> dict[str, str]:
    path = folder / "access.toml"
    path.write_text(text)
    path.chmod(mode)
    return {"CHATSCALE_ACCESS": str(path)}


def test_without_credentials_clients_are_made_as_ever() -> None:
    plain = access_to("redis", {"OTHER": "x"})
    assert (plain.kafka_options(), plain.cassandra_options(), plain.redis_options()) == ({}, {}, {})
    assert str(plain) == "no credentials"


def test_each_server_has_its_own() -> None:
    assert access_to("redis", REDIS).redis_options() == {"username": "chat", "password": SECRET}
    assert access_to("kafka", REDIS).kafka_options() == {}


def test_a_redis_may_have_a_password_alone() -> None:
    assert access_to("redis", {"CHATSCALE_REDIS_PASSWORD": SECRET}).redis_options() == {"password": SECRET}


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({}, {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN"}),
        ({"sasl": "SCRAM-SHA-512"}, {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "SCRAM-SHA-512"}),
        ({"tls": "yes"}, {"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN"}),
    ],
)
def test_kafka_takes_sasl_with_tls_or_without(given: dict[str, str], options: dict[str, Any]) -> None:
    made = Access(user="chat", password=SECRET, **given).kafka_options()
    assert made.pop("ssl_context", None) is not None or "tls" not in given
    assert made == {**options, "sasl_plain_username": "chat", "sasl_plain_password": SECRET}


def test_cassandra_takes_user_and_password() -> None:
    provider = Access(user="chat", password=SECRET).cassandra_options()["auth_provider"]
    assert (provider.username, provider.password) == ("chat", SECRET)


def test_a_file_gives_what_the_environment_does_not(tmp_path: Path) -> None:
    named = access_file(tmp_path, f'[redis]\nuser = "chat"\npassword = "{SECRET}"\n')
    assert access_to("redis", named) == Access("chat", SECRET)
    assert access_to("redis", {**named, "CHATSCALE_REDIS_USER": "other"}) == Access("other", SECRET)
    assert access_to("kafka", named) == Access()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'[rediss]\npassword = "{SECRET}"', r"\[rediss\] is no server; there are kafka, cassandra, redis, sentinel"),
        (f'[redis]\npass = "{SECRET}"', r"redis\.pass is none of the texts user, password"),
        (f"[redis]\npassword = {SECRET}", r"is not TOML"),
    ],
)
def test_a_wrong_file_is_told_without_what_it_holds(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        access_to("redis", access_file(tmp_path, text))
    assert SECRET not in str(caught.value)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"others may read it; chmod 600"):
        access_to("redis", access_file(tmp_path, "", mode=0o644))


@pytest.mark.parametrize(
    ("server", "given", "told"),
    [
        ("kafka", {"USER": "chat"}, "kafka has a user and no password; set CHATSCALE_KAFKA_PASSWORD"),
        ("cassandra", {"PASSWORD": SECRET}, "cassandra has a password and no user; set CHATSCALE_CASSANDRA_USER"),
        ("kafka", {"SASL": "GSSAPI"}, "CHATSCALE_KAFKA_SASL: 'GSSAPI' is none of PLAIN"),
        ("redis", {"TLS": "maybe"}, "CHATSCALE_REDIS_TLS: 'maybe' is neither yes nor no"),
    ],
)
def test_what_does_not_go_together_is_told(server: str, given: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        access_to(server, {f"CHATSCALE_{server.upper()}_{name}": value for name, value in given.items()})
    assert SECRET not in str(caught.value)


def test_an_authority_that_is_no_file_is_told_with_its_path() -> None:
    with pytest.raises(UsageError, match=r"TLS with /nowhere/ca\.pem: .*PEM files that can be read"):
        Access(ca="/nowhere/ca.pem").redis_options()


def test_a_secret_is_never_shown() -> None:
    access = Access("chat", SECRET, ca="/etc/ours.pem")
    assert str(access) == "user chat, password, TLS with /etc/ours.pem"
    assert SECRET not in repr(access)
