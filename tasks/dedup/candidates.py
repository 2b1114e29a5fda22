"""Proposed pairs on their way to being verified."""

import numpy as np


def requests_of(candidates: np.ndarray, to: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Texts to send (row, range, and in the lowest bit whether it is a better one's; uint64), and their parts."""
    rows = np.concatenate((candidates["better_row"], candidates["holder_row"])).astype(np.uint64)
    part = np.concatenate((candidates["better_part"], candidates["holder_part"])).astype(np.int64)
    is_better = np.repeat(np.array([1, 0], np.uint64), len(candidates))
    requests = rows << np.uint64(32) | np.concatenate((to, to)).astype(np.uint64) << np.uint64(1) | is_better
    order = np.lexsort((requests, part))
    requests, part = requests[order], part[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (requests[1:] != requests[:-1]) | (part[1:] != part[:-1])
    return requests[new], part[new]


def distinct(candidates: np.ndarray) -> np.ndarray:
    """Each pair of documents once."""
    names = ("better_row", "better_part", "row", "part")
    candidates = candidates[np.lexsort([candidates[name] for name in names])]
    new = np.ones(len(candidates), np.bool_)
    new[1:] = np.logical_or.reduce([candidates[name][1:] != candidates[name][:-1] for name in names])
    return candidates[new]
