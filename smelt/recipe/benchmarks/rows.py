"""Rows of a benchmark's files: JSON Lines, CSV or Parquet, one file or a folder of them, gzip or plain."""

import csv
import gzip
import io
import re
from collections.abc import Iterator
from typing import Any

from smelt.checkout import CHECKOUT
from smelt.errors import RecipeError
from smelt.recipe.reading import attached

ENDINGS = ("jsonl", "json", "csv", "parquet")


def files(path: str, *, where: str, more: tuple[str, ...] = ()) -> list[str]:
    """The files that a path names: itself, or those of the folder that can be read, in order of their names.

    Args:
        more: endings that the caller reads, beside those of ``rows``.

    Raises:
        RecipeError: when there is nothing to read.
    """
    if _ending(path) in ENDINGS:
        return [path]
    if not path.startswith(attached.REMOTE) and not (CHECKOUT / path).is_dir():
        mend = "give a path below the checkout, s3:// or hf://datasets/"
        raise RecipeError("no such file", where=f"{where}: {path}", mend=mend)
    inside = attached.folder_files(path, where=where)
    found = [f"{path.rstrip('/')}/{name}" for name in sorted(inside) if _ending(name) in {*ENDINGS, *more}]
    if not found:
        raise RecipeError(
            "no file to read", where=f"{where}: {path}", mend=f"give {', '.join((*ENDINGS, *more))} files"
        )
    return found


def subject_of(path: str) -> str:
    """The subject that a file's name says: ``dev/college_physics_dev.csv`` is ``college_physics``."""
    name = path.rpartition("/")[2].partition(".")[0]
    return re.sub(r"_(dev|val|test|train|validation)$", "", name)


def rows(path: str, *, where: str, header: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """A file's rows, each with its place (``path:line``).

    Args:
        where: the recipe path that names it, for errors.
        header: whether a CSV file begins with its columns' names.

    Raises:
        RecipeError: when the file is missing, or is not what its name says.
    """
    content = attached.read(path, where=where)
    try:
        if path.endswith(".gz"):
            content = gzip.decompress(content)
        if _ending(path) == "parquet":
            yield from _parquet(path, content)
        elif _ending(path) == "csv":
            yield from _csv(path, content.decode("utf-8-sig"), header)
        else:
            yield from attached.json_objects(path, content.decode("utf-8-sig"))
    except (UnicodeDecodeError, OSError, EOFError, csv.Error, ValueError) as error:
        raise RecipeError(f"can't be read: {error}", where=f"{where}: {path}", mend="give the set's files") from None


def _ending(path: str) -> str:
    return path.removesuffix(".gz").rpartition(".")[2].lower()


def _parquet(path: str, content: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow.parquet as pq  # only for sets that are in it

    for number, row in enumerate(pq.read_table(io.BytesIO(content)).to_pylist(), start=1):
        yield f"{path}, row {number}", row


def _csv(path: str, text: str, header: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.reader(io.StringIO(text))
    names = next(reader, []) if header else []
    for cells in reader:
        if cells:
            keys = names or [str(index) for index in range(len(cells))]
            yield f"{path}:{reader.line_num}", dict(zip(keys, cells, strict=False))
