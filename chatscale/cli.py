"""The command line. Heavy imports are inside the commands, so that `--help` answers at once.

Exit codes: 0 pass · 1 a guarantee or threshold failed · 2 unknown · 3 servers unavailable · 4 bad scenario or usage
"""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from sim.scenario import Scenario

_F = TypeVar("_F", bound=Callable[..., Any])
_EXIT_UNKNOWN = 2
_EXIT_USAGE = 4
_EXIT_INTERRUPTED = 130
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

EPILOG = "Exit codes: 0 pass, 1 failed, 2 unknown, 3 servers unavailable, 4 bad scenario or usage."


def main() -> None:
    """Entry point: chatscale's own errors become one clear message and the right exit code."""
    sys.exit(run_cli(sys.argv[1:]))


def run_cli(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        code = cli.main(arguments, prog_name="chatscale", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return _EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted: servers and processes of this run have been stopped", err=True)
        return _EXIT_INTERRUPTED
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        click.echo(f"chatscale: {error}; make room, or choose another place with --out", err=True)
        return _EXIT_USAGE
    except Exception as error:
        from sim.errors import ChatscaleError

        if not isinstance(error, ChatscaleError):
            # A fault of chatscale itself proves nothing about the chat system: unknown, not failed.
            traceback.print_exc()
            return _EXIT_UNKNOWN
        click.echo(f"chatscale: {error}", err=True)
        return error.exit_code


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="chatscale")
def cli() -> None:
    """The scale model of a chat system: plan it, simulate it, drive it through real servers, compare.

    SCENARIO is the name of a shipped scenario (whatsapp, ci-ordering) or a TOML file.
    """


def _asks_scenario(command: _F) -> _F:
    """The argument and options of every command that takes a scenario."""
    command = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")(command)
    command = click.option("--seed", type=click.IntRange(min=0), help="Seed of the trace (default: the scenario's).")(
        command
    )
    command = click.option(
        "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Lay a value over the scenario; repeatable."
    )(command)
    return click.argument("name", metavar="SCENARIO")(command)


def _asks_out(command: _F) -> _F:
    out = click.Path(file_okay=False, path_type=Path)
    return click.option("--out", type=out, help="Folder of the run (default: runs/SCENARIO/TIME-SEED).")(command)


def _load(name: str, settings: tuple[str, ...]) -> Scenario:
    from sim.scenario_file import load_scenario

    return load_scenario(name, settings)


def _replay(command: str, name: str, settings: tuple[str, ...], seed: int, *more: str) -> str:
    from shlex import join

    laid_over = [word for setting in settings for word in ("--set", setting)]
    return join(["chatscale", command, name, *laid_over, "--seed", str(seed), *more])


@cli.command()
@_asks_scenario
@click.option("--explain", metavar="NAME", help="Show how one number comes about, with its sources.")
def plan(name: str, settings: tuple[str, ...], seed: int | None, as_json: bool, explain: str | None) -> int:
    """Size the full system; each number says its source."""
    from chatscale import show
    from sim.plan import plan as make_plan

    made = make_plan(_load(name, settings))
    if explain is not None:
        click.echo(made.explain(explain))
    elif as_json:
        show.json_document(made.to_dict())
    else:
        show.plan_table(made)
    return 0


@cli.command()
@_asks_scenario
@_asks_out
@click.option(
    "--profile", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="profile.json of a run to model."
)
def simulate(
    name: str, settings: tuple[str, ...], seed: int | None, as_json: bool, out: Path | None, profile: Path | None
) -> int:
    """Run the model of the box alone, without servers."""
    from chatscale import show
    from chatscale.model_run import simulate_scenario
    from chatscale.watch import watcher
    from sim.engine import Profile

    scenario = _load(name, settings)
    seed = scenario.run.seed if seed is None else seed
    costs = Profile.load(profile) if profile else None
    with watcher(quiet=as_json) as watch:
        result = simulate_scenario(
            scenario,
            seed=seed,
            out=out,
            profile=costs,
            replay=_replay("simulate", name, settings, seed, *(["--profile", str(profile)] if profile else [])),
            watcher=watch,
        )
    show.result(result, as_json=as_json)
    return result.outcome.exit_code


@cli.command()
@_asks_scenario
@_asks_out
@click.option(
    "--servers",
    default="auto",
    show_default=True,
    metavar="WHERE",
    help="local (from packages), external (CHATSCALE_KAFKA, …), a .toml file, or kafka=HOST:PORT,cassandra=…,redis=…",
)
def run(name: str, settings: tuple[str, ...], seed: int | None, as_json: bool, out: Path | None, servers: str) -> int:
    """Plan, drive real servers, simulate, judge, compare.

    A short calibration at low load first tells the model this box's service times; it then predicts the same trace.
    """
    from chatscale import show
    from chatscale.runner import run_scenario
    from chatscale.watch import watcher

    scenario = _load(name, settings)
    seed = scenario.run.seed if seed is None else seed
    with watcher(quiet=as_json) as watch:
        result = run_scenario(
            scenario,
            seed=seed,
            servers=servers,
            out=out,
            replay=_replay("run", name, settings, seed, *(["--servers", servers] if servers != "auto" else [])),
            watcher=watch,
        )
    show.result(result, as_json=as_json)
    return result.outcome.exit_code


@cli.command()
@click.argument("target", metavar="TARGET")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def verify(target: str, as_json: bool) -> int:
    """Check the history of a run, or any history file.

    TARGET is a run's folder, a scenario's name for its latest run, or a .parquet or .jsonl file with the same fields.
    """
    from chatscale import show
    from chatscale.run_folder import find_run
    from reports.checks import check_history
    from sim.history import History
    from sim.verdict import worst

    path = Path(target)
    if not path.is_file():
        folder = find_run(target)
        path = next((p for p in (folder / "history-real.parquet", folder / "history-sim.parquet") if p.is_file()), path)
    history = History.load(path)
    verdicts = check_history(history)
    show.verdicts(path, history, verdicts, as_json=as_json)
    return worst(verdict.outcome for verdict in verdicts).exit_code


@cli.command()
@click.argument("target", metavar="RUN|SCENARIO")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def compare(target: str, as_json: bool) -> int:
    """Hold a run's prediction against its measurement."""
    from chatscale import show
    from chatscale.run_folder import find_run
    from reports import build_result

    result = build_result(find_run(target))
    show.comparison(result, as_json=as_json)
    return 0


@cli.command()
@click.argument("target", metavar="RUN|SCENARIO")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def report(target: str, as_json: bool) -> int:
    """Judge a run again and write its report anew."""
    from chatscale import show
    from chatscale.run_folder import find_run
    from reports import write_report

    result = write_report(find_run(target))
    show.result(result, as_json=as_json)
    return result.outcome.exit_code


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def doctor(as_json: bool) -> int:
    """Tell what this machine lacks and how to mend it."""
    from chatscale import show
    from realstack.servers.doctor import diagnose

    return show.findings(diagnose(), as_json=as_json)


@cli.group()
def bench() -> None:
    """Measure chatscale itself."""


@bench.command()
@_asks_out
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--servers", default="auto", show_default=True, metavar="WHERE", help="As for run.")
@click.option(
    "--start",
    type=click.FloatRange(min=1.0),
    default=150.0,
    show_default=True,
    help="First rate to try, messages a second.",
)
def real(as_json: bool, servers: str, start: float, out: Path | None) -> int:
    """Find the highest message rate that this box sustains with p99 under 500 ms and no violation."""
    from chatscale import show
    from chatscale.bench import bench_real
    from chatscale.watch import watcher

    with watcher(quiet=as_json) as watch:
        found = bench_real(servers=servers, start_per_s=start, out=out, watcher=watch)
    show.bench(found, as_json=as_json)
    return 0 if found["sent_per_s"] else 1
