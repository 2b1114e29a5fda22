"""From documents in the order of their turns to contexts that hold them whole.

The documents are taken in pools, as they come, so that what a pool's contexts hold doesn't depend on how long the phase
is, once it is full; and those of all groups together, so that the mixture of any stretch stays. In a pool a context
stands where the longest of its pieces stood, and in a context pieces stand in their order too. The phase reads as many
contexts as it has sequences: of the last pool so many documents as fit into those that are left, and where one is left
over that the next document is too long for, that document's beginning.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace

import numpy as np

from tasks.blocks.mixing import Pieces, Stream
from tasks.blocks.packing.cuts import Cuts
from tasks.blocks.packing.fit import fit

POOL = 1 << 16
"""Documents of a pool."""


@dataclass(frozen=True)
class _Parts:
    """Pieces of documents: the document's place in the stream, and the piece's first token and tokens in it."""

    places: np.ndarray
    offsets: np.ndarray
    tokens: np.ndarray

    def take(self, rows: slice | np.ndarray) -> "_Parts":
        return _Parts(self.places[rows], self.offsets[rows], self.tokens[rows])


def laid(stream: Stream, lengths: np.ndarray, cuts: Cuts, length: int, contexts: int) -> Stream:
    """What of a stream is read when its documents are laid into contexts, and how.

    Args:
        stream: its documents have more tokens than the contexts.
        lengths: int64, D; tokens of each document of the catalog.
        length: tokens of a context.
        contexts: how many there are.

    Returns:
        The stream's first documents, with pieces that fill the contexts and one token more, which is padding.
    """
    whole, firsts = _pieces(stream.documents, lengths, cuts)

    def packed(first: int, last: int) -> tuple[np.ndarray, int]:
        own = whole.take(slice(firsts[first], firsts[last]))
        found, count = fit(own.tokens, stream.documents[own.places], length)
        return _in_order(own, found, count), count

    numbers, done, first = [], 0, 0
    while True:
        left, end = contexts - done, min(first + POOL, len(stream.documents))
        found, count = packed(first, end)
        if is_last := count > left:
            end = first + bisect_right(range(first, end + 1), left, key=lambda until: packed(first, until)[1]) - 1
            found, count = packed(first, end)
        numbers.append(done + found)
        first, done = end, done + count
        if is_last:
            break
    numbers.append(np.arange(done, contexts))  # the next pieces, each in a context of its own
    used = whole.take(slice(0, firsts[first] + contexts - done))
    return _until(stream, lengths, used, _filled(stream, used, np.concatenate(numbers), length, contexts))


def figures(stream: Stream, lengths: np.ndarray, length: int) -> dict[str, int | dict[str, int]]:
    """How many documents a packed stream has; the tokens of ``padding``; how many documents were ``cut``, and of these
    how many would have fitted a context (``needless``); and both as they would be, were the documents laid end to
    end."""
    pieces, size = stream.pieces, lengths[stream.documents]
    real, most = pieces.documents >= 0, int(stream.uses.max()) + 1
    uses, counts = np.unique(pieces.documents[real] * most + pieces.uses[real], return_counts=True)
    short = stream.tokens < size
    cut = (counts > 1) | np.isin(uses, stream.documents[short] * most + stream.uses[short])
    ends = np.cumsum(stream.tokens)
    across = (ends - stream.tokens) // length != (ends - 1) // length
    return {
        "documents": len(stream.documents),
        "padding": int(pieces.tokens[~real].sum()) - 1,
        "cut": int(cut.sum()),
        "needless": int((cut & (lengths[uses // most] <= length)).sum()),
        "concatenate": {"cut": int(across.sum()), "needless": int((across & (size <= length)).sum())},
    }


def _pieces(documents: np.ndarray, lengths: np.ndarray, cuts: Cuts) -> tuple[_Parts, np.ndarray]:
    """The pieces of a stream's documents in order, and the number of each document's first (int64, N + 1)."""
    first, last = (np.searchsorted(cuts.documents, documents, side=side) for side in ("left", "right"))
    counts = last - first + 1
    firsts = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
    places = np.repeat(np.arange(len(documents)), counts)
    number = np.arange(len(places)) - firsts[places]
    known = np.append(cuts.tokens, 0)  # where a document has no cut, what is read here is not used
    begin = np.where(number == 0, 0, known[np.maximum(first[places] + number - 1, 0)])
    end = np.where(number == counts[places] - 1, lengths[documents[places]], known[first[places] + number])
    return _Parts(places, begin, end - begin), firsts


def _in_order(parts: _Parts, numbers: np.ndarray, count: int) -> np.ndarray:
    """The contexts' numbers when each stands where the longest of its pieces does."""
    by_size = np.lexsort((parts.offsets, parts.places, -parts.tokens, numbers))
    longest = parts.take(by_size[np.searchsorted(numbers[by_size], np.arange(count))])
    rank = np.empty(count, np.int64)
    rank[np.lexsort((longest.offsets, longest.places))] = np.arange(count)
    return rank[numbers]


def _filled(stream: Stream, parts: _Parts, numbers: np.ndarray, length: int, contexts: int) -> Pieces:
    """Contexts of documents' pieces, each filled up with padding; the last has one token more."""
    room = length - np.bincount(numbers, parts.tokens, minlength=contexts).astype(np.int64)
    room[-1] += 1
    padded = np.flatnonzero(room)
    order = np.lexsort(
        (
            np.append(parts.offsets, np.zeros_like(padded)),
            np.append(parts.places, np.full_like(padded, len(stream.documents))),
            np.append(numbers, padded),
        )
    )

    def column(own: np.ndarray, padding: int) -> np.ndarray:
        return np.append(own, np.full(len(padded), padding, own.dtype))[order]

    return Pieces(
        column(stream.documents[parts.places], -1),
        column(stream.uses[parts.places], 0),
        column(stream.groups[parts.places], 0),
        column(parts.offsets, 0),
        np.append(parts.tokens, room[padded])[order],
    )


def _until(stream: Stream, lengths: np.ndarray, used: _Parts, pieces: Pieces) -> Stream:
    """The stream up to the last document that is read."""
    count = int(used.places[-1]) + 1
    documents, groups = stream.documents[:count], stream.groups[:count]
    tokens = lengths[documents]
    tokens[-1] = used.offsets[-1] + used.tokens[-1]
    got = np.bincount(groups, tokens, minlength=len(stream.asked))
    return replace(
        stream,
        documents=documents,
        uses=stream.uses[:count],
        groups=groups,
        tokens=tokens,
        got={name: int(size) for name, size in zip(stream.asked, got, strict=True)},
        packed=pieces,
    )
