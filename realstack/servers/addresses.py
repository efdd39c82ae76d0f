"""Where the three servers are, and how a user says it.

    servers.toml            one string                                     environment
    kafka = "h:9092"        kafka=h:9092,cassandra=h:9042,redis=h:6379     CHATSCALE_KAFKA=h:9092
    cassandra = "h:9042"                                                   CHATSCALE_CASSANDRA=h:9042
    redis = "h:6379"                                                       CHATSCALE_REDIS=h:6379

A port may be left out (9092, 9042, 6379; 26379 of a sentinel). Of a cluster several are given, separated by commas.
Where `sentinel` is given, the Redis to write to is the primary "mymaster" that the sentinels name at the time.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from realstack.endpoints import join
from sim.errors import UsageError

DEFAULT_PORTS = {"kafka": 9092, "cassandra": 9042, "redis": 6379}
_PORTS = {**DEFAULT_PORTS, "sentinel": 26379}
EXAMPLE = "kafka=HOST:9092,cassandra=HOST:9042,redis=HOST:6379"


@dataclass(frozen=True, slots=True)
class Addresses:
    """What a client needs to connect: of each server one HOST:PORT, or several separated by commas.

    With a `sentinel`, whoever wants Redis asks there first. Servers `elsewhere`, which we did not start, may ask for
    credentials (`realstack.access`).
    """

    kafka: str
    cassandra: str
    redis: str
    sentinel: str = ""
    elsewhere: bool = False


def parse_addresses(text: str | None, environment: Mapping[str, str]) -> Addresses:
    """Addresses from a .toml file's path, from one string, or (text None) from the environment.

    `UsageError` tells which server has no address, an unknown name, or an address that is not HOST:PORT.
    """
    if text is None:
        entries = {name: environment[key] for name in _PORTS if (key := f"CHATSCALE_{name.upper()}") in environment}
    elif text.endswith(".toml"):
        entries = _read_file(Path(text))
    else:
        entries = _split(text)
    _require_all(entries)
    return Addresses(**{name: _normal(name, text) for name, text in entries.items()}, elsewhere=True)


def _split(text: str) -> dict[str, str]:
    """The entries of `name=address,…`; a part without a name goes on with the address before it."""
    entries: dict[str, str] = {}
    name = ""
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if equals:
            name = key.strip()
            entries[name] = value.strip()
        elif name:
            entries[name] += f",{part.strip()}"
        else:
            raise UsageError(f"server addresses {text!r}: {part!r} has no name; write {EXAMPLE}")
    return entries


def _read_file(path: Path) -> dict[str, str]:
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror}); it should hold kafka, cassandra and redis"
        ) from None
    except ValueError as error:
        raise UsageError(f"{path}: not TOML: {error}") from None
    for name, value in entries.items():
        if not isinstance(value, str):
            raise UsageError(f'{path}: {name} = {value!r} is not an address; write {name} = "HOST:PORT"')
    return entries


def _require_all(entries: Mapping[str, str]) -> None:
    for name in entries:
        if name not in _PORTS:
            near = difflib.get_close_matches(name, _PORTS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_PORTS)}"
            raise UsageError(f"server addresses: unknown server {name!r}; {hint}")
    missing = [name for name in DEFAULT_PORTS if not entries.get(name)]
    if missing:
        variables = ", ".join(f"CHATSCALE_{name.upper()}" for name in missing)
        raise UsageError(
            f"no address of {' and '.join(missing)}; give {EXAMPLE}, a .toml file with these keys, or set {variables}"
        )


def _normal(name: str, text: str) -> str:
    """Every address with its port."""
    return ",".join(_host_port(name, each) for each in text.split(","))


def _host_port(name: str, text: str) -> str:
    try:
        parts = urlsplit(f"//{text.strip()}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.path or parts.query or port == 0:
        raise UsageError(f"{name} address {text!r} is not HOST:PORT")
    return join(host, port or _PORTS[name])
