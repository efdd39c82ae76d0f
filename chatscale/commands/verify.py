"""`chatscale verify`: a history judged on its own."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from chatscale import show
from chatscale.commands.asking import as_json_option, servers_option
from chatscale.run_folder import find_run
from reports.checks import check_history
from reports.checks.shards import check_shards, merged, parts_of
from reports.witnesses import witness_verdicts
from sim.errors import UsageError
from sim.history import History
from sim.verdict import worst

_EXAMPLES = 8
_NO_SERVERS = "none"


@click.command()
@click.argument("target", metavar="[TARGET]", required=False)
@click.option(
    "--history",
    "file",
    type=click.Path(path_type=Path),
    help="A .parquet or .jsonl file, of this or any other system, or a folder of .parquet parts.",
)
@click.option("--check", "names", multiple=True, metavar="NAME", help="Only this check; repeatable.")
@click.option("--allow", "allowed", multiple=True, metavar="NAME", help="This anomaly breaks no promise; repeatable.")
@click.option("--all", "every", is_flag=True, help=f"Every example of an anomaly, not the worst {_EXAMPLES}.")
@click.option(
    "--counterexamples",
    "folder",
    type=click.Path(path_type=Path),
    help="Save the fewest events that convict there, one .jsonl a check that fails.",
)
@click.option("--table", is_flag=True, help="The document's flaws instead: flaw × design × world × verdict.")
@click.option("--flaw", "flaws", multiple=True, metavar="NAME", help="With --table: only this one; repeatable.")
@servers_option
@as_json_option
def command(
    target: str | None,
    file: Path | None,
    names: tuple[str, ...],
    allowed: tuple[str, ...],
    every: bool,
    folder: Path | None,
    table: bool,
    flaws: tuple[str, ...],
    servers: str,
    as_json: bool,
) -> int:
    """Check the history of a run, or any history file.

    TARGET is a run's folder, a scenario's name for its latest run, or a file as --history takes it. Fields and kinds
    of events: see sim/history.py; an example in JSON Lines: tests/reports/checks/example.jsonl.

    With --table each flaw of the design document plays its scenario under both presets, in the model and on real
    servers (--servers none: in the model alone). Exit code 0 only if seed is convicted and hardened clean throughout.
    """
    if table or flaws:
        return _table(flaws, servers, as_json)
    path = file or _found(target)
    if path.is_dir():
        if allowed or every or folder:
            raise UsageError(
                "--allow, --all and --counterexamples are for one history, not for a folder of parts; name a part"
            )
        verdicts = merged(check_shards(parts_of(path), names or None))
        show.part_verdicts(path, verdicts, as_json=as_json)
        return worst(verdict.outcome for verdict in verdicts).exit_code
    history = History.load(path)
    most = sys.maxsize if every else _EXAMPLES
    verdicts = check_history(history, names or None, allowed=allowed, most=most)
    if not names:
        verdicts = (*verdicts, *witness_verdicts(history))
    show.verdicts(path, history, verdicts, as_json=as_json, explained=most if every else 3, folder=folder)
    return worst(verdict.outcome for verdict in verdicts).exit_code


def _table(names: tuple[str, ...], servers: str, as_json: bool) -> int:
    from chatscale import show_flaws
    from chatscale.flaws import flaws_named, model_rows, real_rows

    flaws = flaws_named(names)
    told = show_flaws.Table(flaws, with_real=servers != _NO_SERVERS, quiet=as_json)
    told.add(model_rows(flaws))
    if servers != _NO_SERVERS:
        from chatscale.stage import Stage
        from realstack.servers import start_servers

        with TemporaryDirectory(prefix="chatscale-") as folder, start_servers(servers, Path(folder)) as running:
            told.add(real_rows(flaws, Stage(running, Path(folder))))
    return told.end()


def _found(target: str | None) -> Path:
    """The history of a run, or the path itself if it is one. Raises UsageError when there is no such run."""
    if target is None:
        raise UsageError("what to verify? A run, a scenario's name, or --history FILE")
    path = Path(target)
    if path.is_file() or (path.is_dir() and not (path / "scenario.toml").is_file() and any(path.glob("*.parquet"))):
        return path
    folder = find_run(target)
    return next((p for p in (folder / "history-real.parquet", folder / "history-sim.parquet") if p.is_file()), path)
