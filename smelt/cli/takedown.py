"""``smelt block``, ``unblock`` and ``blocked``: what may no longer be trained on."""

from typing import Annotated

import typer
from rich.table import Table

from smelt.cli.main import app

Values = Annotated[list[str], typer.Argument(help="Addresses, hosts (with all below them) or documents' ids.")]


@app.command()
def block(values: Values, reason: Annotated[str, typer.Option(help="Why, in words.", prompt=True)]) -> None:
    """Take documents down: runs that are planned from now on drop them in `select`."""
    from smelt import takedown
    from smelt.lake import Lake

    for entry in takedown.block(Lake.connect(), values, reason):
        typer.echo(f"blocked the {entry.kind} {entry.value}")


@app.command()
def unblock(values: Values) -> None:
    """Let documents in again, with the next run that is planned."""
    from smelt import takedown
    from smelt.lake import Lake

    for entry in takedown.unblock(Lake.connect(), values):
        typer.echo(f"no longer blocked: the {entry.kind} {entry.value}")


@app.command()
def blocked() -> None:
    """List what is blocked, since when and why."""
    from smelt import takedown
    from smelt.cli.tables import print_whole
    from smelt.lake import Lake

    table = Table("", "", "since", "why", box=None)
    for entry in takedown.blocked(Lake.connect()).entries:
        table.add_row(entry.kind, entry.value, entry.when[:10], entry.reason)
    print_whole(table)
