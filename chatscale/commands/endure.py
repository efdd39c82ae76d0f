"""`chatscale endure`: the checks under one drawn schedule of faults after the other."""

from __future__ import annotations

import re
from pathlib import Path

import click

from chatscale import show_endurance
from chatscale.commands.asking import as_json_option, servers_option, settings_option
from chatscale.run_folder import RUNS
from chatscale.watch import watcher
from sim.scenario_file import load_scenario
from sim.verdict import Outcome, worst


class Schedules(click.ParamType[range]):
    """A..B, both included."""

    name = "A..B"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> range:
        """The seeds from A to B."""
        if isinstance(value, range):
            return value
        found = re.fullmatch(r"(\d+)\.\.(\d+)", str(value))
        if found is None or int(found[1]) > int(found[2]):
            self.fail(f"{value!r} is not A..B with A up to B, such as 1..10", param, ctx)
        return range(int(found[1]), int(found[2]) + 1)


@click.command()
@click.argument("name", metavar="[SCENARIO]", default="endurance")
@settings_option
@click.option("--schedules", "seeds", type=Schedules(), required=True, help="Seeds of the schedules, such as 1..10.")
@click.option("--stop-at-first", is_flag=True, help="End with the first schedule that does not pass.")
@servers_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the campaign (default: runs/SCENARIO/endurance). Finished schedules there are not run again.",
)
@as_json_option
def command(
    name: str,
    settings: tuple[str, ...],
    seeds: range,
    stop_at_first: bool,
    servers: str,
    out: Path | None,
    as_json: bool,
) -> int:
    """Drive real servers under one drawn schedule of faults after the other, and judge each like a run.

    In every 20 s of a schedule one part is killed or paused, and the network goes wrong before some server, perhaps at
    the same time. A command that was killed goes on with the schedule that it was at.
    """
    from chatscale.endurance import Campaign  # needs the clients of all servers, which --help does without

    scenario = load_scenario(name, settings)
    folder = out or RUNS / scenario.name / "endurance"
    table = show_endurance.Table(folder, as_json=as_json)
    with watcher(quiet=as_json) as watch:
        for finished in Campaign(scenario, folder, servers, watch).run(seeds):
            table.add(finished)
            if stop_at_first and finished.outcome is not Outcome.PASS:
                break
    table.end(len(seeds))
    return worst(one.outcome for one in table.rows).exit_code
