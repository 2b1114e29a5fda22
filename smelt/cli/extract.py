"""``smelt extract``: the text of one web page, and why each of its blocks is in it or isn't."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from smelt.cli.main import app

if TYPE_CHECKING:
    from smelt.explaining.seen import Block

EXCERPT_CHARS = 160


@app.command()
def extract(
    file: Annotated[str, typer.Argument(help="A file of HTML or a crawl (WARC, ARC); s3://bucket/key too.")],
    url: Annotated[str, typer.Argument(help="Which page of a crawl.")] = "",
    blocks: Annotated[bool, typer.Option("--blocks", help="Show every block with the decision on it.")] = False,
) -> None:
    """Print the text of one web page as ``ingest`` takes it under a recipe that sets nothing."""
    from smelt.explaining.page import extract as extracted

    page = extracted(file, url)
    typer.echo(page.text)
    if blocks:
        console = Console(highlight=False)
        console.print(f"\n[dim]page_kind {page.kind}, extraction {page.extraction}[/]\n")
        print_blocks(console, page.blocks)


def print_blocks(console: Console, blocks: "Iterable[Block]") -> None:
    """Print a page's blocks in its order: whether each is kept, how likely it is content, why, and how it begins."""
    table = Table("", "score", "reason", "block", box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.columns[-1].overflow = "fold"
    for block in blocks:
        mark, style = ("kept", "green") if block.kept else ("dropped", "red")
        text = " ".join(block.text.split())
        shown = text[:EXCERPT_CHARS] + ("…" if len(text) > EXCERPT_CHARS else "")
        table.add_row(f"[{style}]{mark}[/]", f"{block.score:.2f}", block.reason, escape(shown))
    console.print(table)
