"""Tables of manual pages (``tbl``): a line for each row, its cells apart by tabs.

https://man7.org/linux/man-pages/man1/tbl.1.html
"""

import re

from tasks.ingest.joined import joined


class Table:
    """A table between ``.TS`` and ``.TE``: options, formats up to a full stop, and rows."""

    def __init__(self) -> None:
        self._in_format, self._separator = True, "\t"
        self._rows: list[str] = []
        self._cells: list[str] = []
        self._block: list[str] | None = None  # the lines of a cell between T{ and T}

    def format(self) -> None:
        """Formats follow again (``.T&``)."""
        self._in_format = True

    def line(self, text: str) -> None:
        """Take in a line."""
        if self._in_format:
            if text.rstrip().endswith(";"):
                given = re.search(r"\btab\s*\((.)\)", text)
                self._separator = given[1] if given else self._separator
            self._in_format = not text.rstrip().endswith(".")
        elif self._block is None:
            self._row(text)
        elif text.startswith("T}"):
            self._cells.append(joined(self._block))
            self._block = None
            self._row(text[2:].removeprefix(self._separator))
        elif text.strip():
            self._block.append(text.strip())

    def rows(self) -> list[str]:
        """The rows that came."""
        if self._block is not None:
            self._cells.append(joined(self._block))
        return self._rows + ["\t".join(self._cells)] * bool(self._cells)

    def _row(self, text: str) -> None:
        cells = text.split(self._separator) if text else []
        if cells and cells[-1].strip() == "T{":
            self._cells += map(str.strip, cells[:-1])
            self._block = []
            return
        self._cells += map(str.strip, cells)
        cells, self._cells = self._cells, []
        if any(cell.strip("_=^") for cell in cells):
            self._rows.append("\t".join(cells).rstrip())
