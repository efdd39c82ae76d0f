"""Which Python runs us best: the one at hand, or the system's own where that one was compiled without optimisation.

    python3 realstack/servers/interpreter.py    prints its path; needs nothing but Python, for nothing is installed yet

Three quarters of a run's CPU is Python. Version managers compile it without profile-guided optimisation unless they are
told, and then it takes 1.3 to 1.4 times the CPU of a distribution's (measured: 3.11.7 of pyenv, 3.11.2 of Debian).
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig

OLDEST = (3, 11)
SYSTEM = "/usr/bin/python3"
_OPTIMISED = "--enable-optimizations"


def best() -> str:
    """The path of `SYSTEM` where that is new enough and this Python was compiled without optimisation; else of this."""
    if _OPTIMISED in str(sysconfig.get_config_var("CONFIG_ARGS")) or _is(SYSTEM) or not _new_enough(SYSTEM):
        return sys.executable
    return SYSTEM


def _is(path: str) -> bool:
    """Whether this process runs that Python, perhaps by way of an environment."""
    return bool(sysconfig.get_config_var("BINDIR") == os.path.dirname(path))


def _new_enough(path: str) -> bool:
    try:
        return subprocess.run([path, "-c", f"import sys; sys.exit(sys.version_info < {OLDEST})"]).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    print(best())
