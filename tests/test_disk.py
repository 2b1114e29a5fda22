"""A disk that is full is told in one line, whichever library meets it, and what fails goes on when there is room."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from smelt.cli.main import main
from smelt.disk import reserve, told_when_full
from smelt.errors import DiskFullError
from smelt.lake import Lake
from smelt.recipe import load_recipe
from smelt.services.state import prepare_state
from tests.chain import RECIPE, make_through

SIZE = 1 << 20
BYTES = np.random.default_rng(0).integers(0, 255, 2 * SIZE, dtype=np.uint8)
WRITES: dict[str, Callable[[Path], object]] = {
    "python": lambda file: file.write_bytes(BYTES.tobytes()),
    "numpy": lambda file: BYTES.tofile(file),
    "arrow": lambda file: pq.write_table(pa.table({"a": pa.array(BYTES)}), file),
    "polars": lambda file: pl.DataFrame({"a": BYTES}).write_parquet(file),
    "torch": lambda file: torch.save(torch.from_numpy(BYTES), file),
}

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small disk")


@pytest.fixture
def small(tmp_path) -> Iterator[Path]:
    """A folder on a disk of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("this container may not mount")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def filled(folder: Path) -> Path:
    """A file that takes all room that there is."""
    fill = folder / "fill"
    with pytest.raises(OSError), fill.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return fill


@pytest.mark.parametrize("library", WRITES)
def test_every_library_says_it_in_the_same_words(small, library):
    with (
        pytest.raises(DiskFullError, match=r"small: the disk is full: [\d.]+ MB are free \(make room there"),
        told_when_full(small),
    ):
        WRITES[library](small / "file")


def test_another_failure_is_left_as_it_is(small):
    with pytest.raises(ZeroDivisionError), told_when_full(small):
        _ = 1 / 0


def test_a_file_that_is_to_be_mapped_has_its_room_or_is_not_begun(small):
    with pytest.raises(DiskFullError, match=r"small: the disk is full: 2\.1 MB are needed, 1\.0 MB are free"):
        reserve(small / "file", 2 * SIZE)
    reserve(small / "file", SIZE // 2)
    assert (small / "file").stat().st_size == SIZE // 2


def test_a_command_on_a_full_disk_is_one_line_and_what_is_there_needs_no_room(small, monkeypatch, capsys):
    known = prepare_state(small / "home", keep_ports=False)
    filled(small)
    assert prepare_state(small / "home", keep_ports=True).secrets == known.secrets
    monkeypatch.setenv("SMELT_HOME", str(small / "other"))
    monkeypatch.setattr("sys.argv", ["smelt", "up"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert re.fullmatch(r"error: \S*: the disk is full: 0\.0 MB are free \(make room.*\)\n", capsys.readouterr().err)


def test_a_stage_on_a_full_disk_fails_in_a_line_and_goes_on_when_there_is_room(lake, small, tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text(f"Note {number}: " + "what was seen, and by whom, is told here. " * 20)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(name="full", folder=tmp_path))
    expected = make_through(load_recipe(recipe), Lake(lake.settings, url=f"{lake.url}/roomy"), "ingest")["ingest"]
    narrow = Lake(replace(lake.settings, home=small), url=f"{lake.url}/narrow")
    fill = filled(small)
    with pytest.raises(DiskFullError, match=r"small: the disk is full: 0\.0 MB are free"):
        make_through(load_recipe(recipe), narrow, "ingest")
    fill.unlink()
    assert make_through(load_recipe(recipe), narrow, "ingest")["ingest"].digest == expected.digest
