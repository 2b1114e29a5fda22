"""The characters of Markdown that are marks and no text: shares of characters leave them out."""

from tasks.clean.kernels.characters import CLASS, PUNCTUATION, SYMBOL, table
from tasks.clean.kernels.markdown import CODE, FORMULA, HEADING, MARKS, ROW, next_formula
from tasks.clean.signals.figures import HASHES, MARK_PUNCTUATION, MARK_SYMBOLS
from tasks.compiled import inner

_CLASS = (table()[:128] & CLASS).astype("int64")


@inner
def count_marks(data, at, stop, kind, figures):
    """Note the marks of the line ``data[at:stop]``, which is of that kind, in ``figures``.

    They are the ``#`` before a heading, the bars between cells, fences, the rule below a table's head, and all signs of
    a formula. A ``#`` in code begins a comment and is no hash tag.
    """
    if kind == CODE:
        for k in range(at, stop):
            figures[HASHES] -= data[k] == 35
    elif kind in (MARKS, FORMULA):
        _count(data, at, stop, figures)
    elif kind == ROW:
        for k in range(at, stop):
            figures[MARK_SYMBOLS] += data[k] == 124 and (k == at or data[k - 1] != 92)
    else:
        if kind == HEADING:
            while data[at] != 35:
                at += 1
            while at < stop and data[at] == 35:
                figures[MARK_PUNCTUATION] += 1
                figures[HASHES] -= 1
                at += 1
        while at < stop:
            begin, at = next_formula(data, at, stop)
            _count(data, begin, at, figures)


@inner
def _count(data, at, stop, figures):
    """Note all signs of ASCII in ``data[at:stop]``."""
    for k in range(at, stop):
        if data[k] < 0x80:
            figures[MARK_SYMBOLS] += _CLASS[data[k]] == SYMBOL
            figures[MARK_PUNCTUATION] += _CLASS[data[k]] == PUNCTUATION
