"""Endpoints as text: HOST:PORT, several separated by commas; an IPv6 host stands in brackets."""

from __future__ import annotations

Endpoint = tuple[str, int]
# Under this name sentinels know the primary Redis.
PRIMARY = "mymaster"


def join(host: str, port: int) -> str:
    """host:port, with the brackets that an IPv6 address needs."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def endpoints(text: str) -> list[Endpoint]:
    """The hosts and ports of "a:1,b:2"; of an empty text none."""
    parts = (each.rpartition(":") for each in text.split(",") if each)
    return [(host.strip("[]"), int(port)) for host, _, port in parts]
