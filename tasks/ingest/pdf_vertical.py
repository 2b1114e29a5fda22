"""Pages of Chinese and Japanese set in columns from top to bottom, right to left, whose characters stand row by row."""

from typing import Any

import numpy as np
import pypdfium2

from tasks.ingest.joined import is_wide

_FEWEST = 20  # ideographs by which a page is judged
_SAMPLE = 400  # the first of them that are looked at
_CLOSER = 0.85  # of the distance in a row: that in a column, below which a page is set in columns
_SAME = 0.3  # of a character's size, by which centers in one row or column may differ
_FOLLOWING = 0.6  # share of characters that stand below the one before them, from which on the order is that of columns


def columns(page: pypdfium2.PdfTextPage, text: str) -> str | None:
    """The text of a page that is set in columns but comes in rows: a line for each column.

    Args:
        text: as pdfium gives it.

    Returns:
        None for any other page.
    """
    if 2 * sum(map(is_wide, text[: 2 * _SAMPLE])) < min(len(text.replace(" ", "")), _SAMPLE) or len(text) < _FEWEST:
        return None
    _, centers, size = _characters(page, _SAMPLE)
    if len(centers) < _FEWEST or not _is_vertical(centers, size):
        return None
    steps = np.diff(centers, axis=0)
    if np.mean((np.abs(steps[:, 0]) < _SAME * size) & (steps[:, 1] < 0)) > _FOLLOWING:
        return None
    characters, centers, size = _characters(page, page.count_chars())
    return "\n".join(_in_columns(characters, centers, size))


def _characters(page: pypdfium2.PdfTextPage, most: int) -> tuple[list[str], np.ndarray[Any, Any], float]:
    """Characters of a page (blanks aside), the centers of their boxes (points, N × 2), and the median size."""
    characters, boxes = [], []
    for place in range(min(page.count_chars(), most)):
        char = chr(pypdfium2.raw.FPDFText_GetUnicode(page, place) or 32)
        if not char.isspace():
            characters.append(char)
            boxes.append(page.get_charbox(place, loose=True))
    found = np.array(boxes, np.float64).reshape(-1, 4)
    centers = np.column_stack((found[:, 0] + found[:, 2], found[:, 1] + found[:, 3])) / 2
    return characters, centers, float(np.median(found[:, 3] - found[:, 1])) if boxes else 0.0


def _is_vertical(centers: np.ndarray[Any, Any], size: float) -> bool:
    """Whether characters stand closer to those below them than to those beside them."""
    apart = centers[None] - centers[:, None]
    right, below = apart[..., 0], -apart[..., 1]
    in_row = np.where((np.abs(below) < _SAME * size) & (right > 0), right, np.inf).min(1)
    in_column = np.where((np.abs(right) < _SAME * size) & (below > 0), below, np.inf).min(1)
    in_row, in_column = in_row[np.isfinite(in_row)], in_column[np.isfinite(in_column)]
    enough = min(len(in_row), len(in_column)) >= _FEWEST // 2
    return bool(enough and np.median(in_column) < _CLOSER * np.median(in_row))


def _in_columns(characters: list[str], centers: np.ndarray[Any, Any], size: float) -> list[str]:
    order = np.argsort(-centers[:, 0], kind="stable")
    ends = np.flatnonzero(-np.diff(centers[order, 0]) > _SAME * size) + 1
    found = [column[np.argsort(-centers[column, 1], kind="stable")] for column in np.split(order, ends)]
    return ["".join(characters[place] for place in column) for column in found]
