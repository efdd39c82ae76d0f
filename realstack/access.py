"""Credentials and TLS for servers that run elsewhere, of each server by its own: kafka, cassandra, redis, sentinel.

    environment                                   access.toml, named by CHATSCALE_ACCESS
    CHATSCALE_REDIS_USER=chat                     [redis]
    CHATSCALE_REDIS_PASSWORD=…                    user = "chat"
    CHATSCALE_REDIS_CA=/etc/ssl/ours.pem          password = "…"
                                                  ca = "/etc/ssl/ours.pem"

    user, password    Redis AUTH, Cassandra's PasswordAuthenticator, Kafka's SASL
    sasl              Kafka's mechanism: PLAIN, which is the default, SCRAM-SHA-256 or SCRAM-SHA-512
    tls               "yes" for TLS with the authorities that this machine trusts
    ca                TLS with this authority
    cert, key         TLS with this certificate of the client's own

The environment goes before the file. Every process that connects reads them for itself, from the environment that it
was started with: they stand in no run folder, no log and no message. Servers that we start ourselves ask for nothing.
"""

from __future__ import annotations

import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sim.errors import UsageError

SERVERS = ("kafka", "cassandra", "redis", "sentinel")
FILE = "CHATSCALE_ACCESS"
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_YES, _NO = ("1", "yes", "true", "on"), ("", "0", "no", "false", "off")


@dataclass(frozen=True, slots=True)
class Access:
    """What one server asks of its clients; empty where it asks for nothing."""

    user: str = ""
    password: str = field(default="", repr=False)
    sasl: str = "PLAIN"
    tls: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""

    @property
    def uses_tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.tls.lower() in _YES or bool(self.ca or self.cert)

    def ssl_context(self) -> ssl.SSLContext | None:
        """For clients that take one; None without TLS. UsageError for files that cannot be used."""
        if not self.uses_tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
            if self.cert:
                context.load_cert_chain(self.cert, self.key or None)
        except OSError as error:
            files = ", ".join(path for path in (self.ca, self.cert, self.key) if path)
            raise UsageError(f"TLS with {files}: {error}; give PEM files that can be read") from error
        return context

    def kafka_options(self) -> dict[str, Any]:
        """For the clients of aiokafka."""
        protocol = ("SASL_" if self.user else "") + ("SSL" if self.uses_tls else "PLAINTEXT")
        options: dict[str, Any] = {} if protocol == "PLAINTEXT" else {"security_protocol": protocol}
        if self.uses_tls:
            options["ssl_context"] = self.ssl_context()
        if self.user:
            options |= {"sasl_mechanism": self.sasl, "sasl_plain_username": self.user}
            options["sasl_plain_password"] = self.password
        return options

    def cassandra_options(self) -> dict[str, Any]:
        """For the driver's `Cluster`."""
        options: dict[str, Any] = {}
        if self.uses_tls:
            options["ssl_context"] = self.ssl_context()
        if self.user:
            from cassandra.auth import PlainTextAuthProvider

            options["auth_provider"] = PlainTextAuthProvider(self.user, self.password)
        return options

    def redis_options(self) -> dict[str, Any]:
        """For the clients of redis-py, which take files and no context."""
        options: dict[str, Any] = {}
        if self.uses_tls:
            self.ssl_context()  # tells at once what is wrong with the files
            files = {"ssl_ca_certs": self.ca, "ssl_certfile": self.cert, "ssl_keyfile": self.key}
            options |= {"ssl": True, **{name: path for name, path in files.items() if path}}
        if self.user:
            options["username"] = self.user
        if self.password:
            options["password"] = self.password
        return options

    def __str__(self) -> str:
        """What is used, without a secret: "user chat, password, TLS with /etc/ssl/ours.pem"."""
        said = [f"user {self.user}"] if self.user else []
        said += ["password"] if self.password else []
        said += [f"TLS with {self.ca or 'the authorities of this machine'}"] if self.uses_tls else []
        said += [f"client certificate {self.cert}"] if self.cert else []
        return ", ".join(said) or "no credentials"


def access_to(server: str, environment: Mapping[str, str]) -> Access:
    """What a server asks for, by file and environment. UsageError tells what is wrong, never a secret."""
    values = dict(_of_file(environment.get(FILE, "")).get(server, {}))
    for name in (each.name for each in fields(Access)):
        if (variable := variable_of(server, name)) in environment:
            values[name] = environment[variable]
    access = Access(**values)
    _require_sound(server, access)
    return access


def variable_of(server: str, name: str) -> str:
    """The environment variable of one value."""
    return f"CHATSCALE_{server.upper()}_{name.upper()}"


def _require_sound(server: str, access: Access) -> None:
    if access.user and not access.password:
        raise UsageError(f"{server} has a user and no password; set {variable_of(server, 'password')}")
    if access.password and not access.user and server in ("kafka", "cassandra"):
        raise UsageError(f"{server} has a password and no user; set {variable_of(server, 'user')}")
    if access.sasl not in _MECHANISMS:
        raise UsageError(f"{variable_of(server, 'sasl')}: {access.sasl!r} is none of {', '.join(_MECHANISMS)}")
    if access.tls.lower() not in (*_YES, *_NO):
        raise UsageError(f"{variable_of(server, 'tls')}: {access.tls!r} is neither yes nor no")


def _of_file(name: str) -> dict[str, dict[str, str]]:
    if not name:
        return {}
    path = Path(name)
    try:
        if path.stat().st_mode & 0o077:
            raise UsageError(f"{path} holds credentials and others may read it; chmod 600 {path}")
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}, named by {FILE}, cannot be read: {error.strerror}") from None
    except ValueError:
        # Its own message may quote the line, and so a secret.
        raise UsageError(f"{path}, named by {FILE}, is not TOML") from None
    known = [each.name for each in fields(Access)]
    for server, values in document.items():
        if server not in SERVERS or not isinstance(values, dict):
            raise UsageError(f"{path}: [{server}] is no server; there are {', '.join(SERVERS)}")
        for key, value in values.items():
            if key not in known or not isinstance(value, str):
                raise UsageError(f"{path}: {server}.{key} is none of the texts {', '.join(known)}")
    return document
