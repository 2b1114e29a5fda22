"""Blocks as batches: sample n of a block is one window of its tokens, whoever trains on it.

Window w is the tokens [w*S, w*S + S]; a block holds one token more than its windows cover, so that the last
one too has its successors. Neighbouring windows often come from one long document, and a step made of them
would follow that document instead of the mixture. So samples visit the windows in strides of the golden
ratio: any few samples in a row lie spread over the whole block, and every window is visited once.

Beside the tokens lie the block's segments (where a document starts and the label of its text): every target
token has a label, and the loss is known by label. Where sequences are filled up with padding, the label is
``PADDING``, and no loss is taken on it (``training.blocks.padding``).
"""

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from torch import Tensor

from smelt.phases import PADDING
from training.blocks.heldout import Stream
from training.blocks.padding import Padding
from training.blocks.soundness import token_dtype

DATA_WAIT = "data wait"
"""What a profile calls the time in which blocks are waited for and samples laid out."""


@dataclass(frozen=True)
class Batch:
    """Samples of one micro batch, [b, s] int64.

    Attributes:
        tokens: inputs; ``targets`` their successors, ``labels`` each successor's label (an index).
        documents: which document each input is of, rising along a sample, and where documents begin in the inputs laid
            end to end, int32 [documents + 1], b*s at the end; None where attention may cross documents.
        trained: whether each target has a loss, bool; None where there is no padding: all have.
    """

    tokens: Tensor
    targets: Tensor
    labels: Tensor
    documents: tuple[Tensor, Tensor] | None = None
    trained: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """The batch on ``device``."""
        if device.type == "cpu":
            return self

        def move(part: Tensor) -> Tensor:
            return part.pin_memory().to(device, non_blocking=True)

        documents = None if self.documents is None else (move(self.documents[0]), move(self.documents[1]))
        trained = None if self.trained is None else move(self.trained)
        return Batch(move(self.tokens), move(self.targets), move(self.labels), documents, trained)


class Samples:
    """Tokens and the segments that they are made of, as samples.

    Attributes:
        label_names: the labels that occur, sorted.
    """

    def __init__(self, tokens: np.ndarray, starts: np.ndarray, labels: np.ndarray) -> None:
        """Takes both.

        Args:
            tokens: one more than the samples cover.
            starts: where each segment begins, rising from 0; ``labels`` what it is.
        """
        self._tokens, self._starts = tokens, starts
        names, self._segment_labels = np.unique(labels, return_inverse=True)
        self.label_names = [str(name) for name in names]
        self._padding = Padding(starts, labels == PADDING) if PADDING in self.label_names else None

    def batch(self, first_sample: int, count: int, sequence_length: int, *, documents: bool = False) -> Batch:
        """``count`` samples from ``first_sample`` on.

        Args:
            documents: whether to say which document each token is of.
        """
        starts = self._windows(first_sample, count, sequence_length)[:, None] * sequence_length
        positions = starts + np.arange(sequence_length + 1)  # [b, s + 1]
        tokens = torch.from_numpy(self._tokens[positions].astype(np.int64))
        segments = np.searchsorted(self._starts, positions, side="right") - 1
        inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
        labels = torch.from_numpy(self._segment_labels[segments[:, 1:]])
        trained = None if self._padding is None else torch.from_numpy(self._padding.trained(segments))
        if not documents:
            return Batch(inputs, targets, labels, trained=trained)
        of = segments[:, :-1].copy()
        mask = (torch.from_numpy(of), torch.from_numpy(document_starts(of)))
        return Batch(inputs, targets, labels, mask, trained)

    def scale(self, first_sample: int, count: int, sequence_length: int) -> float | None:
        """What the mean loss over all targets of samples is multiplied by to be that over those that have a loss; None
        where all have."""
        if self._padding is None:
            return None
        trained = self._padding.count(self._windows(first_sample, count, sequence_length), sequence_length)
        return count * sequence_length / max(1, trained)

    def _windows(self, first_sample: int, count: int, sequence_length: int) -> np.ndarray:
        num_windows = (len(self._tokens) - 1) // sequence_length
        samples = np.arange(first_sample, first_sample + count)
        return samples * golden_stride(num_windows) % num_windows


class Block(Samples):
    """A block on local disk."""

    def __init__(self, tokens: Path, segments: Path, token_bytes: int) -> None:
        self._segments = segments
        table = pq.read_table(segments, columns=["start", "label"])
        super().__init__(
            np.memmap(tokens, token_dtype(token_bytes), "r"),
            table["start"].to_numpy(),
            table["label"].to_numpy(zero_copy_only=False),
        )

    def documents(self, first_sample: int, count: int, sequence_length: int) -> list[str]:
        """Ids of the documents that the samples' tokens come from; padding comes from none."""
        starts = self._windows(first_sample, count, sequence_length) * sequence_length
        first = np.searchsorted(self._starts, starts, side="right") - 1
        last = np.searchsorted(self._starts, starts + sequence_length, side="right") - 1
        ids = pq.read_table(self._segments, columns=["id"])["id"].to_pylist()
        found = (ids[i] for low, high in zip(first, last, strict=True) for i in range(low, high + 1))
        return [document for document in dict.fromkeys(found) if document != PADDING]


def document_starts(documents: np.ndarray) -> np.ndarray:
    """Where a document begins in [b, s] laid end to end, a sample's first token included; the length at the end."""
    first = np.ones(documents.shape, dtype=bool)
    first[:, 1:] = documents[:, 1:] != documents[:, :-1]
    return np.append(np.flatnonzero(first), documents.size).astype(np.int32)


@cache
def golden_stride(num_windows: int) -> int:
    """The stride nearest above ``num_windows`` over the golden ratio that has no divisor in common with it."""
    stride = max(1, round(num_windows * (math.sqrt(5) - 1) / 2))
    while math.gcd(stride, num_windows) > 1:
        stride += 1
    return stride


def samples_of(streams: list[Stream], *, sequence_length: int, multiple: int) -> tuple[Samples, int]:
    """The streams one after the other as samples like those of a block, and how many.

    Args:
        multiple: that the samples are filled up to; what fills them has the label ``PADDING``.
    """
    tokens = np.concatenate([stream.tokens if not at else stream.tokens[1:] for at, stream in enumerate(streams)])
    count = -(-(len(tokens) - 1) // (sequence_length * multiple)) * multiple
    padding = np.zeros(count * sequence_length + 1 - len(tokens), np.int32)
    starts, labels, at = [np.array([0])], [streams[0].label], 0
    for stream in streams:
        starts.append(at + stream.starts)
        labels += [stream.label] * len(stream.starts)
        at += len(stream.tokens) - 1
    if len(padding):
        starts.append(np.array([len(tokens)]))
        labels.append(PADDING)
    return Samples(np.concatenate([tokens, padding]), np.concatenate(starts), np.array(labels)), count
