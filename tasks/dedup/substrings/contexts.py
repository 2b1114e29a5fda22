"""What surrounds the anchors that occur several times, on its way to where it is compared, and the comparison.

An anchor travels with the bytes around it that a window of ``n`` bytes which holds it can have. All occurrences of an
anchor meet. At each distance from the anchor their windows are compared, best document first, by a rolling hash; a
window that an occurrence before has, too, is verified byte by byte, as far as the two are equal, and marked.
"""

import numpy as np

from tasks.compiled import compiled
from tasks.dedup.buckets import shared
from tasks.dedup.spans import CUT
from tasks.dedup.substrings.anchors import anchor_bytes
from tasks.units import mix

REQUEST = np.dtype([("key", "<u8"), ("row", "<u4"), ("start", "<u4"), ("place", "<u4")])
"""An anchor of a part whose context is asked for: where it is compared, its row and first byte, and its place among
the occurrences, best document first."""
_PLACES = ("place", "row", "part", "start", "left", "size")
HEAD = np.dtype([("key", "<u8"), *((name, "<u4") for name in _PLACES)])
"""What stands in front of a context: as in a request, and the context's bytes before the anchor and in all."""
MOST = 1 << 16
"""Occurrences of an anchor that are compared with one another; of more, so many at a time, the best ones first."""
_BASE = np.uint64(0xBF58476D1CE4E5B9)


def requested(anchors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of some anchors (ANCHOR) those that occur several times.

    Returns:
        REQUEST records, and the part of each.
    """
    anchors = anchors[np.argsort(anchors["key"], kind="stable")]
    anchors = anchors[shared(anchors["key"])]
    order = (anchors["start"], anchors["row"], anchors["part"], anchors["id"], ~anchors["rank"], anchors["key"])
    anchors = anchors[np.lexsort(order)]
    first = np.ones(len(anchors), np.bool_)
    first[1:] = anchors["key"][1:] != anchors["key"][:-1]
    place = np.arange(len(anchors)) - np.flatnonzero(first)[np.cumsum(first) - 1]
    found = np.zeros(len(anchors), REQUEST)
    found["key"] = anchors["key"] ^ (place // MOST).astype(np.uint64) << np.uint64(40)  # to another range
    found["place"] = place
    for name in ("row", "start"):
        found[name] = anchors[name]
    return found, anchors["part"].astype(np.int64)


def described(
    data: np.ndarray, offsets: np.ndarray, numbers: np.ndarray, heads: np.ndarray, min_bytes: int
) -> np.ndarray:
    """Contexts as they travel, one behind the other (uint8).

    Args:
        data, offsets: bytes of texts, and where each begins and ends.
        numbers: of each head's text, int64, N.
        heads: HEAD records, N, without ``left`` and ``size``, which are filled in.
    """
    reach = min_bytes - anchor_bytes(min_bytes)
    at = offsets[numbers] + heads["start"]
    first = np.maximum(offsets[numbers], at - reach)
    last = np.minimum(offsets[numbers + 1], at + min_bytes)
    heads["left"], heads["size"] = at - first, last - first
    return _packed(data, first, last, np.ascontiguousarray(heads).view(np.uint8).reshape(-1, HEAD.itemsize))


def lengths(heads: np.ndarray) -> np.ndarray:
    """Bytes of each context with its head, int64."""
    return heads["size"].astype(np.int64) + HEAD.itemsize


def matched(stream: np.ndarray, min_bytes: int) -> tuple[np.ndarray, np.ndarray]:
    """The passages of at least so many bytes that a better document has, too, or the same one further up.

    Args:
        stream: contexts as they travel.

    Returns:
        CUT records, and the part of each.
    """
    places = _index(stream, HEAD.itemsize, HEAD.itemsize - 4)  # `size` stands last
    heads = np.zeros(len(places), HEAD)
    raw = heads.view(np.uint8).reshape(len(places), HEAD.itemsize)
    for byte in range(HEAD.itemsize):
        raw[:, byte] = stream[places + byte]
    order = np.lexsort((heads["place"], heads["key"]))
    heads, places = heads[order], places[order] + HEAD.itemsize
    borders = np.flatnonzero(np.concatenate(([True], heads["key"][1:] != heads["key"][:-1], [True])))
    columns = [heads[name].astype(np.int64) for name in ("row", "part", "start", "left", "size")]
    owners, starts, ends = _matched(stream, places, borders, min_bytes, anchor_bytes(min_bytes), *columns)
    cuts = np.zeros(len(owners), CUT)
    cuts["row"], cuts["start"], cuts["end"] = heads["row"][owners], starts, ends
    return cuts, heads["part"][owners].astype(np.int64)


@compiled
def _packed(data, first, last, heads):
    size = heads.shape[1]
    stream = np.empty(heads.size + (last - first).sum(), np.uint8)
    at = 0
    for number in range(len(first)):
        stream[at : at + size] = heads[number]
        at += size
        stream[at : at + last[number] - first[number]] = data[first[number] : last[number]]
        at += last[number] - first[number]
    return stream


@compiled
def _index(stream, size, place):
    """Where each context's head begins."""
    number, at = 0, 0
    while at < len(stream):
        number += 1
        at += size + _four(stream, at + place)
    found = np.empty(number, np.int64)
    at = 0
    for number in range(len(found)):
        found[number] = at
        at += size + _four(stream, at + place)
    return found


@compiled
def _four(stream, at):
    value = np.int64(0)
    for byte in range(4):
        value |= np.int64(stream[at + byte]) << (8 * byte)
    return value


@compiled
def _matched(stream, places, borders, min_bytes, size, row, part, start, left, total):
    capacity = 1024
    owners, starts, ends = np.empty(capacity, np.int64), np.empty(capacity, np.int64), np.empty(capacity, np.int64)
    count, reach = 0, min_bytes - size
    top = np.uint64(1)
    for _ in range(min_bytes - 1):
        top = top * _BASE
    largest = 0
    for group in range(len(borders) - 1):
        largest = max(largest, borders[group + 1] - borders[group])
    values, until = np.empty(largest, np.uint64), np.empty(largest, np.int64)
    slots = 2
    while slots < 2 * largest:
        slots *= 2
    table, stamps = np.empty(slots, np.int64), np.full(slots, -1, np.int64)
    stamp = np.int64(0)
    for group in range(len(borders) - 1):
        begin, close = borders[group], borders[group + 1]
        if close - begin < 2:
            continue
        mask = 1
        while mask < 2 * (close - begin):
            mask *= 2
        mask -= 1
        until[: close - begin] = -1
        for back in range(reach, -1, -1):  # windows that begin so many bytes before the anchor
            stamp += 1
            for member in range(begin, close):
                own = member - begin
                if left[member] < back or total[member] - left[member] < min_bytes - back:
                    continue
                at = places[member] + left[member] - back
                if left[member] == back or back == reach:
                    value = np.uint64(0)
                    for byte in range(at, at + min_bytes):
                        value = value * _BASE + np.uint64(stream[byte])
                else:
                    value = (values[own] - np.uint64(stream[at - 1]) * top) * _BASE
                    value += np.uint64(stream[at + min_bytes - 1])
                values[own] = value
                window = start[member] - back
                slot = np.int64(mix(value) & np.uint64(mask))
                while stamps[slot] == stamp and values[table[slot] - begin] != value:
                    slot = (slot + 1) & mask
                if stamps[slot] != stamp:
                    stamps[slot], table[slot] = stamp, member
                    continue
                if window + min_bytes <= until[own]:
                    continue
                better = table[slot]
                beside = row[better] == row[member] and part[better] == part[member]
                if beside and abs(start[better] - start[member]) < min_bytes:
                    continue
                there = places[better] + left[better]
                here = places[member] + left[member]
                before, most = 0, min(left[better], left[member])
                while before < most and stream[there - before - 1] == stream[here - before - 1]:
                    before += 1
                behind, most = 0, min(total[better] - left[better], total[member] - left[member])
                while behind < most and stream[there + behind] == stream[here + behind]:
                    behind += 1
                if before + behind < min_bytes or before < back or behind < min_bytes - back:
                    continue
                if count == capacity:
                    capacity *= 2
                    owners, starts, ends = _longer(owners, capacity), _longer(starts, capacity), _longer(ends, capacity)
                owners[count], starts[count], ends[count] = member, start[member] - before, start[member] + behind
                until[own] = start[member] + behind
                count += 1
    return owners[:count], starts[:count], ends[:count]


@compiled
def _longer(values, size):
    found = np.empty(size, values.dtype)
    found[: len(values)] = values
    return found
