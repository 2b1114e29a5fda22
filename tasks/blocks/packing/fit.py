"""Best-fit-decreasing packing: the longest piece first, each into the fullest context that has room for it.

Piece after piece takes the smallest room that it fits in (Johnson 1974), which a tree over the rooms' sizes finds in
the logarithm of a context's length (Ding et al. 2024). No context gets a document twice that comes again, but for
pieces of one that is longer than a context.
"""

import numpy as np

from tasks.compiled import compiled, inner


def fit(sizes: np.ndarray, documents: np.ndarray, length: int) -> tuple[np.ndarray, int]:
    """Lay pieces into contexts.

    Args:
        sizes: int64, P; tokens of each piece, 1 to ``length``.
        documents: int64, P; its document's number.
        length: tokens of a context.

    Returns:
        The number of each piece's context (int64, P), and how many there are. Contexts are numbered as they are begun,
        and each is begun with the longest of its pieces.
    """
    order = np.lexsort((documents, -sizes))
    found = np.empty(len(sizes), np.int64)
    laid, count = _fit(sizes[order], documents[order], length)
    found[order] = laid
    return found, count


@compiled
def _fit(sizes, documents, length):
    """As ``fit``, of pieces that are sorted; the room beside those of one document and size is looked at only when all
    of them are laid, so that each finds another context."""
    leaves = 1
    while leaves <= length:
        leaves *= 2
    some = np.zeros(2 * leaves, np.bool_)  # whether a context has so much room, and of an inner node, any below
    newest = np.full(length + 1, -1, np.int64)  # the newest context with so much room
    older = np.empty(len(sizes), np.int64)  # the next one with as much
    room, found = np.empty(len(sizes), np.int64), np.empty(len(sizes), np.int64)
    count = first = 0
    for at in range(len(sizes)):
        size = sizes[at]
        most = _least(some, leaves, size)
        if most < 0:
            context, most = count, length
            count += 1
        else:
            context = newest[most]
            newest[most] = older[context]
            if newest[most] < 0:
                _clear(some, leaves + most)
        room[context], found[at] = most - size, context
        if at + 1 < len(sizes) and sizes[at + 1] == size and documents[at + 1] == documents[at]:
            continue
        for laid in range(first, at + 1):
            context = found[laid]
            left = room[context]
            older[context], newest[left] = newest[left], context
            node = leaves + left if left else 0
            while node and not some[node]:
                some[node] = True
                node //= 2
        first = at + 1
    return found, count


@inner
def _least(some, leaves, size):
    """The least room of at least ``size`` that there is; -1 where there is none."""
    node = leaves + size
    if not some[node]:
        while node > 1 and (node % 2 or not some[node + 1]):
            node //= 2
        if node == 1:
            return -1
        node += 1
        while node < leaves:
            node = 2 * node if some[2 * node] else 2 * node + 1
    return node - leaves


@inner
def _clear(some, node):
    """Take a room away that there is no more."""
    some[node] = False
    while node > 1 and not some[node] and not some[node ^ 1]:
        node //= 2
        some[node] = False
