"""Which tables are tables: the others lay out a page, and their cells are paragraphs like any."""

import numpy as np

from tasks.compiled import inner
from tasks.ingest.web.blocks.gutters import is_gutter
from tasks.ingest.web.tree import tags
from tasks.ingest.web.tree.attributes import NAMED, value_of
from tasks.ingest.web.tree.tags import TABLE, TD, TH, TR, key_of

_BREAKS = tags.of("h1 h2 h3 h4 h5 h6 form article section main nav header footer aside fieldset")
_ROLE, COLSPAN, _ROWSPAN = key_of(b"role"), key_of(b"colspan"), key_of(b"rowspan")
_LONG = 600
"""Characters of a cell with several blocks that make its table a layout."""
_LONG_ALONE = 150
"""The same for a table of one row."""

_MAX_COLUMNS = 64
"""Columns in which a cell reaches into the rows below its own."""


@inner
def tables_of(tree, blocks):
    """For each node the table that it lies in (0 for none, and for layouts), and the cell."""
    n = len(tree.tag)
    table, cell = np.zeros(n, np.int32), np.zeros(n, np.int32)
    rows, cells = np.zeros(n, np.int32), np.zeros(n, np.int32)  # of a table; of a row, and the most of a table
    layout = np.zeros(n, np.bool_)
    for node in range(1, n):
        kind, above = tree.tag[node], tree.parent[node]
        table[node], cell[node] = table[above], cell[above]
        if kind == TABLE:
            layout[table[above]] = True  # a table in a cell: the outer one is none
            table[node], cell[node] = node, 0
            layout[node] = tree.flags[node] & NAMED > 0 and _is_presentation(tree, node)
        elif kind == TR:
            rows[table[node]] += 1
        elif kind in (TD, TH):
            cell[node] = node
            cells[above] += 1
            cells[table[node]] = max(cells[table[node]], cells[above])
            if tree.flags[node] & NAMED and is_gutter(tree, node, False):
                layout[table[node]] = True  # code and its line numbers
        elif _BREAKS[kind]:
            layout[table[node]] = True
    counts, characters = np.zeros(n, np.int32), np.zeros(n, np.int32)
    for block in range(len(blocks.first)):
        within = cell[blocks.element[block]]
        counts[within] += 1
        characters[within] += blocks.characters[block]
    for node in range(1, n):
        if cell[node] == node and cell[node] > 0:
            of = table[node]
            if (counts[node] > 2 and characters[node] > _LONG) or (rows[of] == 1 and characters[node] > _LONG_ALONE):
                layout[of] = True
    for node in range(1, n):
        of = table[node]
        if of and (layout[of] or cells[of] < 2):
            table[node] = 0
    return table, cell


@inner
def _is_presentation(tree, node):
    """Whether a table's role is ``presentation`` or ``none``."""
    begin, stop = value_of(tree.source, tree.start[node], tree.end[node], _ROLE)
    return begin >= 0 and stop > begin and tree.source[begin] | 32 in (112, 110)


@inner
def gaps_of(tree, table, cell):
    """Columns that cells of rows above take: before each cell, and of a row behind its last (int32[n], by node)."""
    gaps = np.zeros(len(tree.tag), np.int32)
    left = np.zeros(_MAX_COLUMNS, np.int32)  # rows that the cell in this column goes on for
    row, group, column, high = 0, 0, 0, 0  # ``high``: past the last column that any cell goes on in
    for node in range(1, len(tree.tag)):
        is_cell = cell[node] == node
        if table[node] == 0 or not (is_cell or tree.tag[node] == TR):
            continue
        of = tree.parent[node] if is_cell else node
        if of != row:
            if row:
                _end_row(gaps, left, row, column, high)
            row, column = of, 0
            if tree.parent[row] != group:  # no cell goes on beyond its group of rows
                group, high = tree.parent[row], 0
                left[:] = 0
        if not is_cell:  # a row is one without cells too
            continue
        while column < high and left[column] > 0:
            left[column] -= 1
            gaps[node] += 1
            column += 1
        rows, columns = span_of(tree, node, _ROWSPAN, 5), span_of(tree, node, COLSPAN, 2)
        for at in range(column, min(column + columns, _MAX_COLUMNS)):
            if rows > 1:
                left[at] = rows - 1
                high = max(high, at + 1)
            elif left[at] > 0:
                left[at] -= 1  # where cells overlap
        column += columns
    if row:
        _end_row(gaps, left, row, column, high)
    return gaps


@inner
def _end_row(gaps, left, row, column, high):
    for at in range(column, high):
        if left[at] > 0:
            left[at] -= 1
            gaps[row] = at + 1 - column


@inner
def span_of(tree, cell, key, digits):
    """Columns or rows that a cell takes by this attribute; a number of more digits, which no table has, is none."""
    at, stop = value_of(tree.source, tree.start[cell], tree.end[cell], key)
    span = np.int64(0)
    if at < 0 or stop - at > digits:
        return 1
    for place in range(at, stop):
        if not 48 <= tree.source[place] <= 57:
            return 1
        span = 10 * span + np.int64(tree.source[place]) - 48
    return max(1, span)
