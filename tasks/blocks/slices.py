"""A stream of documents cut into blocks: the slices that each block is made of."""

import numpy as np

from tasks.blocks.catalog import Catalog
from tasks.blocks.mixing import Pieces
from tasks.blocks.phases import SLICE


def cut(catalog: Catalog, pieces: Pieces, total: int, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut a stream of documents into blocks.

    Args:
        pieces: the last one reaches token ``total`` or beyond.
        total: tokens of the phase.
        block: tokens of a full block.

    Returns:
        SLICE records in reading order, and the number of the block of each.
    """
    slices, piece, number = _stretches(pieces.tokens, pieces.offsets, 0, total, block)
    chosen = pieces.documents[piece]
    slices["id"], slices["part"] = catalog.ids[chosen], catalog.parts[chosen]
    slices["label"] = catalog.labels[chosen]
    slices["group"], slices["use"] = pieces.groups[piece], pieces.uses[piece]
    slices["document"], slices["length"] = catalog.offsets[chosen], catalog.tokens[chosen]
    slices["checksum"] = catalog.checksums[chosen]
    slices["offset"] += slices["document"]
    places = slices[["start", "tokens"]].copy()
    slices[chosen < 0] = np.zeros((), SLICE)  # padding
    slices[["start", "tokens"]] = places
    return slices, number


def cut_range(drawn: np.ndarray, start: int, total: int, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut a range of a stream, as ``cut`` does the whole.

    Args:
        drawn: DRAWN, in the order of the stream.
        start: the token of the stream that the first begins with.
    """
    slices, piece, number = _stretches(drawn["length"], np.zeros(len(drawn), np.int64), start, total, block)
    own = drawn[piece]
    for name in ("id", "part", "document"):
        slices[name] = own["key"][name]
    for name in ("label", "group", "use", "length", "checksum"):
        slices[name] = own[name]
    slices["offset"] += slices["document"]
    return slices, number


def _stretches(
    tokens: np.ndarray, offsets: np.ndarray, start: int, total: int, block: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pieces that lie end to end, cut where blocks end.

    Args:
        tokens: int64, N; of each piece.
        offsets: int64, N; of its first token in its document.
        start: where the first begins.

    Returns:
        SLICE records of which ``offset`` (in the document), ``start`` and ``tokens`` are set, the number of the piece
        of each, and that of its block.
    """
    ends = start + np.cumsum(tokens)
    starts = ends - tokens
    ends = np.minimum(ends, total + 1)
    first = starts // block
    first = np.where((starts % block == 0) & (starts > 0), first - 1, first)  # a block ends with the next one's first
    last = np.minimum((ends - 1) // block, (total - 1) // block)
    counts = last - first + 1
    piece = np.repeat(np.arange(len(ends)), counts)
    number = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts) + first[piece]
    begin = np.maximum(starts[piece], number * block)
    end = np.minimum(ends[piece], np.minimum((number + 1) * block, total) + 1)
    slices = np.zeros(len(piece), SLICE)
    slices["offset"] = offsets[piece] + begin - starts[piece]
    slices["start"], slices["tokens"] = begin - number * block, end - begin
    return slices, piece, number
