"""What evaluation keeps of the held-out text, and what token frequencies alone would lose on it.

Which text that is, ``training.blocks.heldout`` says. Each stream is cut into disjoint windows of the model's context; a
window's first token is predicted from nothing but the one before it, so that figures are slightly pessimistic and cost
one pass.
"""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from smelt.lake import Lake, Manifest, held
from training.blocks.heldout import CODE_AT, DTYPES, Stream


def write(streams: list[Stream]) -> bytes:
    """The streams as Parquet, a row each."""
    table = pa.table(
        {
            "label": [stream.label for stream in streams],
            "tokens": pa.array([stream.tokens for stream in streams], pa.list_(pa.int32())),
            "bytes": pa.array([stream.bytes for stream in streams], pa.int64()),
            "starts": pa.array([stream.starts for stream in streams], pa.list_(pa.int64())),
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def read(content: bytes) -> list[Stream]:
    """Streams as ``write`` wrote them."""
    rows = pq.read_table(io.BytesIO(content)).to_pylist()
    return [
        Stream(row["label"], np.array(row["tokens"], np.int32), row["bytes"], np.array(row["starts"], np.int64))
        for row in rows
    ]


def token_counts(lake: Lake, tokens: Manifest, part: str, vocab_size: int) -> np.ndarray:
    """How often each token comes in the training split of a part; int64 [vocab_size]."""
    dtype = DTYPES[held.read(lake, tokens, part, ".idx")[CODE_AT]]
    return np.bincount(np.frombuffer(held.read(lake, tokens, part, ".bin"), dtype), minlength=vocab_size)


def unigram_losses(counts: np.ndarray, streams: list[Stream]) -> list[float]:
    """Summed loss in nats of each stream under an add-one smoothed unigram model: what frequencies alone know.

    Args:
        counts: int64 [vocab_size], of the training split.
    """
    losses = np.log(counts.sum() + len(counts)) - np.log(counts + 1.0)
    return [float(losses[stream.tokens[1:]].sum()) for stream in streams]
