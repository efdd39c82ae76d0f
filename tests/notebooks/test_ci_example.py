"""The workflow that is there to be copied: it parses, and every command in it is one that this version has."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped]

from chatscale.cli import cli

WORKFLOW: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "notebooks" / "ci" / "github-actions.yml").read_text(encoding="utf-8")
)
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
COMMANDS = [
    re.sub(r"\$\{\{ github\.run_number \}\}", "7", step["run"]).partition("|")[0]
    for step in STEPS
    if "$CHATSCALE " in step.get("run", "")
]


def test_the_example_runs_real_servers_and_judges_a_foreign_history() -> None:
    assert [command.split()[1] for command in COMMANDS] == ["run", "verify"]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_and_option_in_it_exists(line: str) -> None:
    program, name, *arguments = shlex.split(line)
    assert program == "$CHATSCALE"
    assert WORKFLOW["env"]["CHATSCALE"] == "chatscale/.venv/bin/chatscale"
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    command.make_context(name, arguments)


def test_what_convicts_is_kept_as_an_artefact_and_no_step_hides_a_failure() -> None:
    kept = {step["with"]["path"]: step["if"] for step in STEPS if step.get("uses", "").startswith("actions/upload")}
    assert kept == {"run": "always()", "counterexamples": "failure()"}
    assert not any("continue-on-error" in step for step in STEPS)
    piped = [step for step in STEPS if "|" in step.get("run", "")]
    assert all(step["shell"] == "bash" for step in piped)
