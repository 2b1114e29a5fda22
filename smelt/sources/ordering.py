"""Rows in order, however many there are: runs that fit into memory are sorted, laid on disk and merged."""

import heapq
import json
from collections.abc import Callable, Iterable, Iterator
from io import BufferedReader
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

Row = TypeVar("Row")
ROWS_HELD = 100_000
"""Rows of a run: what is in memory at once."""
RUNS_AT_ONCE = 32
"""Runs that are read at the same time; more are merged into one first."""
_ROWS_WRITTEN = 1000


def in_order(rows: Iterable[Row], key: Callable[[Row], Any], folder: Path) -> Iterator[Row]:
    """The rows in the order of a key; those of one key as they came.

    Args:
        rows: named tuples of one kind, of values that are the same when JSON has had them.
        folder: where the runs lie, in a folder of their own that goes with the last row. One run is written nowhere.
    """
    waiting = iter(rows)
    run = sorted(islice(waiting, ROWS_HELD), key=key)
    if len(run) < ROWS_HELD:
        yield from run
        return
    make: Callable[..., Row] = type(run[0])
    number, runs = 0, list[Path]()
    with TemporaryDirectory(dir=folder) as own:
        while run:
            runs.append(_write(run, Path(own, str(number))))
            del run
            number += 1
            if len(runs) == RUNS_AT_ONCE:
                merged = _write(_merged(runs, key, make), Path(own, str(number)))
                for written in runs:
                    written.unlink()
                number, runs = number + 1, [merged]
            run = sorted(islice(waiting, ROWS_HELD), key=key)
        yield from _merged(runs, key, make)


def _merged(runs: list[Path], key: Callable[[Row], Any], make: Callable[..., Row]) -> Iterator[Row]:
    return heapq.merge(*(_read(run, make) for run in runs), key=key)


def _write(rows: Iterable[Row], path: Path) -> Path:
    from pyarrow import output_stream  # by those alone who have more rows than one run

    waiting = iter(rows)
    with output_stream(path, compression="lz4") as file:
        while some := list(islice(waiting, _ROWS_WRITTEN)):
            file.write(b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in some))
    return path


def _read(path: Path, make: Callable[..., Row]) -> Iterator[Row]:
    from pyarrow import input_stream

    with input_stream(path, compression="lz4") as file:
        for line in BufferedReader(file):
            yield make(*json.loads(line))
