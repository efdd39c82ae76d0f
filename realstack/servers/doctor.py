"""What this machine has and lacks for real servers, each finding with the command that mends it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import psutil

from realstack.servers import jars, java, redis
from realstack.servers.local import LEAST_FREE_BYTES, free_bytes
from sim.errors import ServerMissingError

OLDEST_PYTHON = (3, 11)
LEAST_MEMORY_BYTES = 3 * 2**30
DOCKER_TIMEOUT_S = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `mend` is a command or an action, None if nothing needs mending."""

    name: str
    ok: bool
    detail: str
    mend: str | None = None


def diagnose() -> list[Finding]:
    """Every finding, in the order in which a user would mend them; raises nothing, changes nothing."""
    checks: list[Callable[[], Finding]] = [_python, _java, _redis, _jars, _docker, _disk, _memory]
    return [check() for check in checks]


def _python() -> Finding:
    ok = sys.version_info[:2] >= OLDEST_PYTHON
    return Finding("python", ok, platform.python_version(), None if ok else "install Python 3.11 or newer")


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


def _docker() -> Finding:
    """For information: nothing here needs an engine."""
    try:
        client = import_module("docker").from_env(timeout=DOCKER_TIMEOUT_S)
    except Exception as error:  # no package, no socket, no permission: all mean that there is none for us
        return Finding("docker", True, f"no engine ({type(error).__name__}); not needed")
    try:
        return Finding("docker", True, f"engine {client.version()['Version']}")
    except Exception as error:
        return Finding("docker", True, f"no engine ({type(error).__name__}); not needed")
    finally:
        client.close()


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
