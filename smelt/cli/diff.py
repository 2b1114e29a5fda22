"""``smelt diff``: what two runs differ in."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from smelt.cli.main import app
from smelt.cli.tables import print_whole


@app.command()
def diff(
    first: Annotated[str, typer.Argument(help="A run's id.", metavar="RUN_A")],
    second: Annotated[str, typer.Argument(help="Another's.", metavar="RUN_B")],
    as_json: Annotated[Path | None, typer.Option("--json", help="Write it all there.", metavar="FILE")] = None,
) -> None:
    """Show what two runs differ in: recipe, artifacts, drops, mixture, losses, scores and probes."""
    from smelt.comparing.difference import difference
    from smelt.comparing.words import said, tables
    from smelt.lake import Lake

    found = difference(Lake.connect(), first, second)
    if as_json is not None:
        as_json.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    console = Console(highlight=False)
    for head, rows in tables(found):
        table = Table(*map(escape, head), box=None)
        for row in rows:
            table.add_row(*map(escape, row))
        print_whole(table, console)
    for line in said(found):
        console.print(line, style="yellow", markup=False, soft_wrap=True)
