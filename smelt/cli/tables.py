"""Tables whose cells are whole wherever they go: an address that is cut can't be copied."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.tree import Tree


def print_whole(what: Table | Tree, console: Console | None = None) -> None:
    """Print a table or tree as wide as it is: what doesn't fit a terminal's line goes on in the next, uncut."""
    console = console or Console(highlight=False)
    wide = console.options.update(width=100_000, no_wrap=True, overflow="ignore")
    needed = Measurement.get(console, wide, what).maximum
    if needed <= console.width and console.is_terminal:
        console.print(what)
        return
    full = Console(file=console.file, width=max(needed, 1), highlight=False, force_terminal=console.is_terminal)
    full.print(what, no_wrap=True, overflow="ignore", crop=False)
