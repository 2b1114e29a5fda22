"""``smelt trace``: which documents lie in a sequence that training reads."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from smelt.cli.explain import taken_down, times
from smelt.cli.main import app
from smelt.cli.tables import print_whole

if TYPE_CHECKING:
    from smelt.explaining.sequence import Sequence, Stretch, Trace

BORDER = "│"
"""Stands between two tokens."""
EXCERPT_TOKENS = 60
"""Tokens of a document that are shown where not all are asked for."""


@app.command()
def trace(
    run: Annotated[
        str,
        typer.Argument(help="A run, or blocks/FINGERPRINT or train/FINGERPRINT (a prefix will do).", metavar="RUN"),
    ],
    sequence: Annotated[
        str, typer.Argument(help="A block and a sequence of it, from 0: 0-00003:17.", metavar="BLOCK:SEQUENCE")
    ] = "",
    step: Annotated[int | None, typer.Option(help="All sequences of that step, from 1.", metavar="N", min=1)] = None,
    event: Annotated[
        str, typer.Option(help="All sequences of the step of that event of the training's log.", metavar="NAME")
    ] = "",
    text: Annotated[
        bool, typer.Option("--text", help="Show the whole text: of a sequence its beginning is shown anyway.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything that is known, as JSON.")] = False,
) -> None:
    """Show which documents lie in a sequence that training reads: where, how often each was used before, its text."""
    from smelt.errors import RecipeError
    from smelt.explaining.sequence import trace_event, trace_sequence, trace_step
    from smelt.explaining.traced import phases_of
    from smelt.lake import Lake

    if sum((bool(sequence), step is not None, bool(event))) != 1:
        raise RecipeError("one thing can be traced", mend="write BLOCK:SEQUENCE, --step N or --event NAME")
    block, colon, number = sequence.partition(":")
    if sequence and not (colon and number.isdecimal()):
        raise RecipeError("no block and sequence", where=sequence, mend="write BLOCK:SEQUENCE, such as 0-00003:17")
    lake = Lake.connect()
    phases = phases_of(lake, run)
    if event:
        found = trace_event(lake, phases, event, text=text)
    elif step is not None:
        found = trace_step(lake, phases, step, text=text)
    else:
        found = trace_sequence(lake, phases, block, int(number))
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
        return
    show(Console(highlight=False), found, whole_text=text)


def show(console: Console, trace: "Trace", *, whole_text: bool = False) -> None:
    """Print what was asked about, a table over all sequences, and the text where there is one."""
    console.print(f"[bold]{escape(headline(trace))}[/]\n")
    names = ("sequence", "tokens", "document", "from", "of", "used before", "group", "label", "source", "address")
    table = Table(*names, box=None, header_style="dim", padding=(0, 2, 0, 0))
    for place in (1, 3, 4):
        table.columns[place].justify = "right"
    for sequence in trace.sequences:
        for at, stretch in enumerate(sequence.stretches):
            name = "" if at else f"{sequence.block}:{sequence.number}"
            table.add_row(*map(escape, (name, *_cells(stretch))), style="red" if stretch.taken_down else None)
        if sequence.padding:
            table.add_row("", f"{sequence.length - sequence.padding:,}–{sequence.length:,}", "padding", style="dim")
    print_whole(table, console)
    stretches = [stretch for sequence in trace.sequences for stretch in sequence.stretches]
    for stretch in stretches:
        if stretch.pieces:
            console.print(f"\n[bold]{stretch.id}[/]  {escape(stretch.url)}", soft_wrap=True)
            console.print(bordered(stretch, whole=whole_text), markup=False, soft_wrap=True, style="dim")
    gone = {stretch.id: stretch.taken_down for stretch in stretches if stretch.taken_down}
    for name, entry in gone.items():
        console.print(f"\n[red]{name} {escape(taken_down(entry, None))}[/]", soft_wrap=True)


def headline(trace: "Trace") -> str:
    """What was asked about, in a line."""
    first = trace.sequences[0]
    read = first.read
    aside = "; the block is set aside" if read and read.set_aside else ""
    if trace.event:
        return f"{trace.event['kind']} at {_step(first)}{aside}"
    if len(trace.sequences) > 1:
        return f"{_step(first)}{aside}"
    begin = first.number * first.length
    where = f"sequence {first.number} of block {first.block} ({first.phase}): "
    where += f"its tokens {begin:,} to {begin + first.length:,}"
    return f"{where}; read in step {read.step:,}, place {read.place + 1:,}{aside}" if read else where


def bordered(stretch: "Stretch", *, whole: bool = False) -> str:
    """A stretch's text with a mark between its tokens; without ``whole`` its beginning, and how many follow."""
    pieces = stretch.pieces if whole else stretch.pieces[:EXCERPT_TOKENS]
    text = BORDER.join(text for text, _ in pieces)
    left = sum(len(ids) for _, ids in stretch.pieces[len(pieces) :])
    return f"{text}{BORDER} … {left:,} tokens more" if left else text


def _step(first: "Sequence") -> str:
    assert first.read is not None, "a step has been looked up"
    return f"step {first.read.step:,} ({first.phase}), block {first.block}"


def _cells(stretch: "Stretch") -> tuple[str, ...]:
    return (
        f"{stretch.start:,}–{stretch.end:,}",
        stretch.id,
        f"{stretch.offset:,}",
        f"{stretch.length:,}",
        times(stretch.use - 1),
        stretch.group,
        f"{stretch.lang}/{stretch.domain}",
        stretch.source,
        stretch.url,
    )
