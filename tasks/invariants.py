"""Counts of rows that break what must hold of every row (``smelt.invariants``), taken of what a worker writes.

They are taken of the tables as they are written, and know nothing of how these came to be.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smelt import invariants as named
from tasks.compiled import compiled
from tasks.top_level import top_level

_EMAIL = r"[A-Za-z0-9._%+-]@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.([A-Za-z]{2,})\b"
_ADDRESS = re.compile(_EMAIL, re.ASCII)
_PHONE = r"(?:^|[^0-9])1[3-9][0-9]{9}(?:$|[^0-9])"
_ID_NUMBER = (
    r"(?:^|[^0-9])[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx](?:$|[^0-9])"
)
PATTERNS = {"email": _EMAIL, "phone": _PHONE, "id_number": _ID_NUMBER}
"""What can be looked for in all text at little cost (RE2); ``clean`` finds more kinds, with checksums. What ends in no
top-level domain is no address: ``ssh user@host.dom`` is a login."""
_SHORTEST = 11
"""Digits of the shortest number among these."""


_NAMED = ("id", "text", "source", "url", "format")
_DECIDED = ("id", "keep")
_REQUIRED = {
    "ingest": _NAMED,
    "clean": _NAMED,
    "score": ("id", "lang", "domain"),
    "select": _DECIDED,
    "dedup": _DECIDED,
    "decontaminate": _DECIDED,
    "tokens": ("id", "lang", "domain", "source"),
}
_ROUNDED = 1e-4
"""How far rounding in 32 bits may lead beyond a limit."""


def violations(stage: str, table: pa.Table, source: pa.Table | None = None, **more: int) -> dict[str, Any]:
    """Statistics of a row group of a document stage.

    Args:
        table: as it is written.
        source: the row group that came in, with its ``id``, where rows are to be the same.
        more: counts of the stage's own.
    """
    counts = {named.NULLS: sum(table[name].null_count for name in _REQUIRED[stage]), **more}
    if source is not None:
        counts[named.OTHER_IDS] = _other_ids(table, source)
    if "keep" in table.column_names:
        counts[named.REASONS] = _true(pc.equal(table["keep"], pc.is_valid(table["reason"])))
    return {"violations": counts}


def out_of_range(values: pa.Array | pa.ChunkedArray, low: float, high: float) -> int:
    """Values that lie outside these limits or are no numbers; nulls are not counted."""
    found = values.drop_null().to_numpy().astype(np.float64)
    return int(len(found) - np.count_nonzero((found >= low - _ROUNDED) & (found <= high + _ROUNDED)))


def personal_data_left(
    texts: pa.LargeStringArray, data: np.ndarray, offsets: np.ndarray, config: Mapping[str, Any]
) -> dict[str, int]:
    """Documents that still hold an e-mail address, a phone or an identity number, of the kinds that were to go.

    Args:
        data, offsets: the texts' bytes and where they lie in them (N + 1).
        config: whether each kind was to go.
    """
    has_at, has_number = _may_hold(data, offsets, _SHORTEST)
    found = {}
    for kind in PATTERNS:
        if config[kind]:
            rows = np.flatnonzero(has_at if kind == "email" else has_number)
            looked_at = texts.take(pa.array(rows))
            matched = pc.match_substring_regex(looked_at, PATTERNS[kind])
            found[kind] = _with_address(looked_at.filter(matched)) if kind == "email" else _true(matched)
    return found


def _with_address(texts: pa.LargeStringArray) -> int:
    """Texts with an address whose top-level domain there is."""
    known = top_level()
    return sum(any(word.lower() in known for word in _ADDRESS.findall(text)) for text in texts.to_pylist())


@compiled
def _may_hold(data, offsets, shortest):
    """Which texts have an at sign, and which a run of so many digits: the others need no look."""
    count = len(offsets) - 1
    has_at, has_number = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    for row in range(count):
        run = 0
        for at in range(offsets[row], offsets[row + 1]):
            byte = data[at]
            if byte == 64:
                has_at[row] = True
            if 48 <= byte <= 57:
                run += 1
                if run == shortest:
                    has_number[row] = True
            else:
                run = 0
    return has_at, has_number


def tokens(ids: np.ndarray, written: np.ndarray, lengths: np.ndarray, *, vocab_size: int, end: int) -> dict[str, int]:
    """Of encoded documents: tokens outside the vocabulary, documents without their end, and with one too early.

    Args:
        ids: tokens of all documents as the tokenizer gave them.
        written: the same with their ends, as they are written.
        lengths: of each document in ``written``.
    """
    last = written[np.cumsum(lengths) - 1]
    outside = max(np.count_nonzero(ids >= vocab_size), np.count_nonzero(written >= vocab_size))
    ended = int(np.count_nonzero(last == end))
    return {
        named.OUTSIDE: int(outside),
        named.UNENDED: len(lengths) - ended,
        named.END_INSIDE: int(np.count_nonzero(written == end)) - ended,
    }


def _other_ids(table: pa.Table, source: pa.Table) -> int:
    if len(table) != len(source):
        return max(len(table), len(source))
    return len(table) - _true(pc.equal(table["id"], source["id"]))


def _true(mask: pa.Array | pa.ChunkedArray) -> int:
    return pc.sum(mask).as_py() or 0
