"""The inner loop of training a BPE: which pair of neighbours is the most frequent, and what its merge changes.

The words (pre-tokens, each once, with its count) lie in one array of symbols and get shorter in place. Each pair of
neighbours has a slot: its total over all words and a list of the words it was seen in, of which some no longer have
it. A heap gives the pair with the highest total, of several the one of the lowest ids, as Hugging Face's tokenizers
does; totals that have changed since are corrected as they come up.
"""

from dataclasses import dataclass

import numpy as np

from tasks.compiled import compiled, inner

_SLOTS, _NODES, _FREE, _HEAP, _TOUCHED = range(5)
"""Places in ``marks``: slots and nodes in use, the first free node, entries of the heap, slots that have grown."""


@dataclass(frozen=True)
class Survey:
    """Where a pair stands.

    Attributes:
        total: how often.
        in_code: how often of those in code.
        origin: the number of the only origin that all its words come from; -1 where there are several.
        word: the most frequent of its words.
    """

    total: int
    in_code: int
    origin: int
    word: int


class Merger:
    """Words in which pairs are merged, one kind after the other."""

    def __init__(self, symbols: np.ndarray, starts: np.ndarray, counts: np.ndarray, num_tokens: int) -> None:
        """Count all pairs.

        Args:
            symbols: int32, ids of the bytes of all words, one word after the other; changed in place.
            starts: int64 [words + 1], where each word begins.
            counts: int64 [words], how often each stands in the text.
            num_tokens: ids there will be at most.
        """
        self._symbols, self._starts, self._counts = symbols, starts, counts
        self._lengths = np.diff(starts).astype(np.int32)
        self._num_tokens = num_tokens
        # a merge takes a symbol away and makes two pairs at most; pages that are not touched cost nothing
        most = 3 * len(symbols) + 1
        self._node_word, self._node_next = np.empty(most, np.int32), np.empty(most, np.int32)
        self._marks = np.array([0, 0, -1, 0, 0], np.int64)
        self._pairs, self._totals = np.empty(0, np.int64), np.empty(0, np.int64)
        self._heads, self._stamps = np.empty(0, np.int32), np.empty(0, np.int32)
        self._touched = np.empty(0, np.int32)
        self._table = np.empty(0, np.int32)
        self._heap_total, self._heap_slot = np.empty(0, np.int64), np.empty(0, np.int32)
        self._time = 0
        self._reserve(65_536)  # all pairs of bytes
        _begin(
            symbols, starts, counts, self._pairs, self._totals, self._heads, self._stamps, self._table,
            self._node_word, self._node_next, self._touched, self._marks,
        )  # fmt: skip
        self._push()

    def top(self) -> tuple[int, int, int, int] | None:
        """The most frequent pair, taken off the heap: its slot, its two ids, its total; None where none is left."""
        slot = _top(self._heap_total, self._heap_slot, self._pairs, self._totals, self._marks)
        if slot < 0:
            return None
        pair = int(self._pairs[slot])
        return slot, pair >> 32, pair & 0xFFFFFFFF, int(self._totals[slot])

    def survey(self, slot: int, codes: np.ndarray, origins: np.ndarray) -> Survey:
        """Where the pair of a slot stands.

        Args:
            codes: int64 [words], how often each word stands in code.
            origins: int32 [words], the only origin of each; -1 where there are several.
        """
        return Survey(
            *_survey(
                slot, self._symbols, self._starts, self._lengths, self._counts, codes, origins, self._pairs,
                self._heads, self._node_word, self._node_next,
            )
        )  # fmt: skip

    def merge(self, slot: int, token: int) -> None:
        """Put ``token`` in the place of the pair wherever it stands."""
        self._reserve(int(self._marks[_SLOTS]) + 2 * self._num_tokens + 2)
        self._time += 1
        self._marks[_TOUCHED] = 0
        _merge(
            slot, token, self._time, self._symbols, self._starts, self._lengths, self._counts, self._pairs,
            self._totals, self._heads, self._stamps, self._table, self._node_word, self._node_next, self._touched,
            self._marks,
        )  # fmt: skip
        self._push()

    def _push(self) -> None:
        needed = int(self._marks[_HEAP] + self._marks[_TOUCHED])
        if needed > len(self._heap_slot):
            self._heap_total = _longer(self._heap_total, 2 * needed, 0)
            self._heap_slot = _longer(self._heap_slot, 2 * needed, 0)
        _push_all(self._touched, self._heap_total, self._heap_slot, self._pairs, self._totals, self._marks)

    def _reserve(self, slots: int) -> None:
        """Make room for so many slots."""
        if slots <= len(self._pairs):
            return
        slots = max(slots, 2 * len(self._pairs))
        self._pairs, self._totals = _longer(self._pairs, slots, 0), _longer(self._totals, slots, 0)
        self._heads, self._stamps = _longer(self._heads, slots, -1), _longer(self._stamps, slots, -1)
        self._touched = np.empty(slots, np.int32)
        self._table = np.full(1 << (2 * slots - 1).bit_length(), -1, np.int32)
        _index(self._table, self._pairs, self._marks)


def _longer(array: np.ndarray, size: int, filler: int) -> np.ndarray:
    longer = np.full(size, filler, array.dtype)
    longer[: len(array)] = array
    return longer


@inner
def _place(table, pairs, pair):
    """Where in the table the pair's slot stands, or belongs."""
    mask = len(table) - 1
    place = (np.uint64(pair) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(20)) & np.uint64(mask)
    at = np.int64(place)
    while table[at] >= 0 and pairs[table[at]] != pair:
        at = (at + 1) & mask
    return at


@compiled
def _index(table, pairs, marks):
    for slot in range(marks[_SLOTS]):
        table[_place(table, pairs, pairs[slot])] = slot


@inner
def _change(left, right, by, word, time, pairs, totals, heads, stamps, table, node_word, node_next, touched, marks):
    """Change a pair's total; where it grows, note the word."""
    pair = (np.int64(left) << 32) | np.int64(right)
    place = _place(table, pairs, pair)
    slot = table[place]
    if slot < 0:
        slot = marks[_SLOTS]
        marks[_SLOTS] += 1
        table[place] = slot
        pairs[slot] = pair
        totals[slot] = 0
        heads[slot] = -1
        stamps[slot] = -1
    totals[slot] += by
    if by < 0:
        return
    if stamps[slot] != time:
        stamps[slot] = time
        touched[marks[_TOUCHED]] = slot
        marks[_TOUCHED] += 1
    if heads[slot] >= 0 and node_word[heads[slot]] == word:
        return
    node = marks[_FREE]
    if node >= 0:
        marks[_FREE] = node_next[node]
    else:
        node = marks[_NODES]
        marks[_NODES] += 1
    node_word[node] = word
    node_next[node] = heads[slot]
    heads[slot] = node


@compiled
def _begin(symbols, starts, counts, pairs, totals, heads, stamps, table, node_word, node_next, touched, marks):
    for word in range(len(counts)):
        for place in range(starts[word], starts[word + 1] - 1):
            _change(
                symbols[place], symbols[place + 1], counts[word], word, 0, pairs, totals, heads, stamps, table,
                node_word, node_next, touched, marks,
            )  # fmt: skip


@inner
def _before(total, slot, other_total, other_slot, pairs):
    if total != other_total:
        return total > other_total
    return pairs[slot] < pairs[other_slot]


@inner
def _push_one(total, slot, heap_total, heap_slot, pairs, marks):
    at = marks[_HEAP]
    marks[_HEAP] += 1
    while at > 0:
        above = (at - 1) >> 1
        if not _before(total, slot, heap_total[above], heap_slot[above], pairs):
            break
        heap_total[at], heap_slot[at] = heap_total[above], heap_slot[above]
        at = above
    heap_total[at], heap_slot[at] = total, slot


@compiled
def _push_all(touched, heap_total, heap_slot, pairs, totals, marks):
    for place in range(marks[_TOUCHED]):
        slot = touched[place]
        if totals[slot] > 0:
            _push_one(totals[slot], slot, heap_total, heap_slot, pairs, marks)


@inner
def _pop(heap_total, heap_slot, pairs, marks):
    slot = heap_slot[0]
    marks[_HEAP] -= 1
    size = marks[_HEAP]
    total, moved = heap_total[size], heap_slot[size]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        other = below + 1
        if other < size and _before(heap_total[other], heap_slot[other], heap_total[below], heap_slot[below], pairs):
            below = other
        if not _before(heap_total[below], heap_slot[below], total, moved, pairs):
            break
        heap_total[at], heap_slot[at] = heap_total[below], heap_slot[below]
        at = below
    heap_total[at], heap_slot[at] = total, moved
    return slot


@compiled
def _top(heap_total, heap_slot, pairs, totals, marks):
    while marks[_HEAP] > 0:
        total = heap_total[0]
        slot = _pop(heap_total, heap_slot, pairs, marks)
        if totals[slot] == total:
            return slot
        if totals[slot] > 0:
            _push_one(totals[slot], slot, heap_total, heap_slot, pairs, marks)
    return -1


@compiled
def _survey(slot, symbols, starts, lengths, counts, codes, origins, pairs, heads, node_word, node_next):
    left, right = pairs[slot] >> 32, pairs[slot] & 0xFFFFFFFF
    total, in_code, origin, best = 0, 0, -2, -1
    node = heads[slot]
    while node >= 0:
        word = node_word[node]
        found = 0
        for place in range(starts[word], starts[word] + lengths[word] - 1):
            if symbols[place] == left and symbols[place + 1] == right:
                found += 1
        if found:
            total += found * counts[word]
            in_code += found * codes[word]
            if origin == -2:
                origin = origins[word]
            elif origin != origins[word]:
                origin = -1
            if best < 0 or counts[word] > counts[best] or (counts[word] == counts[best] and word < best):
                best = word
        node = node_next[node]
    return total, in_code, max(origin, -1), best


@compiled
def _merge(
    slot,
    token,
    time,
    symbols,
    starts,
    lengths,
    counts,
    pairs,
    totals,
    heads,
    stamps,
    table,
    node_word,
    node_next,
    touched,
    marks,
):
    left, right = pairs[slot] >> 32, pairs[slot] & 0xFFFFFFFF
    node = heads[slot]
    heads[slot] = -1
    while node >= 0:
        word = node_word[node]
        start, length, by = starts[word], lengths[word], counts[word]
        read, write = 0, 0
        while read < length:
            if read + 1 < length and symbols[start + read] == left and symbols[start + read + 1] == right:
                if write > 0:
                    before = symbols[start + write - 1]
                    _change(
                        before, left, -by, word, time, pairs, totals, heads, stamps, table, node_word, node_next,
                        touched, marks,
                    )  # fmt: skip
                    _change(
                        before, token, by, word, time, pairs, totals, heads, stamps, table, node_word, node_next,
                        touched, marks,
                    )  # fmt: skip
                if read + 2 < length:
                    after = symbols[start + read + 2]
                    _change(
                        right, after, -by, word, time, pairs, totals, heads, stamps, table, node_word, node_next,
                        touched, marks,
                    )  # fmt: skip
                    _change(
                        token, after, by, word, time, pairs, totals, heads, stamps, table, node_word, node_next,
                        touched, marks,
                    )  # fmt: skip
                symbols[start + write] = token
                read += 2
            else:
                symbols[start + write] = symbols[start + read]
                read += 1
            write += 1
        lengths[word] = write
        following = node_next[node]
        node_next[node] = marks[_FREE]
        marks[_FREE] = node
        node = following
    totals[slot] = 0
