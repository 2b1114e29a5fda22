"""Edits of a batch of documents: Unicode form, layout, boilerplate lines, personal data; each counted."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smelt.recipe.clean import CleanConfig
from smelt.recipe.signals import EDITS
from tasks.clean.edits import layout, phrases
from tasks.clean.edits.layout import tidy
from tasks.clean.edits.rewrite import buffers, rewrite
from tasks.clean.personal import lexicon, pii
from tasks.clean.personal.pii import redact
from tasks.compiled import compiled

_LAYOUT = (
    ("width", layout.WIDTH, layout.COUNT_WIDTH),
    ("control", layout.CONTROL, layout.COUNT_CONTROL),
    ("whitespace", layout.WHITESPACE, layout.COUNT_WHITESPACE),
    ("boilerplate", layout.BOILERPLATE, layout.COUNT_BOILERPLATE),
)
_NOT_IN_CODE = layout.WIDTH | layout.BOILERPLATE  # there a full-width character or a line ``index`` is meant
_MAX_ROUNDS = 8
Array = np.ndarray[Any, Any]


def edit(
    texts: pa.LargeStringArray, is_code: Array, config: CleanConfig
) -> tuple[pa.LargeStringArray, dict[str, Array]]:
    """Edit documents.

    Args:
        texts: one a document.
        is_code: bool by document: code keeps its widths, its lines and what looks wrongly decoded.

    Returns:
        The edited texts, and by ``edit_<kind>`` the number of edits in each document.
    """
    before = texts
    texts, counts = _edited_once(before, is_code, config)
    rows = np.flatnonzero(pc.not_equal(texts, before).to_numpy(zero_copy_only=False))
    for _ in range(_MAX_ROUNDS):  # a character that went may have stood between two that are rewritten together
        some = texts.take(pa.array(rows))
        _, rewritten = rewrite(some, is_code[rows], config.edits)
        again = np.flatnonzero(sum(rewritten.values()))
        if len(again) == 0:
            break
        rows = rows[again]
        some, more = _edited_once(some.take(pa.array(again)), is_code[rows], config)
        mask = np.zeros(len(texts), np.bool_)
        mask[rows] = True
        texts = pc.replace_with_mask(texts, pa.array(mask), some)
        for name, values in more.items():
            counts[name][rows] += values
    return texts, {name: counts[name] for name in EDITS}


def _edited_once(
    texts: pa.LargeStringArray, is_code: Array, config: CleanConfig
) -> tuple[pa.LargeStringArray, dict[str, Array]]:
    texts, rewritten = rewrite(texts, is_code, config.edits)
    data, offsets = buffers(texts)
    switches = sum(bit for name, bit, _ in _LAYOUT if getattr(config.edits, name))
    personal = sum(1 << k for k, wanted in enumerate(config.pii.switches.values()) if wanted)
    layout_counts = np.zeros((len(texts), layout.NUM_COUNTS), np.int64)
    pii_counts = np.zeros((len(texts), len(pii.KINDS)), np.int64)
    new_offsets = np.zeros(len(texts) + 1, np.int64)
    size = int(offsets[-1] - offsets[0])
    out = np.empty(size + size // 4 + 64 * (len(texts) + 1), np.uint8)
    room = np.empty(int(np.max(np.diff(offsets), initial=0)) + 64, np.uint8)
    _edit_all(
        data,
        offsets,
        is_code,
        switches,
        personal,
        *phrases.tables(),
        lexicon.tables(),
        room,
        out,
        new_offsets,
        layout_counts,
        pii_counts,
    )
    edited = pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(new_offsets), pa.py_buffer(out))
    counts = {f"edit_{name}": layout_counts[:, column] for name, _, column in _LAYOUT}
    counts |= {f"edit_{kind}": pii_counts[:, k] for k, kind in enumerate(pii.KINDS)}
    counts |= rewritten
    return edited, counts


@compiled
def _edit_all(
    data,
    offsets,
    is_code,
    switches,
    personal,
    phrase_beginnings,
    phrase_children,
    phrase_kinds,
    words,
    room,
    out,
    new_offsets,
    layout_counts,
    pii_counts,
):
    groups = np.zeros((8, 2), np.int64)
    separators = np.zeros(8, np.int64)
    digits = np.zeros(24, np.uint8)
    begin = at = new_offsets[0]  # zero, but not as a literal, for which numba would compile everything anew
    for document in range(len(offsets) - 1):
        wanted = switches & ~_NOT_IN_CODE if is_code[document] else switches
        end = tidy(
            data,
            offsets[document],
            offsets[document + 1],
            room,
            begin,
            wanted,
            phrase_beginnings,
            phrase_children,
            phrase_kinds,
            layout_counts[document],
        )
        at = redact(
            room,
            begin,
            end,
            out,
            at,
            personal,
            is_code[document],
            pii_counts[document],
            words,
            groups,
            separators,
            digits,
        )
        new_offsets[document + 1] = at
