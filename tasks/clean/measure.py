"""All signals of all documents of a batch, in one walk over the batch's bytes."""

from typing import Any

import numpy as np

from smelt.recipe.signals import SIGNALS
from tasks.clean.characters import (
    CJK,
    CLASS,
    DIGIT,
    FUNCTION,
    GARBLED,
    LETTER,
    LOWER,
    PUNCTUATION,
    SPACE,
    SYMBOL,
    UPPER,
    table,
)
from tasks.clean.lines import (
    BULLET,
    C4_CURLY,
    C4_LINES,
    C4_LOREM,
    C4_SENTENCES,
    COMMENTS,
    DUP_LINE_CHARS,
    DUP_LINES,
    DUP_PARAGRAPH_CHARS,
    DUP_PARAGRAPHS,
    ELLIPSIS,
    ENDED,
    INDENTED,
    LINE_CHARS,
    LINES,
    LISTED,
    LONGEST_LINE,
    LONGEST_WORD,
    NUM_FIGURES,
    PARAGRAPHS,
    SHORT,
)
from tasks.clean.lines import measure as measure_lines
from tasks.clean.phrases import trie
from tasks.clean.repetition import n_gram_shares
from tasks.clean.utf8 import decode, width_of
from tasks.clean.words import HAS_ALPHA, PLAIN, split
from tasks.compiled import compiled, inner

NEWLINES, HASHES, ELLIPSES, MOJIBAKE, OPENED, CLOSED, FUNCTIONS, DOTS = range(8)
SIZES, CLASSES, CHARACTERS, TOTALS, FIGURES, SHARES = 0, 8, 24, 32, 36, 36 + NUM_FIGURES
WIDTH = SHARES + 9
Figures = np.ndarray[Any, np.dtype[np.float64]]


def signals(data: np.ndarray[Any, Any], offsets: np.ndarray[Any, Any]) -> dict[str, Figures]:
    """Signals of documents.

    Args:
        data: UTF-8 bytes, uint8; at least one more than the last offset says.
        offsets: int64, one more than there are documents.

    Returns:
        Signal name to float64 of shape [documents], in the order of ``smelt.recipe.signals``.
    """
    num = len(offsets) - 1
    raw = np.zeros((num, WIDTH), np.float64)
    longest = int(np.max(np.diff(offsets), initial=0))
    size = 16
    while size < 2 * longest + 16:
        size *= 2
    children, kinds = trie()
    _measure_all(
        data,
        offsets,
        table(),
        children,
        kinds,
        np.empty(2 * longest + 2, np.uint64),  # hashes of words, then of n-grams
        np.empty(longest + 1, np.int32),  # characters of words
        np.empty(longest + 1, np.uint8),  # flags of words
        np.empty(longest + 2, np.int32),  # sentences of lines
        np.empty((3, longest + 1), np.int64),
        np.empty(size, np.uint64),
        np.empty(size, np.int32),
        np.zeros(size, np.int32),
        raw,
    )
    found = _named(raw.T)
    return {name: found[name] for name in SIGNALS}


def _named(raw: Figures) -> dict[str, Figures]:
    num_bytes, num_chars, num_words, plain, plain_chars, alpha = raw[SIZES : SIZES + 6]
    classes, chars, lines = raw[CLASSES:CHARACTERS], raw[CHARACTERS:TOTALS], raw[FIGURES:SHARES]
    stop_words, function_words, sentences = raw[TOTALS : TOTALS + 3]
    visible, latin, cjk = num_chars - classes[SPACE], classes[LOWER] + classes[UPPER], classes[CJK]
    num_lines, all_lines, brackets = lines[LINES], chars[NEWLINES] + 1, chars[OPENED] + chars[CLOSED]
    return {
        "num_bytes": num_bytes,
        "num_chars": num_chars,
        "num_words": num_words,
        "num_plain_words": plain,
        "num_lines": num_lines,
        "num_newlines": chars[NEWLINES],
        "num_paragraphs": lines[PARAGRAPHS],
        "num_sentences": sentences,
        "num_tokens_estimate": np.round(0.7 * cjk + (num_bytes - 3 * cjk) / 4.2),
        "cjk_share": _share(cjk, visible),
        "latin_share": _share(latin, visible),
        "digit_share": _share(classes[DIGIT], visible),
        "punctuation_share": _share(classes[PUNCTUATION], visible),
        "symbol_share": _share(classes[SYMBOL], visible),
        "other_letter_share": _share(classes[LETTER], visible),
        "space_share": _share(classes[SPACE], num_chars),
        "upper_share": _share(classes[UPPER], latin),
        "garbled_share": _share(classes[GARBLED] + chars[MOJIBAKE], visible),
        "mean_word_length": _share(plain_chars, plain),
        "longest_word": lines[LONGEST_WORD],
        "alpha_word_share": _share(alpha, num_words),
        "num_hashes": chars[HASHES],
        "num_ellipses": chars[ELLIPSES],
        "num_stop_words": np.bitwise_count(stop_words.astype(np.int64)).astype(np.float64),
        "stop_word_share": _share(function_words, num_words),
        "zh_function_share": _share(chars[FUNCTIONS], cjk),
        "mean_line_length": _share(lines[LINE_CHARS], num_lines),
        "longest_line": lines[LONGEST_LINE],
        "short_line_share": _share(lines[SHORT], num_lines),
        "bullet_line_share": lines[BULLET] / all_lines,
        "ellipsis_line_share": lines[ELLIPSIS] / all_lines,
        "terminal_line_share": _share(lines[ENDED], num_lines),
        "list_line_share": _share(lines[LISTED], num_lines),
        "dup_line_share": _share(lines[DUP_LINES], num_lines),
        "dup_line_char_share": _share(lines[DUP_LINE_CHARS], num_chars),
        "dup_line_chars": lines[DUP_LINE_CHARS],
        "dup_paragraph_share": _share(lines[DUP_PARAGRAPHS], lines[PARAGRAPHS]),
        "dup_paragraph_char_share": _share(lines[DUP_PARAGRAPH_CHARS], num_chars),
        **{f"top_{n}_gram_share": raw[SHARES + n - 2] for n in range(2, 5)},
        **{f"dup_{n}_gram_share": raw[SHARES + n - 2] for n in range(5, 11)},
        "c4_lines": lines[C4_LINES],
        "c4_sentences": lines[C4_SENTENCES],
        "c4_lorem_ipsum": lines[C4_LOREM],
        "c4_curly_bracket": lines[C4_CURLY],
        "indent_line_share": _share(lines[INDENTED], num_lines),
        "comment_line_share": _share(lines[COMMENTS], num_lines),
        "bracket_share": _share(brackets, visible),
        "bracket_imbalance": _share(np.abs(chars[OPENED] - chars[CLOSED]), brackets),
        "alnum_share": _share(latin + cjk + classes[LETTER] + classes[DIGIT], num_chars),
    }


def _share(part: Figures, whole: Figures) -> Figures:
    """``part / whole``, and 0 where there is nothing to share."""
    return part / np.maximum(whole, 1)


@compiled
def _measure_all(
    data, offsets, classes, children, kinds, hashes, chars, flags, line_sentences, scratch, keys, counts, stamps, raw
):
    stamp = np.zeros(1, np.int32)
    tallies = np.zeros(16, np.int64)
    extra = np.zeros(8, np.int64)
    totals = np.zeros(4, np.int64)
    figures = np.zeros(NUM_FIGURES, np.int64)
    for document in range(len(offsets) - 1):
        start, end = offsets[document], offsets[document + 1]
        if stamp[0] > 2_000_000_000:
            stamps.fill(0)
            stamp[0] = 0
        tallies.fill(0)
        extra.fill(0)
        totals.fill(0)
        figures.fill(0)
        row = raw[document]
        num_chars = _characters(data, start, end, classes, tallies, extra)
        num = split(data, start, end, classes, hashes, chars, flags, line_sentences, totals)
        mask = 16
        while mask < 4 * (extra[NEWLINES] + 2) and mask < len(keys):
            mask *= 2
        measure_lines(
            data, start, end, classes, children, kinds, line_sentences, keys, stamps, stamp, mask - 1, figures
        )
        n_gram_shares(hashes, chars, num, max(num_chars, 1), scratch, keys, counts, stamps, stamp, row[SHARES:WIDTH])
        row[0], row[1], row[2] = end - start, num_chars, num
        for k in range(num):
            if flags[k] & PLAIN:
                row[3] += 1
                row[4] += chars[k]
            if flags[k] & HAS_ALPHA:
                row[5] += 1
        _copy(tallies, row, CLASSES)
        _copy(extra, row, CHARACTERS)
        _copy(totals, row, TOTALS)
        _copy(figures, row, FIGURES)


@inner
def _copy(values, row, at):
    for k in range(len(values)):
        row[at + k] = values[k]


@inner
def _characters(data, start, end, classes, tallies, extra):
    """Count characters by class; returns their number."""
    num, i, code, last = 0, start, 0, 0
    while i < end:
        byte = data[i]
        last = code
        if byte < 0x80:
            code = int(byte)
            i += 1
            if byte < 64 or byte > 90:
                if byte == 10:
                    extra[NEWLINES] += 1
                elif byte == 35:
                    extra[HASHES] += 1
                elif byte == 40 or byte == 91 or byte == 123:
                    extra[OPENED] += 1
                elif byte == 41 or byte == 93 or byte == 125:
                    extra[CLOSED] += 1
                elif byte == 46 and i + 1 < end and data[i] == 46 and data[i + 1] == 46:
                    if last != 46 or extra[DOTS] == 2:  # str.count counts ellipses that don't overlap
                        extra[ELLIPSES] += 1
                        extra[DOTS] = 0
                    else:
                        extra[DOTS] += 1
                else:
                    extra[DOTS] = 0
            tallies[classes[byte] & CLASS] += 1
        else:
            code = decode(data, i)
            i += width_of(byte)
            kind = classes[code]
            tallies[kind & CLASS] += 1
            if kind & FUNCTION:
                extra[FUNCTIONS] += 1
            if code == 0x2026:
                extra[ELLIPSES] += 1
            if (0x80 <= code <= 0xBF and (last == 0xC3 or last == 0xC2)) or (code == 0x20AC and last == 0xE2):
                extra[MOJIBAKE] += 1
        num += 1
    return num
