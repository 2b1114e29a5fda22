"""A listing stands for the raw files: any change of a file changes its digest."""

import os
from pathlib import Path

import pytest

from smelt.errors import RecipeError
from smelt.recipe.sources import FilesSource
from smelt.settings import Settings
from smelt.sources.globs import fixed_part, matches
from smelt.sources.listing import listing

SETTINGS = Settings(lake="s3://none/here")


def test_stars_stay_inside_a_folder_and_double_stars_do_not() -> None:
    assert matches("usr/share/doc/a/b.html", ("usr/**/*.html",))
    assert matches("b.html", ("**/*.html",))
    assert not matches("a/b.html", ("*.html",))
    assert fixed_part("data/x/**/*.txt") == "data/x/"


def test_a_changed_or_added_file_changes_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smelt.sources.listing.CHECKOUT", tmp_path)  # a shell and Airflow work in different folders
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "a.txt"
    file.write_text("a")
    source = FilesSource(name="s", paths=("data/*.txt",))
    first = listing([source], SETTINGS)
    assert [entry.path for entry in first.entries] == ["data/a.txt"]
    assert listing([source], SETTINGS).digest == first.digest
    os.utime(file, ns=(1, 1))
    second = listing([source], SETTINGS)
    (tmp_path / "data" / "b.txt").write_text("b")
    assert len({first.digest, second.digest, listing([source], SETTINGS).digest}) == 3


def test_a_path_that_matches_nothing_is_an_error_of_the_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"sources\.s\.paths: .* matches no file"):
        listing([FilesSource(name="s", paths=(f"{tmp_path}/*.txt",))], SETTINGS)
