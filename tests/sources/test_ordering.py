"""Rows in order beyond what memory holds: as ``sorted`` has them, whatever the order they come in."""

import random
from pathlib import Path

import pytest

from smelt.sources import ordering
from smelt.sources.listed import ListedFile
from smelt.sources.ordering import in_order


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 299, 300, 1000])
def test_rows_come_as_sorted_has_them_and_equal_ones_as_they_came(count: int, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(ordering, "ROWS_HELD", 10)
    monkeypatch.setattr(ordering, "RUNS_AT_ONCE", 3)
    monkeypatch.setattr(ordering, "_ROWS_WRITTEN", 4)
    draw = random.Random(count)
    rows = [ListedFile("s", f"{draw.randrange(50)}\n字", "u", number, "v") for number in range(count)]
    assert list(in_order(iter(rows), lambda row: row.path, tmp_path)) == sorted(rows, key=lambda row: row.path)
    assert not list(tmp_path.iterdir())
