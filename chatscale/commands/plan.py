"""`chatscale plan`: the full system in closed form."""

from __future__ import annotations

import click

from chatscale import show
from chatscale.commands.asking import asked, asks_scenario
from sim.plan import plan as make_plan


@click.command()
@asks_scenario
@click.option("--explain", metavar="NAME", help="Show how one number comes about, with its sources.")
def command(name: str, settings: tuple[str, ...], seed: int | None, as_json: bool, explain: str | None) -> int:
    """Size the full system; each number says its source."""
    made = make_plan(asked(name, settings, seed)[0])
    if explain is not None:
        click.echo(made.explain(explain))
    elif as_json:
        show.json_document(made.to_dict())
    else:
        show.plan_table(made)
    return 0
