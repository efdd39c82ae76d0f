"""The engine that runs containers: Docker, rootless Docker or Podman, found as testcontainers finds it.

$DOCKER_HOST, then the current context of docker, then the usual socket.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from realstack.servers.ports import HOST
from sim.errors import ServerMissingError, UsageError

USUAL_SOCKET = "unix:///var/run/docker.sock"
TIMEOUT_S = 60
ENGINE_ERRORS = (DockerException, RequestException, HTTPError, OSError)
MEND = "start Docker or Podman (systemctl start docker), or name its socket in DOCKER_HOST"


def engine_address() -> str:
    """Where the engine is, such as "unix:///var/run/docker.sock"."""
    from testcontainers.core.docker_client import get_docker_host

    return get_docker_host() or USUAL_SOCKET


def connect_engine() -> docker.DockerClient:
    """A client of an engine that answers; `ServerMissingError` with the next step, `UsageError` for one elsewhere."""
    address = engine_address()
    parts = urlsplit(address)
    if parts.scheme == "ssh" or (
        parts.scheme in ("tcp", "http", "https") and parts.hostname not in (HOST, "localhost")
    ):
        raise UsageError(
            f"the container engine at {address} is on another machine, and servers listen on loopback only; "
            f"run chatscale there, or start the servers there and use --servers external"
        )
    try:
        if parts.scheme == "unix":
            _require_listener(parts.path)
        client = docker.DockerClient(base_url=address, timeout=TIMEOUT_S)
    except ENGINE_ERRORS as error:
        raise ServerMissingError(
            f"no container engine answers at {address} ({reason(error)}). {MEND}; or use --servers local"
        ) from None
    return client


def _require_listener(path: str) -> None:
    """`OSError` if nobody listens at a socket; the client would leave one open for each failure."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(TIMEOUT_S)
        probe.connect(path)


def require_image(client: docker.DockerClient, image: str, variable: str, on_event: Callable[[str], None]) -> None:
    """Pull an image that is not there; `ServerMissingError` with the next step if it cannot be had."""
    try:
        if client.images.list(name=image):
            return
        on_event(f"pulling {image}")
        client.images.pull(image)
    except ENGINE_ERRORS as error:
        raise ServerMissingError(
            f"image {image} is not here and cannot be pulled ({reason(error)}). Load it (docker load), name another "
            f"with {variable}=NAME, a mirror with TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX=HOST/, or use --servers local"
        ) from None


def reason(error: BaseException) -> str:
    """What the engine or the system says, in one line, without the exceptions that clients wrap around it."""
    told = getattr(error, "explanation", None) or str(error)
    cause: BaseException | None = None if getattr(error, "explanation", None) else error
    while cause is not None:
        told = getattr(cause, "strerror", None) or told
        cause = cause.__cause__ or cause.__context__
    return " ".join(str(told).split())[:300]
