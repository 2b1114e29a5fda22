"""Where a page's text is dense: what lies below each element, and the element that holds the running text."""

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.decision.texts import COMMAS, FUNCTIONS, IDEOGRAPHS, SENTENCES, WORDS
from tasks.ingest.web.tree import tags

SHARES = (0.3, 0.5, 0.7, 0.9)
"""Elements are sought that hold so much of the page's running text."""
_SHARES = len(SHARES)
_HOLDS_TEXT = tags.of("div section article td")


@compiled
def running_text(counts, characters, link_characters):
    """How many characters of each block are running text: sentences outside links (float32[b])."""
    running = np.zeros(characters.size, np.float32)
    for block in range(characters.size):
        size = characters[block]
        words = counts[block, WORDS] + 0.6 * counts[block, IDEOGRAPHS]
        if words < 8 or size == 0 or link_characters[block] > 0.5 * size:
            continue
        signs = counts[block, SENTENCES] + counts[block, COMMAS]
        if signs == 0 and (words < 15 or counts[block, FUNCTIONS] < 0.15 * words):
            continue
        wide = 1.0 + 2.0 * min(1.0, counts[block, IDEOGRAPHS] / size)
        running[block] = (size - link_characters[block]) * wide
    return running


@compiled
def below(parent, element, characters, link_characters, running):
    """Sums over each node's subtree (float32[n, 4]): characters, of links, of running text, blocks.

    The second value is each node's nearest ancestor that holds more blocks (int32[n]).
    """
    count = parent.size
    sums = np.zeros((count, 4), np.float32)
    for block in range(element.size):
        node = element[block]
        sums[node, 0] += characters[block]
        sums[node, 1] += link_characters[block]
        sums[node, 2] += running[block]
        sums[node, 3] += 1
    for node in range(count - 1, 0, -1):
        if sums[node, 3] > 0:
            for column in range(4):
                sums[parent[node], column] += sums[node, column]
    wider = np.zeros(count, np.int32)
    for node in range(1, count):
        above = parent[node]
        wider[node] = above if sums[above, 3] > sums[node, 3] else wider[above]
    return sums, wider


@inner
def _densest(tag, parent, element, running):
    """The element whose children and grandchildren hold most running text."""
    score = np.zeros(tag.size, np.float32)
    best = 0
    for block in range(element.size):
        if running[block] == 0:
            continue
        worth = min(running[block], 600.0) + 20.0
        node = element[block]
        share = 1.0
        if _HOLDS_TEXT[tag[node]]:
            score[node] += 0.6 * worth
        for _ in range(3):
            if node <= 0:
                break
            node = parent[node]
            score[node] += share * worth
            if score[node] > score[best] or best == 0:
                best = node
            share *= 0.5
    return best


@compiled
def containers(tag, parent, stop, element, running, sums):
    """The smallest elements that hold each of `SHARES` of the running text, then the densest one (int32[s + 1])."""
    found = np.zeros(_SHARES + 1, np.int32)
    node = 0
    for share in range(_SHARES - 1, -1, -1):
        least = SHARES[share] * sums[0, 2]
        deeper = True
        while deeper and sums[0, 2] > 0:
            deeper = False
            child = node + 1
            while child < stop[node]:
                if sums[child, 2] >= least:
                    node = child
                    deeper = True
                    break
                child = stop[child] if stop[child] > child else child + 1
        found[share] = node
    found[_SHARES] = _densest(tag, parent, element, running)
    return found
