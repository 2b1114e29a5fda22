"""From documents in the order of their turns to contexts of neighbours.

The documents of a group are taken in pools, as their turns come. In a pool they are put on a path of neighbours; the
paths lie end to end and are cut into contexts of a sequence's length, and the contexts of a pool are shuffled. So what
a pool's contexts hold doesn't depend on how long the phase is, once its documents are all drawn. What of a group is
left behind its last whole context stands at the phase's end.
"""

from collections.abc import Sequence

import numpy as np

from tasks.blocks.mixing import Pieces, Stream
from tasks.compiled import compiled
from tasks.sampling import scramble

POOL = 1 << 18
"""Documents of a pool, but for those that come again too soon."""


def pools(stream: Stream) -> tuple[np.ndarray, int]:
    """The number of each drawn document's pool (int64, N), group by group, and how many pools there are.

    No pool has a document twice: one that comes again goes to the next.
    """
    found, total = np.zeros(len(stream.documents), np.int64), 0
    for group in range(len(stream.asked)):
        own = np.flatnonzero(stream.groups == group)
        _, numbers = np.unique(stream.documents[own], return_inverse=True)
        places = _pools(numbers, POOL)
        found[own] = places + total
        total += int(places.max(initial=-1)) + 1
    return found, total


def arranged(stream: Stream, paths: Sequence[np.ndarray], pool: np.ndarray, length: int, seed: int) -> Pieces:
    """The documents of a stream as contexts.

    Args:
        paths: of each pool, the places in the stream of its documents, in the order of the path.
        pool: the pool's number of each place.
        length: tokens of a context.
        seed: shuffles the contexts.

    Returns:
        Pieces with as many tokens as the stream's, context after context.
    """
    whole, left = [], []
    for group, name in enumerate(stream.asked):
        numbers = np.unique(pool[stream.groups == group])
        places = np.concatenate([np.zeros(0, np.int64), *(paths[number] for number in numbers.tolist())])
        ends = np.cumsum(stream.tokens[places])
        ends_of_pools = ends[np.cumsum([len(paths[number]) for number in numbers.tolist()]) - 1] if len(ends) else ends
        piece, context, offset, size = _cut(ends, length)
        count = int(ends[-1]) // length if len(ends) else 0
        numbered = np.arange(count)
        of_pool = np.searchsorted(ends_of_pools, (numbered + 1) * length)
        shuffled = np.lexsort((scramble(numbered.astype(np.uint64), f"contexts {seed} {name}"), of_pool))
        rank = np.empty(count + 1)
        rank[shuffled], rank[count] = (numbered + 0.5) * length / (stream.shares[name] or 1.0), np.inf
        found = np.column_stack((places[piece], offset, size))
        inside = context < count
        whole.append((rank[context[inside]], np.full(int(inside.sum()), group), found[inside]))
        left.append(found[~inside])
    at, groups, found = (np.concatenate(one) for one in zip(*whole, strict=True))
    order = np.lexsort((groups, at))
    place, offset, size = np.concatenate((found[order], *left)).T
    return Pieces(stream.documents[place], stream.uses[place], stream.groups[place], offset, size)


def _cut(ends: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cut documents that lie end to end at every multiple of a length: of each piece the document's number, the
    context's, the piece's first token in the document, and its tokens (int64)."""
    starts = np.concatenate((np.zeros(1, np.int64), ends))[:-1]
    first, last = starts // length, (ends - 1) // length
    counts = last - first + 1
    document = np.repeat(np.arange(len(ends)), counts)
    context = np.arange(len(document)) - np.repeat(np.cumsum(counts) - counts, counts) + first[document]
    begin = np.maximum(starts[document], context * length)
    end = np.minimum(ends[document], (context + 1) * length)
    return document, context, begin - starts[document], end - begin


@compiled
def _pools(documents, size):
    last = np.full(len(documents), -1, np.int64)
    found = np.empty(len(documents), np.int64)
    for place in range(len(documents)):
        document = documents[place]
        found[place] = max(place // size, last[document] + 1)
        last[document] = found[place]
    return found
