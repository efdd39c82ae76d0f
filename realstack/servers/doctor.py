"""What this machine has and lacks for real servers, each finding with the command that mends it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from realstack.access import FILE, variable_of
from realstack.servers import jars, java, redis
from realstack.servers.addresses import DEFAULT_PORTS, parse_addresses
from realstack.servers.external import ExternalService, external_services
from realstack.servers.interpreter import OLDEST, best
from realstack.servers.local import LEAST_FREE_BYTES, free_bytes
from sim.errors import ChatscaleError, ServerError, ServerMissingError, UsageError

ENGINE_MEND = "apt-get install docker.io && systemctl start docker"
LEAST_MEMORY_BYTES = 3 * 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `mend` is a command or an action, None if nothing needs mending."""

    name: str
    ok: bool
    detail: str
    mend: str | None = None


def diagnose() -> list[Finding]:
    """Every finding, in the order in which a user would mend them; raises nothing, changes nothing."""
    checks: list[Callable[[], Finding]] = [_python, _java, _redis, _jars, _disk, _memory, _containers]
    return [*(check() for check in checks), *_external()]


def _python() -> Finding:
    detail = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info[:2] < OLDEST:
        return Finding("python", False, detail, "install Python 3.11 or newer")
    if (faster := best()) != sys.executable:
        return Finding(
            "python",
            True,
            f"{detail}; compiled without optimisation, {faster} takes a quarter less CPU",
            f"make clean setup PYTHON={faster}",
        )
    return Finding("python", True, detail)


def _java() -> Finding:
    try:
        found = java.find_java()
    except ServerMissingError as error:
        return Finding("java", False, str(error), java.MEND)
    return Finding("java", True, f"{found.version} from {found.source} ({found.path})")


def _redis() -> Finding:
    try:
        found = redis.find_redis()
    except ServerMissingError as error:
        return Finding("redis", False, str(error), redis.MEND)
    return Finding("redis", True, f"{found.version} from {found.source} ({found.path})")


def _jars() -> Finding:
    missing = [f"{server} {jars.version(server)}" for server in jars.COORDINATES if not jars.cached(server)]
    if missing:
        return Finding("jars", True, f"{' and '.join(missing)} will be fetched by the first run, about 110 MB")
    return Finding("jars", True, f"cached in {jars.cache_folder() / 'jars'}")


def _containers() -> Finding:
    """For information: a machine without an engine has the local provider."""
    try:
        from realstack.servers.container_service import prefixed
        from realstack.servers.containers import image_names
        from realstack.servers.engine import connect_engine, engine_address
    except ImportError as error:
        return Finding("containers", True, f"not to be had ({error})", "pip install 'chatscale[real]'")
    try:
        client = connect_engine()
    except ChatscaleError as error:
        return Finding("containers", True, f"not to be had: {error}", ENGINE_MEND)
    try:
        here = f"engine {client.version()['Version']} at {engine_address()}"
        images = [prefixed(image) for image in image_names().values()]
        missing = [image for image in images if not client.images.list(name=image)]
    finally:
        client.close()
    if not missing:
        return Finding("containers", True, f"{here}, with {', '.join(images)}")
    pulls = " && ".join(f"docker pull {image}" for image in missing)
    return Finding("containers", True, f"{here}; {', '.join(missing)} will be pulled by the first run", pulls)


def _external() -> list[Finding]:
    """For information: whether servers are named in the environment, and whether they let us in."""
    names = [f"CHATSCALE_{server.upper()}" for server in DEFAULT_PORTS]
    if not any(name in os.environ for name in names):
        return [Finding("external", True, f"no servers named ({', '.join(names)} are not set)")]
    try:
        services = external_services(parse_addresses(None, os.environ), os.environ)
    except UsageError as error:
        return [Finding("external", False, str(error), "set all three addresses, and credentials where they are asked")]
    return [_reached(service) for service in services]


def _reached(service: ExternalService) -> Finding:
    try:
        service.check()
    except ServerError as error:
        mend = f"start {service.name} there, or unset CHATSCALE_{service.name.upper()}"
        return Finding(f"external {service.name}", False, str(error), mend)
    try:
        service.greet()
    except Exception as error:  # each client has its own
        detail = f"{service.address} does not let us in with {service.access} ({type(error).__name__}: {error})"
        return Finding(f"external {service.name}", False, detail, _credentials(service.name))
    return Finding(f"external {service.name}", True, f"{service.address} lets us in with {service.access}")


def _credentials(server: str) -> str:
    variables = [variable_of(server, name) for name in ("user", "password", "ca")]
    return f"set {', '.join(variables)}, or name a file of them in {FILE}"


def _disk() -> Finding:
    free = free_bytes(jars.cache_folder())
    ok = free >= LEAST_FREE_BYTES
    mend = None if ok else f"free {LEAST_FREE_BYTES / 2**30:.0f} GiB"
    return Finding("disk", ok, f"{free / 2**30:.1f} GiB free at {jars.cache_folder()}", mend)


def _memory() -> Finding:
    free = psutil.virtual_memory().available
    ok = free >= LEAST_MEMORY_BYTES
    mend = None if ok else f"end other programs: the servers take up to {LEAST_MEMORY_BYTES / 2**30:.0f} GiB"
    return Finding("memory", ok, f"{free / 2**30:.1f} GiB available", mend)
