"""`chatscale doctor`: what this machine has and lacks."""

from __future__ import annotations

import click

from chatscale import show
from chatscale.commands.asking import as_json_option
from realstack.servers.doctor import diagnose


@click.command()
@as_json_option
def command(as_json: bool) -> int:
    """Tell what this machine lacks and how to mend it."""
    return show.findings(diagnose(), as_json=as_json)
