"""All signals of all documents of a batch, in one walk over the batch's bytes."""

from typing import Any

import numpy as np

from smelt.recipe.signals import SIGNALS
from tasks.clean.kernels.blocks import SPARE
from tasks.clean.kernels.characters import table
from tasks.clean.signals import figures as at
from tasks.clean.signals.count import count_characters
from tasks.clean.signals.repetition import n_gram_shares
from tasks.clean.signals.special import special
from tasks.clean.signals.walk import walk
from tasks.compiled import compiled

NUM_BYTES = at.NUM_FIGURES
SHARES = NUM_BYTES + 1
WIDTH = SHARES + 9
"""Columns of the kernel's result: behind the figures the bytes, and the n-grams' shares."""
Figures = np.ndarray[Any, np.dtype[np.float64]]


def signals(
    data: np.ndarray[Any, Any], offsets: np.ndarray[Any, Any], is_code: np.ndarray[Any, Any] | None = None
) -> dict[str, Figures]:
    """Signals of documents.

    Args:
        data: UTF-8 bytes, uint8.
        offsets: int64, one more than there are documents.
        is_code: bool by document: in code nothing is taken for Markdown; none is where nothing is said.

    Returns:
        Signal name to float64 of shape [documents], in the order of ``smelt.recipe.signals``.
    """
    if len(data) < offsets[-1] + SPARE:
        data = np.concatenate((data[: offsets[-1]], np.zeros(SPARE, np.uint8)))
    raw = np.zeros((len(offsets) - 1, WIDTH), np.float64)
    longest = int(np.max(np.diff(offsets), initial=0))
    size = 16
    while size < 3 * longest + 16:
        size *= 2
    _measure_all(
        data,
        offsets,
        np.zeros(len(offsets) - 1, np.bool_) if is_code is None else is_code,
        table(),
        special(),
        np.empty(2 * longest + 2, np.uint64),  # hashes of words, then of n-grams
        np.empty(longest + 1, np.int32),  # characters of words
        np.empty((3, longest + 2), np.int32),  # ends of words, then of the n-grams places, cells, whether repeated
        np.empty(size, np.uint64),
        raw,
    )
    found = _named(raw.T)
    return {name: found[name] for name in SIGNALS}


def _named(raw: Figures) -> dict[str, Figures]:
    num_bytes, num_chars, num_words, cjk = raw[NUM_BYTES], raw[at.CHARACTERS], raw[at.WORDS], raw[at.CJK]
    visible = num_chars - raw[at.SPACE] - raw[at.MARK_SYMBOLS] - raw[at.MARK_PUNCTUATION]
    latin, plain, prose_lines = raw[at.LOWER] + raw[at.UPPER], raw[at.PLAIN_WORDS], raw[at.LINES] - raw[at.STRUCTURED]
    num_lines, all_lines, brackets = raw[at.LINES], raw[at.NEWLINES] + 1, raw[at.OPENED] + raw[at.CLOSED]
    return {
        "num_bytes": num_bytes,
        "num_chars": num_chars,
        "num_words": num_words,
        "num_plain_words": plain,
        "num_lines": num_lines,
        "num_newlines": raw[at.NEWLINES] - raw[at.STRUCTURED_FEEDS],
        "num_paragraphs": raw[at.PARAGRAPHS],
        "num_sentences": raw[at.SENTENCES],
        "mean_sentence_length": _share(num_chars, raw[at.SENTENCES]),
        "num_tokens_estimate": np.round(0.7 * cjk + (num_bytes - 3 * cjk) / 4.2),
        "cjk_share": _share(cjk, visible),
        "latin_share": _share(latin, visible),
        "digit_share": _share(raw[at.DIGIT], visible),
        "punctuation_share": _share(raw[at.PUNCTUATION] - raw[at.MARK_PUNCTUATION], visible),
        "symbol_share": _share(raw[at.SYMBOL] - raw[at.MARK_SYMBOLS], visible),
        "other_letter_share": _share(raw[at.LETTER], visible),
        "space_share": _share(raw[at.SPACE], num_chars),
        "upper_share": _share(raw[at.UPPER], latin),
        "garbled_share": np.minimum(_share(raw[at.GARBLED] + raw[at.MOJIBAKE], visible), 1),
        "mean_word_length": _share(raw[at.PLAIN_CHARS], plain),
        "longest_word": raw[at.LONGEST_WORD],
        "alpha_word_share": _share(raw[at.ALPHA_WORDS], num_words),
        "num_hashes": raw[at.HASHES],
        "num_ellipses": raw[at.ELLIPSES],
        "num_stop_words": np.bitwise_count(raw[at.STOP_WORDS].astype(np.int64)).astype(np.float64),
        "stop_word_share": _share(raw[at.FUNCTION_WORDS], num_words),
        "zh_function_share": _share(raw[at.FUNCTION_CHARACTERS], cjk),
        "mean_line_length": np.where(
            prose_lines > 0, _share(raw[at.LINE_CHARS], prose_lines), _share(num_chars - raw[at.NEWLINES], num_lines)
        ),
        "longest_line": raw[at.LONGEST_LINE],
        "short_line_share": _share(raw[at.SHORT], num_lines),
        "bullet_line_share": raw[at.BULLET] / all_lines,
        "ellipsis_line_share": raw[at.ELLIPSIS] / all_lines,
        "terminal_line_share": _share(raw[at.ENDED], prose_lines),
        "list_line_share": _share(raw[at.LISTED], num_lines),
        "furniture_line_share": _share(raw[at.FURNITURE_LINES], num_lines),
        "furniture_word_share": _share(raw[at.FURNITURE_WORDS], raw[at.LINE_WORDS]),
        "dup_line_share": _share(raw[at.DUP_LINES], num_lines),
        "dup_line_char_share": _share(raw[at.DUP_LINE_CHARS], num_chars),
        "dup_line_chars": raw[at.DUP_LINE_CHARS],
        "dup_paragraph_share": _share(raw[at.DUP_PARAGRAPHS], raw[at.PARAGRAPHS]),
        "dup_paragraph_char_share": _share(raw[at.DUP_PARAGRAPH_CHARS], num_chars),
        **{f"top_{n}_gram_share": raw[SHARES + n - 2] for n in range(2, 5)},
        **{f"dup_{n}_gram_share": raw[SHARES + n - 2] for n in range(5, 11)},
        "c4_lines": raw[at.C4_LINES],
        "c4_sentences": raw[at.C4_SENTENCES],
        "c4_lorem_ipsum": raw[at.C4_LOREM_IPSUM],
        "c4_curly_bracket": raw[at.C4_CURLY_BRACKET],
        "indent_line_share": _share(raw[at.INDENTED], num_lines),
        "comment_line_share": _share(raw[at.COMMENTS], num_lines),
        "bracket_share": _share(brackets, visible),
        "bracket_imbalance": _share(np.abs(raw[at.OPENED] - raw[at.CLOSED]), brackets),
        "alnum_share": _share(latin + cjk + raw[at.LETTER] + raw[at.DIGIT], num_chars),
    }


def _share(part: Figures, whole: Figures) -> Figures:
    """``part / whole``, and 0 where there is nothing to share."""
    return part / np.maximum(whole, 1)


@compiled
def _measure_all(data, offsets, is_code, classes, known, hashes, chars, scratch, cells, raw):
    histogram = np.zeros((4, 256), np.int32)
    figures = np.zeros(at.NUM_FIGURES, np.int64)
    for document in range(len(offsets) - 1):
        start, end = offsets[document], offsets[document + 1]
        histogram.fill(0)
        figures.fill(0)
        row = raw[document]
        num_chars = count_characters(data, start, end, classes, histogram, figures)
        size = 16
        while size < 4 * (figures[at.NEWLINES] + 2) and size < len(cells):
            size *= 2
        cells[:size] = np.uint64(0)
        code = is_code[document]
        num = walk(data, start, end, code, classes, known, hashes, chars, scratch[0], cells, size - 1, figures)
        shares = row[SHARES:]
        n_gram_shares(hashes, chars, num, max(num_chars, 1), scratch[0], scratch[1], scratch[2], cells, shares)
        figures[at.CHARACTERS], figures[at.WORDS] = num_chars, num
        row[NUM_BYTES] = end - start
        for k in range(at.NUM_FIGURES):
            row[k] = figures[k]
