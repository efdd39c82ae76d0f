"""A run's folder: `runs/<scenario>/<time>-<seed>/`, with `latest` linking to the newest.

scenario.toml trace.parquet history-real.parquet history-sim.parquet profile.json facts.json logs/ metrics/
result.json report.html junit.xml      made from the files above, and again at any time
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from sim.errors import UsageError
from sim.scenario import Scenario
from sim.scenario_file import dump_scenario

RUNS = Path("runs")
_OWN_VERSIONS = ("simpy", "numpy", "pandas", "aiokafka", "cassandra-driver", "redis", "websockets", "grpcio")


def new_folder(scenario: Scenario, seed: int, out: Path | None) -> Path:
    """Make the folder of a run and put its scenario there. Raises UsageError when `out` exists and is not empty."""
    try:
        folder = _own_folder(scenario, seed) if out is None else out
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} exists and is not empty; choose another --out, or remove it")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "scenario.toml").write_text(dump_scenario(scenario), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write to {error.filename}: {error.strerror}; choose another --out") from error
    if out is None:
        _link_latest(folder)
    return folder


def _own_folder(scenario: Scenario, seed: int) -> Path:
    """A new folder of the scenario; runs that start within one second get a number behind."""
    name = f"{datetime.now():%Y%m%d-%H%M%S}-{seed}"
    for attempt in count(1):
        folder = RUNS / scenario.name / (name if attempt == 1 else f"{name}-{attempt}")
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder
    raise AssertionError("count ended")


def _link_latest(folder: Path) -> None:
    draft = folder.parent / f".latest-{os.getpid()}"
    draft.unlink(missing_ok=True)
    draft.symlink_to(folder.name)
    draft.replace(folder.parent / "latest")


def find_run(target: str) -> Path:
    """The folder of a run: a path, or a scenario's name for its latest run. Raises UsageError."""
    path = Path(target)
    if (path / "scenario.toml").is_file():
        return path.resolve()
    latest = RUNS / target / "latest"
    if (latest / "scenario.toml").is_file():
        return latest.resolve()
    known = sorted(folder.name for folder in RUNS.iterdir() if folder.is_dir()) if RUNS.is_dir() else []
    hint = f"scenarios with runs here: {', '.join(known)}" if known else "make one with: chatscale run whatsapp"
    raise UsageError(f"no run at {target!r} and none of a scenario of that name under {RUNS}/; {hint}")


def write_facts(folder: Path, seed: int, replay: str, **more: Any) -> None:
    """Write facts.json: what the histories do not say."""
    facts = {
        "seed": seed,
        "replay": replay,
        "started_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "machine": machine(),
        "warnings": [],
        **more,
        "versions": {**own_versions(), **more.get("versions", {})},
    }
    (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def machine() -> Mapping[str, Any]:
    """Cores, memory and system of this machine."""
    return {
        "cores": psutil.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def own_versions() -> dict[str, str]:
    """Versions of chatscale, Python and the libraries that matter, and the commit of the checkout if it is one."""
    found = {"chatscale": version("chatscale"), "python": platform.python_version()}
    found |= {name: version(name) for name in _OWN_VERSIONS}
    here = Path(__file__).resolve().parent
    command = ["git", "-C", str(here), "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return found
    return found | {"commit": commit}
