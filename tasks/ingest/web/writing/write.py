"""The kept blocks of a page as light Markdown, or as plain text with the same lines."""

from typing import NamedTuple

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.blocks.blocks import Blocks
from tasks.ingest.web.blocks.code import languages_of
from tasks.ingest.web.blocks.containers import (
    MAX_LEVELS,
    containers_of,
    heading_of,
    is_tight,
    ordinals_of,
    write_prefix,
)
from tasks.ingest.web.blocks.notes import Notes, no_notes, notes_of
from tasks.ingest.web.blocks.tables import COLSPAN, gaps_of, span_of, tables_of
from tasks.ingest.web.tree.entities import NAMED
from tasks.ingest.web.tree.tags import PREFORMATTED, TD, TH
from tasks.ingest.web.tree.tree import Tree, tags
from tasks.ingest.web.writing.inline import write_code, write_inline
from tasks.ingest.web.writing.pen import (
    AT,
    BLANK,
    CELL,
    FRESH,
    FULL,
    INDENT,
    LINE,
    MAX_PREFIX,
    WIDTH,
    Pen,
    has_room,
    new_line,
    put,
    put_number,
    start_text,
)
from tasks.ingest.web.writing.replaced import Replaced


class _Page(NamedTuple):
    """What a page's text is written from, as kernels take it."""

    tree: Tree
    blocks: Blocks
    keep: np.ndarray  # bool[b]
    replaced: np.ndarray  # int32[r]
    formulas: np.ndarray  # uint8
    formula_starts: np.ndarray  # int64[r + 1]
    language_of: np.ndarray  # int32[b]; of a block of code, in ``languages``
    languages: np.ndarray  # uint8
    language_starts: np.ndarray  # int64
    notes: Notes
    revealed: bool


def write(
    tree: Tree,
    blocks: Blocks,
    keep: np.ndarray,
    replaced: Replaced,
    *,
    markdown: bool = True,
    alt: bool = False,
    references: bool = False,
) -> str:
    """The text of the kept blocks.

    Args:
        keep: bool[b].
        replaced: subtrees written as a given text.
        markdown: with marks of headings, items, quotes, code and tables; without them the lines are the same.
        alt: with the alternative text of images.
        references: with the reference marks of a wiki.
    """
    index, languages = languages_of(tree, blocks, keep)
    page = _Page(
        tree, blocks, keep, replaced.node.astype(np.int32), *_joined(replaced.text), index, *_joined(languages),
        notes_of(tree, blocks) if markdown else no_notes(tree, blocks), blocks.revealed,
    )  # fmt: skip
    room = len(tree.source) // 2 + 65536
    while True:
        pen = Pen(np.empty(room, np.uint8), np.zeros(9, np.int64), np.zeros(MAX_PREFIX, np.uint8),
                  np.zeros(16, np.uint8), NAMED)  # fmt: skip
        size = _write(page, pen, markdown, alt, references)
        if not pen.state[FULL]:
            return pen.out[:size].tobytes().decode("utf-8", "replace")
        room *= 4


def _joined(texts: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Texts as one, and where each begins."""
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=starts[1:])
    return np.frombuffer(b"".join(texts) + b"\0", np.uint8), starts


@compiled
def _write(page, pen, markdown, alt, references):
    tree, blocks, state = page.tree, page.blocks, pen.state
    table_of, cell_of = tables_of(tree, blocks)
    gaps, ordinals = gaps_of(tree, table_of, cell_of), ordinals_of(tree, page.notes.number)
    marked = np.zeros(len(tree.tag), np.bool_)
    path, before = np.zeros(MAX_LEVELS, np.int32), np.zeros(MAX_LEVELS, np.int32)
    levels, block, heading, table, last = 0, 0, 0, 0, 0
    while block < len(blocks.first) and not state[FULL]:
        if not page.keep[block]:
            block += 1
            continue
        element = blocks.element[block]
        row = tree.parent[cell_of[element]] if table_of[element] and cell_of[element] else 0
        now = 0 if row else heading_of(tree, element)
        if now and now == heading:  # one heading in several pieces
            state[BLANK], state[CELL] = 1, 2
            write_inline(pen, page, blocks.first[block], blocks.stop[block], alt, references)
            state[CELL] = 0
            block += 1
            continue
        begin = state[AT]
        count, mark = containers_of(tree, row if row else element, path, marked)
        if begin:
            tight = (row > 0 and table == table_of[element]) or is_tight(tree, element, path, count, mark, last)
            _separate(pen, tree, path, before, levels, count, ordinals, tight, markdown)
        write_prefix(pen, tree, path, count, mark, ordinals, markdown)
        if row:
            block, wrote = _write_row(
                pen, page, row, block, markdown, table != table_of[element], gaps, alt, references
            )
        else:
            wrote = _write_block(pen, page, block, now, markdown, alt, references)
            block += 1
        if not wrote:
            state[AT] = begin
            continue
        marked[mark] = True
        levels, heading, last = count, now, row if row else element
        table = table_of[element] if row else 0
        before[:count] = path[:count]
    return state[AT]


@inner
def _separate(pen, tree, path, before, levels, count, ordinals, tight, markdown):
    """End the line of what came before; one empty line, quoted where both are in a quote, unless ``tight``."""
    put(pen, 10)
    if tight:
        return
    common = 0
    while common < min(levels, count) and path[common] == before[common]:
        common += 1
    while common > 0 and tree.tag[path[common - 1]] != tags.BLOCKQUOTE:
        common -= 1
    if markdown and common > 0:
        write_prefix(pen, tree, path, common, 0, ordinals, True)
        pen.state[AT] -= 1  # the blank behind the last mark
    put(pen, 10)


@inner
def _write_block(pen, page, block, heading, markdown, alt, references):
    """Write a block that is no part of a table; returns whether there was anything to write."""
    state, tree, blocks = pen.state, page.tree, page.blocks
    state[BLANK], state[FRESH], state[WIDTH], state[INDENT], state[LINE] = 0, 1, 0, 0, state[AT]
    if PREFORMATTED[tree.tag[blocks.element[block]]]:
        return _write_pre(pen, page, block, markdown)
    if heading:
        if markdown:
            for _ in range(tree.tag[heading] - tags.H1 + 1):
                put(pen, 35)
            put(pen, 32)
        state[CELL] = 2
    if page.notes.block[block]:
        _write_note(pen, page.notes.block[block])
    begin = state[AT]
    write_inline(pen, page, page.notes.begin[block], blocks.stop[block], alt, references)
    state[CELL] = 0
    return state[AT] > begin


@inner
def _write_note(pen, number):
    """Write what a note outside a list begins with."""
    put(pen, 91)
    put(pen, 94)
    put_number(pen, number)
    for byte in (93, 58, 32):
        put(pen, byte)


@inner
def _write_pre(pen, page, block, markdown):
    """Write a block of code, in a fence longer than any inside it."""
    state, first, stop = pen.state, page.blocks.first[block], page.blocks.stop[block]
    ticks = _ticks(page.tree, first, stop) if markdown else 0
    for _ in range(ticks):
        put(pen, 96)
    if markdown:
        language = page.language_of[block]
        for at in range(page.language_starts[language], page.language_starts[language + 1]):
            put(pen, page.languages[at])
        new_line(pen)
    begin = state[AT]
    write_code(pen, page, first, stop)
    state[BLANK] = 0
    wrote = state[AT] > begin
    if markdown:
        new_line(pen)
        start_text(pen, 0)
        for _ in range(ticks):
            put(pen, 96)
    return wrote


@inner
def _ticks(tree, node, stop):
    """Backticks of the fence around the code between two nodes: three, or one more than any row of them in it."""
    longest, row = 2, 0
    for at in range(tree.start[node], tree.end[stop - 1]):
        row = row + 1 if tree.source[at] == 96 else 0
        longest = max(longest, row)
    return min(longest + 1, 64)


@inner
def _write_row(pen, page, row, block, markdown, is_first, gaps, alt, references):
    """Write a row of a table; returns the next block, and whether any cell held something."""
    state, tree, blocks = pen.state, page.tree, page.blocks
    cells, columns, wrote = 0, gaps[row], False
    node = row + 1
    while node < tree.stop[row]:
        if tree.tag[node] in (TD, TH):
            cells += 1
            columns += gaps[node] + span_of(tree, node, COLSPAN, 2)
        node = tree.stop[node]
    if not has_room(pen, 4 * columns):
        return block, False
    state[CELL], state[INDENT], done, end = 1 if markdown else 2, 0, 0, state[AT]
    node = row + 1
    while node < tree.stop[row]:
        if tree.tag[node] in (TD, TH):
            done += 1
            _write_empty(pen, gaps[node], markdown)
            if markdown:
                put(pen, 124)
                put(pen, 32)
            elif done > 1:
                put(pen, 9)
            until = tree.stop[row] if done == cells else tree.stop[node]
            state[BLANK], state[FRESH], state[WIDTH] = 0, 1, 0
            while block < len(blocks.first) and blocks.first[block] < until:
                if page.keep[block]:
                    state[BLANK] = 1
                    _write_cell(pen, page, block, alt, references)
                block += 1
            if not state[FRESH]:
                wrote, end = True, state[AT]
                if markdown:
                    put(pen, 32)
            _write_empty(pen, span_of(tree, node, COLSPAN, 2) - 1, markdown)
        node = tree.stop[node]
    _write_empty(pen, gaps[row], markdown)
    state[CELL] = 0
    if not markdown:
        state[AT] = max(end, 0)  # no tabs behind the last cell with text
        return block, wrote
    put(pen, 124)
    if is_first:
        new_line(pen)
        start_text(pen, 0)
        for _ in range(columns):
            for byte in (124, 32, 45, 45, 45, 32):
                put(pen, byte)
        put(pen, 124)
    return block, wrote


@inner
def _write_empty(pen, columns, markdown):
    """The other columns of a wide cell, and those that cells of rows above take."""
    for _ in range(columns):
        put(pen, 124 if markdown else 9)
        if markdown:
            put(pen, 32)


@inner
def _write_cell(pen, page, block, alt, references):
    first, stop = page.blocks.first[block], page.blocks.stop[block]
    if PREFORMATTED[page.tree.tag[page.blocks.element[block]]]:
        write_code(pen, page, first, stop)
    else:
        write_inline(pen, page, first, stop, alt, references)
