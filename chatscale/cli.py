"""The command line. A command is one file in `chatscale/commands/` and one line here.

Exit codes: 0 pass · 1 a guarantee or threshold failed · 2 unknown · 3 servers unavailable · 4 bad scenario or usage
"""

from __future__ import annotations

import errno
import sys
import traceback

import click

from chatscale.lazy import LazyGroup

_EXIT_UNKNOWN = 2
_EXIT_USAGE = 4
_EXIT_INTERRUPTED = 130
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

EPILOG = "Exit codes: 0 pass, 1 failed, 2 unknown, 3 servers unavailable, 4 bad scenario or usage."
COMMANDS = {
    "plan": ("chatscale.commands.plan", "Size the full system; each number says its source."),
    "simulate": ("chatscale.commands.simulate", "Run the model of the box alone, without servers."),
    "limit": ("chatscale.commands.limit", "Find the highest rate that keeps the thresholds in the model."),
    "sweep": ("chatscale.commands.sweep", "Simulate many designs side by side; table, knee, plot."),
    "sensitivity": ("chatscale.commands.sensitivity", "Tell which assumption moves latency and size most."),
    "run": ("chatscale.commands.run", "Plan, drive real servers, simulate, judge, compare."),
    "endure": ("chatscale.commands.endure", "Judge one drawn schedule of faults after the other."),
    "verify": ("chatscale.commands.verify", "Check the history of a run, or any history file."),
    "selftest": ("chatscale.commands.selftest", "Prove the checks: seeded bugs are caught, clean runs pass."),
    "compare": ("chatscale.commands.compare", "Hold prediction against measurement, or two runs, or two designs."),
    "report": ("chatscale.commands.report", "Judge a run again and write its report anew."),
    "bench": ("chatscale.commands.bench", "Measure chatscale itself."),
    "doctor": ("chatscale.commands.doctor", "Tell what this machine lacks and how to mend it."),
}

cli = click.version_option(package_name="chatscale")(
    LazyGroup(
        "chatscale",
        lazy=COMMANDS,
        epilog=EPILOG,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        help="""The scale model of a chat system: plan it, simulate it, drive it through real servers, compare.

        SCENARIO is the name of a shipped scenario (whatsapp, ci-ordering) or a TOML file.
        """,
    )
)


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
