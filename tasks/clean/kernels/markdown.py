"""What a line is in Markdown, inside kernels: prose, a heading, a table's row, code between fences, a formula.

The parts of CommonMark, and of GitHub's tables, that ``ingest`` writes. Blanks and ``>`` may stand before any of them.
"""

from tasks.clean.kernels.utf8 import is_digit
from tasks.compiled import inner

PROSE, HEADING, ROW, CODE, FORMULA, MARKS = range(6)
"""What a line is; MARKS is one that holds nothing else: a fence, the rule below a table's head."""
_LONGEST_FORMULA = 1000  # bytes


@inner
def kind_of_line(data, at, end, fence):
    """What the line at ``at`` is, and the fence that is open behind it.

    Args:
        end: where the line or all text ends.
        fence: the fence that is open before it: its length, negative where it is of tildes, 0 for none.
    """
    while at < end and (data[at] == 32 or data[at] == 62 or data[at] == 9):
        at += 1
    byte = data[at] if at < end else 10
    if byte == 96 or byte == 126:
        run = _run(data, at, end)
        signed = run if byte == 96 else -run
        stop = end_of_line(data, at, end)
        if fence == 0 and run >= 3 and (byte == 126 or not _holds(data, at + run, stop, 96)):
            return MARKS, signed
        if fence * signed > 0 and run >= abs(fence) and _is_blank(data, at + run, stop):
            return MARKS, 0
    if fence != 0:
        return CODE, fence
    if byte == 35:
        run = _run(data, at, end)
        titled = run <= 6 and (at + run >= end or data[at + run] == 32 or data[at + run] == 10)
        return HEADING if titled else PROSE, 0
    if byte == 124 or byte == 36:
        stop = end_of_line(data, at, end)
        while data[stop - 1] == 32:
            stop -= 1
        if byte == 124 and stop - at > 2 and data[at + 1] == 32 and data[stop - 1] == 124 and data[stop - 2] == 32:
            return MARKS if _is_rule(data, at, stop) else ROW, 0
        if byte == 36 and stop - at > 4 and data[at + 1] == 36 and data[stop - 1] == 36 and data[stop - 2] == 36:
            return FORMULA, 0
    return PROSE, 0


@inner
def is_item(data, at, end):
    """Whether the line ``data[at:end]`` is an item of a list: a bullet or a number, a blank, and more."""
    while at < end and (data[at] == 32 or data[at] == 62 or data[at] == 9):
        at += 1
    begun = at
    while at < end and at - begun < 9 and is_digit(data[at]):
        at += 1
    if at > begun:
        marked = at < end and (data[at] == 46 or data[at] == 41)
    else:
        marked = at < end and (data[at] == 45 or data[at] == 42 or data[at] == 43)
    return marked and at + 2 < end and data[at + 1] == 32


@inner
def next_formula(data, at, stop):
    """Where the first formula ``$…$`` in ``data[at:stop]`` begins, and where it ends; twice ``stop`` for none.

    As Pandoc has it: no blank behind the first sign or before the last, and no digit behind that.
    """
    while at < stop:
        if data[at] == 36 and at + 1 < stop and data[at + 1] > 32:
            k = at + 2
            while k < stop and k - at < _LONGEST_FORMULA:
                if (
                    data[k] == 36
                    and data[k - 1] > 32
                    and data[k - 1] != 92
                    and not (k + 1 < stop and is_digit(data[k + 1]))
                ):
                    return at, k + 1
                k += 1
        at += 1
    return stop, stop


@inner
def end_of_line(data, at, end):
    """Where the line at ``at`` ends."""
    while at < end and data[at] != 10:
        at += 1
    return at


@inner
def _run(data, at, end):
    """How often the byte at ``at`` stands there in a row."""
    stop = at
    while stop < end and data[stop] == data[at]:
        stop += 1
    return stop - at


@inner
def _holds(data, at, stop, byte):
    for k in range(at, stop):
        if data[k] == byte:
            return True
    return False


@inner
def _is_blank(data, at, stop):
    for k in range(at, stop):
        if data[k] > 32:
            return False
    return True


@inner
def _is_rule(data, at, stop):
    """Whether nothing but bars, dashes, colons and blanks stands there."""
    for k in range(at, stop):
        byte = data[k]
        if byte != 124 and byte != 45 and byte != 58 and byte != 32:
            return False
    return True
