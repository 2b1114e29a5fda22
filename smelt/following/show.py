"""How a run is shown: a live table on a terminal, lines elsewhere."""

import time

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from smelt.following.stages import Row
from smelt.words import duration, figures, time_left, units

COLOURS = {
    "done": "green",
    "cached": "cyan",
    "running": "yellow",
    "gate": "yellow",
    "stopped": "yellow",
    "retrying": "red",
    "to approve": "bold magenta",
    "failed": "bold red",
    "gate failed": "bold red",
}
LINE_EVERY_S = 20.0


class Screen:
    """A table that is redrawn in place."""

    def __init__(self, console: Console, title: str) -> None:
        self._live = Live(console=console, refresh_per_second=4)
        self._title, self._started, self._note = title, time.monotonic(), ""

    def __enter__(self) -> "Screen":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def note(self, text: str) -> None:
        """What is said beside the title from the next update on."""
        self._note = text

    def update(self, rows: list[Row]) -> None:
        """Show the run as it is now."""
        title = f"{self._title}  [dim]{duration(time.monotonic() - self._started)}[/dim]  {escape(self._note)}"
        table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
        for column in ("stage", "state", "progress", "", "figures", "time", "left"):
            table.add_column(column, justify="right" if column in ("time", "left") else "left", no_wrap=True)
        for row in rows:
            done = row.progress or {}
            bar = ProgressBar(done["total"], done["done"], width=16) if row.running and done.get("total") else ""
            table.add_row(
                row.stage,
                f"[{COLOURS.get(row.state, 'dim')}]{row.state}[/]",
                bar,
                units(row.progress),
                figures(row.progress),
                "" if row.seconds is None else duration(row.seconds),
                _left(row),
            )
        self._live.update(table)


class Lines:
    """A line whenever a stage changes, and now and then for one that goes on."""

    def __init__(self, console: Console, title: str) -> None:
        self._console, self._started = console, time.monotonic()
        self._states: dict[str, str] = {}
        self._said: dict[str, float] = {}
        self._note = ""
        console.print(title, highlight=False)

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def note(self, text: str) -> None:
        """Say it, unless it was said last."""
        if text and text != self._note:
            self._console.print(
                f"{duration(time.monotonic() - self._started):>12}  {text}", highlight=False, markup=False
            )
        self._note = text

    def update(self, rows: list[Row]) -> None:
        """Say what is new."""
        now = time.monotonic()
        for row in rows:
            changed = self._states.get(row.stage, "waiting") != row.state
            if changed or (row.running and now - self._said[row.stage] >= LINE_EVERY_S):
                self._states[row.stage], self._said[row.stage] = row.state, now
                parts = [units(row.progress), figures(row.progress), _left(row)]
                if row.seconds is not None and not row.running:
                    parts.append(f"took {duration(row.seconds)}")
                text = f"{row.stage}: {row.state}  " + ", ".join(part for part in parts if part)
                self._console.print(f"{duration(now - self._started):>12}  {text.rstrip()}", highlight=False)


def _left(row: Row) -> str:
    """The estimate, while it means something."""
    return time_left(row.progress) if row.state in ("running", "retrying") else ""
