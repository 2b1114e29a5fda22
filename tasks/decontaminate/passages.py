"""What is cut of a document that holds an item: whole sentences, so that the text reads on."""

import numpy as np
import pyarrow as pa

from tasks import documents
from tasks.compiled import compiled
from tasks.passages import paragraph, sentence_end
from tasks.units import text_buffers


def cuts_around(texts: pa.Array | pa.ChunkedArray, hits: np.ndarray) -> dict[int, list[int]]:
    """The sentences, or where something stands apart the paragraphs, that hits lie in.

    Args:
        texts: N texts.
        hits: HIT records, by row.

    Returns:
        first byte and end of each, in order, by row.
    """
    data, offsets = text_buffers(texts)
    found = {}
    for row in np.unique(hits["row"]).tolist():
        own = hits[slice(*np.searchsorted(hits["row"], (row, row + 1)))]
        held = np.array(documents.united(list(pair) for pair in own[["start", "end"]].tolist()), np.int64)
        cuts = _around(data, offsets[row], offsets[row + 1], held[::2].copy(), held[1::2].copy())
        found[row] = documents.united([cuts.tolist()])
    return found


def before_cuts(places: list[int], cuts: list[int]) -> list[int]:
    """Spans of a text from which something was cut, as spans of the text before: what was cut between goes along.

    Args:
        places: first byte and end of each span, in order.
        cuts: the same of what was cut.
    """
    found = []
    for number, place in enumerate(places):
        for start, end in zip(cuts[::2], cuts[1::2], strict=True):
            if place > start or (place == start and number % 2 == 0):  # an end stays in front of what is cut behind it
                place += end - start
        found.append(place)
    return found


@compiled
def _around(data, begin, close, starts, ends):
    cuts = np.empty(close - begin + 2, np.int64)
    count, hit, at = 0, 0, begin
    while at < close and hit < len(starts):
        first = at
        last, at, plain = paragraph(data, first, close)
        start = first
        while start < last:
            stop = sentence_end(data, start, last) if plain else last
            while hit < len(ends) and ends[hit] <= start - begin:
                hit += 1
            if hit < len(starts) and starts[hit] < stop - begin:
                if count and cuts[count - 1] == start - begin:
                    count -= 1
                else:
                    cuts[count] = start - begin
                    count += 1
                cuts[count] = stop - begin
                count += 1
            start = stop
        if count and cuts[count - 1] == last - begin and cuts[count - 2] <= first - begin and last > first:
            cuts[count - 1] = at - begin  # all of a paragraph, and the empty lines behind it
    return cuts[:count]
