"""Local files as they lie: behind links, under names of every kind, and what can't be reached is told."""

import os
from pathlib import Path

import pytest

from smelt.errors import RecipeError
from smelt.recipe.ingest import IngestConfig
from smelt.recipe.sources import FilesSource
from smelt.settings import Settings
from smelt.sources.globs import matches
from smelt.sources.listed import ListedFile
from smelt.sources.local import called, located
from tasks.ingest.stage import STAGE
from tests.sources.listings import files_of
from tests.tasks.refinery import columns, listed, run

SETTINGS = Settings(lake="s3://none/here")


def found(*paths: object) -> tuple[list[ListedFile], tuple[str, ...]]:
    """Files and notes."""
    return files_of(FilesSource(name="s", paths=tuple(map(str, paths))), settings=SETTINGS)


def names(folder: Path, *globs: str) -> list[str]:
    files, _ = found(*(folder / glob for glob in globs))
    return [Path(file.path).relative_to(folder).as_posix() for file in files]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """``data`` with a folder, and links to it, to a disk elsewhere, to its own top, and to nothing."""
    data, disk = tmp_path / "data", tmp_path / "disk"
    for folder in (data / "v2" / "deep", disk / "more"):
        folder.mkdir(parents=True)
    for file in (data / "v2" / "a.txt", data / "v2" / "deep" / "b.txt", disk / "c.txt", disk / "more" / "d.txt"):
        file.write_text(file.name)
    (data / "current").symlink_to(data / "v2")
    (data / "far").symlink_to(disk)
    (disk / "more" / "round").symlink_to(data)
    return data


def test_folders_behind_links_are_listed_once(tree: Path) -> None:
    everything = ["far/c.txt", "far/more/d.txt", "v2/a.txt", "v2/deep/b.txt"]
    assert names(tree, "**/*.txt") == names(tree, "") == names(tree, "**") == everything
    assert names(tree, "*/*.txt") == ["far/c.txt", "v2/a.txt"]
    assert names(tree, "current/*.txt") == ["current/a.txt"]
    assert names(tree, "cur*/**/*.txt") == ["current/a.txt", "current/deep/b.txt"]
    assert names(tree, "f?r/m*/*") == ["far/more/d.txt"]
    assert not found(tree / "**")[1]


def test_what_cannot_be_reached_is_told(tree: Path) -> None:
    for number in range(5):
        (tree / f"broken{number}").symlink_to(tree / "gone")
    _, [note] = found(tree / "**")
    assert "broken0 (a link to nothing)" in note and note.endswith("and 2 more")


def test_a_file_may_be_called_like_a_glob(tmp_path: Path) -> None:
    (tmp_path / "b[1]").mkdir()
    for name in ("a[1].txt", "a1.txt", "what?.txt", "b[1]/x.txt", "new\nline #1 100%.txt", "字.txt"):
        (tmp_path / name).write_text(name)
    assert names(tmp_path, "a[1].txt") == ["a[1].txt"]
    assert names(tmp_path, "what?.txt") == ["what?.txt"]
    assert names(tmp_path, "b[1]") == names(tmp_path, "b[1]/*") == ["b[1]/x.txt"]
    assert names(tmp_path, "a[0-9].txt") == ["a1.txt"]
    assert len(names(tmp_path, "**")) == 6


def test_brackets_that_are_no_range_are_an_error_of_the_recipe() -> None:
    assert matches("a\\b", ("a[\\]b",)) and matches("a[b", ("a[[]b",)) and not matches("ab", ("a[!b]",))
    with pytest.raises(RecipeError, match=r"'\[z-a\]' is no glob"):
        matches("x", ("[z-a]",))


def test_names_that_are_no_utf8_are_listed_and_read(lake, tmp_path: Path) -> None:
    for name, text in ((b"caf\xe9.txt", "latin"), ("café.txt".encode(), "utf-8"), (b"caf%E9.txt", "percent")):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(text)
    config = IngestConfig(sources=(FilesSource(name="s", paths=(str(tmp_path),)),))
    made = run(STAGE, listed(lake, config))
    rows = columns(lake, made, ["id", "text", "url"])
    assert {row["text"]: row["url"] for row in rows} == {
        "latin": f"file:{tmp_path}/caf%E9.txt",
        "utf-8": f"{tmp_path}/café.txt",
        "percent": f"{tmp_path}/caf%E9.txt",
    }
    assert len({row["id"] for row in rows}) == 3
    assert located(called(os.fsdecode(b"/a/%\xff b"))) == Path(os.fsdecode(b"/a/%\xff b"))
