"""Ports that nobody uses. Between the choice and its use another process may take one: who starts a server retries."""

from __future__ import annotations

import socket
from contextlib import ExitStack

HOST = "127.0.0.1"
TAKEN_MARKS = ("address already in use", "address in use", "bindexception", "failed to bind")


def free_ports(count: int, host: str = HOST) -> list[int]:
    """Distinct TCP ports, free at this loopback address a moment ago."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((host, 0))
        return [each.getsockname()[1] for each in sockets]


def answers(host: str, port: int, timeout_s: float = 1.0) -> bool:
    """Whether something accepts connections there."""
    try:
        socket.create_connection((host, port), timeout_s).close()
    except OSError:
        return False
    return True


def says_taken(log: str) -> bool:
    """Whether a server's log says that its port was taken."""
    return any(mark in log.lower() for mark in TAKEN_MARKS)
