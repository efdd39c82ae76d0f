"""The last word of the backend's processes: one scrape of their metrics, kept in the run's folder.

runs/…/metrics/gateway-1.prom
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

_WITHIN_S = 5.0


def ask(port: int, path: str) -> tuple[int, str]:
    """Status and body of a GET on this machine. Raises OSError when nobody answers."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_WITHIN_S)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()


def keep_metrics(ports: Mapping[str, int], folder: Path) -> None:
    """Scrape each process once; one that does not answer leaves no file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, port in ports.items():
        try:
            _, metrics = ask(port, "/metrics")
        except (OSError, http.client.HTTPException):
            continue
        (folder / f"{name}.prom").write_text(metrics)
