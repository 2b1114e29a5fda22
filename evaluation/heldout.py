"""The held-out text that checkpoints are judged on: the same tokens for every checkpoint of a recipe.

Documents are taken in the order in which they lie, label by label, until each label has its cap. A label's
documents make one stream, each after an end-of-document token as in training, and the stream is cut into
windows of the model's context; a window's first token is predicted from nothing but the one before it, so
that figures are slightly pessimistic and cost one pass.
"""

import io
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from smelt.lake import Lake, Manifest, held

_DTYPES: dict[int, np.dtype[Any]] = {4: np.dtype("<i4"), 8: np.dtype("<u2")}
_CODE_AT = 17  # position of the type code in a Megatron index


@dataclass(frozen=True)
class Stream:
    """The held-out text of a label.

    Attributes:
        label: ``<lang>/<domain>``.
        tokens: int32 [n + 1]: an end-of-document token, then n tokens to predict.
        bytes: UTF-8 bytes of the text that the n tokens stand for.
        documents: documents it is from.
    """

    label: str
    tokens: np.ndarray
    bytes: int
    documents: int

    @property
    def lang(self) -> str:
        """The label's language."""
        return self.label.partition("/")[0]


def choose(lake: Lake, tokens: Manifest, *, cap: int, end_of_document: int) -> list[Stream]:
    """The held-out streams, by label.

    Args:
        tokens: manifest of the ``tokens`` artifact.
        cap: tokens per label; a document that crosses it is cut there, its bytes in proportion.
    """
    wanted = {label: min(cap, size) for label, size in tokens.stats["valid"]["tokens_by_domain"].items()}
    pieces: dict[str, list[np.ndarray]] = defaultdict(list)
    taken: dict[str, int] = defaultdict(int)
    num_bytes: dict[str, float] = defaultdict(float)
    for part in tokens.parts:
        if all(taken[label] >= size for label, size in wanted.items()):
            break
        table = pq.read_table(io.BytesIO(held.read(lake, tokens, part, ".valid.docs.parquet")))
        if not len(table):
            continue
        dtype = _DTYPES[held.read(lake, tokens, part, ".valid.idx")[_CODE_AT]]
        ids = np.frombuffer(held.read(lake, tokens, part, ".valid.bin"), dtype)
        for row in table.select(["lang", "domain", "offset", "tokens", "bytes"]).to_pylist():
            label = f"{row['lang']}/{row['domain']}"
            length = min(row["tokens"], wanted[label] - taken[label])
            if length > 0:
                pieces[label].append(ids[row["offset"] : row["offset"] + length].astype(np.int32))
                taken[label] += length
                num_bytes[label] += row["bytes"] * length / row["tokens"]
    start = np.array([end_of_document], np.int32)
    return [
        Stream(label, np.concatenate([start, *pieces[label]]), round(num_bytes[label]), len(pieces[label]))
        for label in sorted(pieces)
    ]


def write(streams: list[Stream]) -> bytes:
    """The streams as Parquet, a row each."""
    table = pa.table(
        {
            "label": [stream.label for stream in streams],
            "tokens": pa.array([stream.tokens for stream in streams], pa.list_(pa.int32())),
            "bytes": pa.array([stream.bytes for stream in streams], pa.int64()),
            "documents": pa.array([stream.documents for stream in streams], pa.int64()),
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def read(content: bytes) -> list[Stream]:
    """Streams as ``write`` wrote them."""
    rows = pq.read_table(io.BytesIO(content)).to_pylist()
    return [Stream(row["label"], np.array(row["tokens"], np.int32), row["bytes"], row["documents"]) for row in rows]


def token_counts(lake: Lake, tokens: Manifest, part: str, vocab_size: int) -> np.ndarray:
    """How often each token comes in the training split of a part; int64 [vocab_size]."""
    dtype = _DTYPES[held.read(lake, tokens, part, ".idx")[_CODE_AT]]
    return np.bincount(np.frombuffer(held.read(lake, tokens, part, ".bin"), dtype), minlength=vocab_size)


def unigram_losses(counts: np.ndarray, streams: list[Stream]) -> list[float]:
    """Summed loss in nats of each stream under an add-one smoothed unigram model: what frequencies alone know.

    Args:
        counts: int64 [vocab_size], of the training split.
    """
    losses = np.log(counts.sum() + len(counts)) - np.log(counts + 1.0)
    return [float(losses[stream.tokens[1:]].sum()) for stream in streams]
