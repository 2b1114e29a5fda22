"""Aligned parts are read side by side, a row group at a time, and only the columns that are asked for travel."""

import random
from pathlib import Path

import pyarrow as pa
import pytest

from smelt.errors import StageError
from smelt.lake import Artifact, Lake, Manifest
from smelt.lake.remote import RemoteFile
from smelt.stage import Shard
from tasks.documents import KEPT, PartWriter, batches, read
from tests.tasks import refinery

IDS = [f"{number:016x}" for number in range(5)]


def part(lake: Lake, stage: str, tables: list[pa.Table]) -> Manifest:
    """An artifact of one part with a row group a table."""
    given = refinery.context(lake, stage, None, {})
    with PartWriter(given, Shard("00000")) as out:
        for table in tables:
            out.write(table)
    record = given.artifact.write_part(lake, "parts", "00000", files=out.files(), rows=out.rows, stats={})
    return Manifest(
        stage=stage, version=1, fingerprint=given.artifact.fingerprint, config=None, inputs={}, parts=(record,),
        stats={}, digest="",
    )  # fmt: skip


def groups(**columns: list) -> list[pa.Table]:
    """Two row groups: three rows and two."""
    table = pa.table({"id": IDS, **columns})
    return [table[:3], table[3:]]


def test_row_groups_of_all_stages_come_side_by_side(lake: Lake) -> None:
    inputs = {
        "clean": part(lake, "clean", groups(text=list("abcde"), lang=[None] * 5)),
        "score": part(lake, "score", groups(lang=["zh", "en"] * 2 + ["zh"])),
        "select": part(lake, "select", groups(keep=[True, True, False, True, True])),
        "dedup": part(lake, "dedup", groups(keep=[True, False, True, True, True])),
    }
    first, second = batches(lake, inputs, "00000", ["text", "lang", KEPT])
    assert first.to_pydict() == {"text": ["a", "b", "c"], "lang": ["zh", "en", "zh"], "kept": [True, False, False]}
    assert second.to_pydict() == {"text": ["d", "e"], "lang": ["en", "zh"], "kept": [True, True]}
    assert read(lake, {"clean": inputs["clean"]}, "00000", [KEPT])["kept"].to_pylist() == [True] * 5


def test_only_the_columns_asked_for_travel(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [random.Random(number).randbytes(100_000).hex() for number in range(5)]
    made = part(lake, "clean", groups(text=texts, size=[len(text) for text in texts]))
    travelled = []
    whole = RemoteFile.read

    def counted(self: RemoteFile, size: int | None = -1) -> bytes:
        content = whole(self, size)
        travelled.append(len(content))
        return content

    monkeypatch.setattr(RemoteFile, "read", counted)
    assert read(lake, {"clean": made}, "00000", ["size"])["size"].to_pylist() == [len(text) for text in texts]
    assert 0 < sum(travelled) < 0.2 * made.parts[0].files[".parquet"].bytes


def test_a_part_without_rows_still_has_its_columns(lake: Lake) -> None:
    made = part(lake, "clean", [pa.table({"id": pa.array([], pa.string()), "text": pa.array([], pa.string())})])
    [table] = batches(lake, {"clean": made}, "00000", ["text", KEPT])
    assert table.column_names == ["text", "kept"] and len(table) == 0


def test_parts_that_hold_other_documents_are_not_mixed(lake: Lake) -> None:
    inputs = {"clean": part(lake, "clean", groups(text=list("abcde")))}
    inputs["score"] = part(lake, "score", [table.set_column(0, "id", table["id"][::-1]) for table in groups(lang=IDS)])
    with pytest.raises(StageError, match=r"part 00000 holds other documents than clean"):
        read(lake, inputs, "00000", ["text", "lang"])
    with pytest.raises(StageError, match=r"no column 'mood' in clean"):
        read(lake, {"clean": inputs["clean"]}, "00000", ["mood"])


def test_a_part_that_could_not_be_written_leaves_no_file(lake: Lake) -> None:
    given = refinery.context(lake, "clean", None, {})
    with pytest.raises(ZeroDivisionError), PartWriter(given, Shard("00000")) as out:
        out.write(groups(text=list("abcde"))[0])
        raise ZeroDivisionError
    assert not out.file.exists() and isinstance(out.file, Path)
    assert Artifact("clean", given.artifact.fingerprint).records(lake, "parts") == {}
