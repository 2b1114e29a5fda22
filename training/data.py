"""Blocks as batches: sample n of a block is its tokens [n*S, n*S + S], whoever trains on it.

A block holds one token more than its samples cover, so that the last sample too has its successors. Beside
the tokens lie its segments (where a document starts and the label of its text): every target token has a
label, and the loss is known by label.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Samples of one micro batch: inputs, their successors, each successor's label (an index); all [b, s] int64."""

    tokens: Tensor
    targets: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The batch on ``device``."""
        if device.type == "cpu":
            return self
        return Batch(*(part.pin_memory().to(device, non_blocking=True) for part in vars(self).values()))


class Block:
    """A block on local disk.

    Attributes:
        labels: the labels that occur in it, sorted.
    """

    def __init__(self, tokens: Path, segments: Path, token_bytes: int) -> None:
        self._segments = segments
        self._tokens = np.memmap(tokens, dtype=np.uint16 if token_bytes == 2 else np.int32, mode="r")
        table = pq.read_table(segments, columns=["start", "label"])
        self._starts = table["start"].to_numpy()
        self.labels, self._segment_labels = np.unique(
            table["label"].to_numpy(zero_copy_only=False), return_inverse=True
        )

    def documents(self, first_sample: int, count: int, sequence_length: int) -> list[str]:
        """Ids of the documents that the samples' tokens come from."""
        start, end = first_sample * sequence_length, (first_sample + count) * sequence_length
        first, last = np.searchsorted(self._starts, [start, end], side="right") - 1
        ids = pq.read_table(self._segments, columns=["id"])["id"]
        return ids[int(first) : int(last) + 1].to_pylist()

    def batch(self, first_sample: int, count: int, sequence_length: int) -> Batch:
        """``count`` samples from ``first_sample`` on."""
        start, size = first_sample * sequence_length, count * sequence_length
        tokens = torch.from_numpy(self._tokens[start : start + size + 1].astype(np.int64))
        segments = np.searchsorted(self._starts, np.arange(start + 1, start + size + 1), side="right") - 1
        shape = (count, sequence_length)
        return Batch(
            tokens[:-1].view(shape),
            tokens[1:].view(shape),
            torch.from_numpy(self._segment_labels[segments]).view(shape),
        )
