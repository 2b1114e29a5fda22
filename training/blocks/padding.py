"""Padding among a block's tokens: which targets have a loss.

A target has none where it is padding, and where it follows padding: what comes behind belongs to another sequence.
"""

import numpy as np


class Padding:
    """The padding of a block, by its segments."""

    def __init__(self, starts: np.ndarray, padded: np.ndarray) -> None:
        """Takes segments.

        Args:
            starts: where each begins, rising from 0.
            padded: bool; whether it is padding.
        """
        self._starts, self._padded = starts, padded
        sizes = np.where(padded[:-1], np.diff(starts), 0)
        self._before = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        self._behind = starts[1:][padded[:-1] & ~padded[1:]]

    def trained(self, segments: np.ndarray) -> np.ndarray:
        """Whether each target has a loss (bool, [b, s]), from the segments of inputs and last targets, [b, s + 1]."""
        padded = self._padded[segments]
        return ~(padded[:, :-1] | padded[:, 1:])

    def count(self, windows: np.ndarray, length: int) -> int:
        """How many targets of windows have a loss.

        Args:
            windows: numbers of windows of ``length`` tokens.
        """
        first = windows * length + 1
        without = self._until(first + length) - self._until(first)
        return len(windows) * length - int(without.sum())

    def _until(self, places: np.ndarray) -> np.ndarray:
        """Targets without a loss before places in the block."""
        segment = np.searchsorted(self._starts, places, side="right") - 1
        inside = np.where(self._padded[segment], places - self._starts[segment], 0)
        return self._before[segment] + inside + np.searchsorted(self._behind, places)
