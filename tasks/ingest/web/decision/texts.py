"""What a block's text looks like: counts of words, signs and function words, and phrases of furniture."""

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.tree import tags
from tasks.ingest.web.tree.attributes import HIDDEN

COLUMNS = [
    "words",
    "ideographs",
    "sentences",
    "commas",
    "digits",
    "capitals",
    "separators",
    "links",
    "functions",
    "title",
    "texts",
    "ends_sentence",
    "colon",
    "begins",
]
"""What is counted in each block, in the order of the columns of `block_texts`."""
(
    WORDS,
    IDEOGRAPHS,
    SENTENCES,
    COMMAS,
    DIGITS,
    CAPITALS,
    SEPARATORS,
    LINKS,
    FUNCTIONS,
    TITLE,
    TEXTS,
    ENDS,
    COLON,
    BEGINS,
) = range(len(COLUMNS))
_COLUMNS = len(COLUMNS)
TITLE_SLOTS = 512
_SEED = 14695981039346656037


@inner
def _folded(source, place):
    """A byte with capitals made small: ASCII, Latin-1 and Cyrillic, one byte for another."""
    byte = source[place]
    if byte < 128:
        return byte | 32 if 65 <= byte <= 90 else byte
    before = source[place - 1] if place else np.uint8(0)
    if before == 0xC3 and 0x80 <= byte <= 0x9E:
        return byte + 0x20
    if before == 0xD0 and 0x90 <= byte <= 0x9F:
        return byte + 0x20
    return byte


@inner
def _note(slots, key):
    place = np.int64(key % np.uint64(TITLE_SLOTS))
    for _ in range(TITLE_SLOTS):
        if slots[place] == 0:
            slots[place] = key
            return True
        if slots[place] == key:
            return False
        place = (place + 1) % TITLE_SLOTS
    return False


@inner
def _is_noted(slots, key):
    place = np.int64(key % np.uint64(TITLE_SLOTS))
    for _ in range(TITLE_SLOTS):
        if slots[place] == 0:
            return False
        if slots[place] == key:
            return True
        place = (place + 1) % TITLE_SLOTS
    return False


@inner
def _text(source, start, stop, letters, step, found, slots, noting, run, counts):
    """Count one text node into `counts`.

    Args:
        slots: the words of the title; with `noting` those of this text are put there.
        run: the state between the nodes of a block: automaton, in a word, hash of the word, hash of the text,
            last sign, last ideograph, phrases.
    """
    state = np.int64(run[0])
    inside = run[1] != 0
    word = run[2]
    text = run[3]
    last = run[4]
    before = run[5]
    bits = run[6]
    prime = np.uint64(1099511628211)
    place = start
    while place < stop:
        byte = source[place]
        apart = False
        sign = np.uint64(byte)
        if byte == 38:  # an entity is one sign
            ahead = place + 1
            while ahead < stop and ahead < place + 10 and source[ahead] != 59:
                ahead += 1
            if ahead < stop and source[ahead] == 59:
                if source[place + 1] | 32 == 110 or source[place + 1] | 32 == 97:  # nbsp, amp and the like
                    apart = True
                place = ahead + 1
                if not apart:
                    continue
            else:
                apart = True
                place += 1
        elif byte < 128:
            small = byte | 32
            if 97 <= small <= 122:
                if not inside:
                    if byte < 97:
                        counts[CAPITALS] += 1
                    if text == np.uint64(_SEED) and last == 0:
                        counts[BEGINS] = 1 if byte < 97 else 2
            else:
                apart = True
                if 48 <= byte <= 57:
                    counts[DIGITS] += 1
                elif byte == 46 or byte == 33 or byte == 63:
                    counts[SENTENCES] += 1
                elif byte == 44 or byte == 59:
                    counts[COMMAS] += 1
                elif byte == 58:
                    counts[COLON] += 1
                elif byte == 124 or byte == 62 or byte == 47:
                    counts[SEPARATORS] += 1
            place += 1
        elif byte == 0xC2 and source[place + 1] == 0xA0:
            apart = True
            sign = np.uint64(32)
            place += 2
        elif byte == 0xE2 and (source[place + 1] == 0x80 or source[place + 1] == 0x86):
            apart = True
            sign = np.uint64(source[place + 2])
            if source[place + 2] == 0xA6:
                counts[SENTENCES] += 1
            place += 3
        elif (byte == 0xE3 and source[place + 1] == 0x80) or (byte == 0xEF and source[place + 1] == 0xBC):
            last_byte = source[place + 2]
            sign = np.uint64(last_byte) + np.uint64(256)
            if (byte == 0xE3 and last_byte == 0x82) or (byte == 0xEF and (last_byte == 0x81 or last_byte == 0x9F)):
                counts[SENTENCES] += 1
                sign = np.uint64(46)
            elif (byte == 0xE3 and last_byte == 0x81) or (byte == 0xEF and (last_byte == 0x8C or last_byte == 0x9B)):
                counts[COMMAS] += 1
            elif byte == 0xEF and last_byte == 0x9A:
                counts[COLON] += 1
            for _ in range(3):
                if place < stop:
                    state = step[state, letters[source[place]]]
                    bits |= found[state]
                    place += 1
            last = sign
            before = np.uint64(0)
            continue
        elif 0xE3 <= byte <= 0xED:
            key = np.uint64(0)
            for _ in range(3):
                if place < stop:
                    state = step[state, letters[source[place]]]
                    if found[state]:
                        bits |= found[state]
                        if found[state] >> np.uint64(63):
                            counts[FUNCTIONS] += 1
                    key = key << np.uint64(8) | np.uint64(source[place])
                    place += 1
            counts[IDEOGRAPHS] += 1
            text = (text ^ key) * prime
            if before:
                pair = (before * prime ^ key) * prime | np.uint64(1)
                if noting:
                    counts[TITLE] += 1 if _note(slots, pair) else 0
                elif _is_noted(slots, pair):
                    counts[TITLE] += 1
            before = key
            last = np.uint64(1)
            inside = False
            continue
        else:
            place += 1
        if apart:
            if inside:
                inside = False
                key = word | np.uint64(1)
                if noting:
                    counts[TITLE] += 1 if _note(slots, key) else 0
                elif _is_noted(slots, key):
                    counts[TITLE] += 1
            if sign != 32 and not 9 <= sign <= 13:
                last = sign
            if state != step[0, letters[32]]:
                state = step[state, letters[32]]
                if found[state]:
                    bits |= found[state]
                    if found[state] >> np.uint64(63):
                        counts[FUNCTIONS] += 1
            before = np.uint64(0)
            continue
        if not inside:
            inside = True
            word = np.uint64(_SEED)
            counts[WORDS] += 1
        folded = _folded(source, place - 1)
        word = (word ^ np.uint64(folded)) * prime
        text = (text ^ np.uint64(folded)) * prime
        last = np.uint64(1)
        state = step[state, letters[folded]]
        bits |= found[state]
    run[0] = state
    run[1] = 1 if inside else 0
    run[2] = word
    run[3] = text
    run[4] = last
    run[5] = before
    run[6] = bits


@inner
def _begin(run, step, letters):
    run[:] = 0
    run[0] = step[0, letters[32]]
    run[3] = np.uint64(_SEED)


@inner
def _finish(run, step, letters, found, slots, noting, counts):
    """Close the last word of a block; its phrases."""
    if run[1]:
        key = run[2] | np.uint64(1)
        if noting:
            counts[TITLE] += 1 if _note(slots, key) else 0
        elif _is_noted(slots, key):
            counts[TITLE] += 1
    bits = found[step[np.int64(run[0]), letters[32]]]
    if bits >> np.uint64(63):
        counts[FUNCTIONS] += 1
    last = run[4]
    if last == 46 or last == 33 or last == 63 or last == 0x9D or last == 34 or last == 0xA6:
        counts[ENDS] = 1
    elif last == 58 or last == 256 + 0x9A:
        counts[ENDS] = 2
    return run[6] | bits


@compiled
def block_texts(tree, blocks, letters, step, found):
    """Counts of each block's text (float32[b, c], see `COLUMNS`), its phrases and a hash of it (uint64[b] each).

    The fourth value is the number of different words in the page's title.
    """
    source, tag, start, end = tree.source, tree.tag, tree.start, tree.end
    first, last = blocks.first, blocks.stop
    counts = np.zeros((first.size, _COLUMNS), np.float32)
    phrases = np.zeros(first.size, np.uint64)
    hashes = np.zeros(first.size, np.uint64)
    slots = np.zeros(TITLE_SLOTS, np.uint64)
    run = np.zeros(7, np.uint64)
    title = np.zeros(_COLUMNS, np.float32)
    for node in range(tag.size):
        if tag[node] == tags.TITLE:
            _begin(run, step, letters)
            for text in range(node + 1, tree.stop[node]):
                if tag[text] == tags.TEXT:
                    most = min(end[text], start[text] + 600)
                    _text(source, start[text], most, letters, step, found, slots, True, run, title)
            _finish(run, step, letters, found, slots, True, title)
            break
    for block in range(first.size):
        _begin(run, step, letters)
        node = first[block]
        while node < last[block]:
            if tag[node] == tags.TEXT:
                counts[block, TEXTS] += 1
                _text(source, start[node], end[node], letters, step, found, slots, False, run, counts[block])
            elif tags.INVISIBLE[tag[node]] or (tree.flags[node] & HIDDEN and not blocks.revealed):
                node = tree.stop[node]
                continue
            elif tag[node] == tags.A:
                counts[block, LINKS] += 1
            node += 1
        phrases[block] = _finish(run, step, letters, found, slots, False, counts[block])
        hashes[block] = run[3]
    return counts, phrases, hashes, title[TITLE]
