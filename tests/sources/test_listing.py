"""A listing stands for the raw files: any change of a file changes its digest."""

import os
import random
import re
from pathlib import Path

import pytest

from smelt.errors import RecipeError
from smelt.recipe.sources import FilesSource
from smelt.settings import Settings
from smelt.sources.globs import fixed_part, matches
from tests.sources.listings import digest_of, files_of

_PIECE = re.compile(r"\*\*/|\*\*|\[!?[ab]+\]|.")
SETTINGS = Settings(lake="s3://none/here")


def test_stars_stay_inside_a_folder_and_double_stars_do_not() -> None:
    assert matches("usr/share/doc/a/b.html", ("usr/**/*.html",))
    assert matches("b.html", ("**/*.html",))
    assert not matches("a/b.html", ("*.html",))
    assert fixed_part("data/x/**/*.txt") == "data/x/"


def test_a_glob_is_what_its_parts_say_and_no_path_takes_it_for_ever() -> None:
    parts = {
        "**/": "(?:.*/)?",
        "**": ".*",
        "*": "[^/]*",
        "?": "[^/]",
        "[ab]": "[ab]",
        "[!a]": "[^a]",
        "a": "a",
        "/": "/",
    }
    draw = random.Random(1)
    taken = 0
    for _ in range(3000):
        pieces = draw.choices([*parts], k=draw.randint(1, 6))
        path = "".join(draw.choices("aab/", k=draw.randint(0, 7)))
        glob = "".join(pieces)
        meant = re.fullmatch("".join(parts[piece] for piece in _PIECE.findall(glob)), path, re.DOTALL)
        assert matches(path, (glob,)) == bool(meant), (glob, path)
        taken += bool(meant)
    assert taken > 300
    assert not matches("a" * 300, ("*a" * 40 + "b",)) and not matches("a/" * 100, ("**/" * 30 + "b",))
    assert not matches("ab" * 2000, ("**a" + "?" * 60 + "/",))  # more states than are remembered


def test_a_changed_or_added_file_changes_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smelt.sources.listing.CHECKOUT", tmp_path)  # a shell and Airflow work in different folders
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "a.txt"
    file.write_text("a")
    source = FilesSource(name="s", paths=("data/*.txt",))
    first = digest_of(source, settings=SETTINGS)
    assert [file.path for file in files_of(source, settings=SETTINGS)[0]] == ["data/a.txt"]
    assert digest_of(source, settings=SETTINGS) == first
    os.utime(file, ns=(1, 1))
    second = digest_of(source, settings=SETTINGS)
    (tmp_path / "data" / "b.txt").write_text("b")
    assert len({first, second, digest_of(source, settings=SETTINGS)}) == 3


def test_a_path_that_matches_nothing_is_an_error_of_the_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"sources\.s\.paths: .* matches no file"):
        digest_of(FilesSource(name="s", paths=(f"{tmp_path}/*.txt",)), settings=SETTINGS)
