"""A local file that changes while it is read stops the stage: no row of a mixture of two versions is kept."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smelt.errors import StageError
from smelt.lake import Lake
from smelt.recipe.ingest import IngestConfig
from smelt.recipe.sources import FilesSource
from tasks.ingest import stage as ingest
from tasks.ingest.document import Document, RawFile, Refusal
from tasks.ingest.stage import STAGE
from tests.tasks.refinery import listed, run

LINE = b'{"text": "a line of some words"}\n'


def append(file: Path) -> None:
    with file.open("ab") as more:
        more.write(LINE * 700)


def rewrite_in_place(file: Path) -> None:
    about = file.stat()
    with file.open("r+b") as same:
        same.write(LINE.replace(b"line", b"tale"))
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))  # as a copy that keeps its times does


def replace(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(file.read_bytes())
    other.rename(file)


def take_away(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("change", [append, rewrite_in_place, replace, take_away])
def test_a_file_that_changes_while_it_is_read_stops_the_stage(
    change: Callable[[Path], None], lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "many.jsonl"
    file.write_bytes(LINE * 5000)
    given = listed(lake, IngestConfig(sources=(FilesSource(name="local", paths=(str(file),)),)))
    whole = ingest.read

    def read(raw: RawFile, config: IngestConfig, passed_over: Counter[str]) -> Iterator[Document | Refusal]:
        items = whole(raw, config, passed_over)
        yield next(items)
        change(file)
        yield from items

    monkeypatch.setattr(ingest, "read", read)
    with pytest.raises(StageError, match=r"many\.jsonl: is not what it was when it was listed \(plan the run again\)"):
        run(STAGE, given)
    assert lake.objects(given.artifact.root) == []
