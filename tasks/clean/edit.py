"""Edits of a batch of documents: Unicode form, layout, boilerplate lines, personal data; each counted."""

import unicodedata
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smelt.recipe.clean import CleanConfig
from smelt.recipe.signals import EDITS
from tasks.clean import layout, phrases, pii
from tasks.clean.characters import NOT_NORMAL, table
from tasks.clean.layout import tidy
from tasks.clean.pii import redact
from tasks.clean.utf8 import decode, width_of
from tasks.compiled import compiled

_LAYOUT = (
    ("width", layout.WIDTH, layout.COUNT_WIDTH),
    ("control", layout.CONTROL, layout.COUNT_CONTROL),
    ("whitespace", layout.WHITESPACE, layout.COUNT_WHITESPACE),
    ("boilerplate", layout.BOILERPLATE, layout.COUNT_BOILERPLATE),
)
_NOT_IN_CODE = layout.WIDTH | layout.BOILERPLATE  # there a full-width character or a line ``index`` is meant
Array = np.ndarray[Any, Any]


def buffers(texts: pa.LargeStringArray) -> tuple[Array, Array]:
    """The bytes and offsets of an Arrow string array, without a copy; the bytes have at least one to spare."""
    _, offsets, data = texts.buffers()
    if data is None or data.size <= offsets.size and len(texts) == 0:  # noqa: RUF021
        return np.zeros(1, np.uint8), np.zeros(1, np.int64)
    return np.frombuffer(data, np.uint8), np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]


def edit(
    texts: pa.LargeStringArray, is_code: Array, config: CleanConfig
) -> tuple[pa.LargeStringArray, dict[str, Array]]:
    """Edit documents.

    Args:
        texts: one a document.
        is_code: bool by document: code keeps its width, its lines and its bylines.

    Returns:
        The edited texts, and by ``edit_<kind>`` the number of edits in each document.
    """
    texts, not_normal = _normalised(texts, config.edits.unicode)
    data, offsets = buffers(texts)
    switches = sum(bit for name, bit, _ in _LAYOUT if getattr(config.edits, name))
    personal = sum(1 << k for k, kind in enumerate(pii.KINDS) if getattr(config.pii, kind))
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
        *phrases.trie(),
        *pii.tables(),
        room,
        out,
        new_offsets,
        layout_counts,
        pii_counts,
    )
    edited = pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(new_offsets), pa.py_buffer(out))
    counts = {f"edit_{name}": layout_counts[:, column] for name, _, column in _LAYOUT}
    counts |= {f"edit_{kind}": pii_counts[:, k] for k, kind in enumerate(pii.KINDS)}
    counts["edit_unicode"] = not_normal
    return edited, {name: counts[name] for name in EDITS}


def _normalised(texts: pa.LargeStringArray, form: str | None) -> tuple[pa.LargeStringArray, Array]:
    """Texts in normal form C, and which of them changed; only those that may not be in it are looked at."""
    changed = np.zeros(len(texts), np.int64)
    if form is None or len(texts) == 0:
        return texts, changed
    data, offsets = buffers(texts)
    replaced: dict[int, str] = {}
    for row in np.flatnonzero(_may_change(data, offsets, table())):
        text = texts[row].as_py()
        if not unicodedata.is_normalized("NFC", text):
            replaced[int(row)] = unicodedata.normalize("NFC", text)
    if not replaced:
        return texts, changed
    changed[list(replaced)] = 1
    new = pc.replace_with_mask(
        texts, pa.array(changed.astype(bool)), pa.array(list(replaced.values()), pa.large_string())
    )
    return new, changed


@compiled
def _may_change(data, offsets, classes):
    """Which documents hold a character that normal form C may change."""
    found = np.zeros(len(offsets) - 1, np.bool_)
    for document in range(len(offsets) - 1):
        i, end = offsets[document], offsets[document + 1]
        while i < end:
            byte = data[i]
            if byte < 0xCC:  # below U+0300 everything is in normal form
                i += 1
            elif classes[decode(data, i)] & NOT_NORMAL:
                found[document] = True
                break
            else:
                i += width_of(byte)
    return found


@compiled
def _edit_all(
    data,
    offsets,
    is_code,
    switches,
    personal,
    phrase_children,
    phrase_kinds,
    triggers,
    name_children,
    name_kinds,
    surnames,
    plates,
    room,
    out,
    new_offsets,
    layout_counts,
    pii_counts,
):
    groups = np.zeros((8, 2), np.int64)
    separators = np.zeros(8, np.int64)
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
            pii_counts[document],
            triggers,
            name_children,
            name_kinds,
            surnames,
            plates,
            groups,
            separators,
        )
        new_offsets[document + 1] = at
