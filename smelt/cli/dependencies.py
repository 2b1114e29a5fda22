"""``smelt dependencies``: licences of what is pinned, and what is known to be wrong with it."""

import typer
from rich.table import Table

from smelt.cli.main import app


@app.command("dependencies")
def show() -> None:
    """List the licences of all pinned dependencies and their known vulnerabilities; status 1 where one needs a look."""
    from smelt.cli.tables import print_whole
    from smelt.dependencies import EXPLAINED, dependencies, vulnerabilities
    from smelt.errors import SmeltError

    table, found = Table("", "", "licence", box=None), dependencies()
    for one in found:
        table.add_row(one.name, one.version, one.licence or ("not said" if one.installed else "not installed here"))
    print_whole(table)
    others = [one for one in found if one.installed and not one.permissive]
    for one in others:
        typer.echo(f"{one.name}: {one.licence or 'not said'}: {EXPLAINED.get(one.name, 'no permissive licence')}")
    try:
        flaws = vulnerabilities()
    except SmeltError as error:
        flaws = []
        typer.echo(str(error))
    else:
        typer.echo(f"known vulnerabilities: {len(flaws)}")
    for flaw in flaws:
        typer.echo(flaw)
    if flaws or any(one.name not in EXPLAINED for one in others):
        raise typer.Exit(1)
