"""Texts as lines: fastText reads one line a text, and only so many characters of it."""

from typing import Any

import numpy as np
import pyarrow as pa

from tasks.clean.kernels.utf8 import width_of
from tasks.compiled import inner
from tasks.units import text_buffers


def one_line_each(
    kernel: Any, texts: pa.Array | pa.ChunkedArray, num_chars: int, growth: int, *more: Any
) -> list[bytes]:
    """What a kernel writes of each text: UTF-8 in one line that ends with a line feed.

    Args:
        kernel: called with ``data, offsets, num_chars, starts, written, sizes, *more``: it reads text ``row`` from
            ``data[offsets[row]:offsets[row + 1]]``, writes its line from ``written[starts[row]]`` on and its
            length to ``sizes[row]``.
        num_chars: characters from the start of a text that are read.
        growth: bytes that the kernel writes for a byte read, at most; there is room for two more.
    """
    data, offsets = text_buffers(texts)
    room = growth * np.minimum(np.diff(offsets), 4 * num_chars) + 2
    starts = np.cumsum(room) - room
    written = np.empty(int(room.sum()), np.uint8)
    sizes = np.zeros(len(texts), np.int64)
    kernel(data, offsets, num_chars, starts, written, sizes, *more)
    return [
        written[start : start + size].tobytes() for start, size in zip(starts.tolist(), sizes.tolist(), strict=True)
    ]


@inner
def cut(data, start, end, num_chars):
    """Where the first ``num_chars`` characters of the text end."""
    at = start
    for _ in range(num_chars):
        if at >= end:
            break
        at += width_of(data[at])
    return at
